import { type MetricMeasures, type MetricPoint, STATISTICS_ROUTES } from '@ccload/contract/statistics.ts'
import { addSums, emptySums, type Sums } from '../core/rollup.ts'
import type { Quantiles, StatisticsRow } from '../ports/statistics.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { isoTime } from './iso-time.ts'
import { measuresOf, present } from './measures.ts'
import { badRequest, done, type Reply } from './reply.ts'
import { statisticsAsk } from './statistics-ask.ts'
import { UNKNOWN_CHANNEL } from './stats.ts'

const MINUTE_MS = 60_000
const DEFAULT_BUCKET_MINUTES = 5
const MAX_BUCKET_MINUTES = 44_640 // a month

/** How things went over time, all together and by channel. */
export function metricsEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [endpoint(STATISTICS_ROUTES.metrics, ({ query }) => metrics(deps, query))]
}

async function metrics(deps: AdminDeps, params: URLSearchParams): Promise<Reply> {
  const read = statisticsAsk(deps, params)
  if (!read.ok) return badRequest(read.message)
  const { fromMs, toMs } = read.ask.range
  const stepMs = bucketMinutes(params.get('bucket_min')) * MINUTE_MS
  const withLatency = /^(?:1|true)$/.test(params.get('percentiles') ?? '')
  const [rows, latencies] = await Promise.all([
    read.ask.read(['channel'], { stepMs }),
    withLatency ? read.ask.read([], { stepMs, withLatency }) : [],
  ])
  const byStep = Map.groupBy(rows, ({ step }) => step)
  const latencyOf = new Map(latencies.map((row) => [row.step, row]))
  const points = Array.from({ length: Math.ceil((toMs - fromMs) / stepMs) }, (_, step) => ({
    ts: isoTime(fromMs + step * stepMs),
    ...pointOf(deps, byStep.get(step) ?? []),
    ...percentilesOf(latencyOf.get(step)),
  }))
  const headers = {
    'x-debug-since': isoTime(fromMs),
    'x-debug-points': String(points.length),
    'x-debug-total': String(points.reduce((sum, { success, error }) => sum + success + error, 0)),
  }
  return done(points, { headers })
}

/** What is no whole number above 0 is the default, as it always was. */
function bucketMinutes(text: string | null): number {
  const minutes = /^\d{1,9}$/.test(text ?? '') ? Number(text) : 0
  return minutes > 0 ? Math.min(minutes, MAX_BUCKET_MINUTES) : DEFAULT_BUCKET_MINUTES
}

function pointOf({ control }: AdminDeps, rows: readonly StatisticsRow[]): Omit<MetricPoint, 'ts'> {
  if (rows.length === 0) return { success: 0, error: 0 }
  const all = emptySums()
  const byName = new Map<string, Sums>()
  for (const { channelId, sums } of rows) {
    addSums(all, sums)
    const name = control.channel(channelId)?.name ?? UNKNOWN_CHANNEL
    const ofName = byName.get(name) ?? emptySums()
    byName.set(name, ofName)
    addSums(ofName, sums)
  }
  const channels = Object.fromEntries([...byName].map(([name, sums]) => [name, measured(sums)]))
  return { ...measured(all), channels }
}

function measured(sums: Readonly<Sums>): MetricMeasures {
  const { costUsd, firstByteS, durationS } = measuresOf(sums)
  return {
    success: sums.success,
    error: sums.error,
    ...present({
      avg_first_byte_time_seconds: firstByteS,
      avg_duration_seconds: durationS,
      total_cost: costUsd,
      first_byte_count: sums.ttfbCount,
      duration_count: sums.success,
      input_tokens: sums.inputTokens,
      output_tokens: sums.outputTokens,
      cache_read_tokens: sums.cacheReadTokens,
      cache_creation_tokens: sums.cacheWriteTokens,
    }),
  }
}

function percentilesOf(row: StatisticsRow | undefined) {
  return {
    ...(row?.ttfb && { first_byte_percentiles: secondsOf(row.ttfb) }),
    ...(row?.duration && { duration_percentiles: secondsOf(row.duration) }),
  }
}

function secondsOf({ p50Ms, p90Ms, p99Ms }: Quantiles) {
  return { p50: p50Ms / 1000, p90: p90Ms / 1000, p99: p99Ms / 1000 }
}
