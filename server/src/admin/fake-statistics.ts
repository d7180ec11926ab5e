import type { StatisticsReads } from '../control/control.ts'
import { addAttempt, emptyRollup, isCounted } from '../core/rollup.ts'
import type { StoredLogRow } from '../ports/attempt-log.ts'
import type { StatisticsQuery, StatisticsRow } from '../ports/statistics.ts'
import type { FakeState } from './fake-control.ts'

const MINUTE_MS = 60_000

/** Statistics counted from the rows of a `FakeState`, for the tests of the admin API. */
export function fakeStatistics(state: Pick<FakeState, 'rows' | 'asked' | 'failWith'>): StatisticsReads {
  return {
    async read(query) {
      state.asked.push(query)
      if (state.failWith) throw state.failWith
      return counted(state.rows.filter(isCounted), query)
    },
    async readByStatus(query, statusCode) {
      state.asked.push(query)
      return counted(
        state.rows.filter((row) => isCounted(row) && row.statusCode === statusCode),
        { ...query, by: ['channel', 'model'] },
      )
    },
    async recent(sinceMs) {
      const rows = state.rows.filter((row) => isCounted(row) && row.timeMs >= sinceMs)
      return rows.map(({ channelId, model, tokenId }) => ({ channelId, model, tokenId, requests: 1 }))
    },
  }
}

function counted(rows: readonly StoredLogRow[], query: StatisticsQuery): StatisticsRow[] {
  const { fromMs, stepMs, by } = query
  const groups = Map.groupBy(
    rows.filter((row) => fits(row, query)),
    (row) => {
      const step = stepMs === undefined ? 0 : Math.floor((row.timeMs - fromMs) / stepMs)
      const channelId = by.includes('channel') ? row.channelId : 0
      return JSON.stringify([
        step,
        channelId,
        by.includes('model') ? row.model : '',
        by.includes('token') ? row.tokenId : 0,
      ])
    },
  )
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, some]) => rowOf(name, some))
}

function rowOf(name: string, rows: readonly StoredLogRow[]): StatisticsRow {
  const [step, channelId, model, tokenId] = JSON.parse(name) as [number, number, string, number]
  const rollup = emptyRollup()
  for (const row of rows) addAttempt(rollup, row)
  const minutes = Map.groupBy(rows, (row) => Math.floor(row.timeMs / MINUTE_MS))
  const peakRpm = Math.max(...[...minutes.values()].map((some) => some.length))
  const latency = { p50Ms: 1, p90Ms: 2, p99Ms: 3 }
  return { step, channelId, model, tokenId, sums: rollup.sums, peakRpm, ttfb: latency, duration: latency }
}

function fits(row: StoredLogRow, query: StatisticsQuery): boolean {
  return (
    row.timeMs >= query.fromMs &&
    row.timeMs < query.toMs &&
    (query.channelIds?.includes(row.channelId) ?? true) &&
    (query.model === undefined || row.model === query.model) &&
    (query.modelLike === undefined || row.model.toLowerCase().includes(query.modelLike.toLowerCase())) &&
    (query.tokenId === undefined || row.tokenId === query.tokenId)
  )
}
