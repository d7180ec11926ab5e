import type { StoreErrorKind } from '../ports/store.ts'

/** What a column holds. `id` is the primary key that numbers itself and never gives a number twice. */
export type ColumnType =
  | { readonly kind: 'id' }
  | { readonly kind: 'int' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'double' }
  | { readonly kind: 'varchar'; readonly chars: number }
  | { readonly kind: 'text' }

/**
 * The complete list of what our databases cannot say the same way; everything else is SQL that both understand.
 * A new member needs a decision record, and so does a second implementation (MySQL is planned, not written).
 */
export interface SqlDialect {
  readonly name: 'sqlite' | 'mysql'
  /** DDL of a column's type, without NOT NULL and DEFAULT. */
  columnType(type: ColumnType): string
  /** ORDER BY term that comes nearest to the order in which the rows of a table were inserted. */
  readonly insertionOrder: string
  /** CREATE TABLE tail of a table whose rows lie in the order of their primary key, with no number of their own. */
  readonly inKeyOrder: string
  /** CREATE INDEX that does nothing when the index is there. `on` is `table (columns)`. */
  createIndex(name: string, on: string): string
  createUniqueIndex(name: string, on: string): string
  /** INSERT INTO of many rows in a transaction that every failure ends: the statement need not be undone by itself. */
  readonly insertManyInto: string
  /** INSERT tail: keep the old row when `key` repeats; any other violation still fails. */
  keepExisting(key: string): string
  /** INSERT tail: overwrite `columns` when `key` repeats. */
  overwrite(key: readonly string[], columns: readonly string[]): string
  /** INSERT tail: when `key` repeats, add the new values of columns to the old ones, each in its way. */
  accumulate(key: readonly string[], columns: Accumulated): string
  /** What a failed statement means to our callers; `busy` may succeed when simply run again. */
  errorKind(error: unknown): StoreErrorKind
}

/** Columns that are added up, of which the greater value stays, and texts that are joined. */
export type Accumulated = {
  readonly sum: readonly string[]
  readonly max: readonly string[]
  readonly append: readonly string[]
}

/** `code` of an error of the driver, `''` when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

const SQLITE_TYPES: Readonly<Record<ColumnType['kind'], string>> = {
  id: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  int: 'INTEGER',
  bigint: 'INTEGER',
  flag: 'INTEGER',
  double: 'REAL',
  varchar: 'TEXT',
  text: 'TEXT',
}

/** By the beginning of SQLite's extended result code. Source: sqlite.org/rescode.html. */
const SQLITE_ERRORS: readonly (readonly [string, StoreErrorKind])[] = [
  ['SQLITE_CONSTRAINT_UNIQUE', 'conflict'],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', 'conflict'],
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
  ['SQLITE_FULL', 'full'],
  ['SQLITE_READONLY', 'full'],
  ['SQLITE_IOERR', 'full'],
  ['SQLITE_CANTOPEN', 'full'],
]

export const sqlite: SqlDialect = {
  name: 'sqlite',
  columnType: (type) => SQLITE_TYPES[type.kind],
  insertionOrder: 'rowid',
  inKeyOrder: ' WITHOUT ROWID',
  createIndex: (name, on) => `CREATE INDEX IF NOT EXISTS ${name} ON ${on}`,
  createUniqueIndex: (name, on) => `CREATE UNIQUE INDEX IF NOT EXISTS ${name} ON ${on}`,
  // Without FAIL each statement keeps a journal of its own: 28 us (SQLite 3.54).
  insertManyInto: 'INSERT OR FAIL INTO',
  keepExisting: (key) => `ON CONFLICT (${key}) DO NOTHING`,
  overwrite: (key, columns) =>
    `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${columns.map((c) => `${c} = excluded.${c}`).join(', ')}`,
  accumulate: (key, { sum, max, append }) => {
    const sets = [
      ...sum.map((c) => `${c} = ${c} + excluded.${c}`),
      ...max.map((c) => `${c} = max(${c}, excluded.${c})`),
      ...append.map((c) => `${c} = ${c} || excluded.${c}`),
    ]
    return `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${sets.join(', ')}`
  },
  errorKind(error) {
    const code = codeOf(error)
    return SQLITE_ERRORS.find(([start]) => code.startsWith(start))?.[1] ?? 'broken'
  },
}
