import { createTableSql } from './create-tables.ts'
import type { MigrationDb } from './migration.ts'
import type { TableDef } from './tables.ts'

/**
 * Replaces a table that lacks a constraint which only CREATE TABLE can give: ids that are never used twice, unique
 * columns, the reference to its channel. Our columns are kept, others are not. SQLite's own recipe: make the new one,
 * copy, drop the old one, rename. Source: sqlite.org/lang_altertable.html §7.
 */
export async function rebuildMisshapen(db: MigrationDb, table: TableDef): Promise<void> {
  if (await hasItsShape(db, table)) return
  const fresh = `${table.name}_rebuilt`
  const columns = table.columns.map(({ name }) => (name === 'key' ? '`key`' : name)).join(', ')
  const order = db.dialect.insertionOrder
  await db.run(createTableSql(db, table, fresh))
  await db.run(`INSERT INTO ${fresh} (${columns}) SELECT ${columns} FROM ${table.name} ORDER BY ${order}`)
  await db.run(`DROP TABLE ${table.name}`)
  await db.run(`ALTER TABLE ${fresh} RENAME TO ${table.name}`)
}

async function hasItsShape(db: MigrationDb, table: TableDef): Promise<boolean> {
  const shape = await db.shapeOf(table.name)
  const wanted = [...(table.unique ?? []), ...(table.primaryKey ? [table.primaryKey] : [])]
  const unique = wanted.every((columns) => shape.unique.includes(columns.join()))
  const numbered = shape.neverReusesIds || !table.columns.some(({ type }) => type.kind === 'id')
  return unique && numbered && (shape.cascades || !table.ofChannel)
}

/** Makes sure that no id that the log still speaks of is given to something new. */
export async function reserveUsedIds(db: MigrationDb): Promise<void> {
  await db.reserveIds('channels', 'SELECT max(channel_id) AS id FROM logs')
  await db.reserveIds('auth_tokens', 'SELECT max(auth_token_id) AS id FROM logs')
}
