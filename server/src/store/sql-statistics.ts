import type { RecentRow, Statistics, StatisticsQuery, StatisticsRow } from '../ports/statistics.ts'
import { historySlice } from './rollup-history.ts'
import { rollupUpsert } from './rollup-table.ts'
import { compactSlice } from './rollup-upkeep.ts'
import { inSnapshot, inTransaction, type SqlEngine } from './sql-engine.ts'
import { readByStatus, readRecent } from './statistics-of-log.ts'
import { readStatistics } from './statistics-reads.ts'

/** Pending rows in one slice of folding: some 20 ms. */
const FOLDED_AT_ONCE = 200

/** Sums of attempts: tables `rollups`, `rollup_state`, and the last minute of `logs`. */
export function sqlStatistics(engine: SqlEngine): Statistics {
  const { dialect } = engine
  const upsert = rollupUpsert(dialect)
  return {
    read: (query): Promise<readonly StatisticsRow[]> => inSnapshot(engine, (tx) => readStatistics(tx, query)),
    recent: (sinceMs): Promise<readonly RecentRow[]> => readRecent(engine, sinceMs),
    readByStatus: (query: StatisticsQuery, statusCode) => readByStatus(engine, query, statusCode),
    compactRollups: (nowMs, zone) =>
      inTransaction(engine, (tx) => compactSlice(tx, { nowMs, zone, dialect, upsert, limit: FOLDED_AT_ONCE })),
    buildHistory: (limit) => inTransaction(engine, (tx) => historySlice(tx, { limit, dialect, upsert })),
  }
}
