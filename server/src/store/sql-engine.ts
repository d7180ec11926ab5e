import type { CompiledQuery, Kysely, Transaction } from 'kysely'
import type { SqlDialect } from './dialect.ts'
import type { Schema } from './schema.ts'

/** A statement ready to run; every compiled query is one. */
export type SqlStatement = Pick<CompiledQuery, 'sql' | 'parameters'>

/** An insert that keeps what is already there, for one row and for many at once. */
export type RowInsert = {
  readonly sql: string
  /** The parameters of `rows` rows, one row after the other. */
  readonly many: { readonly sql: string; readonly rows: number }
}

/** One open database: what the `sql-….ts` files are given. They know neither the driver nor the file. */
export type SqlEngine = {
  readonly db: Kysely<Schema>
  readonly dialect: SqlDialect
  /**
   * One transaction, the fast way in for many rows: inserts each row of parameters, then runs the statements that `follow`
   * makes of the answer to "was it new?" (same order as `rows`).
   */
  insertEach(
    insert: RowInsert,
    rows: readonly (readonly unknown[])[],
    follow: (isNew: readonly boolean[]) => readonly SqlStatement[],
  ): Promise<void>
}

export type Tx = Transaction<Schema>

/** Several statements, all or none. */
export function inTransaction<T>(engine: SqlEngine, work: (tx: Tx) => Promise<T>): Promise<T> {
  return engine.db.transaction().execute(work)
}

/** Several reads that see one state. */
export function inSnapshot<T>(engine: SqlEngine, work: (tx: Tx) => Promise<T>): Promise<T> {
  return engine.db.transaction().setAccessMode('read only').execute(work)
}
