import type { KeyStrategy } from './snapshot.ts'

export type KeyInput<K> = {
  /** By index. */
  readonly keys: readonly K[]
  /** Anything but `round_robin` counts as sequential. */
  readonly strategy: KeyStrategy
  /**
   * The channel's turn counter *after* it was incremented for this selection, so the very first turn is 1 and starts at
   * the second key. Not looked at for sequential channels; any 32-bit wrap is fine.
   */
  readonly turn: number
  /** End of the key's rest, Unix ms; 0 = none. */
  readonly restUntilMs: (key: K) => number
  readonly nowMs: number
  /** Keys this request has tried already. */
  readonly isTried?: (key: K) => boolean
  /** How many keys are wanted at most (setting `max_key_retries`). */
  readonly maxKeys?: number
  /** When all rest: `earliest` names the one that is ready first, because the channel was chosen as the last resort. */
  readonly whenAllRest?: 'none' | 'earliest'
}

/**
 * The keys of a channel in the order in which to try them: neither tried nor resting; by index, or from this turn's
 * place on, once around.
 *
 * Cost: O(keys), less when `maxKeys` are found early.
 */
export function keyOrder<K>(input: KeyInput<K>): readonly K[] {
  const { keys, nowMs, isTried = () => false, maxKeys = keys.length, whenAllRest = 'none' } = input
  const count = keys.length
  const start = input.strategy === 'round_robin' && count > 0 ? ((input.turn % count) + count) % count : 0
  const order: K[] = []
  let earliest: { readonly key: K; readonly untilMs: number } | undefined
  for (let step = 0; step < count && order.length < maxKeys; step++) {
    const key = keys[(start + step) % count]
    if (key === undefined || isTried(key)) continue
    const untilMs = input.restUntilMs(key)
    if (untilMs <= nowMs) order.push(key)
    else if (earliest === undefined || untilMs < earliest.untilMs) earliest = { key, untilMs }
  }
  if (order.length > 0 || earliest === undefined || whenAllRest === 'none') return order
  return maxKeys > 0 ? [earliest.key] : []
}

/** When the first key of a channel can be used, Unix ms; 0 = one can be used now, or there is none. */
export function firstKeyReadyAtMs<K>(keys: readonly K[], restUntilMs: (key: K) => number, nowMs: number): number {
  let earliest = Number.POSITIVE_INFINITY
  for (const key of keys) {
    const untilMs = restUntilMs(key)
    if (untilMs <= nowMs) return 0
    if (untilMs < earliest) earliest = untilMs
  }
  return Number.isFinite(earliest) ? earliest : 0
}
