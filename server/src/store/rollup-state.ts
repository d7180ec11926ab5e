import { sql } from 'kysely'
import type { SqlDialect } from './dialect.ts'
import type { Tx } from './sql-engine.ts'

export type StateName = 'history_until_id' | 'history_done_id' | 'day_zone' | 'rezone' | 'rezone_ms'

/** `day_zone` while days are being made anew: no zone has this name. */
export const ZONE_UNDER_WAY = '-'

/** Notes of how far the work on rollups has come; `''` = not noted. */
export async function readState(tx: Tx): Promise<(name: StateName) => string> {
  const rows = await tx.selectFrom('rollup_state').selectAll().execute()
  const values = new Map(rows.map(({ name, value }) => [name, value]))
  return (name) => values.get(name) ?? ''
}

export async function noteState(
  tx: Tx,
  dialect: SqlDialect,
  notes: Readonly<Partial<Record<StateName, string>>>,
): Promise<void> {
  const overwrite = sql.raw(dialect.overwrite(['name'], ['value']))
  for (const [name, value] of Object.entries(notes))
    await tx.insertInto('rollup_state').values({ name, value }).modifyEnd(overwrite).execute()
}
