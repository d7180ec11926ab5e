import { sql } from 'kysely'
import { emptySums, isCounted, SUM_FIELDS, type Sums } from '../core/rollup.ts'
import type { RecentRow, StatisticsQuery, StatisticsRow } from '../ports/statistics.ts'
import { contains } from './sql-contains.ts'
import type { SqlEngine } from './sql-engine.ts'

/*
 * The two statistics that rollups cannot tell, read from the log itself.
 */

const GONE = 499

/** Requests of the last moments by channel, model and token. Cost: the rows since then. */
export async function readRecent({ db }: SqlEngine, sinceMs: number): Promise<RecentRow[]> {
  const rows = await db
    .selectFrom('logs')
    .select(['channel_id', 'model', 'auth_token_id', (eb) => eb.fn.countAll<number>().as('requests')])
    .where('time', '>=', sinceMs)
    .where('channel_id', '>', 0)
    .where('status_code', '<>', GONE)
    .groupBy(['channel_id', 'model', 'auth_token_id'])
    .execute()
  return rows.map((row) => ({
    channelId: row.channel_id,
    model: row.model,
    tokenId: row.auth_token_id,
    requests: Number(row.requests),
  }))
}

type Found = Pick<StatisticsRow, 'step' | 'channelId' | 'model' | 'peakRpm'> & Partial<Sums> & { requests: number }

/** Sums of one status by channel and model, whatever `query.by` says. Cost: the rows of that status in the range. */
export async function readByStatus(
  { db }: SqlEngine,
  query: StatisticsQuery,
  statusCode: number,
): Promise<StatisticsRow[]> {
  if (!isCounted({ channelId: 1, statusCode }) || query.channelIds?.length === 0) return []
  const { rows } = await sql<Found>`
    select step, channel_id as ${sql.ref('channelId')}, model, sum(n) as requests, max(n) as ${sql.ref('peakRpm')},
      ${sql.join(ADDED.map(([field]) => sql`sum(${sql.ref(field)}) as ${sql.ref(field)}`))}
    from (select ${stepOf(query)} as step, channel_id, model, minute_bucket, count(*) as n,
        ${sql.join(ADDED.map(([field, text]) => sql`sum(${sql.raw(text)}) as ${sql.ref(field)}`))}
      from logs
      where time >= ${query.fromMs} and time < ${query.toMs} and status_code = ${statusCode} and channel_id > 0
        and ${filters(query)}
      group by step, channel_id, model, minute_bucket) as minutes
    group by step, channel_id, model
    order by step, channel_id, model`.execute(db)
  return rows.map((row) => statisticsRow(row, statusCode >= 200 && statusCode <= 299))
}

/** What is added up, as in `core/rollup.ts`. */
const ADDED = [
  ['inputTokens', 'input_tokens'],
  ['outputTokens', 'output_tokens'],
  ['cacheReadTokens', 'cache_read_input_tokens'],
  ['cacheWriteTokens', 'cache_creation_input_tokens'],
  ['costNanoUsd', 'cost_nano'],
  ['durationUs', 'round(duration * 1000000)'],
  ['ttfbUs', 'case when is_streaming = 1 then round(first_byte_time * 1000000) else 0 end'],
  ['ttfbCount', 'case when is_streaming = 1 and first_byte_time > 0 then 1 else 0 end'],
  ['wholeUs', 'case when is_streaming = 0 then round(duration * 1000000) else 0 end'],
  ['wholeCount', 'case when is_streaming = 0 then 1 else 0 end'],
] as const satisfies readonly (readonly [keyof Sums, string])[]

function statisticsRow(row: Found, isSuccess: boolean): StatisticsRow {
  const sums = emptySums()
  for (const field of SUM_FIELDS) sums[field] = Number(row[field] ?? 0)
  const { step, channelId, model, requests, peakRpm } = row
  const asOutcome = isSuccess
    ? { success: requests }
    : { error: requests, errorDurationUs: sums.durationUs, durationUs: 0, ttfbUs: 0, ttfbCount: 0 }
  return { step, channelId, model, tokenId: 0, sums: { ...sums, ...asOutcome }, peakRpm }
}

function stepOf({ stepMs, fromMs }: StatisticsQuery) {
  return stepMs === undefined ? sql`0` : sql`(time - ${fromMs} - (time - ${fromMs}) % ${stepMs}) / ${stepMs}`
}

function filters({ channelIds, model, modelLike, tokenId }: StatisticsQuery) {
  return sql.join(
    [
      sql`1 = 1`,
      ...(channelIds ? [sql`channel_id in (${sql.join([...channelIds])})`] : []),
      ...(model === undefined ? [] : [sql`model = ${model}`]),
      ...(modelLike === undefined ? [] : [contains('model', modelLike)]),
      ...(tokenId === undefined ? [] : [sql`auth_token_id = ${tokenId}`]),
    ],
    sql` and `,
  )
}
