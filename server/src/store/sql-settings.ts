import { sql } from 'kysely'
import type { SettingStore, StoredSetting } from '../ports/store.ts'
import { inTransaction, type SqlEngine } from './sql-engine.ts'

/** Settings, table `system_settings`: everything is text, with the meta data that the earlier program keeps beside it. */
export function sqlSettings(engine: SqlEngine): SettingStore {
  const overwrite = sql.raw(
    engine.dialect.overwrite(['key'], ['value', 'value_type', 'description', 'default_value', 'updated_at']),
  )
  return {
    async list() {
      const rows = await engine.db
        .selectFrom('system_settings')
        .select(['key', 'value', 'updated_at'])
        .orderBy('key')
        .execute()
      return rows.map((row): StoredSetting => ({ key: row.key, value: row.value, updatedAtS: row.updated_at }))
    },

    async save(rows, nowMs) {
      const updatedAt = Math.floor(nowMs / 1000)
      await inTransaction(engine, async (tx) => {
        for (const row of rows) {
          const stored = {
            key: row.key,
            value: row.value,
            value_type: row.valueType,
            description: row.description,
            default_value: row.defaultValue,
            updated_at: updatedAt,
          }
          await tx.insertInto('system_settings').values(stored).modifyEnd(overwrite).execute()
        }
      })
    },
  }
}
