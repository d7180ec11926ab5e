import { ensureIndexes, ensureTable } from './create-tables.ts'
import { takeOverAugust } from './from-august.ts'
import { moveLegacyModels } from './legacy-models.ts'
import { withItsLimits } from './limit-columns.ts'
import { repairLogs } from './log-repairs.ts'
import type { Migration } from './migration.ts'
import { rebuildMisshapen, reserveUsedIds } from './rebuild.ts'
import { repairChannels, repairSettings } from './repairs.ts'
import { TABLES, UNUSED_INDEXES } from './tables.ts'

/**
 * From nothing, or from a database of the earlier program (its releases from January to August 2026), to our tables.
 * Each part leaves alone what is already as it should be, so an empty database takes the same road.
 */
export const base: Migration = {
  version: '0001_base',
  async up(db, nowMs) {
    for (const table of TABLES) await ensureTable(db, table)
    await takeOverAugust(db)
    await moveLegacyModels(db)
    await repairChannels(db)
    await repairSettings(db, nowMs)
    for (const table of TABLES) await rebuildMisshapen(db, await withItsLimits(db, table))
    await reserveUsedIds(db)
    // Before the updates of the log: each index that is not there need not be kept up to date.
    for (const name of UNUSED_INDEXES) await db.run(`DROP INDEX IF EXISTS ${name}`)
    await repairLogs(db)
    for (const table of TABLES) await ensureIndexes(db, table)
  },
}
