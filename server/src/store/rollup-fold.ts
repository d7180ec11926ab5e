import { CompiledQuery } from 'kysely'
import { histogramText, parseHistogram } from '../core/histogram.ts'
import { addSums, emptyRollup } from '../core/rollup.ts'
import { bucketStartMs, KEPT_MS } from '../core/rollup-tiers.ts'
import type { Zone } from '../core/zone.ts'
import { familiesOf } from './rollup-families.ts'
import { minutePeaks } from './rollup-peaks.ts'
import {
  FAMILY,
  keyText,
  MINUTE_FAMILIES,
  type RollupKey,
  type RollupRow,
  rollupOf,
  TIER_CODE,
} from './rollup-table.ts'
import type { SqlStatement, Tx } from './sql-engine.ts'

const QUARTER_MS = 900_000
/** A minute is folded when its quarter-hour has closed and this has passed: most of its requests have ended by then. */
const LATE_MS = 60_000
const LONG_TEXT_CHARS = 800
const TIDIED_AT_ONCE = 200
/** Families with the spread of latencies; of tokens nobody asks for it. */
const WITH_HISTOGRAM: readonly number[] = [FAMILY.all, FAMILY.channel, FAMILY.model]
const COARSE = ['quarter', 'hour', 'sixhour', 'day'] as const

export type FoldAsk = {
  readonly nowMs: number
  readonly zone: Zone
  /** Pending rows in one slice, about. */
  readonly limit: number
  readonly upsert: (rows: readonly RollupRow[]) => readonly SqlStatement[]
}

/**
 * Moves pending minutes, oldest first, into quarter-hours, hours, quarters of days and days and into the minutes that are kept. What
 * comes late to a minute that was folded before is pending again, and is added the same way. True: there may be more.
 */
export async function foldSlice(tx: Tx, ask: FoldAsk): Promise<boolean> {
  const { rows, isMore } = await takePending(tx, ask)
  if (rows.length === 0) return false
  const peaks = await minutePeaks(tx, rows)
  const coarse = coarseRows(rows, ask.zone, peaks)
  const minutes = minuteRows(rows.filter(({ key }) => key.bucketMs >= ask.nowMs - KEPT_MS.minute))
  await run(tx, ask.upsert([...minutes, ...coarse]))
  await tidyHistograms(tx, coarse)
  return isMore
}

export async function run(tx: Tx, statements: readonly SqlStatement[]): Promise<void> {
  for (const { sql, parameters } of statements) await tx.executeQuery(CompiledQuery.raw(sql, [...parameters]))
}

/** The oldest pending minutes, each whole, taken out of the table. */
async function takePending(tx: Tx, { nowMs, limit }: FoldAsk): Promise<{ rows: RollupRow[]; isMore: boolean }> {
  const quarterMs = nowMs - LATE_MS
  const beforeMs = quarterMs - (quarterMs % QUARTER_MS)
  const pending = tx
    .selectFrom('rollups')
    .where('tier', '=', TIER_CODE.pending)
    .where('family', '=', FAMILY.full)
    .where('bucket_ms', '<', beforeMs)
  const [next] = await pending.select('bucket_ms').orderBy('bucket_ms').limit(1).offset(limit).execute()
  const [first] = await pending.select('bucket_ms').orderBy('bucket_ms').limit(1).execute()
  if (!first) return { rows: [], isMore: false }
  const untilMs = next === undefined ? beforeMs : Math.max(next.bucket_ms, first.bucket_ms + 1)
  const stored = await pending.selectAll().where('bucket_ms', '<', untilMs).execute()
  await tx
    .deleteFrom('rollups')
    .where('tier', '=', TIER_CODE.pending)
    .where('family', '=', FAMILY.full)
    .where('bucket_ms', '<', untilMs)
    .execute()
  return {
    rows: stored.map((row) => ({ key: keyOf(row), rollup: rollupOf(row), peakRpm: 0 })),
    isMore: next !== undefined,
  }
}

