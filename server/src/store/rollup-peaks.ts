import { familiesOf } from './rollup-families.ts'
import { FAMILY, keyText, type RollupKey, type RollupRow, TIER_CODE } from './rollup-table.ts'
import type { Tx } from './sql-engine.ts'

const MINUTES_PER_QUERY = 500

/**
 * How many requests each family has in the minutes that are about to be folded, together with what was folded of the
 * same minutes before.
 */
export async function minutePeaks(tx: Tx, rows: readonly RollupRow[]): Promise<(key: RollupKey) => number> {
  const counts = new Map<string, number>()
  const add = (full: RollupKey, requests: number) => {
    for (const family of familiesOf(full)) {
      const name = keyText({ ...family, tier: TIER_CODE.minute, bucketMs: full.bucketMs })
      counts.set(name, (counts.get(name) ?? 0) + requests)
    }
  }
  for (const { key, rollup } of rows) add(key, rollup.sums.success + rollup.sums.error)
  const minutes = [...new Set(rows.map(({ key }) => key.bucketMs))]
  for (let start = 0; start < minutes.length; start += MINUTES_PER_QUERY) {
    const before = await tx
      .selectFrom('rollups')
      .select(['bucket_ms', 'channel_id', 'model', 'token_id', 'success', 'error'])
      .where('tier', '=', TIER_CODE.minute)
      .where('family', '=', FAMILY.full)
      .where('bucket_ms', 'in', minutes.slice(start, start + MINUTES_PER_QUERY))
      .execute()
    for (const row of before) {
      const { bucket_ms: bucketMs, channel_id: channelId, model, token_id: tokenId } = row
      const key = { tier: TIER_CODE.minute, family: FAMILY.full, bucketMs, channelId, model, tokenId }
      add(key, row.success + row.error)
    }
  }
  return (key) => counts.get(keyText(key)) ?? 0
}
