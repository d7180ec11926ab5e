import { emptyRollup } from '../core/rollup.ts'
import { bucketStartMs, KEPT_MS } from '../core/rollup-tiers.ts'
import type { Zone } from '../core/zone.ts'
import type { SqlDialect } from './dialect.ts'
import { addRollup, type FoldAsk, foldSlice, run } from './rollup-fold.ts'
import { noteState, readState, ZONE_UNDER_WAY } from './rollup-state.ts'
import { FAMILY, keyText, MINUTE_FAMILIES, type RollupRow, rollupOf, TIER_CODE } from './rollup-table.ts'
import type { Tx } from './sql-engine.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const DROPPED_AT_ONCE = 2_000

export type UpkeepAsk = FoldAsk & { readonly dialect: SqlDialect }

/** One slice of the regular work. True: there may be more to do at once. */
export async function compactSlice(tx: Tx, ask: UpkeepAsk): Promise<boolean> {
  const isZoneBehind = await rezoneSlice(tx, ask)
  const isFoldBehind = await foldSlice(tx, ask)
  return isZoneBehind || isFoldBehind || (await dropSlice(tx, ask.nowMs))
}

/** Forgets fine buckets that are older than they are kept. */
async function dropSlice(tx: Tx, nowMs: number): Promise<boolean> {
  let isMore = false
  for (const tier of ['minute', 'quarter', 'hour'] as const) {
    const families = tier === 'minute' ? MINUTE_FAMILIES : Object.values(FAMILY)
    for (const family of families) {
      const isLeft = await dropOld(tx, { tier: TIER_CODE[tier], family, beforeMs: nowMs - KEPT_MS[tier] })
      isMore ||= isLeft
    }
  }
  return isMore
}

type Old = { readonly tier: number; readonly family: number; readonly beforeMs: number }

async function dropOld(tx: Tx, { tier, family, beforeMs }: Old): Promise<boolean> {
  const [next] = await tx
    .selectFrom('rollups')
    .select('bucket_ms')
    .where('tier', '=', tier)
    .where('family', '=', family)
    .where('bucket_ms', '<', beforeMs)
    .orderBy('bucket_ms')
    .limit(1)
    .offset(DROPPED_AT_ONCE)
    .execute()
  await tx
    .deleteFrom('rollups')
    .where('tier', '=', tier)
    .where('family', '=', family)
    .where('bucket_ms', '<', beforeMs)
    .where('bucket_ms', '<=', next?.bucket_ms ?? beforeMs)
    .execute()
  return next !== undefined
}

/**
 * Days belong to a zone. When it changes they are made anew from hours, one day in a slice; until that is done nobody
 * reads days. Days from before the oldest hour stay as they were.
 */
async function rezoneSlice(tx: Tx, { zone, nowMs, dialect, upsert }: UpkeepAsk): Promise<boolean> {
  const state = await readState(tx)
  const name = String(zone)
  if (state('day_zone') === name) return false
  if (state('day_zone') === '') {
    await noteState(tx, dialect, { day_zone: name }) // there are no days yet
    return false
  }
  const fromMs = state('rezone') === name ? Number(state('rezone_ms')) : await firstDayMs(tx, zone)
  if (fromMs > nowMs) {
    await noteState(tx, dialect, { day_zone: name, rezone: '', rezone_ms: '' })
    return false
  }
  const toMs = bucketStartMs('day', fromMs + DAY_MS + 2 * HOUR_MS, zone)
  await remakeDay(tx, { fromMs, toMs, upsert, zone, nowMs })
  await noteState(tx, dialect, { day_zone: ZONE_UNDER_WAY, rezone: name, rezone_ms: String(toMs) })
  return true
}

/** The first day of which there are all hours. */
async function firstDayMs(tx: Tx, zone: Zone): Promise<number> {
  const first = (tier: number) =>
    tx
      .selectFrom('rollups')
      .select('bucket_ms')
      .where('tier', '=', tier)
      .where('family', '=', FAMILY.all)
      .orderBy('bucket_ms')
      .limit(1)
      .executeTakeFirst()
  const hour = await first(TIER_CODE.hour)
  if (!hour) return Number.POSITIVE_INFINITY
  const day = await first(TIER_CODE.day)
  const startMs = bucketStartMs('day', hour.bucket_ms, zone)
  if (day === undefined) return startMs
  const isAllThereIs = day.bucket_ms >= hour.bucket_ms - DAY_MS
  return isAllThereIs
    ? bucketStartMs('day', day.bucket_ms, zone)
    : bucketStartMs('day', startMs + DAY_MS + 2 * HOUR_MS, zone)
}

type Remake = Pick<FoldAsk, 'upsert' | 'zone' | 'nowMs'> & { readonly fromMs: number; readonly toMs: number }

/** Hours too, while there are quarter-hours to make them from: a zone may be half an hour off the other. */
async function remakeDay(tx: Tx, ask: Remake): Promise<void> {
  const { fromMs, nowMs } = ask
  if (fromMs - HOUR_MS > nowMs - KEPT_MS.quarter) {
    const [cut] = await tx
      .selectFrom('rollups')
      .select('bucket_ms')
      .where('tier', '=', TIER_CODE.hour)
      .where('family', '=', FAMILY.all)
      .where('bucket_ms', '>', fromMs - HOUR_MS)
      .where('bucket_ms', '<', fromMs)
      .execute()
    await remake(tx, { ...ask, fromMs: cut?.bucket_ms ?? fromMs, tier: 'hour', source: 'quarter' })
  }
  await remake(tx, { ...ask, tier: 'day', source: 'hour' })
}

type RemakeTier = Remake & { readonly tier: 'hour' | 'day'; readonly source: 'quarter' | 'hour' }

/** Replaces the buckets that begin in a range by sums of finer ones. */
async function remake(tx: Tx, { fromMs, toMs, upsert, zone, tier, source }: RemakeTier): Promise<void> {
  const made = new Map<string, RollupRow & { peakRpm: number }>()
  for (const family of Object.values(FAMILY)) {
    const fine = await tx
      .selectFrom('rollups')
      .selectAll()
      .where('tier', '=', TIER_CODE[source])
      .where('family', '=', family)
      .where('bucket_ms', '>=', fromMs)
      .where('bucket_ms', '<', toMs)
      .execute()
    for (const row of fine) {
      const { channel_id: channelId, model, token_id: tokenId } = row
      const bucketMs = bucketStartMs(tier, row.bucket_ms, zone)
      const key = { tier: TIER_CODE[tier], family, bucketMs, channelId, model, tokenId }
      const name = keyText(key)
      const sum = made.get(name) ?? { key, rollup: emptyRollup(), peakRpm: 0 }
      made.set(name, sum)
      sum.peakRpm = Math.max(sum.peakRpm, row.peak_rpm)
      addRollup(sum, rollupOf(row))
    }
    await tx
      .deleteFrom('rollups')
      .where('tier', '=', TIER_CODE[tier])
      .where('family', '=', family)
      .where('bucket_ms', '>=', fromMs)
      .where('bucket_ms', '<', toMs)
      .execute()
  }
  await run(tx, upsert([...made.values()]))
}
