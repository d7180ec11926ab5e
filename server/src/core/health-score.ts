export type HealthSample = {
  /** Share of successes, 0..1. */
  readonly successRate: number
  /** Attempts it was taken from. */
  readonly samples: number
}

export type HealthOptions = {
  /** Setting `success_rate_penalty_weight`; negative = the default. */
  readonly penaltyWeight: number
  /** Setting `health_min_confident_sample`; below 1 = the default. */
  readonly minConfidentSample: number
}

const DEFAULT_PENALTY_WEIGHT = 100
const DEFAULT_CONFIDENT_SAMPLE = 20
/**
 * Failures that speak of the channel. The client's own (400, 404, 408, 499), quota resets (596) and rare codes do not.
 */
const COUNTED_FAILURES = new Set([401, 402, 403, 405, 429, 500, 502, 503, 504, 520, 521, 524, 597, 598, 599])

/**
 * Priority minus what failures cost: `priority - (1 - successRate) * weight * min(1, samples / confident)`.
 *
 * @param sample  Over the health window; absent = nothing is known, no penalty.
 */
export function effectivePriority(priority: number, sample: HealthSample | undefined, options: HealthOptions): number {
  if (sample === undefined || sample.samples <= 0) return priority
  const weight = options.penaltyWeight >= 0 ? options.penaltyWeight : DEFAULT_PENALTY_WEIGHT
  const confident = options.minConfidentSample >= 1 ? options.minConfidentSample : DEFAULT_CONFIDENT_SAMPLE
  const failureRate = Math.min(Math.max(1 - sample.successRate, 0), 1)
  return priority - failureRate * weight * Math.min(1, sample.samples / confident)
}

/** How a log row's status counts in the success rate; `uncounted` rows are left out of both sides. */
export function healthOfStatus(status: number): 'success' | 'failure' | 'uncounted' {
  if (status >= 200 && status < 300) return 'success'
  return COUNTED_FAILURES.has(status) ? 'failure' : 'uncounted'
}

/** The statuses that `healthOfStatus` counts as failures, for queries that count in SQL. */
export const COUNTED_FAILURE_STATUSES: readonly number[] = [...COUNTED_FAILURES]
