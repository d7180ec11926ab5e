import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { LogRow } from '../ports/attempt-log.ts'
import { runningFile } from './running-file.ts'

const OWNER_ONLY_DIR = 0o700
const OWNER_ONLY_FILE = 0o600
const ENDING = '.endings.jsonl'
/** While it is being written: a control that looks at this moment must not take half of it and delete the rest. */
const UNFINISHED = `${ENDING}.part`
/** No writer needs so long: who left it was killed. */
const ABANDONED_MS = 60_000

/** Endings that found no control alive, in files that the next control takes in. */
export type Spool = {
  /** Errors: throws when the disk refuses; the caller has nobody else to tell than the log. */
  write(rows: readonly LogRow[]): void
  /** Keeps what runs now, in place of what ran before, for whoever comes after a kill. Errors: as `write`. */
  running(rows: readonly LogRow[]): void
}

/** @param name  `<word>-<process id>-<number>`, never used before. */
export function spool(dir: string, name: string): Spool {
  let part = 0
  return {
    running: runningFile(dir, name).write,
    write(rows) {
      if (rows.length === 0) return
      mkdirSync(dir, { recursive: true, mode: OWNER_ONLY_DIR })
      const path = join(dir, `${name}-${part++}${ENDING}`)
      const unfinished = path.slice(0, -ENDING.length) + UNFINISHED
      try {
        writeDurably(unfinished, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
        renameSync(unfinished, path)
      } catch (error) {
        rmSync(unfinished, { force: true }) // a full disk needs the room
        throw error
      }
    },
  }
}

export type SpooledFile = { readonly path: string; readonly rows: readonly LogRow[] }

/**
 * What others left behind, one file after the other: after an outage they are many, and never all in memory. A last line
 * that was cut by a kill is dropped: its ending was never promised.
 */
export function* readSpool(dir: string, nowMs: number): Generator<SpooledFile, void> {
  if (!existsSync(dir)) return
  const paths = readdirSync(dir).map((file) => join(dir, file))
  const files = paths.filter((path) => path.endsWith(ENDING) || (path.endsWith(UNFINISHED) && isAbandoned(path, nowMs)))
  for (const path of files) yield { path, rows: readFileSync(path, 'utf8').split('\n').flatMap(rowOf) }
}

export function dropSpooled(file: SpooledFile): void {
  rmSync(file.path, { force: true })
}

/** `writeFileSync` goes on after a short write, which is how a full disk begins. */
function writeDurably(path: string, text: string): void {
  const fd = openSync(path, 'w', OWNER_ONLY_FILE)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function isAbandoned(path: string, nowMs: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && nowMs - stat.mtimeMs > ABANDONED_MS
}

function rowOf(line: string): LogRow[] {
  if (line === '') return []
  try {
    const row = JSON.parse(line) as Partial<LogRow> | null
    return typeof row?.attemptId === 'string' && row.attemptId !== '' ? [row as LogRow] : []
  } catch {
    return [] // the cut line
  }
}
