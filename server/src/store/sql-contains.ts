import { type RawBuilder, type SqlBool, sql } from 'kysely'

/** Substring, letters A-Z in either case; `%` and `_` mean themselves. */
export function contains(column: string, text: string): RawBuilder<SqlBool> {
  const pattern = `%${text.replace(/[!%_]/g, '!$&')}%`
  return sql<SqlBool>`lower(${sql.ref(column)}) like lower(${pattern}) escape '!'`
}
