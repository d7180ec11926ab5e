import { ensureIndexes, ensureTable } from './create-tables.ts'
import type { Migration } from './migration.ts'
import type { ColumnDef, TableDef } from './tables.ts'

const counter = (name: string): ColumnDef => ({ name, type: { kind: 'bigint' }, fallback: '0' })

/**
 * Sums of finished attempts by bucket of time, from which every chart and total comes.
 *
 * - `tier` 0 minutes not yet folded into the others, 1 minutes that are, 2 quarter-hours, 3 hours, 4 days, 5 quarters of
 *   days.
 * - `family` 1 everything, 2 by channel, 3 by channel and model, 4 by token, 5 by channel, model and token; what a
 *   family does not tell apart is 0 and ''. Minutes have family 5 only.
 */
const ROLLUPS: TableDef = {
  name: 'rollups',
  columns: [
    { name: 'tier', type: { kind: 'int' } },
    { name: 'family', type: { kind: 'int' } },
    { name: 'bucket_ms', type: { kind: 'bigint' } },
    { name: 'channel_id', type: { kind: 'int' } },
    { name: 'model', type: { kind: 'varchar', chars: 191 } },
    { name: 'token_id', type: { kind: 'bigint' } },
    ...[
      'success',
      'error',
      'input_tokens',
      'output_tokens',
      'cache_read_tokens',
      'cache_write_tokens',
      'cost_nano',
      'duration_us',
      'error_duration_us',
      'ttfb_us',
      'ttfb_count',
      'whole_us',
      'whole_count',
      'peak_rpm', // most requests in one minute of the bucket
    ].map(counter),
    { name: 'ttfb_hist', type: { kind: 'text' } },
    { name: 'duration_hist', type: { kind: 'text' } },
  ],
  primaryKey: ['tier', 'family', 'bucket_ms', 'channel_id', 'model', 'token_id'],
  inKeyOrder: true,
}

/** How far regular work on the rollups has come. */
const ROLLUP_STATE: TableDef = {
  name: 'rollup_state',
  columns: [
    { name: 'name', type: { kind: 'varchar', chars: 64 } },
    { name: 'value', type: { kind: 'varchar', chars: 191 } },
  ],
  primaryKey: ['name'],
}

/** Existing log rows are not read here, which could take minutes: where they end is noted, and they follow in slices. */
export const rollups: Migration = {
  version: '0003_rollups',
  async up(db) {
    for (const table of [ROLLUPS, ROLLUP_STATE]) {
      await ensureTable(db, table)
      await ensureIndexes(db, table)
    }
    const [logs] = await db.all('SELECT COALESCE(MAX(id), 0) AS last FROM logs')
    const state = [
      ['history_until_id', String(logs?.['last'] ?? 0)],
      ['history_done_id', '0'],
    ]
    for (const row of state) await db.run('INSERT INTO rollup_state (name, value) VALUES (?, ?)', row)
  },
}
