/** What several rounds of one measure gave. All in the unit of the measure. */
export type Spread = {
  readonly median: number
  readonly lowest: number
  readonly highest: number
  readonly rounds: number
}

/** @param values  At least one. Errors: throws RangeError on none, since a median of nothing would pass for a result. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    lowest: sorted[0] ?? Number.NaN,
    highest: sorted.at(-1) ?? Number.NaN,
    rounds: sorted.length,
  }
}

/**
 * The value below which a part of the values lies, interpolated between neighbours.
 *
 * @param sorted  Ascending, at least one.
 * @param part    0..1; 0.5 = the median.
 * Errors: throws RangeError on no values.
 */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  if (sorted.length === 0) throw new RangeError('no values: nothing was measured')
  const place = Math.min(Math.max(part, 0), 1) * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? below
  return below + (above - below) * (place - Math.floor(place))
}
