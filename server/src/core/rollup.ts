import { countInto, slotOf } from './histogram.ts'

/** What statistics need to know of one finished attempt. */
export type Countable = {
  readonly channelId: number
  readonly statusCode: number
  readonly streaming: boolean
  readonly durationMs: number
  /** 0 = none came, or not streamed. */
  readonly firstByteMs: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly costNanoUsd: number
}

/** Everything that is added up, in the order of the columns. Durations are whole microseconds, so that sums are exact. */
export const SUM_FIELDS = [
  'success',
  'error',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'costNanoUsd',
  'durationUs',
  'errorDurationUs',
  'ttfbUs',
  'ttfbCount',
  'wholeUs',
  'wholeCount',
] as const

/**
 * - `success` 2xx; `error` everything else that counts.
 * - `durationUs` of successes, `errorDurationUs` of errors: as many as there are of them.
 * - `ttfbUs`, `ttfbCount`: successes that streamed and sent a first byte.
 * - `wholeUs`, `wholeCount`: durations of attempts that did not stream, failed ones too.
 */
export type Sums = { [Field in (typeof SUM_FIELDS)[number]]: number }

/** Sums with the spread of first bytes and durations of successes, by histogram slot. */
export type Rollup = { readonly sums: Sums; readonly ttfb: Map<number, number>; readonly duration: Map<number, number> }

const US = 1_000

/** False for what no statistic counts: requests that no channel was tried for, and clients that left (499). */
export function isCounted({ channelId, statusCode }: Pick<Countable, 'channelId' | 'statusCode'>): boolean {
  return channelId > 0 && statusCode !== 499
}

export function emptySums(): Sums {
  return {
    success: 0,
    error: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costNanoUsd: 0,
    durationUs: 0,
    errorDurationUs: 0,
    ttfbUs: 0,
    ttfbCount: 0,
    wholeUs: 0,
    wholeCount: 0,
  }
}

export function emptyRollup(): Rollup {
  return { sums: emptySums(), ttfb: new Map(), duration: new Map() }
}

export function addSums(to: Sums, more: Readonly<Sums>): void {
  for (const field of SUM_FIELDS) to[field] += more[field]
}

/** Adds one attempt, of which `isCounted` is true. Its numbers must be finite and not negative. */
export function addAttempt({ sums, ttfb, duration }: Rollup, row: Countable): void {
  const durationUs = Math.round(row.durationMs * US)
  sums.inputTokens += row.inputTokens
  sums.outputTokens += row.outputTokens
  sums.cacheReadTokens += row.cacheReadTokens
  sums.cacheWriteTokens += row.cacheWriteTokens
  sums.costNanoUsd += row.costNanoUsd
  if (!row.streaming) {
    sums.wholeUs += durationUs
    sums.wholeCount++
  }
  if (row.statusCode < 200 || row.statusCode > 299) {
    sums.error++
    sums.errorDurationUs += durationUs
    return
  }
  sums.success++
  sums.durationUs += durationUs
  countInto(duration, slotOf(row.durationMs))
  if (!row.streaming || row.firstByteMs <= 0) return
  sums.ttfbUs += Math.round(row.firstByteMs * US)
  sums.ttfbCount++
  countInto(ttfb, slotOf(row.firstByteMs))
}
