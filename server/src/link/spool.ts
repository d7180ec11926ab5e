import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LogRow } from '../ports/store.ts'

const OWNER_ONLY_DIR = 0o700
const OWNER_ONLY_FILE = 0o600
const ENDING = '.endings.jsonl'

/** Endings that found no control alive, in files that the next control takes in. */
export type Spool = {
  /** Errors: throws when the disk refuses; the caller has nobody else to tell than the log. */
  write(rows: readonly LogRow[]): void
}

export function spool(dir: string, name: string): Spool {
  let part = 0
  return {
    write(rows) {
      if (rows.length === 0) return
      mkdirSync(dir, { recursive: true, mode: OWNER_ONLY_DIR })
      const fd = openSync(join(dir, `${name}-${part++}${ENDING}`), 'w', OWNER_ONLY_FILE)
      try {
        writeSync(fd, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
    },
  }
}

export type SpooledFile = { readonly path: string; readonly rows: readonly LogRow[] }

/** What others left behind. A last line that was cut by a kill is dropped: its ending was never promised. */
export function readSpool(dir: string): readonly SpooledFile[] {
  if (!existsSync(dir)) return []
  const files = readdirSync(dir).filter((file) => file.endsWith(ENDING))
  return files.map((file) => {
    const path = join(dir, file)
    return { path, rows: readFileSync(path, 'utf8').split('\n').flatMap(rowOf) }
  })
}

export function dropSpooled(file: SpooledFile): void {
  rmSync(file.path, { force: true })
}

function rowOf(line: string): LogRow[] {
  if (line === '') return []
  try {
    return [JSON.parse(line) as LogRow]
  } catch {
    return [] // the cut line
  }
}
