import type { Database } from 'bun:sqlite'
import { Kysely } from 'kysely'
import { BunSqliteConnection, bunSqliteDialect } from './bun-sqlite-dialect.ts'
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
    insertEach: (insert, rows, follow) =>
      // Through Kysely's queue for the one connection, so that it never lands inside somebody's transaction.
      db.connection().execute(async () =>
        connection.atOnce(() => {
          const isNew = connection.runEach(insert.sql, rows)
          for (const query of follow(isNew)) connection.runEach(query.sql, [query.parameters])
        }),
      ),
  }
}
