// How long statistics, the public summary and a page of the log take in a big database, and how long the regular work on
// it holds the database at a time. Makes 10 million log rows of 30 days first (some 3 GB, minutes), and removes them.
//   npm run bench:statistics [-- --rows 1000000] [-- --folder /big/disk] [-- --write]
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fakeControl, fakeState } from '../src/admin/fake-control.ts'
import { testDesk } from '../src/admin/test-desk.ts'
import { type SliceBounds, sliceSize } from '../src/control/slice-size.ts'
import type { Store } from '../src/ports/store.ts'
import { logRow } from '../src/store/contract-rows.ts'
import { openStore } from '../src/store/open-store.ts'
import { machineText, writeResults } from './lib/report.ts'
import { DAY_MS, DAYS, fillDatabase, forgetHistory, HOUR_MS, NOW_MS } from './lib/scale-database.ts'

const ROUNDS = 15
const MOST_SLICES = 400
/** Nobody who writes an ending waits longer for the database. */
const SLICE_MS = 100
/** As in control/rollup-upkeep.ts and control/retention.ts. */
const HISTORY = { least: 50, most: 500, wantedMs: 30 } as const
const PRUNING = { least: 100, most: 2_000, wantedMs: 30 } as const

/** `cpuMs`: what it takes with the machine to itself; the rest of the time others had the core. */
type Took = { readonly ms: number; readonly cpuMs: number }
type Line = { readonly name: string; readonly median: Took; readonly worst: Took; readonly targetMs: number }

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rows: { type: 'string', default: '10000000' },
    folder: { type: 'string', default: tmpdir() },
    write: { type: 'boolean', default: false },
  },
})
const rows = Number(values.rows)
const folder = join(values.folder, `ccload-scale-${process.pid}`)
const path = join(folder, 'scale.db')
const lines: Line[] = []

function note(name: string, times: readonly Took[], targetMs: number): void {
  const of = (field: keyof Took) => times.map((took) => took[field]).toSorted((x, y) => x - y)
  const [ms, cpuMs] = [of('ms'), of('cpuMs')]
  const at = (index: number): Took => ({ ms: ms[index] ?? 0, cpuMs: cpuMs[index] ?? 0 })
  const line = { name, median: at(Math.floor(times.length / 2)), worst: at(times.length - 1), targetMs }
  lines.push(line)
  const numbers = numbersOf(line).map((text) => text.padStart(8))
  process.stdout.write(`${name.padEnd(56)} ${numbers.join(' ')}   (target ${targetMs})\n`)
}

function numbersOf({ median, worst }: Line): readonly string[] {
  return [median.ms, median.cpuMs, worst.ms, worst.cpuMs].map((number) => number.toFixed(1))
}

async function took(work: () => Promise<unknown>): Promise<Took> {
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(startCpu)
  return { ms: performance.now() - startMs, cpuMs: (user + system) / 1000 }
}

async function timed(name: string, targetMs: number, work: () => Promise<unknown>): Promise<void> {
  await work()
  const times: Took[] = []
  for (let round = 0; round < ROUNDS; round++) times.push(await took(work))
  note(name, times, targetMs)
}

/** Each slice of work that is repeated until it says that nothing is left. */
async function sliced(name: string, slice: () => Promise<boolean>): Promise<void> {
  const times: Took[] = []
  let isMore = true
  while (isMore && times.length < MOST_SLICES) {
    times.push(
      await took(async () => {
        isMore = await slice()
      }),
    )
  }
  note(`${name}, a slice (of ${times.length})`, times, SLICE_MS)
}

