/**
 * A rest of a channel, a key, or a model on a channel. Its length, and so the step of the ladder, is `until - since`.
 */
export type Rest = { readonly sinceMs: number; readonly untilMs: number }

export type RestAsk = {
  /** First step for this class of failure, ms > 0. */
  readonly firstMs: number
  /** Floor of a doubled step, ms. */
  readonly minMs: number
  /** Ceiling of every step, ms. A named instant may lie beyond it. */
  readonly maxMs: number
  /** Unix ms. */
  readonly nowMs: number
  /** When the attempt that failed was started, Unix ms. */
  readonly attemptStartedAtMs: number
  /** The upstream named the instant: rest exactly until then, Unix ms. */
  readonly exactUntilMs?: number
}

export const MAX_EXACT_REST_MS = 7 * 86_400_000
/** Rests are kept in ticks, rounded up: so much in the future is still now. */
const NOW_WITHIN_MS = 1_000
/** What a length may be too long by, for the same reason. */
const ROUNDING_MS = 20

/**
 * The rest that follows from a failed attempt; `undefined` when this attempt may not judge.
 *
 * It may judge when it started after the last rest began. So the parallel failures of one outage climb one step,
 * however many they are; the same millisecond counts as parallel. A rest that begins in the future was made before the
 * clock was set back, and bars nobody; but not one that begins within the next second, for rests are kept in ticks.
 *
 * Each failure doubles the last step, within [minMs, maxMs]. The first step is cut by `maxMs` only. Quiet time after
 * the end of a rest takes steps back, one for each period as long as the step itself; below the first step the past is
 * forgotten. Quiet ends when the failing attempt starts, so that a slow timeout does not count as health.
 *
 * @param previous  The last rest, running or over; `undefined` when there was none or a success cleared it.
 * Limits: an exact rest lasts at most 7 days; one that names the past is ignored.
 */
export function nextRest(previous: Rest | undefined, ask: RestAsk): Rest | undefined {
  const { nowMs, attemptStartedAtMs, exactUntilMs } = ask
  if (previous !== undefined && previous.sinceMs - nowMs <= NOW_WITHIN_MS && !mayClear(previous, attemptStartedAtMs))
    return undefined
  if (exactUntilMs !== undefined && exactUntilMs > nowMs) {
    return { sinceMs: nowMs, untilMs: Math.min(exactUntilMs, nowMs + MAX_EXACT_REST_MS) }
  }
  const lastMs = previous === undefined ? 0 : decayedMs(previous, ask)
  return { sinceMs: nowMs, untilMs: nowMs + (lastMs === 0 ? Math.min(ask.firstMs, ask.maxMs) : doubledMs(lastMs, ask)) }
}

/**
 * How many doublings lead from the first step to a rest of this length: 0 = the first step itself. A rest that quiet time
 * has made shorter than a step of the ladder counts as that step.
 *
 * @param lengthMs  Of a rest that `nextRest` has made without a named instant.
 */
export function stepOf(lengthMs: number, ladder: Pick<RestAsk, 'firstMs' | 'minMs' | 'maxMs'>): number {
  let stepMs = Math.min(ladder.firstMs, ladder.maxMs)
  let step = 0
  while (stepMs + ROUNDING_MS < lengthMs) {
    const nextMs = doubledMs(stepMs, ladder)
    if (nextMs <= stepMs) break
    stepMs = nextMs
    step++
  }
  return step
}

/** True when an attempt that succeeded may end `rest`: it started after the rest began, not before the outage. */
export function mayClear(rest: Rest, attemptStartedAtMs: number): boolean {
  return attemptStartedAtMs > rest.sinceMs
}

/**
 * How long a rest still lasts, ms; 0 when it is over or there is none.
 *
 * A clock that jumps cannot leave it stuck: never more than its own length, and a rest that begins further in the
 * future than it is long counts as over.
 */
export function remainingMs(rest: Rest | undefined, nowMs: number): number {
  if (rest === undefined) return 0
  const lengthMs = rest.untilMs - rest.sinceMs
  if (rest.sinceMs - nowMs > lengthMs) return 0
  return Math.max(0, Math.min(rest.untilMs - nowMs, lengthMs))
}

/**
 * A rest as it is to be after the wall clock was set back by `backMs`; `undefined` = it may stay as it is. One that now lies
 * in the future would count as over, and come to life when the clock has caught up with it.
 */
export function afterSetBack({ sinceMs, untilMs }: Rest, nowMs: number, backMs: number): Rest | undefined {
  if (sinceMs - nowMs <= NOW_WITHIN_MS) return undefined
  const beginMs = Math.min(sinceMs - backMs, nowMs)
  return { sinceMs: beginMs, untilMs: beginMs + (untilMs - sinceMs) }
}

function doubledMs(lastMs: number, { minMs, maxMs }: Pick<RestAsk, 'minMs' | 'maxMs'>): number {
  return Math.min(Math.max(lastMs * 2, minMs), maxMs)
}

/** Length of the last step after quiet time has taken its share; 0 = forgotten. */
function decayedMs({ sinceMs, untilMs }: Rest, { firstMs, maxMs, attemptStartedAtMs }: RestAsk): number {
  let stepMs = Math.min(untilMs - sinceMs, maxMs) // a named rest of days is no higher step than the highest
  let quietMs = attemptStartedAtMs - untilMs
  const lowestMs = Math.min(firstMs, stepMs) // a rest shorter than the first step (named by the upstream) is a step too
  while (stepMs > 0 && quietMs >= stepMs) {
    quietMs -= stepMs
    stepMs = Math.floor(stepMs / 2)
    if (stepMs < lowestMs) return 0
  }
  return Math.max(stepMs, 0)
}
