import type { Token, TokenList } from '@ccload/contract/auth-tokens.ts'
import { emptySums } from '../core/rollup.ts'
import type { RecentRow, StatisticsRow } from '../ports/statistics.ts'
import type { AdminDeps } from './deps.ts'
import { exactMeanS, measuresOf } from './measures.ts'
import { RECENT_MS, requestsOf, rowRates, rpmStatsOf } from './rates.ts'
import { statisticsRange } from './statistics-range.ts'

/** True when `range` names a part of time; empty and `all` mean the counters of all time. */
export function isRangeOfTokens(text: string | null): boolean {
  const name = (text ?? '').trim().toLowerCase()
  return name !== '' && name !== 'all'
}

/** The list with the numbers of a range in the places of those of all time. Money used against a limit stays. */
export async function tokensOfRange(
  deps: AdminDeps,
  tokens: readonly Token[],
  text: string | null,
): Promise<TokenList> {
  const { control } = deps
  const { fromMs, toMs, nowMs, zone, isToday, durationS } = statisticsRange(deps, text)
  const query = { fromMs, toMs, nowMs, zone }
  const [rows, [all], recent] = await Promise.all([
    control.statistics.read({ ...query, by: ['token'] }),
    control.statistics.read({ ...query, by: [] }),
    isToday ? control.statistics.recent(nowMs - RECENT_MS) : [],
  ])
  const rowOf = new Map(rows.map((row) => [row.tokenId, row]))
  const recentOf = Map.groupBy(recent, ({ tokenId }) => tokenId)
  const rate = all ? { requests: all.sums.success + all.sums.error, peakRpm: all.peakRpm } : { requests: 0, peakRpm: 0 }
  return {
    tokens: tokens.map((token) =>
      ofRange(token, { row: rowOf.get(token.id), recent: recentOf.get(token.id), durationS }),
    ),
    is_today: isToday,
    duration_seconds: durationS,
    rpm_stats: rpmStatsOf({ ...rate, recent: requestsOf(recent), durationS }),
  }
}

type Found = {
  readonly row: StatisticsRow | undefined
  readonly recent: readonly RecentRow[] | undefined
  readonly durationS: number
}

function ofRange(token: Token, { row, recent = [], durationS }: Found): Token {
  const sums = row?.sums ?? emptySums()
  const requests = sums.success + sums.error
  return {
    ...token,
    success_count: sums.success,
    failure_count: sums.error,
    stream_avg_ttfb: exactMeanS(sums.ttfbUs, sums.ttfbCount),
    non_stream_avg_rt: exactMeanS(sums.wholeUs, sums.wholeCount),
    stream_count: sums.ttfbCount,
    non_stream_count: sums.wholeCount,
    prompt_tokens_total: sums.inputTokens,
    completion_tokens_total: sums.outputTokens,
    cache_read_tokens_total: sums.cacheReadTokens,
    cache_creation_tokens_total: sums.cacheWriteTokens,
    total_cost_usd: measuresOf(sums).costUsd,
    ...rowRates({ requests, peakRpm: row?.peakRpm ?? 0, recent: requestsOf(recent), durationS }),
  }
}
