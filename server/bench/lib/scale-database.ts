import { Database } from 'bun:sqlite'
import { emptySums } from '../../src/core/rollup.ts'
import { sqlite } from '../../src/store/dialect.ts'
import { FAMILY, type RollupRow, rollupUpsert, TIER_CODE } from '../../src/store/rollup-table.ts'

/*
 * A big database: 30 days of log rows over 50 channels with 4 of 20 models each and 20 tokens, and the sums that they
 * leave behind. Written as rows of the tables, which takes minutes where requests would take hours.
 */

export const NOW_MS = Date.UTC(2026, 5, 30, 18, 7, 30)
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
export const DAYS = 30
export const [CHANNELS, MODELS, TOKENS] = [50, 20, 20]
const MODELS_OF_ONE = 4
/** Older rows of the minute and quarter-hour tiers than are kept, so that forgetting them can be measured. */
const OVERDUE_HOURS = 2
const PAIRS = Array.from({ length: CHANNELS * MODELS_OF_ONE }, (_, n) => ({
  channelId: 1 + (n % CHANNELS),
  model: `model-${((n % CHANNELS) + Math.floor(n / CHANNELS) * 5) % MODELS}`,
}))

/** Fills a database that `openStore` has made and closed. */
export function fillDatabase(path: string, requests: number): void {
  const database = new Database(path)
  database.run('PRAGMA synchronous = OFF')
  database.run('PRAGMA cache_size = -1000000')
  fillRollups(database, requests)
  fillLogs(database, requests)
  database.run('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

/** As if so many log rows, the youngest, had been written by an earlier program. */
export function forgetHistory(path: string, rows: number): void {
  const database = new Database(path)
  const { last } = database.query('SELECT max(id) AS last FROM logs').get() as { last: number }
  const note = database.prepare('UPDATE rollup_state SET value = ? WHERE name = ?')
  note.run(String(last), 'history_until_id')
  note.run(String(last - rows), 'history_done_id')
  database.close(true)
}

type Bucket = { readonly tier: keyof typeof TIER_CODE; readonly fromMs: number; readonly widthMs: number }

function fillRollups(database: Database, requests: number): void {
  const upsert = rollupUpsert(sqlite)
  const endMs = NOW_MS - (NOW_MS % (15 * MINUTE_MS))
  const tiers: readonly (readonly [Bucket['tier'], number, number])[] = [
    ['day', DAY_MS, DAYS * DAY_MS],
    ['sixhour', 6 * HOUR_MS, DAYS * DAY_MS],
    ['hour', HOUR_MS, DAYS * DAY_MS],
    ['quarter', 15 * MINUTE_MS, 9 * DAY_MS + OVERDUE_HOURS * HOUR_MS],
    ['minute', MINUTE_MS, (50 + OVERDUE_HOURS) * HOUR_MS],
  ]
  const write = (bucket: Bucket): void => {
    for (const { sql, parameters } of upsert([...rowsOf(bucket, requests)]))
      database.query(sql).run(...(parameters as string[]))
  }
  for (const [tier, widthMs, backMs] of tiers) {
    database.transaction(() => {
      for (let fromMs = endMs - backMs - ((endMs - backMs) % widthMs); fromMs < endMs; fromMs += widthMs)
        write({ tier, fromMs, widthMs })
    })()
  }
  database.transaction(() => {
    for (let fromMs = endMs; fromMs < NOW_MS; fromMs += MINUTE_MS)
      write({ tier: 'pending', fromMs, widthMs: MINUTE_MS })
  })()
  database.run(`INSERT INTO rollup_state (name, value) VALUES ('day_zone', 'UTC+6h')`)
}

/** Rows of one bucket; of small buckets as many full keys as there were requests. */
function* rowsOf({ tier, fromMs, widthMs }: Bucket, all: number): Iterable<RollupRow> {
  const requests = Math.round((all * widthMs) / (DAYS * DAY_MS))
  const key = { tier: TIER_CODE[tier], bucketMs: fromMs, channelId: 0, model: '', tokenId: 0 }
  if (tier !== 'pending') {
    yield row({ ...key, family: FAMILY.all }, requests)
    for (let channelId = 1; channelId <= CHANNELS; channelId++)
      yield row({ ...key, family: FAMILY.channel, channelId }, requests / CHANNELS)
  }
  if (tier !== 'minute' && tier !== 'pending') {
    for (const pair of PAIRS) yield row({ ...key, ...pair, family: FAMILY.model }, requests / PAIRS.length)
    for (let tokenId = 1; tokenId <= TOKENS; tokenId++)
      yield row({ ...key, family: FAMILY.token, tokenId }, requests / TOKENS)
  }
  const full = PAIRS.length * TOKENS
  const step = Math.max(1, full / requests)
  for (let at = 0; at < full; at += step) {
    const n = Math.floor(at)
    const pair = PAIRS[n % PAIRS.length]
    if (pair === undefined) continue
    const tokenId = 1 + Math.floor(n / PAIRS.length)
    yield row({ ...key, ...pair, family: FAMILY.full, tokenId }, (requests * step) / full)
  }
}

function row(key: RollupRow['key'], requests: number): RollupRow {
  const count = Math.max(1, Math.round(requests))
  const sums = { ...emptySums(), success: count, inputTokens: count * 1000, outputTokens: count * 300 }
  const times = { costNanoUsd: count * 1e6, durationUs: count * 4e6, ttfbUs: count * 5e5, ttfbCount: count }
  const spread = key.family <= FAMILY.model ? Math.min(count, 20) : 0
  const histogram = new Map(Array.from({ length: spread }, (_, n) => [40 + n, Math.ceil(count / spread)]))
  return { key, rollup: { sums: { ...sums, ...times }, ttfb: histogram, duration: histogram }, peakRpm: count }
}

/** Without indexes first: sorting once is quicker than ten million look-ups. */
function fillLogs(database: Database, rows: number): void {
  const indexes = database
    .query(`SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'logs' AND sql IS NOT NULL`)
    .all() as { name: string; sql: string }[]
  for (const { name } of indexes) database.run(`DROP INDEX ${name}`)
  database.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
     INSERT INTO logs (time, minute_bucket, model, channel_id, status_code, message, auth_token_id, request_id, attempt_id,
       duration, is_streaming, first_byte_time, api_key_used, client_ip, input_tokens, output_tokens, cost, cost_nano, path)
     SELECT at, at / ${MINUTE_MS}, 'model-' || ((i % ${CHANNELS} + i / ${CHANNELS} % ${MODELS_OF_ONE} * 5) % ${MODELS}),
       1 + i % ${CHANNELS}, CASE WHEN i % 50 = 0 THEN 429 WHEN i % 100 = 7 THEN 499 ELSE 200 END, 'ok',
       1 + i * 7 % ${TOKENS}, 'req-' || i, 'req-' || i || '-0', 1.5, 1, 0.4, 'sk-a...wxyz', '203.0.113.7', 1000, 300,
       0.001, 1000000, '/v1/messages'
     FROM (SELECT i, ${NOW_MS} - CAST((${rows} - i) * ${(DAYS * DAY_MS) / rows} AS INTEGER) AS at FROM n)`,
  )
  for (const { sql } of indexes) database.run(sql)
}
