import type { Cooldown } from '@ccload/contract/cooldowns.ts'
import type { LogRow } from '@ccload/contract/logs.ts'
import { type Program, startProgram } from '../e2e/program.ts'
import { API_NAMES, FORMS } from './apis.ts'
import { BLAME_CASES } from './cases-blame.ts'
import { CLIENT_CASES, REPAIR_CASES } from './cases-client.ts'
import { SOFT_CASES, STREAM_CASES } from './cases-content.ts'
import { ENCODED_CASES } from './cases-encoded.ts'
import { LIMIT_CASES } from './cases-limits.ts'
import { FLOW_CASES, NETWORK_CASES } from './cases-network.ts'
import { WAITING_CASES } from './cases-waiting.ts'
import type { Cell, FaultCase } from './fault-case.ts'
import { judgeCell, type Kept } from './judge-cell.ts'
import { closePlaces, openPlaces } from './places.ts'
import { runCell, type Seen } from './run-cell.ts'
import { TOGETHER, WORLDS, type WorldName } from './worlds.ts'

/** Every row, in the order of the fault list. */
export const CASES: readonly FaultCase[] = [
  ...LIMIT_CASES,
  ...BLAME_CASES,
  ...SOFT_CASES,
  ...STREAM_CASES,
  ...ENCODED_CASES,
  ...NETWORK_CASES,
  ...FLOW_CASES,
  ...WAITING_CASES,
  ...REPAIR_CASES,
  ...CLIENT_CASES,
].toSorted((one, other) => rankOf(one) - rankOf(other))

function rankOf({ id }: FaultCase): number {
  return Number(id.slice(1)) || 99
}

/** One cell to be played. */
export type Job = { readonly row: FaultCase; readonly cell: Cell }
/** `faults` empty = well. */
export type Verdict = Job & { readonly faults: readonly string[] }

type StartProgram = typeof startProgram
export type LabOptions = {
  /** Where the program comes from; default: the sources beside this folder. */
  readonly start?: StartProgram
}

/** All cells of these rows. */
export function allJobs(rows: readonly FaultCase[]): readonly Job[] {
  return rows.flatMap((row) => cellsOf(row).map((cell) => ({ row, cell })))
}

/** One cell of each row, by turns another API and form; rows that take long are left out. */
export function shortJobs(rows: readonly FaultCase[], turn = 0): readonly Job[] {
  return rows
    .filter(({ isLong }) => !isLong)
    .flatMap((row, index) => {
      const cells = cellsOf(row)
      const cell = cells[(index * 3 + turn) % cells.length]
      return cell === undefined ? [] : [{ row, cell }]
    })
}

function cellsOf({ apis = API_NAMES, forms = FORMS, title }: FaultCase): readonly Cell[] {
  return apis.flatMap((api) => forms.map((form) => ({ api, form, name: `${title}, ${api} ${form}` })))
}

/** Plays the cells, world after world, and judges each. Errors: rejects when the program does not start. */
export async function runLab(
  jobs: readonly Job[],
  { start = startProgram }: LabOptions = {},
): Promise<readonly Verdict[]> {
  await openPlaces()
  try {
    const verdicts: Verdict[] = []
    for (const beside of TOGETHER) {
      const played = await Promise.all(beside.map((world) => runWorld(world, jobsIn(jobs, world), start)))
      verdicts.push(...played.flat())
    }
    return verdicts
  } finally {
    closePlaces()
  }
}

function jobsIn(jobs: readonly Job[], world: WorldName): readonly Job[] {
  return jobs.filter(({ row }) => (row.world ?? 'usual') === world)
}

async function runWorld(name: WorldName, jobs: readonly Job[], start: StartProgram): Promise<readonly Verdict[]> {
  if (jobs.length === 0) return []
  const world = WORLDS[name]
  const program = await start({ env: { GIN_LOG: 'false', TZ: 'UTC', ...world.env } })
  try {
    if (Object.keys(world.settings).length > 0) await program.settings(world.settings)
    const long = jobs.toSorted((one, other) => Number(other.row.isLong ?? false) - Number(one.row.isLong ?? false))
    const verdicts = await batched(long, world.atOnce, program, name)
    return [...verdicts, ...(await stillRunning(program, name))]
  } finally {
    await program.stop()
  }
}

/** Cells beside each other; each is judged while its rests still run. */
async function batched(jobs: readonly Job[], atOnce: number, program: Program, name: WorldName): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const waiting = [...jobs]
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job; job = waiting.shift()) verdicts.push(await playOne(job, program, name))
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return verdicts
}

async function playOne(job: Job, program: Program, name: WorldName): Promise<Verdict> {
  try {
    const expected = job.row.expect(job.cell)
    const seen = await runCell(job.row, job.cell, program)
    const kept = await keptOf(program, seen, expected.rows.length)
    return { ...job, faults: judgeCell(expected, seen, { kept, world: WORLDS[name] }) }
  } catch (error) {
    return {
      ...job,
      faults: [`the cell could not be played: ${error instanceof Error ? error.message : String(error)}`],
    }
  }
}

const ROWS_WITHIN_MS = 4_000
const LOOK_EVERY_MS = 150

/** Rows are written in batches: waits until they are there, and a little longer, for there may be too many. */
async function keptOf(program: Program, seen: Seen, rowCount: number): Promise<Kept> {
  const lastMs = performance.now() + ROWS_WITHIN_MS
  let rows: readonly LogRow[] = []
  for (;;) {
    await Bun.sleep(LOOK_EVERY_MS)
    rows = await program.logs(`model=${seen.model}`)
    if (rows.length >= rowCount || performance.now() > lastMs) break
  }
  const ids = Object.values(seen.channelIds)
  const all: readonly Cooldown[] = await program.rests()
  return {
    rows,
    rests: all.filter(({ channel_id }) => ids.includes(channel_id)),
    chargedUsd: await chargedTo(program, seen.tokenId),
  }
}

type TokenView = { readonly id: number; readonly cost_used_usd: number }

async function chargedTo(program: Program, tokenId: number): Promise<number> {
  const { json } = await program.admin<{ readonly tokens: readonly TokenView[] }>('GET', '/auth-tokens')
  return json.data.tokens.find(({ id }) => id === tokenId)?.cost_used_usd ?? Number.NaN
}

/** Nothing may be left over when all cells are through. */
async function stillRunning(program: Program, name: WorldName): Promise<readonly Verdict[]> {
  const { json } = await program.admin<readonly unknown[]>('GET', '/active-requests')
  if (json.data.length === 0) return []
  const row: FaultCase = { id: 'F19', title: `nothing runs on (${name})`, answers: () => ({}), expect: () => NOTHING }
  const cell: Cell = { api: 'messages', form: 'stream', name: row.title }
  return [{ row, cell, faults: [`${json.data.length} requests still hold their slots`] }]
}

const NOTHING = { client: [], calls: {}, rests: [], rows: [], money: [] }
