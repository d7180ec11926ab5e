import type { LogQuery } from '../ports/attempt-log.ts'
import type { RecentRow, StatisticsKey, StatisticsQuery, StatisticsRow } from '../ports/statistics.ts'
import type { AdminDeps } from './deps.ts'
import { logFilters } from './log-filters.ts'
import { RECENT_MS } from './rates.ts'
import { type StatisticsRange, statisticsRange } from './statistics-range.ts'

/** A question to the statistics with its filters checked, and how to ask it in different ways. */
export type StatisticsAsk = {
  readonly range: StatisticsRange
  read(by: readonly StatisticsKey[], change?: Partial<StatisticsQuery>): Promise<readonly StatisticsRow[]>
  /** Requests of the last 60 s that pass the filters; none for ranges other than today. */
  recent(): Promise<readonly RecentRow[]>
}

type AskRead = { readonly ok: true; readonly ask: StatisticsAsk } | { readonly ok: false; readonly message: string }

export function statisticsAsk(deps: AdminDeps, params: URLSearchParams): AskRead {
  const { control } = deps
  const range = statisticsRange(deps, params.get('range'))
  const filters = logFilters(params, range, control.channels())
  if (!filters.ok) return filters
  const { channelIds, model, modelLike, tokenId, statusCode } = filters.query
  const { fromMs, toMs, nowMs, zone } = range
  const query: Omit<StatisticsQuery, 'by'> = {
    ...{ fromMs, toMs, nowMs, zone },
    ...(channelIds && { channelIds }),
    ...(model !== undefined && { model }),
    ...(modelLike !== undefined && { modelLike }),
    ...(tokenId !== undefined && { tokenId }),
  }
  const ask: StatisticsAsk = {
    range,
    read: (by, change = {}) => {
      const asked = { ...query, ...change, by }
      return statusCode === undefined
        ? control.statistics.read(asked)
        : control.statistics.readByStatus(asked, statusCode)
    },
    async recent() {
      // A status is not told apart there, and nobody asks how busy the last minute was with errors of one kind.
      if (!range.isToday || statusCode !== undefined) return []
      const rows = await control.statistics.recent(nowMs - RECENT_MS)
      return rows.filter((row) => passes(row, filters.query))
    },
  }
  return { ok: true, ask }
}

function passes(row: RecentRow, { channelIds, model, modelLike, tokenId }: LogQuery): boolean {
  return (
    (channelIds?.includes(row.channelId) ?? true) &&
    (model === undefined || row.model === model) &&
    (modelLike === undefined || row.model.toLowerCase().includes(modelLike.toLowerCase())) &&
    (tokenId === undefined || row.tokenId === tokenId)
  )
}
