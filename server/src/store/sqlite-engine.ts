import type { Database } from 'bun:sqlite'
import { Kysely } from 'kysely'
import { BunSqliteConnection, bunSqliteDialect, KnownRow } from './bun-sqlite-dialect.ts'
import { sqlite } from './dialect.ts'
import type { Schema } from './schema.ts'
import type { SqlEngine } from './sql-engine.ts'

/** The engine over an open SQLite database; `db.destroy()` closes it. */
export function sqliteEngine(database: Database): SqlEngine {
  const connection = new BunSqliteConnection(database)
  const db = new Kysely<Schema>({ dialect: bunSqliteDialect(connection) })
  return {
    db,
    dialect: sqlite,
    insertEach: (insert, rows, follow) => {
      const write = (insertRows: () => boolean[]) =>
        connection.atOnce(() => {
          for (const query of follow(insertRows())) connection.runEach(query.sql, [query.parameters])
        })
      // Through Kysely's queue for the one connection, so that it never lands inside somebody's transaction.
      return db.connection().execute(async () => {
        try {
          write(() => connection.insertMany(insert, rows))
        } catch (error) {
          if (!(error instanceof KnownRow)) throw error
          write(() => connection.runEach(insert.sql, rows)) // one by one it is known which
        }
      })
    },
  }
}
