// How long statistics, the public summary and a page of the log take in a big database: sums as ten million requests of
// 30 days leave them (50 channels with 4 of 20 models each, 20 tokens), and a million log rows.
//   bun server/bench/statistics-at-scale.ts [folder]
import { Database } from 'bun:sqlite'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeControl, fakeState } from '../src/admin/fake-control.ts'
import { testDesk } from '../src/admin/test-desk.ts'
import { emptySums } from '../src/core/rollup.ts'
import { sqlite } from '../src/store/dialect.ts'
import { openStore } from '../src/store/open-store.ts'
import { FAMILY, type RollupRow, rollupUpsert, TIER_CODE } from '../src/store/rollup-table.ts'

const NOW_MS = Date.UTC(2026, 5, 30, 18, 7, 30)
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const DAYS = 30
const [CHANNELS, MODELS_OF_ONE, MODELS, TOKENS] = [50, 4, 20, 20]
const REQUESTS = 10_000_000
const LOG_ROWS = 1_000_000
const PAIRS = Array.from({ length: CHANNELS * MODELS_OF_ONE }, (_, n) => ({
  channelId: 1 + (n % CHANNELS),
  model: `model-${((n % CHANNELS) + Math.floor(n / CHANNELS) * 5) % MODELS}`,
}))

type Bucket = { readonly tier: keyof typeof TIER_CODE; readonly fromMs: number; readonly widthMs: number }

/** Rows of one bucket; of small buckets as many full keys as there were requests. */
function* rowsOf({ tier, fromMs, widthMs }: Bucket): Iterable<RollupRow> {
  const requests = Math.round((REQUESTS * widthMs) / (DAYS * DAY_MS))
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
    if (pair)
      yield row(
        { ...key, ...pair, family: FAMILY.full, tokenId: 1 + Math.floor(n / PAIRS.length) },
        (requests * step) / full,
      )
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

function fill(path: string): void {
  const database = new Database(path)
  database.run('PRAGMA synchronous = OFF')
  const upsert = rollupUpsert(sqlite)
  const tiers: readonly (readonly [Bucket['tier'], number, number])[] = [
    ['day', DAY_MS, DAYS * DAY_MS],
    ['hour', HOUR_MS, DAYS * DAY_MS],
    ['quarter', 15 * MINUTE_MS, 8 * DAY_MS],
    ['minute', MINUTE_MS, 2 * DAY_MS],
  ]
  const endMs = NOW_MS - (NOW_MS % (15 * MINUTE_MS))
  const write = (bucket: Bucket) => {
    for (const { sql, parameters } of upsert([...rowsOf(bucket)]))
      database.prepare(sql).run(...(parameters as string[]))
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
  database.run(`INSERT INTO rollup_state (name, value) VALUES ('day_zone', 'UTC')`)
  database.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${LOG_ROWS})
     INSERT INTO logs (time, model, channel_id, status_code, message, auth_token_id, request_id, attempt_id, duration)
     SELECT ${NOW_MS} - (${LOG_ROWS} - i) * ${(DAYS * DAY_MS) / LOG_ROWS}, 'model-' || (i % ${MODELS}), 1 + i % ${CHANNELS},
       CASE WHEN i % 50 = 0 THEN 429 ELSE 200 END, 'ok', 1 + i % ${TOKENS}, 'r' || i, 'a' || i, 1.5 FROM n`,
  )
  database.run('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

async function timed(name: string, targetMs: number, work: () => Promise<unknown>): Promise<void> {
  await work()
  const times: number[] = []
  for (let round = 0; round < 7; round++) {
    const startMs = performance.now()
    await work()
    times.push(performance.now() - startMs)
  }
  const median = times.toSorted((a, b) => a - b)[3] ?? 0
  process.stdout.write(`${name.padEnd(44)} ${median.toFixed(1).padStart(8)} ms   (target ${targetMs})\n`)
}

const folder = join(process.argv[2] ?? tmpdir(), `ccload-scale-${process.pid}`)
mkdirSync(folder, { recursive: true })
const path = join(folder, 'scale.db')
try {
  await (await openStore({ path, journalMode: 'WAL' })).close()
  const startMs = performance.now()
  fill(path)
  process.stdout.write(
    `made in ${Math.round((performance.now() - startMs) / 1000)} s, ${Math.round(statSync(path).size / 1e6)} MB\n`,
  )
  const { store, close } = await openStore({ path, journalMode: 'WAL' })
  const state = fakeState(() => NOW_MS)
  let monoMs = 0
  const control = { ...fakeControl(state), statistics: store.statistics, logs: store.logs }
  const desk = testDesk({ control, clock: { nowMs: () => NOW_MS, monoMs: () => (monoMs += 10_000) } }, state)
  for (const hash of state.sessions.keys()) state.sessions.set(hash, NOW_MS)
  const get = async (where: string) => {
    const { status } = await desk.send('GET', where, { token: desk.token })
    if (status !== 200) throw new Error(`${where}: ${status}`)
  }
  const month = { fromMs: Date.UTC(2026, 5, 1), toMs: NOW_MS + 1, nowMs: NOW_MS, zone: 'UTC' } as const
  await timed('month: sums by channel and model', 100, () =>
    store.statistics.read({ ...month, by: ['channel', 'model'] }),
  )
  await timed('month: sums by token', 100, () => store.statistics.read({ ...month, by: ['token'] }))
  await timed('GET /admin/stats?range=this_month', 100, () => get('/admin/stats?range=this_month'))
  await timed('GET /admin/stats?range=this_month&timeline=0', 100, () =>
    get('/admin/stats?range=this_month&timeline=0'),
  )
  await timed('GET /admin/stats?range=last_week', 100, () => get('/admin/stats?range=last_week'))
  await timed('GET /admin/stats?range=this_week', 100, () => get('/admin/stats?range=this_week'))
  await timed('GET /admin/stats?range=today', 100, () => get('/admin/stats?range=today'))
  await timed('GET /admin/metrics month, by hours', 100, () => get('/admin/metrics?range=this_month&bucket_min=60'))
  await timed('GET /admin/metrics today, 5 minutes', 100, () => get('/admin/metrics?range=today'))
  await timed('GET /admin/auth-tokens?range=this_month', 100, () => get('/admin/auth-tokens?range=this_month'))
  await timed('GET /public/summary?range=this_month, not kept', 5, () => get('/public/summary?range=this_month'))
  await timed('GET /public/summary?range=today, not kept', 5, () => get('/public/summary?range=today'))
  await timed('GET /admin/logs first page', 20, () => get('/admin/logs?range=this_month&limit=50'))
  const before = `${NOW_MS - 15 * DAY_MS},${LOG_ROWS}`
  await timed('GET /admin/logs page from the middle (keyset)', 20, () =>
    get(`/admin/logs?range=this_month&limit=50&count=0&before=${before}`),
  )
  await timed('compactRollups, one slice', 20, () => store.statistics.compactRollups(NOW_MS, 'UTC'))
  await close()
} finally {
  rmSync(folder, { recursive: true })
}
