import { STATISTICS_ROUTES, type SummaryAnswer, type SummaryOfType } from '@ccload/contract/statistics.ts'
import type { ChannelType } from '../core/channel-type.ts'
import { addSums, emptySums, type Sums } from '../core/rollup.ts'
import type { RangeName } from '../core/time-range.ts'
import type { StatisticsRow } from '../ports/statistics.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { measuresOf, present } from './measures.ts'
import { RECENT_MS, requestsOf, rpmStatsOf } from './rates.ts'
import { done } from './reply.ts'
import { type StatisticsRange, statisticsRange } from './statistics-range.ts'

/** How old an answer may be. Anybody may ask as often as he likes: the database is asked once a second and range. */
const FRESH_MS = 1_000
/** Rows of channels that are gone count there, as they always did. */
const TYPE_OF_GONE: ChannelType = 'anthropic'
const WITH_CACHE: readonly ChannelType[] = ['anthropic', 'codex']

type Kept = { readonly atMs: number; readonly answer: Promise<SummaryAnswer> }

/** The one statistic that needs no session: nothing in it names a channel, a key or a token. */
export function summaryEndpoints(deps: AdminDeps): readonly Endpoint[] {
  const kept = new Map<RangeName, Kept>()
  const fresh = (range: StatisticsRange): Promise<SummaryAnswer> => {
    const atMs = deps.clock.monoMs()
    const known = kept.get(range.name)
    if (known && atMs - known.atMs < FRESH_MS) return known.answer
    const answer = summary(deps, range)
    kept.set(range.name, { atMs, answer })
    answer.catch(() => kept.delete(range.name)) // whoever waits for it hears of it
    return answer
  }
  return [
    endpoint(STATISTICS_ROUTES.summary, async ({ query }) =>
      done(await fresh(statisticsRange(deps, query.get('range')))),
    ),
  ]
}

async function summary({ control }: AdminDeps, range: StatisticsRange): Promise<SummaryAnswer> {
  const { name, fromMs, toMs, nowMs, zone, isToday, durationS } = range
  const query = { fromMs, toMs, nowMs, zone }
  const [rows, [all], recent] = await Promise.all([
    control.statistics.read({ ...query, by: ['channel'], only: 'sums' }),
    control.statistics.read({ ...query, by: [], only: 'peaks' }),
    isToday ? control.statistics.recent(nowMs - RECENT_MS) : [],
  ])
  const total = rows.reduce((sum, row) => sum + requests(row.sums), 0)
  const success = rows.reduce((sum, row) => sum + row.sums.success, 0)
  return {
    total_requests: total,
    success_requests: success,
    error_requests: total - success,
    range: name,
    duration_seconds: durationS,
    is_today: isToday,
    rpm_stats: rpmStatsOf({ requests: total, peakRpm: all?.peakRpm ?? 0, recent: requestsOf(recent), durationS }),
    by_type: byType(rows, (id) => control.channel(id)?.type ?? TYPE_OF_GONE),
  }
}

function byType(
  rows: readonly StatisticsRow[],
  typeOf: (channelId: number) => ChannelType,
): Record<string, SummaryOfType> {
  const found = new Map<ChannelType, Sums>()
  for (const { channelId, sums } of rows) {
    const type = typeOf(channelId)
    const ofType = found.get(type) ?? emptySums()
    found.set(type, ofType)
    addSums(ofType, sums)
  }
  return Object.fromEntries(
    [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([type, sums]) => [type, typeView(type, sums)]),
  )
}

function typeView(type: ChannelType, sums: Sums): SummaryOfType {
  const hasCache = WITH_CACHE.includes(type)
  return {
    channel_type: type,
    total_requests: requests(sums),
    success_requests: sums.success,
    error_requests: sums.error,
    ...present({
      total_input_tokens: sums.inputTokens,
      total_output_tokens: sums.outputTokens,
      total_cache_read_tokens: hasCache ? sums.cacheReadTokens : 0,
      total_cache_creation_tokens: hasCache ? sums.cacheWriteTokens : 0,
      total_cost: measuresOf(sums).costUsd,
    }),
  }
}

function requests({ success, error }: Readonly<Sums>): number {
  return success + error
}
