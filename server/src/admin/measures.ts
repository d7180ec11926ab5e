import type { Sums } from '../core/rollup.ts'

const NANO = 1e9
const US_PER_S = 1e6

/** Costs and times of sums as the API says them: USD and seconds; a mean of nothing is `undefined`. */
export type Measures = {
  readonly costUsd: number
  readonly firstByteS: number | undefined
  /** Of successes. */
  readonly durationS: number | undefined
  /** Of successes and errors. */
  readonly anyDurationS: number | undefined
}

export function measuresOf(sums: Readonly<Sums>): Measures {
  return {
    costUsd: sums.costNanoUsd / NANO,
    firstByteS: meanS(sums.ttfbUs, sums.ttfbCount),
    durationS: meanS(sums.durationUs, sums.success),
    anyDurationS: meanS(sums.durationUs + sums.errorDurationUs, sums.success + sums.error),
  }
}

/** To the millisecond, as it always was; a time that was measured never becomes 0. */
function meanS(sumUs: number, count: number): number | undefined {
  if (count === 0 || sumUs === 0) return undefined
  return Math.max(1, Math.round(sumUs / count / 1000)) / 1000
}

/** The same without rounding, 0 for a mean of nothing. */
export function exactMeanS(sumUs: number, count: number): number {
  return count === 0 ? 0 : sumUs / count / US_PER_S
}

/** The entries that are neither 0 nor unknown. */
export function present<Entry extends Readonly<Record<string, number | undefined>>>(
  entries: Entry,
): { [Name in keyof Entry]?: number } {
  const found: { [Name in keyof Entry]?: number } = {}
  for (const [name, value] of Object.entries(entries) as [keyof Entry, number | undefined][])
    if (value !== undefined && value !== 0) found[name] = value
  return found
}
