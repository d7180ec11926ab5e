import { ensureTable } from './create-tables.ts'
import { LIMIT_COLUMNS } from './limit-columns.ts'
import type { Migration } from './migration.ts'

export const limits: Migration = {
  version: '0004_limits',
  async up(db) {
    for (const table of LIMIT_COLUMNS) await ensureTable(db, table)
  },
}
