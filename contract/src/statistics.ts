import { z } from 'zod'
import type { Route } from './route.ts'
import { rpmStats } from './rpm-stats.ts'

export const STATISTICS_ROUTES = {
  stats: { method: 'GET', path: '/admin/stats' },
  metrics: { method: 'GET', path: '/admin/metrics' },
  summary: { method: 'GET', path: '/public/summary' },
} as const satisfies Record<string, Route>

/*
 * Requests that no channel was tried for and those whose client left (499) are in none of these. Success = 2xx, error =
 * everything else. Optional numbers are absent when they are 0 or when there was nothing to measure. Times are seconds,
 * costs USD.
 */

const count = z.int().min(0)
const number = z.number().min(0)

/** One of 48 parts of the range. */
export const healthPoint = z.strictObject({
  /** RFC 3339. */
  ts: z.string(),
  /** Share of successes, 0..1; -1 = no request. */
  rate: z.number().min(-1).max(1),
  success: count,
  error: count,
  avg_first_byte_time: number,
  avg_duration: number,
  input_tokens: count,
  output_tokens: count,
  cache_read_tokens: count,
  cache_creation_tokens: count,
  cost: number,
})
export type HealthPoint = z.output<typeof healthPoint>

export const statsEntry = z.strictObject({
  channel_id: z.int(),
  channel_name: z.string(),
  /** Absent when there is no such channel any more. */
  channel_priority: z.int().optional(),
  model: z.string(),
  success: count,
  error: count,
  total: count,
  avg_first_byte_time_seconds: number.optional(),
  /** Of successes and errors. */
  avg_duration_seconds: number.optional(),
  peak_rpm: number.optional(),
  avg_rpm: number.optional(),
  /** Today only. */
  recent_rpm: number.optional(),
  total_input_tokens: count.optional(),
  total_output_tokens: count.optional(),
  total_cache_read_input_tokens: count.optional(),
  total_cache_creation_input_tokens: count.optional(),
  total_cost: number.optional(),
  /** There were tokens, they cost nothing, and nobody has a price for the model: it is not free, its cost is not known. */
  unpriced: z.literal(true).optional(),
  /** Exactly 48. Today: five minutes each, the last four hours; else the range in equal parts. Absent with `timeline=0`. */
  health_timeline: z.array(healthPoint).optional(),
})
export type StatsEntry = z.output<typeof statsEntry>

/** By channel id, then model. */
export const statsAnswer = z.strictObject({
  stats: z.array(statsEntry),
  duration_seconds: number,
  rpm_stats: rpmStats,
  is_today: z.boolean(),
})
export type StatsAnswer = z.output<typeof statsAnswer>

const measures = {
  success: count,
  error: count,
  /** Of successes. */
  avg_first_byte_time_seconds: number.optional(),
  avg_duration_seconds: number.optional(),
  total_cost: number.optional(),
  first_byte_count: count.optional(),
  duration_count: count.optional(),
  input_tokens: count.optional(),
  output_tokens: count.optional(),
  cache_read_tokens: count.optional(),
  cache_creation_tokens: count.optional(),
}
export const metricMeasures = z.strictObject(measures)
export type MetricMeasures = z.output<typeof metricMeasures>

/** Seconds; within 9.1 % of the true ones. */
const percentiles = z.strictObject({ p50: number, p90: number, p99: number })

export const metricPoint = z.strictObject({
  /** Begin of the bucket, RFC 3339. */
  ts: z.string(),
  ...measures,
  /** By name; those that are gone together as `未知渠道`. */
  channels: z.record(z.string(), metricMeasures).optional(),
  /** With `percentiles=1` only. */
  first_byte_percentiles: percentiles.optional(),
  duration_percentiles: percentiles.optional(),
})
export type MetricPoint = z.output<typeof metricPoint>

/** One for each bucket from the beginning of the range on, empty ones too. */
export const metricsAnswer = z.array(metricPoint)

export const summaryOfType = z.strictObject({
  channel_type: z.string(),
  total_requests: count,
  success_requests: count,
  error_requests: count,
  total_input_tokens: count.optional(),
  total_output_tokens: count.optional(),
  /** Anthropic and Codex only, as it always was; so the next. */
  total_cache_read_tokens: count.optional(),
  total_cache_creation_tokens: count.optional(),
  total_cost: number.optional(),
})
export type SummaryOfType = z.output<typeof summaryOfType>

/** Open to anybody: no name of a channel, key or token. Up to a second old. */
export const summaryAnswer = z.strictObject({
  total_requests: count,
  success_requests: count,
  error_requests: count,
  range: z.string(),
  duration_seconds: z.number().min(1),
  is_today: z.boolean(),
  rpm_stats: rpmStats,
  by_type: z.record(z.string(), summaryOfType),
})
export type SummaryAnswer = z.output<typeof summaryAnswer>
