import type { Cost, CostPart } from './cost.ts'
import type { ServiceTier } from './prices/rates.ts'

/** What a charge depends on beside model and tokens: told where the attempt ends, so that it is frozen. */
export type Terms = {
  /** Of the channel. */
  readonly multiplier: number
  readonly serviceTier?: Exclude<ServiceTier, 'standard'>
  readonly webSearches: number
  /** A reported count was impossible. */
  readonly isClamped: boolean
}

export const USUAL_TERMS: Terms = { multiplier: 1, webSearches: 0, isClamped: false }

/** How the cost of a row came about. */
export type CostParts = {
  readonly parts: readonly PricedCount[]
  readonly multiplier: number
  /** The one whose prices were taken. */
  readonly tier: ServiceTier
  readonly isLongContext: boolean
  /** Name of the row of prices, where it is not that of the model. */
  readonly pricedAs?: string
  readonly isClamped: boolean
  readonly isEstimated: boolean
  /** Nobody has a price for the model. */
  readonly isUnpriced: boolean
}

/** `usdPerUnit`: for a million tokens, or for one search or request. Before the multiplier. */
export type PricedCount = { readonly what: CostPart['what']; readonly count: number; readonly usdPerUnit: number }

const NANO = 1e9
const MILLION = 1e6

export type Charge = {
  /** `undefined` = nobody has a price. */
  readonly cost: Cost | undefined
  readonly terms: Terms
  readonly isEstimated: boolean
  /** `undefined` = the name of the model itself. */
  readonly pricedAs: string | undefined
}

export function costPartsOf({ cost, terms, isEstimated, pricedAs }: Charge): CostParts {
  return {
    parts: (cost?.parts ?? []).map(({ what, count, nanoUsdPerMillion }) => ({
      what,
      count,
      usdPerUnit: nanoUsdPerMillion / NANO / (isCountedOneByOne(what) ? MILLION : 1),
    })),
    multiplier: terms.multiplier,
    tier: cost?.tier ?? terms.serviceTier ?? 'standard',
    isLongContext: cost?.isLongContext === true,
    ...(pricedAs !== undefined && { pricedAs }),
    isClamped: terms.isClamped || cost?.clamped === true,
    isEstimated,
    isUnpriced: cost === undefined,
  }
}

/** What a part costs, nano-USD with fractions: the row's cost is the sum of all, rounded once. */
export function nanoUsdOf({ what, count, usdPerUnit }: PricedCount, multiplier: number): number {
  return ((count * usdPerUnit * NANO) / (isCountedOneByOne(what) ? 1 : MILLION)) * multiplier
}

function isCountedOneByOne(what: CostPart['what']): boolean {
  return what === 'web-search' || what === 'request'
}
