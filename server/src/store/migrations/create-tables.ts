import type { MigrationDb } from './migration.ts'
import type { ColumnDef, TableDef } from './tables.ts'

/** CREATE TABLE of `table` under the name `as`. */
export function createTableSql(db: MigrationDb, table: TableDef, as: string): string {
  const { primaryKey, unique = [], ofChannel } = table
  const parts = [
    ...table.columns.map((column) => columnSql(db, column)),
    ...(primaryKey ? [`PRIMARY KEY (${primaryKey.map(quoted).join(', ')})`] : []),
    ...unique.map((columns) => `UNIQUE (${columns.join(', ')})`),
    ...(ofChannel ? [`FOREIGN KEY (${ofChannel}) REFERENCES channels(id) ON DELETE CASCADE`] : []),
  ]
  return `CREATE TABLE ${as} (${parts.join(', ')})${table.inKeyOrder ? db.dialect.inKeyOrder : ''}`
}

/** Creates the table, or adds to an existing one the columns that it lacks. Indexes are not touched. */
export async function ensureTable(db: MigrationDb, table: TableDef): Promise<void> {
  if (!(await db.hasTable(table.name))) return db.run(createTableSql(db, table, table.name))
  const existing = await db.columnsOf(table.name)
  for (const column of table.columns) {
    if (!existing.includes(column.name)) await db.run(`ALTER TABLE ${table.name} ADD COLUMN ${columnSql(db, column)}`)
  }
}

export async function ensureIndexes(db: MigrationDb, table: TableDef): Promise<void> {
  for (const [name, columns] of Object.entries(table.indexes ?? {})) {
    await db.run(db.dialect.createIndex(name, `${table.name} (${columns})`))
  }
  for (const [name, columns] of Object.entries(table.uniqueIndexes ?? {})) {
    await db.run(db.dialect.createUniqueIndex(name, `${table.name} (${columns})`))
  }
}

function columnSql(db: MigrationDb, column: ColumnDef): string {
  const type = db.dialect.columnType(column.type)
  if (column.type.kind === 'id') return `${quoted(column.name)} ${type}`
  const fallback = column.fallback === undefined ? '' : ` DEFAULT ${column.fallback}`
  return `${quoted(column.name)} ${type}${column.nullable ? '' : ' NOT NULL'}${fallback}`
}

/** `key` is a word of SQL; backticks are understood by SQLite and MySQL alike. */
function quoted(name: string): string {
  return name === 'key' ? '`key`' : name
}
