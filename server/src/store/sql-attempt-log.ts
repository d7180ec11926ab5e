import { type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { AttemptLog, LogQuery } from '../ports/store.ts'
import { logRowOf, logValues } from './log-columns.ts'
import { logInsert, tokenUpdate } from './log-statements.ts'
import type { Schema } from './schema.ts'
import { inSnapshot, type SqlEngine } from './sql-engine.ts'
import { totalsByToken } from './token-totals.ts'

const NANO = 1e9
const IDS_PER_QUERY = 500

/** Attempts, table `logs`, and the counters in `auth_tokens` that they add to. */
export function sqlAttemptLog(engine: SqlEngine): AttemptLog {
  const { db } = engine
  const insert = logInsert(db, engine.dialect)
  const update = tokenUpdate(db)
  return {
    async append(rows) {
      if (rows.length === 0) return
      await engine.insertEach(insert, rows.map(logValues), (isNew) => totalsByToken(rows, isNew).map(update))
    },

    page: (query) =>
      inSnapshot(engine, async (tx) => {
        const matching = tx.selectFrom('logs').where((eb) => eb.and(filters(eb, query)))
        const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
        const rows = await matching
          .where((eb) => eb.and(olderThan(eb, query.before)))
          .selectAll()
          .orderBy('time', 'desc')
          .orderBy('id', 'desc')
          .limit(query.limit)
          .offset(query.offset)
          .execute()
        return { rows: rows.map(logRowOf), total: Number(total) }
      }),

    async known(ids) {
      const found: string[] = []
      for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
        const some = ids.slice(start, start + IDS_PER_QUERY)
        const rows = await db.selectFrom('logs').select('attempt_id').where('attempt_id', 'in', some).execute()
        for (const { attempt_id } of rows) if (attempt_id !== null) found.push(attempt_id)
      }
      return found
    },

    async prune(beforeMs, limit) {
      // Through a derived table: MySQL takes no LIMIT in an IN, nor the table itself.
      const oldest = db.selectFrom('logs').select('id').where('time', '<', beforeMs).orderBy('time').limit(limit).as('oldest')
      const { numDeletedRows } = await db
        .deleteFrom('logs')
        .where('id', 'in', db.selectFrom(oldest).select('oldest.id'))
        .executeTakeFirst()
      return Number(numDeletedRows)
    },

    async costByChannel(fromMs) {
      const rows = await db
        .selectFrom('logs')
        .select(['channel_id', (eb) => eb.fn.sum<number>('cost_nano').as('nano')])
        .where('time', '>=', fromMs)
        .where('channel_id', '>', 0)
        .groupBy('channel_id')
        .orderBy('channel_id')
        .execute()
      return rows.map((row) => ({ channelId: row.channel_id, costUsd: Number(row.nano) / NANO }))
    },

    async models(fromMs, toMs) {
      const rows = await db
        .selectFrom('logs')
        .select('model')
        .distinct()
        .where('time', '>=', fromMs)
        .where('time', '<', toMs)
        .where('model', '<>', '')
        .orderBy('model')
        .execute()
      return rows.map((row) => row.model)
    },
  }
}

type LogsBuilder = ExpressionBuilder<Schema, 'logs'>

function filters(eb: LogsBuilder, query: LogQuery) {
  const { channelIds, model, modelLike, statusCode, tokenId, requestId } = query
  return [
    eb('time', '>=', query.fromMs),
    eb('time', '<', query.toMs),
    ...(channelIds ? [channelIds.length > 0 ? eb('channel_id', 'in', [...channelIds]) : eb.lit(false)] : []),
    ...(model !== undefined ? [eb('model', '=', model)] : []),
    ...(modelLike !== undefined ? [contains('model', modelLike)] : []),
    ...(statusCode !== undefined ? [eb('status_code', '=', statusCode)] : []),
    ...(tokenId !== undefined ? [eb('auth_token_id', '=', tokenId)] : []),
    ...(requestId !== undefined ? [eb('request_id', '=', requestId)] : []),
  ]
}

/** Keyset: what stands after (time, id) in a list that runs from new to old. */
function olderThan(eb: LogsBuilder, before: LogQuery['before']) {
  if (!before) return []
  const { timeMs, id } = before
  const sameTime = eb.and([eb('time', '=', timeMs), eb('id', '<', id)])
  return [eb('time', '<=', timeMs), eb.or([eb('time', '<', timeMs), sameTime])]
}

/** Substring, letters A-Z in either case; `%` and `_` mean themselves. */
function contains(column: string, text: string) {
  const pattern = `%${text.replace(/[!%_]/g, '!$&')}%`
  return sql<SqlBool>`lower(${sql.ref(column)}) like lower(${pattern}) escape '!'`
}