function keyOf(row: { bucket_ms: number; channel_id: number; model: string; token_id: number }): RollupKey {
  const { bucket_ms: bucketMs, channel_id: channelId, model, token_id: tokenId } = row
  return { tier: TIER_CODE.pending, family: FAMILY.full, bucketMs, channelId, model, tokenId }
}

/** The folded minutes themselves. */
function minuteRows(rows: readonly RollupRow[]): RollupRow[] {
  const found = new Map<string, RollupRow>()
  for (const { key, rollup } of rows) {
    for (const family of familiesOf(key)) {
      if (!MINUTE_FAMILIES.includes(family.family)) continue
      const minute = { ...family, tier: TIER_CODE.minute, bucketMs: key.bucketMs }
      const name = keyText(minute)
      const sum = found.get(name) ?? { key: minute, rollup: emptyRollup(), peakRpm: 0 }
      found.set(name, sum)
      addRollup(sum, rollup)
    }
  }
  return [...found.values()]
}

function coarseRows(rows: readonly RollupRow[], zone: Zone, peakOf: (key: RollupKey) => number): RollupRow[] {
  const found = new Map<string, RollupRow & { peakRpm: number }>()
  const starts = new Map<number, readonly number[]>()
  for (const { key, rollup } of rows) {
    const quarterMs = bucketStartMs('quarter', key.bucketMs, zone)
    const buckets = starts.get(quarterMs) ?? COARSE.map((tier) => bucketStartMs(tier, quarterMs, zone))
    starts.set(quarterMs, buckets)
    for (const family of familiesOf(key)) {
      const peakRpm = peakOf({ ...family, tier: TIER_CODE.minute, bucketMs: key.bucketMs })
      for (const [at, tier] of COARSE.entries()) {
        const coarse = { ...family, tier: TIER_CODE[tier], bucketMs: buckets[at] ?? quarterMs }
        const name = keyText(coarse)
        const sum = found.get(name) ?? { key: coarse, rollup: emptyRollup(), peakRpm: 0 }
        found.set(name, sum)
        sum.peakRpm = Math.max(sum.peakRpm, peakRpm)
        addRollup(sum, rollup)
      }
    }
  }
  return [...found.values()]
}

export function addRollup({ key, rollup }: RollupRow, more: RollupRow['rollup']): void {
  addSums(rollup.sums, more.sums)
  if (!WITH_HISTOGRAM.includes(key.family)) return
  for (const kind of ['ttfb', 'duration'] as const)
    for (const [slot, count] of more[kind]) rollup[kind].set(slot, (rollup[kind].get(slot) ?? 0) + count)
}

/** Texts grow by joining: what has become long among the buckets just written is added up. */
async function tidyHistograms(tx: Tx, written: readonly RollupRow[]): Promise<void> {
  const buckets = new Map(written.map(({ key }) => [`${key.tier} ${key.bucketMs}`, key]))
  for (const { tier, bucketMs } of buckets.values()) {
    const long = await tx
      .selectFrom('rollups')
      .select(['family', 'channel_id', 'model', 'token_id', 'ttfb_hist', 'duration_hist'])
      .where('tier', '=', tier)
      .where('family', 'in', [...WITH_HISTOGRAM])
      .where('bucket_ms', '=', bucketMs)
      .where((eb) => eb(eb.fn('length', ['duration_hist']), '>', LONG_TEXT_CHARS))
      .limit(TIDIED_AT_ONCE)
      .execute()
    for (const { ttfb_hist, duration_hist, ...key } of long) {
      const texts = { ttfb_hist: tidy(ttfb_hist), duration_hist: tidy(duration_hist) }
      await tx
        .updateTable('rollups')
        .set(texts)
        .where('tier', '=', tier)
        .where('bucket_ms', '=', bucketMs)
        .where((eb) => eb.and(key))
        .execute()
    }
  }
}

function tidy(text: string): string {
  return histogramText(parseHistogram(text))
}
