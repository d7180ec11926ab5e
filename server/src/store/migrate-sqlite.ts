import type { Database } from 'bun:sqlite'
import { chmodSync, closeSync, openSync, renameSync, rmSync } from 'node:fs'
import { sql } from 'kysely'
import { type Judgement, judgeDatabase, type Sighting } from './judge-database.ts'
import { MIGRATIONS } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'
import { isMemory, type Migrated, type SqliteOptions } from './open-options.ts'
import type { SqlEngine } from './sql-engine.ts'
import { sqliteMigrationDb } from './sqlite-migration-db.ts'

/**
 * Takes the database to our newest tables, each step in a transaction of its own. Interrupted, it goes on where it was.
 * A file that already holds something is copied first, to `<path>.before-ccload-<version>`.
 *
 * Errors: `OpenError` when the database is not one that we take; nothing is changed then. Others as the driver throws.
 */
export async function migrateSqlite(database: Database, engine: SqlEngine, options: SqliteOptions): Promise<Migrated> {
  const { found, pending } = judgeSqlite(database, options.path)
  if (pending.length === 0) return { migrated: [], warnings: [] }
  const backupPath = found === 'nothing' || isMemory(options.path) ? undefined : backUp(database, options)
  const warnings: string[] = []
  // Rebuilding a table drops the old one, which must not take its children along. Cannot be changed in a transaction.
  database.run('PRAGMA foreign_keys = OFF')
  for (const migration of MIGRATIONS) {
    if (pending.includes(migration.version)) await applyMigration(engine, migration, { ...options, warnings })
  }
  return { migrated: pending, warnings, ...(backupPath !== undefined && { backupPath }) }
}

/** Errors: `OpenError` when the database is not one that we take. */
export function judgeSqlite(database: Database, path: string): Judgement {
  const versions = MIGRATIONS.map(({ version }) => version)
  return judgeDatabase(look(database, path), versions)
}

function look(database: Database, path: string): Sighting {
  const names = (text: string) => (database.query(text).all() as { name: string }[]).map(({ name }) => name)
  const tables = names(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'`)
  const marks = tables.includes('schema_migrations') ? names('SELECT version AS name FROM schema_migrations') : []
  return { path, tables, marks, channelColumns: names('PRAGMA table_info(channels)') }
}

type ApplyOptions = SqliteOptions & { readonly warnings: string[] }

async function applyMigration(engine: SqlEngine, migration: Migration, options: ApplyOptions): Promise<void> {
  const { nowMs, warnings } = options
  await engine.db.transaction().execute(async (tx) => {
    const db = sqliteMigrationDb(tx, (message) => warnings.push(message))
    await db.run('CREATE TABLE IF NOT EXISTS schema_migrations (version TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)')
    await migration.up(db, nowMs)
    const broken = await sql`PRAGMA foreign_key_check`.execute(tx)
    if (broken.rows.length > 0)
      throw new Error(`${migration.version} left ${broken.rows.length} rows without their channel`)
    const mark = { version: migration.version, applied_at: Math.floor(nowMs / 1000) }
    await tx.insertInto('schema_migrations').values(mark).execute()
  })
}

/** A whole copy, under its name only when complete, readable by its owner alone (it holds keys). */
function backUp(database: Database, { path, version }: SqliteOptions): string {
  const target = `${path}.before-ccload-${version}`
  const unfinished = `${target}.unfinished`
  rmSync(unfinished, { force: true })
  closeSync(openSync(unfinished, 'wx', 0o600)) // SQLite fills an empty file as it is
  try {
    database.query('VACUUM INTO ?').run(unfinished)
    chmodSync(unfinished, 0o600)
    renameSync(unfinished, target)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
  return target
}
