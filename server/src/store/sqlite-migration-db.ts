import { CompiledQuery, type QueryExecutorProvider } from 'kysely'
import { sqlite } from './dialect.ts'
import type { MigrationDb, TableShape } from './migrations/migration.ts'

type Row = Readonly<Record<string, unknown>>
type Executor = { executeQuery(query: CompiledQuery): Promise<{ rows: unknown[] }> } & QueryExecutorProvider

/** `MigrationDb` inside a transaction of SQLite. Names of tables come from our own code, never from users. */
export function sqliteMigrationDb(tx: Executor, warn: (message: string) => void): MigrationDb {
  const all = async (sql: string, parameters: readonly unknown[] = []): Promise<Row[]> => {
    const { rows } = await tx.executeQuery(CompiledQuery.raw(sql, [...parameters]))
    return rows as Row[]
  }
  const columnsOf = async (table: string) =>
    (await all(`PRAGMA table_info(${table})`)).map((row) => String(row['name']))
  return {
    dialect: sqlite,
    warn,
    all,
    columnsOf,
    run: async (sql, parameters) => void (await all(sql, parameters)),
    hasTable: async (name) => (await columnsOf(name)).length > 0,
    shapeOf: (table) => shapeOf(all, table),
    reserveIds: (table, query) => reserveIds(all, table, query),
  }
}

type All = (sql: string, parameters?: readonly unknown[]) => Promise<Row[]>

async function shapeOf(all: All, table: string): Promise<TableShape> {
  const unique: string[] = []
  const columns = await all(`PRAGMA table_info(${table})`)
  unique.push(names(columns.filter((column) => Number(column['pk']) > 0).sort(byNumber('pk'))))
  for (const index of await all(`PRAGMA index_list(${table})`)) {
    if (index['unique'] === 1 && index['partial'] === 0) {
      unique.push(names(await all(`PRAGMA index_info(${String(index['name'])})`)))
    }
  }
  const [created] = await all('SELECT sql FROM sqlite_master WHERE type = ? AND name = ?', ['table', table])
  const references = await all(`PRAGMA foreign_key_list(${table})`)
  return {
    unique,
    neverReusesIds: /\bautoincrement\b/i.test(String(created?.['sql'])),
    cascades: references.some((row) => row['table'] === 'channels' && row['on_delete'] === 'CASCADE'),
  }
}

function names(rows: readonly Row[]): string {
  return rows.map((row) => String(row['name'])).join()
}

function byNumber(key: string): (a: Row, b: Row) => number {
  return (a, b) => Number(a[key]) - Number(b[key])
}

async function reserveIds(all: All, table: string, query: string): Promise<void> {
  const [found] = await all(query)
  const used = Number(found?.['id'] ?? 0)
  const [sequence] = await all('SELECT seq FROM sqlite_sequence WHERE name = ?', [table])
  if (!sequence) await all('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', [table, used])
  else if (Number(sequence['seq']) < used) await all('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', [used, table])
}
