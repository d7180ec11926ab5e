import { Database } from 'bun:sqlite'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { codeOf } from './dialect.ts'
import { OpenError } from './open-error.ts'
import { isMemory } from './open-options.ts'

const PID_AT = 60 // SQLite's "user version" in the header. Source: sqlite.org/fileformat.html §1.3.
const PID_BYTES = 4

/**
 * Locks of this process. It must not read such a file itself: closing it would give the lock up (POSIX). And they are
 * kept here, because a connection that nobody can reach any more is closed by the garbage collector.
 */
const heldHere = new Map<string, Database>()

/** A held lock. `release` is for an orderly end; the system releases it with the process, however that dies. */
export type FileLock = { release(): void }

/**
 * Says that this process owns `path`, in a tiny database `<path>.lock` that stays locked as long as the process lives
 * (the lock belongs to the system: nothing is stale after a kill -9 or a power cut). The file itself stays.
 *
 * The folder is created with mode 0750. A database in memory needs no lock.
 *
 * Errors: `OpenError` `already-running`, with the owner's process id where it can be read; `unwritable`.
 */
export function lockFile(path: string): FileLock {
  if (isMemory(path)) return { release: () => {} }
  const lockPath = resolve(`${path}.lock`)
  let database: Database | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    database = new Database(lockPath, { create: true, readwrite: true })
    database.run('PRAGMA locking_mode = EXCLUSIVE')
    database.run('BEGIN EXCLUSIVE')
    database.run(`PRAGMA user_version = ${process.pid & 0x7fff_ffff}`)
    database.run('COMMIT') // the locking mode keeps the lock
  } catch (error) {
    database?.close(true)
    throw lockError(error, path)
  }
  const held = database
  heldHere.set(lockPath, held)
  return {
    release() {
      if (heldHere.get(lockPath) !== held) return // released before; another may hold it now
      heldHere.delete(lockPath)
      held.close(true)
    },
  }
}

function lockError(error: unknown, path: string): OpenError {
  const code = codeOf(error)
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    const pid = ownerOf(resolve(`${path}.lock`))
    const who = pid > 0 ? `process ${pid}` : 'another process'
    return new OpenError('already-running', `ccLoad is already running: ${who} uses ${path}.`)
  }
  return new OpenError(
    'unwritable',
    `${path}.lock cannot be written (${code}): the folder of the database must be writable.`,
  )
}

/** 0 = cannot be read. */
function ownerOf(lockPath: string): number {
  if (heldHere.has(lockPath)) return process.pid
  try {
    const header = readFileSync(lockPath)
    return header.length >= PID_AT + PID_BYTES ? header.readInt32BE(PID_AT) : 0
  } catch {
    return 0 // only for the message
  }
}
