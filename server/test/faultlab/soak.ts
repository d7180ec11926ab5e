import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, startProgram } from '../e2e/program.ts'
import type { Behaviour, Rule } from '../mock-upstream/behaviour.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { API_NAMES, CHANNEL_TYPE, FORMS, readContent, requestOf } from './apis.ts'

const AT_ONCE = 16
const WARM_UP_MS = 5_000
/** A pause of each client between two requests, so that a run says something about leaks and not about speed. */
const PAUSE_MS = 60
/** So many that a second of rest for each fault leaves most of them at work. */
const ILL_CHANNELS = 10
/** One call in twenty, that is 5 %, goes wrong. */
const ONE_IN = 20
const TEXT = 'soak é🌍, said to its end.'
const WELL: Behaviour = { kind: 'ok', text: TEXT, pieces: 6, usage: { inputTokens: 20, outputTokens: 9 } }

/** Faults that the next channel can spare the client. */
const FAULTS: readonly Behaviour[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 529 },
  { kind: 'status', status: 429 },
  { kind: 'status', status: 429, headers: { 'Retry-After': '1' } },
  { kind: 'status', status: 401 },
  { kind: 'soft-error', form: 'error-json' },
  { kind: 'soft-error', form: 'plain-english' },
  { kind: 'soft-error', form: 'html' },
  { kind: 'soft-error', form: 'empty-length-0' },
  { kind: 'soft-error', form: 'meta-then-error' },
  { kind: 'reset-before-headers' },
  { kind: 'reset-after-headers' },
  { kind: 'close-before-headers' },
  { kind: 'cut-after-bytes', bytes: 30 },
]

export type SoakResult = { readonly code: number; readonly words: string }

type Counts = { asked: number; broken: number; firstFaults: string[] }

/** What the program holds at one instant, all its processes together. */
type Holding = { readonly rssMb: number; readonly handles: number; readonly processes: number }

/**
 * Mixed traffic in all APIs with 5 % faults on all channels but one; that one is well, so no client need see anything.
 *
 * @returns Exit code 0 when no client saw an error, and memory and open files stayed flat; and the numbers, for readers.
 */
