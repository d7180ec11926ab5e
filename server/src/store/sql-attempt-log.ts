import type { AttemptLog, LogRow } from '../ports/attempt-log.ts'
import { countedOf, type LogValues, logValues } from './log-columns.ts'
import { costByChannel, goneCostByToken, modelsBetween, readPage } from './log-reads.ts'
import { logInsert, tokenUpdate } from './log-statements.ts'
import { minutesOf } from './rollup-batch.ts'
import { rollupUpsert } from './rollup-table.ts'
import type { SqlEngine } from './sql-engine.ts'
import { totalsByToken } from './token-totals.ts'

const IDS_PER_QUERY = 500

/** Rows may come as the values of their columns, as they cross to the database thread. */
export type SqlAttemptLog = AttemptLog & { append(rows: readonly (LogRow | LogValues)[]): Promise<void> }

/** Attempts, table `logs`, with what they add to: counters in `auth_tokens`, minutes in `rollups`. */
export function sqlAttemptLog(engine: SqlEngine): SqlAttemptLog {
  const insert = logInsert(engine.dialect)
  const update = tokenUpdate(engine.db)
  const addMinutes = rollupUpsert(engine.dialect)
  return {
    async append(rows) {
      if (rows.length === 0) return
      const values = rows.map((row) => ('attemptId' in row ? logValues(row) : row))
      await engine.insertEach(insert, values, (isNew) => {
        const counted = values.map(countedOf)
        return [...totalsByToken(counted, isNew).map(update), ...addMinutes(minutesOf(counted, isNew))]
      })
    },
    page: (query) => readPage(engine, query),
    known: (ids) => known(engine, ids),
    prune: (beforeMs, limit) => prune(engine, beforeMs, limit),
    costByChannel: (fromMs) => costByChannel(engine, fromMs),
    goneCostByToken: (fromMs) => goneCostByToken(engine, fromMs),
    models: (fromMs, toMs) => modelsBetween(engine, fromMs, toMs),
  }
}

async function known({ db }: SqlEngine, ids: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
    const some = ids.slice(start, start + IDS_PER_QUERY)
    const rows = await db.selectFrom('logs').select('attempt_id').where('attempt_id', 'in', some).execute()
    for (const { attempt_id } of rows) if (attempt_id !== null) found.push(attempt_id)
  }
  return found
}

async function prune({ db }: SqlEngine, beforeMs: number, limit: number): Promise<number> {
  // Through a derived table: MySQL takes no LIMIT in an IN, nor the table itself.
  const oldest = db
    .selectFrom('logs')
    .select('id')
    .where('time', '<', beforeMs)
    .orderBy('time')
    .limit(limit)
    .as('oldest')
  const { numDeletedRows } = await db
    .deleteFrom('logs')
    .where('id', 'in', db.selectFrom(oldest).select('oldest.id'))
    .executeTakeFirst()
  return Number(numDeletedRows)
}
