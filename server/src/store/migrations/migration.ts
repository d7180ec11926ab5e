import type { SqlDialect } from '../dialect.ts'

/** The constraints of an existing table. */
export type TableShape = {
  /** Columns, joined by commas, of each unique constraint and of the primary key. */
  readonly unique: readonly string[]
  readonly neverReusesIds: boolean
  /** Its rows go with their channel. */
  readonly cascades: boolean
}

/** A database in the middle of a migration: one transaction, foreign keys not enforced. */
export interface MigrationDb {
  readonly dialect: SqlDialect
  run(sql: string, parameters?: readonly unknown[]): Promise<void>
  all(sql: string, parameters?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  hasTable(name: string): Promise<boolean>
  /** Names of the columns; empty when there is no such table. */
  columnsOf(table: string): Promise<readonly string[]>
  shapeOf(table: string): Promise<TableShape>
  /** New rows of `table` get ids above the one that `query` finds (column `id`), also when no row has it any more. */
  reserveIds(table: string, query: string): Promise<void>
  /** Tells the operator about something that was changed or given up. */
  warn(message: string): void
}

/**
 * One step forward, never back. Runs in a transaction of its own together with its mark in `schema_migrations`, so an
 * interrupted one never happened. There is no limit on its time.
 */
export type Migration = {
  /** `0001_…`; the number orders them, the whole is the mark. */
  readonly version: string
  up(db: MigrationDb, nowMs: number): Promise<void>
}