export async function runSoak(seconds: number): Promise<SoakResult> {
  if (!(seconds >= 10)) throw new Error('a soak takes at least 10 seconds')
  const folder = mkdtempSync(join(tmpdir(), 'ccload-soak-'))
  const env = { GIN_LOG: 'false', ...BRIEF }
  const program = await startProgram({ sqlitePath: join(folder, 'soak.db'), env })
  const mocks = await Promise.all(['ill', 'well'].map((name) => startMock({ name, quiet: true })))
  try {
    return report(await soak(program, mocks, seconds), seconds)
  } finally {
    await program.stop()
    for (const mock of mocks) mock.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rests short enough that the ill channels come back and fail again, all the time. */
const BRIEF = Object.fromEntries(
  ['AUTH', 'SERVER', 'TIMEOUT', 'RATE_LIMIT', 'MIN', 'MAX'].map((name) => [`CCLOAD_COOLDOWN_${name}_SEC`, '1']),
)

type Soaked = {
  readonly counts: Counts
  readonly holdings: readonly Holding[]
  readonly left: number
  readonly calls: number
}

async function soak(program: Program, mocks: readonly Mock[], seconds: number): Promise<Soaked> {
  await setStage(program, mocks)
  const token = await program.token()
  const counts: Counts = { asked: 0, broken: 0, firstFaults: [] }
  const endsAtMs = performance.now() + WARM_UP_MS + seconds * 1_000
  const clients = Array.from({ length: AT_ONCE }, (_, index) => client(index, { program, token, counts, endsAtMs }))
  const holdings: Holding[] = []
  const look = (when: string): void => {
    const holding = holdingOf(program)
    holdings.push(holding)
    say(
      `${when.padEnd(8)} ${holding.rssMb.toFixed(0).padStart(5)} MB, ${holding.handles} handles, ${holding.processes} processes, ${counts.asked} requests`,
    )
  }
  await Bun.sleep(WARM_UP_MS)
  look('start')
  await Bun.sleep((seconds * 1_000) / 2)
  look('middle')
  await Promise.all(clients)
  look('end')
  const { json } = await program.admin<readonly unknown[]>('GET', '/active-requests')
  return { counts, holdings, left: json.data.length, calls: mocks.reduce((sum, mock) => sum + mock.count(), 0) }
}

async function setStage(program: Program, mocks: readonly Mock[]): Promise<void> {
  const [ill, well] = mocks
  for (const api of API_NAMES) {
    for (let index = 0; index <= ILL_CHANNELS; index++) {
      const isWell = index === ILL_CHANNELS
      await program.channel({
        url: (isWell ? well : ill)?.url ?? '',
        channel_type: CHANNEL_TYPE[api],
        models: [`soak-${api}`],
        api_keys: [0, 1, 2].map((place) => `sk-soak-${api}-${index}-${place}`),
        priority: isWell ? 1 : 10,
        key_strategy: 'round_robin',
      })
    }
  }
  // Each fault comes once in so many calls that all of them together make 5 %.
  const every = ONE_IN * FAULTS.length
  const faults = FAULTS.map((fault): Rule => ({ every, do: [WELL, fault] }))
  ill?.set(...faults, { do: WELL })
  well?.set({ do: WELL })
}

type ClientGround = {
  readonly program: Program
  readonly token: string
  readonly counts: Counts
  readonly endsAtMs: number
}

async function client(index: number, { program, token, counts, endsAtMs }: ClientGround): Promise<void> {
  const api = API_NAMES[index % API_NAMES.length] ?? 'chat'
  for (let turn = 0; performance.now() < endsAtMs; turn++) {
    const form = FORMS[turn % 2] ?? 'whole'
    const { path, body } = requestOf(api, form, `soak-${api}`)
    counts.asked++
    try {
      const answer = await fetch(`${program.url}${path}`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${token}` },
      })
      const text = await answer.text()
      const content = readContent(api, form, { body: text, lastPiece: '' })
      if (answer.status !== 200 || !content.isComplete || content.text !== TEXT)
        note(counts, `${api} ${form}: ${answer.status} ${text.slice(0, 200)}`)
    } catch (error) {
      note(counts, `${api} ${form}: ${String(error)}`)
    }
    await Bun.sleep(PAUSE_MS)
  }
}

function note(counts: Counts, fault: string): void {
  counts.broken++
  if (counts.firstFaults.length < 10) counts.firstFaults.push(fault)
}

const PAGE_MB = 4_096 / 1_048_576

function holdingOf(program: Program): Holding {
  const pids = [program.pid, ...program.pids()]
  const rssMb = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_MB)
  const handles = pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length)
  const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0)
  return { rssMb: sum(rssMb), handles: sum(handles), processes: pids.length }
}

/** From the middle to the end nothing may grow but by what a garbage collector leaves lying about. */
const MAX_GROWTH = 1.15
const SLACK_MB = 24
const SLACK_HANDLES = 24

function report({ counts, holdings, left, calls }: Soaked, seconds: number): SoakResult {
  const [, middle, end] = holdings
  const faults = [
    ...counts.firstFaults.map((fault) => `a client saw what a healthy channel could have spared it: ${fault}`),
    ...(left === 0 ? [] : [`${left} requests hold their slots after the end`]),
    ...(middle && end && end.rssMb > middle.rssMb * MAX_GROWTH + SLACK_MB
      ? [`memory grew from ${middle.rssMb.toFixed(0)} to ${end.rssMb.toFixed(0)} MB`]
      : []),
    ...(middle && end && end.handles > middle.handles + SLACK_HANDLES
      ? [`open files grew from ${middle.handles} to ${end.handles}`]
      : []),
    ...(middle && end && middle.processes !== end.processes ? ['a process died'] : []),
  ]
  for (const fault of faults) say(`FAIL ${fault}`)
  const more = ((calls - counts.asked) / counts.asked) * 100
  const sum = `${counts.asked} requests, ${calls} calls (${more.toFixed(1)} % more), ${counts.broken} errors seen by clients`
  say(sum)
  say(`\n${faults.length === 0 ? 1 : 0} passed, ${faults.length === 0 ? 0 : 1} failed, 0 skipped`)
  const day = new Date().toISOString().slice(0, 10)
  const outcome = faults.length === 0 ? 'Passed' : `FAILED: ${faults.join('; ')}`
  const words = `${day}, ${seconds} s after ${WARM_UP_MS / 1000} s of warming up, on ${machine()}: ${sum}. ${outcome}.`
  return { code: faults.length === 0 ? 0 : 1, words: `${words}\n\n${holdingTable(holdings)}` }
}

function holdingTable(holdings: readonly Holding[]): string {
  const rows = holdings.map(({ rssMb, handles, processes }, index) => {
    const when = ['start', 'middle', 'end'][index] ?? ''
    return `| ${when} | ${rssMb.toFixed(0)} MB | ${handles} | ${processes} |`
  })
  return ['| | RSS, all processes | open files and sockets | processes |', '|---|---|---|---|', ...rows].join('\n')
}

function machine(): string {
  return `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, Bun ${Bun.version}`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
