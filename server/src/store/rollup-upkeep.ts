import { KEPT_MS } from '../core/rollup-tiers.ts'
import type { SqlDialect } from './dialect.ts'
import { type FoldAsk, foldSlice } from './rollup-fold.ts'
import { rezoneSlice } from './rollup-rezone.ts'
import { FAMILY, MINUTE_FAMILIES, TIER_CODE } from './rollup-table.ts'
import type { Tx } from './sql-engine.ts'

const DROPPED_AT_ONCE = 2_000

export type UpkeepAsk = FoldAsk & { readonly dialect: SqlDialect }

/** One slice of the regular work. True: there may be more to do at once. */
export async function compactSlice(tx: Tx, ask: UpkeepAsk): Promise<boolean> {
  const isZoneBehind = await rezoneSlice(tx, ask)
  const isFoldBehind = await foldSlice(tx, ask)
  return isZoneBehind || isFoldBehind || (await dropSlice(tx, ask.nowMs))
}

/** Forgets fine buckets that are older than they are kept: of one kind in a slice. */
async function dropSlice(tx: Tx, nowMs: number): Promise<boolean> {
  for (const tier of ['minute', 'quarter', 'hour', 'sixhour'] as const) {
    const families = tier === 'minute' ? MINUTE_FAMILIES : Object.values(FAMILY)
    for (const family of families) {
      if (await dropOld(tx, { tier: TIER_CODE[tier], family, beforeMs: nowMs - KEPT_MS[tier] })) return true
    }
  }
  return false
}

type Old = { readonly tier: number; readonly family: number; readonly beforeMs: number }

/** True when there was any. */
async function dropOld(tx: Tx, { tier, family, beforeMs }: Old): Promise<boolean> {
  const old = tx
    .selectFrom('rollups')
    .select('bucket_ms')
    .where('tier', '=', tier)
    .where('family', '=', family)
    .where('bucket_ms', '<', beforeMs)
    .orderBy('bucket_ms')
    .limit(1)
  const [first] = await old.execute()
  if (first === undefined) return false
  const [next] = await old.offset(DROPPED_AT_ONCE).execute()
  await tx
    .deleteFrom('rollups')
    .where('tier', '=', tier)
    .where('family', '=', family)
    .where('bucket_ms', '<', beforeMs)
    .where('bucket_ms', '<=', next?.bucket_ms ?? beforeMs)
    .execute()
  return true
}
