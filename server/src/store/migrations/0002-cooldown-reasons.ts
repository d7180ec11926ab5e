import { ensureIndexes, ensureTable } from './create-tables.ts'
import type { Migration } from './migration.ts'
import type { TableDef } from './tables.ts'

/** Why a rest exists, beside the old columns that only say until when. At most one row for each rest that runs. */
const COOLDOWN_REASONS: TableDef = {
  name: 'cooldown_reasons',
  columns: [
    { name: 'scope', type: { kind: 'varchar', chars: 16 } },
    { name: 'channel_id', type: { kind: 'int' } },
    { name: 'key_id', type: { kind: 'int' } },
    { name: 'model', type: { kind: 'varchar', chars: 191 } },
    { name: 'reason', type: { kind: 'varchar', chars: 512 } },
    { name: 'status_code', type: { kind: 'int' } },
    { name: 'request_id', type: { kind: 'varchar', chars: 191 } },
    { name: 'since_ms', type: { kind: 'bigint' } },
    { name: 'until_ms', type: { kind: 'bigint' } },
  ],
  primaryKey: ['scope', 'channel_id', 'key_id', 'model'],
  ofChannel: 'channel_id',
}

export const cooldownReasons: Migration = {
  version: '0002_cooldown_reasons',
  async up(db) {
    await ensureTable(db, COOLDOWN_REASONS)
    await ensureIndexes(db, COOLDOWN_REASONS)
  },
}
