import { STATISTICS_ROUTES, type StatsAnswer, type StatsEntry } from '@ccload/contract/statistics.ts'
import { priceOf } from '../core/price-book.ts'
import type { RecentRow, StatisticsRow } from '../ports/statistics.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { timelineGrid, timelineMaker } from './health-timeline.ts'
import { measuresOf, present } from './measures.ts'
import { requestsOf, rowRates, rpmStatsOf } from './rates.ts'
import { badRequest, done, type Reply } from './reply.ts'
import { type StatisticsAsk, statisticsAsk } from './statistics-ask.ts'

export const UNKNOWN_CHANNEL = '未知渠道'

/** How the channels have done, by requested model. */
export function statsEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [endpoint(STATISTICS_ROUTES.stats, ({ query }) => stats(deps, query))]
}

async function stats(deps: AdminDeps, params: URLSearchParams): Promise<Reply> {
  const read = statisticsAsk(deps, params)
  if (!read.ok) return badRequest(read.message)
  const { range } = read.ask
  const [rows, [all], recent, timelines] = await Promise.all([
    read.ask.read(['channel', 'model']),
    read.ask.read([], { only: 'peaks' }),
    read.ask.recent(),
    params.get('timeline') === '0' ? undefined : timelinesOf(read.ask),
  ])
  const recentOf = recentByName(recent)
  const answer: StatsAnswer = {
    stats: rows.map((row) => ({
      ...entryOf(deps, row),
      ...rowRates({ ...rateOf(row), recent: recentOf.get(nameOf(row)) ?? 0, durationS: range.durationS }),
      ...(timelines && { health_timeline: timelines(row) }),
    })),
    duration_seconds: range.durationS,
    rpm_stats: rpmStatsOf({
      requests: rows.reduce((sum, row) => sum + rateOf(row).requests, 0),
      peakRpm: Math.max(all?.peakRpm ?? 0, ...rows.map((row) => row.peakRpm)),
      recent: requestsOf(recent),
      durationS: range.durationS,
    }),
    is_today: range.isToday,
  }
  return done(answer)
}

async function timelinesOf(ask: StatisticsAsk): Promise<(row: StatisticsRow) => StatsEntry['health_timeline']> {
  const grid = timelineGrid(ask.range)
  const points = await ask.read(['channel', 'model'], { fromMs: grid.fromMs, stepMs: grid.stepMs, only: 'sums' })
  const byName = Map.groupBy(points, nameOf)
  const timeline = timelineMaker(grid)
  return (row) => timeline(byName.get(nameOf(row)) ?? [])
}

function entryOf(deps: AdminDeps, { channelId, model, sums }: StatisticsRow): StatsEntry {
  const channel = deps.control.channel(channelId)
  const { costUsd, firstByteS, anyDurationS } = measuresOf(sums)
  return {
    channel_id: channelId,
    channel_name: channel?.name ?? UNKNOWN_CHANNEL,
    ...(channel && { channel_priority: channel.priority }),
    model,
    success: sums.success,
    error: sums.error,
    total: sums.success + sums.error,
    ...present({
      avg_first_byte_time_seconds: firstByteS,
      avg_duration_seconds: anyDurationS,
      total_input_tokens: sums.inputTokens,
      total_output_tokens: sums.outputTokens,
      total_cache_read_input_tokens: sums.cacheReadTokens,
      total_cache_creation_input_tokens: sums.cacheWriteTokens,
      total_cost: costUsd,
    }),
    ...(isUnpriced(deps, { channelId, model, sums }) && { unpriced: true }),
  }
}

function isUnpriced(
  { control, clock }: AdminDeps,
  { channelId, model, sums }: Pick<StatisticsRow, 'channelId' | 'model' | 'sums'>,
): boolean {
  const tokens = sums.inputTokens + sums.outputTokens + sums.cacheReadTokens + sums.cacheWriteTokens
  if (tokens === 0 || sums.costNanoUsd > 0) return false
  const asked = control.channel(channelId)?.models.find(({ name }) => name === model)?.redirect || model
  return priceOf(control.prices.book, asked, clock.nowMs()) === undefined
}

function rateOf({ sums, peakRpm }: StatisticsRow) {
  return { requests: sums.success + sums.error, peakRpm }
}

function recentByName(rows: readonly RecentRow[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const row of rows) found.set(nameOf(row), (found.get(nameOf(row)) ?? 0) + row.requests)
  return found
}

function nameOf({ channelId, model }: { readonly channelId: number; readonly model: string }): string {
  return `${channelId} ${model}`
}
