import { sql } from 'kysely'
import type { Zone } from '../core/zone.ts'
import type { SqlDialect } from './dialect.ts'
import type { Tx } from './sql-engine.ts'

export type StateName = 'history_until_id' | 'history_done_id' | 'day_zone' | 'rezone' | 'rezone_ms' | 'rezone_channel'

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

/** Days and quarters of days; a database whose days have no quarters yet is like one of another zone. */
const LAYOUT = '+6h'

/** What `day_zone` says when days and their quarters are those of a zone. */
export function layoutName(zone: Zone): string {
  return `${zone}${LAYOUT}`
}

/** The zone of a `day_zone`; a zone that is a number keeps its kind when it is the one asked for. */
export function zoneOfLayout(noted: string, asked: Zone): Zone | undefined {
  if (noted === layoutName(asked)) return asked
  return noted.endsWith(LAYOUT) ? noted.slice(0, -LAYOUT.length) : undefined
}
