import type { MigrationDb } from './migration.ts'
import type { ColumnDef, TableDef } from './tables.ts'

const none = (name: string, kind: 'int' | 'bigint' | 'flag'): ColumnDef => ({ name, type: { kind }, fallback: '0' })
const emptyList = (name: string): ColumnDef => ({ name, type: { kind: 'text' }, fallback: "''" })

/**
 * Columns of limits, added to tables which exist; 0 and '' mean that there is none. Those that the August 2026 release
 * has too bear its names.
 */
export const LIMIT_COLUMNS: readonly TableDef[] = [
  {
    name: 'auth_tokens',
    columns: [
      none('cost_daily_limit_microusd', 'bigint'),
      none('cost_monthly_limit_microusd', 'bigint'),
      none('rpm_limit', 'int'),
      none('max_concurrency', 'int'),
      emptyList('allowed_channel_ids'),
      emptyList('allowed_addresses'),
    ],
  },
  {
    name: 'channels',
    columns: [
      { name: 'cost_multiplier', type: { kind: 'double' }, fallback: '1' },
      none('rpm_limit', 'int'),
      none('max_concurrency', 'int'),
      none('ask_for_usage', 'flag'),
    ],
  },
]

/** `table` with those columns of limits that it has in the database already, so that making it anew keeps them. */
export async function withItsLimits(db: MigrationDb, table: TableDef): Promise<TableDef> {
  const added = LIMIT_COLUMNS.find(({ name }) => name === table.name)
  if (added === undefined) return table
  const existing = await db.columnsOf(table.name)
  return { ...table, columns: [...table.columns, ...added.columns.filter(({ name }) => existing.includes(name))] }
}
