import { ensureTable } from './create-tables.ts'
import type { Migration } from './migration.ts'
import type { TableDef } from './tables.ts'

/** How a request was decided, where that is more than the row says; and which step of its ladder a rest is. */
const DECISIONS: readonly TableDef[] = [
  { name: 'logs', columns: [{ name: 'decision', type: { kind: 'text' }, nullable: true }] },
  {
    name: 'cooldown_reasons',
    columns: [
      { name: 'step', type: { kind: 'int' }, fallback: '-1' }, // -1 = no step: named, by hand, or from before
      { name: 'capped', type: { kind: 'flag' }, fallback: '0' },
    ],
  },
]

export const decisions: Migration = {
  version: '0006_decisions',
  async up(db) {
    for (const table of DECISIONS) await ensureTable(db, table)
  },
}