function deskOver(store: Store) {
  const state = fakeState(() => NOW_MS)
  let monoMs = 0
  const control = { ...fakeControl(state), statistics: store.statistics, logs: store.logs }
  // Its clock leaps, so that nothing that is kept for a second is met a second time.
  const desk = testDesk({ control, clock: { nowMs: () => NOW_MS, monoMs: () => (monoMs += 10_000) } }, state)
  for (const hash of state.sessions.keys()) state.sessions.set(hash, NOW_MS)
  return async (where: string): Promise<string> => {
    const headers = { authorization: `Bearer ${desk.token}` }
    const answer = await desk.app.fetch(new Request(`http://localhost${where}`, { headers }), { ip: '127.0.0.1' })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${where}: ${answer.status} ${text}`)
    return text
  }
}

async function reads(store: Store): Promise<void> {
  const get = deskOver(store)
  const month = { fromMs: NOW_MS - DAYS * DAY_MS, toMs: NOW_MS + 1, nowMs: NOW_MS, zone: 'UTC' } as const
  const sums = (by: readonly ('channel' | 'model' | 'token')[]) => () => store.statistics.read({ ...month, by })
  await timed('30 days by channel and model', 100, sums(['channel', 'model']))
  await timed('30 days by token', 100, sums(['token']))
  for (const range of ['this_month', 'last_week', 'this_week', 'yesterday', 'today'])
    await timed(`/admin/stats?range=${range}`, 100, () => get(`/admin/stats?range=${range}`))
  await timed('/admin/stats?range=this_month&timeline=0', 100, () => get('/admin/stats?range=this_month&timeline=0'))
  await timed('/admin/stats?range=this_month&auth_token_id=7', 100, () =>
    get('/admin/stats?range=this_month&auth_token_id=7'),
  )
  await timed('/admin/metrics?range=this_month&bucket_min=60', 100, () =>
    get('/admin/metrics?range=this_month&bucket_min=60'),
  )
  await timed('/admin/metrics?range=today', 100, () => get('/admin/metrics?range=today'))
  await timed('/admin/models?range=this_month', 100, () => get('/admin/models?range=this_month'))
  await timed('/admin/auth-tokens?range=this_month', 100, () => get('/admin/auth-tokens?range=this_month'))
  for (const range of ['this_month', 'today'])
    await timed(`/public/summary?range=${range}, not kept`, 5, () => get(`/public/summary?range=${range}`))
  await logPages(get)
}

async function logPages(get: (where: string) => Promise<string>): Promise<void> {
  const page = async (query: string): Promise<void> => {
    const text = await get(`/admin/logs?range=this_month&limit=50&${query}`)
    if (text.split('"time_ms"').length !== 51) throw new Error(`${query}: not 50 rows`)
  }
  const before = `before=${NOW_MS - 15 * DAY_MS},${rows}`
  await timed('/admin/logs of this month, first page, all counted', 500, () => page(''))
  await timed('/admin/logs of this month, first page', 20, () => page('count=0'))
  await timed('/admin/logs by keyset, from the middle', 20, () => page(`count=0&${before}`))
  await timed('/admin/logs by keyset, one channel', 20, () => page(`count=0&${before}&channel_id=7`))
  await timed('/admin/logs by keyset, one token', 20, () => page(`count=0&${before}&auth_token_id=7`))
  await timed('/admin/logs by keyset, one status', 20, () => page(`count=0&${before}&status_code=429`))
  await timed('/admin/logs by keyset, part of a model name', 20, () => page(`count=0&${before}&model_like=EL-1`))
}

function sized(bounds: SliceBounds, slice: (rows: number) => Promise<boolean>): () => Promise<boolean> {
  const size = sliceSize(bounds)
  return async () => {
    const startMs = performance.now()
    const isMore = await slice(size.rows())
    size.took(performance.now() - startMs)
    return isMore
  }
}

async function upkeep(store: Store): Promise<void> {
  const { statistics, logs } = store
  const endings = () => Array.from({ length: 200 }, () => logRow({ timeMs: NOW_MS, channelId: 7, model: 'model-1' }))
  await timed('200 endings stored with their sums', SLICE_MS, () => logs.append(endings()))
  await sliced('folding, forgetting fine sums', () => statistics.compactRollups(NOW_MS + HOUR_MS, 'UTC'))
  await sliced(
    'sums of earlier log rows',
    sized(HISTORY, (rows) => statistics.buildHistory(rows)),
  )
  const beforeMs = NOW_MS - (DAYS - 1) * DAY_MS
  await sliced(
    'log rows forgotten',
    sized(PRUNING, async (rows) => (await logs.prune(beforeMs, rows)) >= rows),
  )
  await sliced('days of another zone', () => statistics.compactRollups(NOW_MS + HOUR_MS, 'Asia/Kolkata'))
}

/** Of slices the worst one counts. */
function verdictOf({ name, median, worst, targetMs }: Line): string {
  const { ms, cpuMs } = name.includes('slice') ? worst : median
  return Math.min(ms, cpuMs) <= targetMs ? 'ok' : 'over'
}

function table(madeS: number, megabytes: number): string {
  const body = lines.map(
    (line) => `| ${line.name} | ${numbersOf(line).join(' | ')} | <= ${line.targetMs} | ${verdictOf(line)} |`,
  )
  const head = [
    '| | median, ms | CPU | worst, ms | CPU | target | |',
    '| --- | ---: | ---: | ---: | ---: | --- | --- |',
  ]
  return [
    `${new Date().toISOString().slice(0, 10)}. ${machineText()} Bun ${Bun.version}.`,
    `${rows.toLocaleString('en')} log rows, ${megabytes.toLocaleString('en')} MB, made in ${madeS} s.`,
    '',
    ...head,
    ...body,
  ].join('\n')
}

mkdirSync(folder, { recursive: true })
try {
  await (await openStore({ path, journalMode: 'WAL' })).close()
  const madeS = Math.round((await took(async () => fillDatabase(path, rows))).ms / 1000)
  forgetHistory(path, 100_000)
  const megabytes = Math.round(statSync(path).size / 1e6)
  process.stdout.write(`made in ${madeS} s, ${megabytes} MB; median, its CPU, worst, its CPU:\n`)
  const { store, close } = await openStore({ path, journalMode: 'WAL' })
  await reads(store)
  await upkeep(store)
  await close()
  process.stdout.write(`\n${table(madeS, megabytes)}\n`)
  if (values.write) writeResults(table(madeS, megabytes), 'statistics')
} finally {
  rmSync(folder, { recursive: true })
}
