import type { Sums } from '../core/rollup.ts'
import type { Zone } from '../core/zone.ts'

/** What sums can be told apart by. */
export type StatisticsKey = 'channel' | 'model' | 'token'

export type StatisticsQuery = {
  /** Half-open [fromMs, toMs), by start of the attempt. To the minute; further back to what is kept (see `planRead`). */
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
  readonly zone: Zone
  readonly by: readonly StatisticsKey[]
  /** Also by steps of this width from `fromMs`; absent = one sum for the range. */
  readonly stepMs?: number
  readonly channelIds?: readonly number[]
  readonly model?: string
  /** Substring, case-insensitive; `%` and `_` mean themselves. */
  readonly modelLike?: string
  readonly tokenId?: number
  /** Reads `latency` as well; dearer. */
  readonly withLatency?: boolean
  /** Nothing else is wanted, and what is not may be 0: cheaper. */
  readonly only?: 'sums' | 'peaks'
}

/** Of successes, ms; within 9.1 %. Absent when there was none. */
export type Quantiles = { readonly p50Ms: number; readonly p90Ms: number; readonly p99Ms: number }

/** What `by` does not name is 0 and `''`; `step` is 0 without `stepMs`. */
export type StatisticsRow = {
  readonly step: number
  readonly channelId: number
  readonly model: string
  readonly tokenId: number
  readonly sums: Readonly<Sums>
  /**
   * Most requests that started in one minute. Exact for everything, one channel, one (channel, model) or one token, and
   * for any filter within the last two days; else at least that of the greatest part.
   */
  readonly peakRpm: number
  readonly ttfb?: Quantiles
  readonly duration?: Quantiles
}

export type RecentRow = {
  readonly channelId: number
  readonly model: string
  readonly tokenId: number
  readonly requests: number
}

/**
 * Sums of finished attempts, kept beside the log and outliving it. Requests without a channel and clients that left
 * (499) are in none of them.
 */
export interface Statistics {
  /** By step, channel, model, token, in this order; only what has been asked for at least once. */
  read(query: StatisticsQuery): Promise<readonly StatisticsRow[]>
  /** Requests that started at `sinceMs` or later, from the log: meant for the last minute. */
  recent(sinceMs: number): Promise<readonly RecentRow[]>
  /**
   * The same for requests that ended with one status, by channel and model. Counted in the log, which forgets, and so
   * dearer: in proportion to the requests with that status.
   */
  readByStatus(query: StatisticsQuery, statusCode: number): Promise<readonly StatisticsRow[]>
  /**
   * One slice of regular work: folds closed minutes into coarser sums, forgets fine ones that are old, makes the sums
   * of days anew when the zone has changed. To be repeated while it resolves to true.
   */
  compactRollups(nowMs: number, zone: Zone): Promise<boolean>
  /**
   * One slice of sums for log rows that are older than the sums; goes on where it was after a restart.
   *
   * @param limit  Log rows in this slice. Resolves to true while there are more.
   */
  buildHistory(limit: number): Promise<boolean>
}
