import { CompiledQuery, type Kysely, sql } from 'kysely'
import type { SqlDialect } from './dialect.ts'
import { LOG_COLUMNS } from './log-columns.ts'
import type { Schema } from './schema.ts'
import type { RowInsert } from './sql-engine.ts'
import type { TokenTotals } from './token-totals.ts'

/** A batch seldom is a multiple of it: the rows left over are inserted one by one, at twice the cost. */
const ROWS_AT_ONCE = 16

/** The insert of log rows; its parameters are the values of `LOG_COLUMNS` in their order. */
export function logInsert(dialect: SqlDialect): RowInsert {
  const row = `(${LOG_COLUMNS.map(() => '?').join(', ')})`
  const into = `logs (${LOG_COLUMNS.join(', ')}) VALUES`
  const tail = dialect.keepExisting('attempt_id')
  const rows = Array(ROWS_AT_ONCE).fill(row).join(', ')
  return {
    sql: `INSERT INTO ${into} ${row} ${tail}`,
    many: { sql: `${dialect.insertManyInto} ${into} ${rows} ${tail}`, rows: ROWS_AT_ONCE },
  }
}

/**
 * The single statement that adds totals to a token: arithmetic in the database, so that nothing is read before it is
 * written. Means come before the counts they are weighted with, and whole micro-USD before the remainder, because MySQL
 * sees the new values of the assignments to the left.
 */
export function tokenUpdate(db: Kysely<Schema>): (totals: TokenTotals) => CompiledQuery {
  // Compiled once with the names of its values in their places.
  const by = (name: keyof TokenTotals) => sql`${name}`
  const nano = sql`(cost_used_rest_nano + ${by('costNanoUsd')})`
  const mean = (column: string, count: string, add: { sum: keyof TokenTotals; count: keyof TokenTotals }) => {
    const [avg, n] = [sql.ref(column), sql.ref(count)]
    const all = sql`(${n} + ${by(add.count)})`
    return sql`${avg} = case when ${by(add.count)} > 0 then (${avg} * ${n} + ${by(add.sum)}) / ${all} else ${avg} end`
  }
  const statement = sql`update auth_tokens set
    ${mean('stream_avg_ttfb', 'stream_count', { sum: 'streamTtfbS', count: 'streams' })},
    ${mean('non_stream_avg_rt', 'non_stream_count', { sum: 'wholeS', count: 'wholes' })},
    stream_count = stream_count + ${by('streams')},
    non_stream_count = non_stream_count + ${by('wholes')},
    success_count = success_count + ${by('successes')},
    failure_count = failure_count + ${by('failures')},
    prompt_tokens_total = prompt_tokens_total + ${by('promptTokens')},
    completion_tokens_total = completion_tokens_total + ${by('completionTokens')},
    cache_read_tokens_total = cache_read_tokens_total + ${by('cacheReadTokens')},
    cache_creation_tokens_total = cache_creation_tokens_total + ${by('cacheWriteTokens')},
    total_cost_usd = total_cost_usd + ${by('costNanoUsd')} / 1000000000.0,
    cost_used_microusd = cost_used_microusd + (${nano} - ${nano} % 1000) / 1000,
    cost_used_rest_nano = ${nano} % 1000,
    last_used_at = case when last_used_at < ${by('lastUsedAtMs')} then ${by('lastUsedAtMs')} else last_used_at end
    where id = ${by('tokenId')}`.compile(db)
  const names = statement.parameters as readonly (keyof TokenTotals)[]
  return (totals) =>
    CompiledQuery.raw(
      statement.sql,
      names.map((name) => totals[name]),
    )
}
