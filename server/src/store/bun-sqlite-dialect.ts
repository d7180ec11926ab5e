import type { Database, SQLQueryBindings, Statement } from 'bun:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import type { RowInsert } from './sql-engine.ts'

/** Some row of many was there before; which one is not known. */
export class KnownRow extends Error {}

const MAX_STATEMENTS = 128 // lists of different lengths make different texts; the oldest goes

/** Bun's SQLite as a Kysely connection. Statements are prepared once per text and kept. Everything is synchronous. */
export class BunSqliteConnection implements DatabaseConnection {
  readonly #database: Database
  readonly #statements = new Map<string, Statement>()

  constructor(database: Database) {
    this.#database = database
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.#prepared(query.sql)
    const parameters = query.parameters as SQLQueryBindings[]
    if (statement.columnNames.length > 0) return { rows: statement.all(...parameters) as Row[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('bun:sqlite: read pages, not streams')
  }

  /** Runs `sql` once per row of parameters. Returns for each whether it changed anything. */
  runEach(sql: string, rows: readonly (readonly unknown[])[]): boolean[] {
    const statement = this.#prepared(sql)
    return rows.map((row) => statement.run(...(row as SQLQueryBindings[])).changes > 0)
  }

  /**
   * Inserts rows of which all are new: half the cost of one by one. Errors: `KnownRow`; what was inserted has to be rolled
   * back then.
   */
  insertMany({ sql, many }: RowInsert, rows: readonly (readonly unknown[])[]): boolean[] {
    const apart = rows.length - (rows.length % many.rows)
    const values: unknown[] = []
    for (let from = 0; from < apart; from += many.rows) {
      let at = 0
      for (let row = from; row < from + many.rows; row++) for (const value of rows[row] ?? []) values[at++] = value
      // As they lie: hundreds of arguments would be copied twice.
      if (this.#prepared(many.sql).run(values as unknown as SQLQueryBindings).changes < many.rows) throw new KnownRow()
    }
    return [...Array<boolean>(apart).fill(true), ...this.runEach(sql, rows.slice(apart))]
  }

  /** `work` in one transaction, without a promise in between. */
  atOnce<T>(work: () => T): T {
    this.#database.run('begin immediate')
    try {
      const result = work()
      this.#database.run('commit')
      return result
    } catch (error) {
      this.rollBack()
      throw error
    }
  }

  begin(settings: TransactionSettings): void {
    // "immediate": a transaction that will write waits for its turn here, never in its middle.
    this.#database.run(settings.accessMode === 'read only' ? 'begin' : 'begin immediate')
  }

  commit(): void {
    this.#database.run('commit')
  }

  /** SQLite has already rolled back by itself after some errors (full disk); a second rollback would hide the first error. */
  rollBack(): void {
    if (this.#database.inTransaction) this.#database.run('rollback')
  }

  close(): void {
    this.#statements.clear()
    this.#database.close(true) // with its statements: a connection lives, and holds locks, as long as one of them
  }

  #prepared(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known) return known
    const [oldest] = this.#statements.keys()
    if (oldest !== undefined && this.#statements.size >= MAX_STATEMENTS) {
      this.#statements.get(oldest)?.finalize()
      this.#statements.delete(oldest)
    }
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

/** Kysely over one connection, used by one transaction at a time (Kysely queues the others). */
export function bunSqliteDialect(connection: BunSqliteConnection): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driverOf(connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

function driverOf(connection: BunSqliteConnection): Driver {
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: async (_, settings) => connection.begin(settings),
    commitTransaction: async () => connection.commit(),
    rollbackTransaction: async () => connection.rollBack(),
    releaseConnection: async () => {},
    destroy: async () => connection.close(),
  }
}
