import type { MigrationDb } from './migration.ts'

/**
 * Fills what older releases did not write. One pass over the rows: on a big log this is the part that takes time.
 *
 * - `minute_bucket`: 0 in very old rows.
 * - `cost_nano`: the exact cost, from the USD of the old column.
 * - `cache_5m_input_tokens`: very old rows have a total without its split, which meant five minutes. Rows that really
 *   had one-hour writes only were given the total a second time as five-minute writes, at every start; what is more than
 *   the total is taken away again.
 */
export async function repairLogs(db: MigrationDb): Promise<void> {
  await db.run(
    `UPDATE logs SET
       minute_bucket = (time - time % 60000) / 60000,
       cost_nano = CASE WHEN cost > 0 THEN round(cost * 1000000000) ELSE 0 END,
       cache_5m_input_tokens = CASE
         WHEN cache_1h_input_tokens = 0 AND cache_5m_input_tokens = 0 THEN cache_creation_input_tokens
         WHEN cache_1h_input_tokens > 0 AND cache_5m_input_tokens > 0
              AND cache_5m_input_tokens + cache_1h_input_tokens > cache_creation_input_tokens
              AND cache_1h_input_tokens <= cache_creation_input_tokens
           THEN cache_creation_input_tokens - cache_1h_input_tokens
         ELSE cache_5m_input_tokens END`,
  )
}
