import { Database } from 'bun:sqlite'
import { closeSync, existsSync, openSync } from 'node:fs'
import { type ClosableStore, closable } from './closable-store.ts'
import { codeOf, sqlite } from './dialect.ts'
import { judgeSqlite, migrateSqlite } from './migrate-sqlite.ts'
import { OpenError } from './open-error.ts'
import { isMemory, type JournalMode, type OpenedStore, type SqliteOptions } from './open-options.ts'
import type { SqlEngine } from './sql-engine.ts'
import { sqlStore } from './sql-store.ts'
import { sqliteEngine } from './sqlite-engine.ts'
import { storeErrorFrom } from './store-failure.ts'

const BUSY_TIMEOUT_MS = 5000
const JOURNAL_LIMIT_BYTES = 67_108_864 // what is left of a -wal or -journal file after a burst

/**
 * Opens and migrates; takes no lock (see `open-store.ts`).
 *
 * Errors: `OpenError`.
 */
export async function openSqlite(options: SqliteOptions): Promise<OpenedStore> {
  const { path } = options
  refuseWhileOldProgramRuns(path)
  const database = openFile(path)
  const engine = sqliteEngine(database)
  const close = () => closeAll(engine, database)
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    const migrated = await migrateSqlite(database, engine, options)
    const { journalMode, warning } = configure(database, options)
    const warnings = [...migrated.warnings, ...(warning === undefined ? [] : [warning])]
    return { ...migrated, warnings, journalMode, ...closable({ store: sqlStore(engine), close }) }
  } catch (error) {
    await close()
    throw openErrorFrom(error, path)
  }
}

/** A second connection to a database that `openSqlite` has opened, for reading only. */
export function openSqliteReader(path: string): ClosableStore {
  const database = new Database(path, { readonly: true })
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  const engine = sqliteEngine(database)
  return closable({ store: sqlStore(engine), close: () => closeAll(engine, database) })
}

/** Kysely closes only what it has used. Twice is once. */
async function closeAll(engine: SqlEngine, database: Database): Promise<void> {
  await engine.db.destroy()
  database.close(true)
}

function openFile(path: string): Database {
  try {
    if (!isMemory(path)) closeSync(openSync(path, 'a', 0o600)) // it will hold keys: not for others to read
    return new Database(path, { create: true, readwrite: true })
  } catch (error) {
    throw openErrorFrom(error, path)
  }
}

/**
 * The earlier program takes no lock of ours. With WAL, its default, every connection leaves a mark on the file, which
 * nobody may have when it is migrated away under it.
 *
 * Errors: `OpenError` `already-running`, or why the file is not for us.
 */
function refuseWhileOldProgramRuns(path: string): void {
  if (isMemory(path) || !existsSync(path)) return
  const probe = openFile(path)
  let alone: Database | undefined
  try {
    const { found } = judgeSqlite(probe, path)
    probe.close(true)
    if (found !== 'old-program') return
    alone = openFile(path)
    alone.run('PRAGMA locking_mode = EXCLUSIVE')
    alone.run('BEGIN IMMEDIATE')
    alone.run('ROLLBACK')
  } catch (error) {
    throw openErrorFrom(error, path)
  } finally {
    probe.close(true)
    alone?.close(true)
  }
}

type Configured = { readonly journalMode: JournalMode; readonly warning?: string }

/** After the migrations. Returns the journal mode in force, and what the operator should know. */
function configure(database: Database, { path, journalMode }: SqliteOptions): Configured {
  // Without any journal a failed write cannot be undone, and Bun's SQLite refuses OFF. MEMORY spares the file as well.
  const wanted = journalMode === 'OFF' ? 'MEMORY' : journalMode
  const answer = database.query(`PRAGMA journal_mode = ${wanted}`).get() as { journal_mode: string }
  const mode = answer.journal_mode.toUpperCase() as JournalMode
  // With WAL a power cut can lose the last moments but never break the file; the others need every sync for that.
  database.run(`PRAGMA synchronous = ${mode === 'WAL' ? 'NORMAL' : 'FULL'}`)
  database.run(`PRAGMA journal_size_limit = ${JOURNAL_LIMIT_BYTES}`)
  database.run('PRAGMA foreign_keys = ON')
  if (mode === wanted || isMemory(path)) return { journalMode: mode }
  return { journalMode: mode, warning: `SQLITE_JOURNAL_MODE=${journalMode} is not possible for ${path}; using ${mode}` }
}

const UNWRITABLE = ['EACCES', 'EROFS', 'ENOSPC', 'EDQUOT', 'EPERM', 'EISDIR', 'ENOENT']

function openErrorFrom(error: unknown, path: string): OpenError {
  if (error instanceof OpenError) return error
  const code = codeOf(error)
  const failure = judge(error, path, code)
  failure.cause = error
  return failure
}

function judge(error: unknown, path: string, code: string): OpenError {
  if (code.startsWith('SQLITE_NOTADB')) {
    return new OpenError('not-ours', `${path} is not an SQLite database. Name another file in SQLITE_PATH.`)
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new OpenError(
      'broken',
      `${path} is damaged (${code}). Restore a backup of it, or try: sqlite3 FILE .recover`,
    )
  }
  const { kind, message } = storeErrorFrom(error, sqlite)
  if (kind === 'full' || UNWRITABLE.includes(code)) {
    return new OpenError(
      'unwritable',
      `${path} cannot be written (${code}): make room, or give the program the right to.`,
    )
  }
  if (kind === 'busy') {
    return new OpenError('already-running', `${path} is in use by another program. Stop that first.`)
  }
  return new OpenError('broken', `${path} cannot be opened: ${message}`)
}
