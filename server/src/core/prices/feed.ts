import generated from './generated.json'
import type { UsdRates } from './rates.ts'

/** A plan as it is written down; see `Plan`. */
export type UsdPlan = UsdRates & { readonly steps?: readonly (UsdRates & { readonly above: number })[] }

/** One model of the price data. */
export type FeedRow = UsdPlan & {
  /** USD for a thousand searches on the web. */
  readonly searches?: number
  /** USD for a thousand requests. */
  readonly requests?: number
  /** What holds instead: from a day on (UTC, `2027-01-01`), or every day between two times (UTC, `01:00`). Last wins. */
  readonly later?: readonly (UsdPlan & ({ readonly from: string } | { readonly between: readonly string[] }))[]
}

/** Price data that `tools/prices.ts` makes of a published package, without the models that the price table knows. */
export type Feed = {
  /** Day on which the data was published, `YYYY-MM-DD`. */
  readonly dataDate: string
  readonly source: string
  /** USD for a thousand searches, for rows of the price table. */
  readonly tableSearches: Readonly<Record<string, number>>
  /** Other names, of rows here and in the price table. */
  readonly aliases: Readonly<Record<string, string>>
  readonly rows: Readonly<Record<string, FeedRow>>
}

export const FEED: Feed = generated as unknown as Feed // too long for the checker to compare row by row
