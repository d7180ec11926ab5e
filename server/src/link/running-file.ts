import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { LogRow } from '../ports/attempt-log.ts'

const OWNER_ONLY_DIR = 0o700
const OWNER_ONLY_FILE = 0o600
const ENDING = /^(?<name>\w+-(?<pid>\d+)-\d+)\.(?:0|1)\.running$/
const HEAD_BYTES = 64
/** Who has requests running writes them twice a second: one whose file is older than this lives no more. */
const SILENT_MS = 5_000

/**
 * What a process has running, as rows that somebody else can store should it be killed. Two files by turns, each written
 * over in place: one that a kill cut in the middle is known by its hash, and the other is whole. Nothing is synced: this
 * is for the death of processes, not of machines.
 */
export type RunningFile = {
  /** Replaces what was written before; no rows = nothing is running any more. Errors: throws when the disk refuses. */
  write(rows: readonly LogRow[]): void
}

/** @param name  `<word>-<process id>-<number>`, never used before. */
export function runningFile(dir: string, name: string): RunningFile {
  const fds: number[] = []
  let turn = 0
  const paths = [0, 1].map((at) => join(dir, `${name}.${at}.running`))
  return {
    write(rows) {
      if (rows.length === 0) {
        if (fds.length > 0) for (const path of paths) rmSync(path, { force: true })
        for (const fd of fds.splice(0)) closeSync(fd)
        return
      }
      if (fds.length === 0) mkdirSync(dir, { recursive: true, mode: OWNER_ONLY_DIR })
      for (const path of paths.slice(fds.length)) fds.push(openSync(path, 'w', OWNER_ONLY_FILE))
      turn++
      writeWhole(fds[turn % 2] ?? 0, turn, Buffer.from(JSON.stringify(rows)))
    },
  }
}

/** The head last: it vouches for what stands behind it. */
function writeWhole(fd: number, turn: number, body: Buffer): void {
  for (let sent = 0; sent < body.length; ) sent += writeSync(fd, body, sent, body.length - sent, HEAD_BYTES + sent)
  const head = `${turn} ${body.length} ${Bun.hash.wyhash(body)}`
  writeSync(fd, Buffer.from(head.padEnd(HEAD_BYTES)), 0, HEAD_BYTES, 0)
}

export type Abandoned = { readonly paths: readonly string[]; readonly rows: readonly LogRow[] }

/**
 * What processes had running that are gone. Read what they have left in the spool first: what ended is told there.
 *
 * @param isAlive  Of a process id.
 * @param settledMs  Files younger than this are left for the next time: the last words of their process may be on their way.
 */
export function readAbandoned(
  dir: string,
  { nowMs, settledMs, isAlive }: { nowMs: number; settledMs: number; isAlive: (pid: number) => boolean },
): readonly Abandoned[] {
  if (!existsSync(dir)) return []
  const files = readdirSync(dir).flatMap((file) => {
    const { name, pid } = ENDING.exec(file)?.groups ?? {}
    return name === undefined ? [] : [{ name, pid: Number(pid), path: join(dir, file) }]
  })
  return [...Map.groupBy(files, ({ name }) => name).values()].flatMap((pair) => {
    const [first] = pair
    const ageMs = nowMs - Math.max(...pair.map(({ path }) => changedAtMs(path)))
    const isFresh = settledMs > 0 && ageMs < settledMs
    if (first === undefined || isFresh || (isAlive(first.pid) && ageMs < SILENT_MS)) return []
    return [{ paths: pair.map(({ path }) => path), rows: latest(pair.map(({ path }) => path)) }]
  })
}

export function dropAbandoned({ paths }: Abandoned): void {
  for (const path of paths) rmSync(path, { force: true })
}

function changedAtMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
}

/** The rows of the younger of two files that are whole. */
function latest(paths: readonly string[]): readonly LogRow[] {
  const whole = paths.map(readWhole).toSorted((a, b) => b.turn - a.turn)
  return whole[0]?.rows ?? []
}

function readWhole(path: string): { readonly turn: number; readonly rows: readonly LogRow[] } {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const [turn = '', length = '', hash = ''] = bytes.toString('latin1', 0, HEAD_BYTES).trim().split(' ')
  const body = bytes.subarray(HEAD_BYTES, HEAD_BYTES + Number(length))
  if (String(Bun.hash.wyhash(body)) !== hash) return { turn: 0, rows: [] }
  return { turn: Number(turn), rows: (JSON.parse(body.toString()) as LogRow[]).filter((row) => row.attemptId !== '') }
}
