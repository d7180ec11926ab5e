import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isMemory } from './open-options.ts'

export const DEFAULT_DATABASE_PATH = 'data/ccload.db'

export type DatabasePath = { readonly path: string; readonly warning?: string }

export type Surroundings = {
  /** `SQLITE_PATH`; unset is the default. */
  readonly configured: string | undefined
  readonly workingDirectory: string
  /** `TMPDIR` of the system. */
  readonly temporaryDirectory: string
}

/**
 * Where the database is. A path that somebody chose is taken as it is, and fails when it cannot be written; only the
 * default moves to the temporary folder where the working directory is not writable, and says so.
 */
export function databasePath({ configured, workingDirectory, temporaryDirectory }: Surroundings): DatabasePath {
  const chosen = configured === undefined || configured.trim() === '' ? DEFAULT_DATABASE_PATH : configured
  if (isMemory(chosen)) return { path: chosen }
  const path = resolve(workingDirectory, chosen)
  if (chosen !== DEFAULT_DATABASE_PATH || isWritable(path)) return { path }
  const fallback = join(temporaryDirectory, 'ccload', 'ccload.db')
  const warning = `${path} cannot be written; using ${fallback}, where everything may be gone after a restart. Set SQLITE_PATH to a lasting place.`
  return { path: fallback, warning }
}

/** Whether a database can live at `path`: its folder takes new files (journal, lock) and the file, if any, takes writes. */
function isWritable(path: string): boolean {
  const folder = dirname(path)
  const probe = join(folder, `.ccload-${process.pid}`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 })
    // By trying: `access` says yes to root on a read-only file system.
    closeSync(openSync(probe, 'w', 0o600))
    rmSync(probe)
    if (existsSync(path)) accessSync(path, constants.W_OK)
    return true
  } catch {
    return false // the caller warns
  }
}
