import { ensureTable } from './create-tables.ts'
import type { Migration } from './migration.ts'
import type { TableDef } from './tables.ts'

/** How the cost of a row came about; '' for rows from before, and where nothing was charged. */
const COST_PARTS: TableDef = {
  name: 'logs',
  columns: [{ name: 'cost_parts', type: { kind: 'varchar', chars: 255 }, fallback: "''" }],
}

export const costParts: Migration = {
  version: '0005_cost_parts',
  async up(db) {
    await ensureTable(db, COST_PARTS)
  },
}
