import { emptyRollup } from '../core/rollup.ts'
import { bucketStartMs, KEPT_MS, type Tier } from '../core/rollup-tiers.ts'
import type { Zone } from '../core/zone.ts'
import type { SqlDialect } from './dialect.ts'
import { addRollup, type FoldAsk, run } from './rollup-fold.ts'
import { layoutName, noteState, readState, ZONE_UNDER_WAY } from './rollup-state.ts'
import { FAMILY, keyText, type RollupRow, rollupOf, TIER_CODE } from './rollup-table.ts'
import type { RollupsTable } from './schema.ts'
import type { Tx } from './sql-engine.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const QUARTER_MS = 900_000
/** No day of a clock that changes is longer. */
const LONGEST_DAY_MS = DAY_MS + 2 * HOUR_MS

export type RezoneAsk = Pick<FoldAsk, 'upsert' | 'zone' | 'nowMs'> & { readonly dialect: SqlDialect }

/**
 * Days and their quarters belong to a zone. When it changes they are made anew from hours: of one day what belongs to one
 * channel in a slice. Until that is done nobody reads them. Days from before the oldest hour stay as they were.
 */
export async function rezoneSlice(tx: Tx, { zone, nowMs, dialect, upsert }: RezoneAsk): Promise<boolean> {
  const state = await readState(tx)
  const name = layoutName(zone)
  if (state('day_zone') === name) return false
  if (state('day_zone') === '') {
    await noteState(tx, dialect, { day_zone: name }) // there are no days yet
    return false
  }
  const isBegun = state('rezone') === name
  const fromMs = isBegun ? Number(state('rezone_ms')) : await firstDayMs(tx, zone)
  if (fromMs > nowMs) {
    await noteState(tx, dialect, { day_zone: name, rezone: '', rezone_ms: '', rezone_channel: '' })
    return false
  }
  const toMs = bucketStartMs('day', fromMs + LONGEST_DAY_MS, zone)
  const done = isBegun ? state('rezone_channel') : ''
  const part = await nextPart(tx, { fromMs, toMs, nowMs, done })
  if (part !== undefined) await remakePart(tx, { fromMs, toMs, part, upsert, zone })
  await noteState(tx, dialect, {
    ...{ day_zone: ZONE_UNDER_WAY, rezone: name, rezone_ms: String(part === undefined ? toMs : fromMs) },
    rezone_channel: part === undefined ? '' : `${part.channelId} ${part.stage}`,
  })
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
  return isAllThereIs ? bucketStartMs('day', day.bucket_ms, zone) : bucketStartMs('day', startMs + LONGEST_DAY_MS, zone)
}

type Range = { readonly fromMs: number; readonly toMs: number }

/** What is made anew in one slice: of one channel the hours, or else what consists of them, in one family. */
const STAGES = ['hours 3', 'hours 2', 'hours 1', 'days 3', 'days 2', 'days 1'] as const
type Stage = (typeof STAGES)[number]
type DayPart = { readonly channelId: number; readonly stage: Stage }

/** By the number of a stage; channel 0 is what belongs to none. */
const FAMILIES = { none: [FAMILY.all, FAMILY.token], channel: [FAMILY.channel, FAMILY.model, FAMILY.full] } as const

/**
 * Hours too, while there are quarter-hours to make them from: a zone may be half an hour off the other.
 *
 * @param done  The part before, as it was noted.
 * @returns     `undefined` when the day is through.
 */
async function nextPart(
  tx: Tx,
  { fromMs, toMs, nowMs, done }: Range & { readonly nowMs: number; readonly done: string },
): Promise<DayPart | undefined> {
  const [id = '', ...stage] = done.split(' ')
  const nextStage = STAGES[STAGES.indexOf(stage.join(' ') as Stage) + 1]
  if (done !== '' && nextStage !== undefined) return { channelId: Number(id), stage: nextStage }
  const channelId = done === '' ? 0 : await nextChannel(tx, { fromMs, toMs, after: Number(id) })
  const hasQuarters = fromMs - HOUR_MS > nowMs - KEPT_MS.quarter
  return channelId === undefined ? undefined : { channelId, stage: hasQuarters ? 'hours 3' : 'days 3' }
}

async function nextChannel(tx: Tx, { fromMs, toMs, after }: Range & { after: number }): Promise<number | undefined> {
  const found = await tx
    .selectFrom('rollups')
    .select((eb) => eb.fn.min('channel_id').as('id'))
    // Not only where there are hours: a day that began at another hour may lie in a range without any.
    .where('tier', 'in', [TIER_CODE.hour, TIER_CODE.sixhour, TIER_CODE.day])
    .where('family', '=', FAMILY.channel)
    .where('bucket_ms', '>', fromMs - HOUR_MS)
    .where('bucket_ms', '<', toMs)
    .where('channel_id', '>', after)
    .executeTakeFirst()
  return found?.id ?? undefined
}

type Remake = Range & Pick<FoldAsk, 'upsert' | 'zone'> & { readonly channelId: number; readonly family: number }

async function remakePart(tx: Tx, { part, ...rest }: Range & Pick<FoldAsk, 'upsert' | 'zone'> & { part: DayPart }) {
  const { channelId, stage } = part
  const family = FAMILIES[channelId === 0 ? 'none' : 'channel'][Number(stage.at(-1)) - 1]
  if (family === undefined) return // channel 0 has two
  const ask = { ...rest, channelId, family }
  if (stage.startsWith('days')) return remake(tx, { ...ask, tiers: ['sixhour', 'day'], source: 'hour' })
  // An hour of the old zone may have begun before this day does.
  const before = {
    tier: 'hour',
    family,
    channelId,
    bucketsMs: quartersOf(ask.fromMs - HOUR_MS + 1, ask.fromMs),
  } as const
  const cutMs = (await rowsOf(tx, before)).map((row) => row.bucket_ms)
  return remake(tx, { ...ask, fromMs: Math.min(ask.fromMs, ...cutMs), tiers: ['hour'], source: 'quarter' })
}

type RemakeTiers = Remake & {
  readonly tiers: readonly Exclude<Tier, 'quarter' | 'minute'>[]
  readonly source: 'quarter' | 'hour'
}

/** Replaces the buckets that begin in a range by sums of finer ones. */
async function remake(tx: Tx, ask: RemakeTiers): Promise<void> {
  const { fromMs, toMs, channelId, family, upsert, zone, tiers, source } = ask
  const made: Made = new Map()
  const bucketsMs = quartersOf(fromMs, toMs)
  for (const row of await rowsOf(tx, { tier: source, family, channelId, bucketsMs }))
    for (const tier of tiers) addRow(made, row, { tier, zone })
  for (const tier of tiers) await dropRows(tx, { tier, family, channelId, bucketsMs })
  await run(tx, upsert([...made.values()]))
}

/** Where buckets may begin, in whatever zone they were made: with them rows are asked for by their whole keys. */
function quartersOf(fromMs: number, toMs: number): number[] {
  const firstMs = Math.ceil(fromMs / QUARTER_MS) * QUARTER_MS
  return Array.from(
    { length: Math.max(0, Math.ceil((toMs - firstMs) / QUARTER_MS)) },
    (_, n) => firstMs + n * QUARTER_MS,
  )
}

type Made = Map<string, RollupRow & { peakRpm: number }>

function addRow(made: Made, row: RollupsTable, { tier, zone }: { readonly tier: Tier; readonly zone: Zone }): void {
  const { family, channel_id: channelId, model, token_id: tokenId } = row
  const bucketMs = bucketStartMs(tier, row.bucket_ms, zone)
  const key = { tier: TIER_CODE[tier], family, bucketMs, channelId, model, tokenId }
  const name = keyText(key)
  const sum = made.get(name) ?? { key, rollup: emptyRollup(), peakRpm: 0 }
  made.set(name, sum)
  sum.peakRpm = Math.max(sum.peakRpm, row.peak_rpm)
  addRollup(sum, rollupOf(row))
}

async function dropRows(tx: Tx, { tier, family, channelId, bucketsMs }: Rows): Promise<void> {
  await tx
    .deleteFrom('rollups')
    .where('tier', '=', TIER_CODE[tier])
    .where('family', '=', family)
    .where('bucket_ms', 'in', bucketsMs)
    .where('channel_id', '=', channelId)
    .execute()
}

type Rows = { readonly tier: Tier; readonly family: number; readonly channelId: number; readonly bucketsMs: number[] }

async function rowsOf(tx: Tx, { tier, family, channelId, bucketsMs }: Rows) {
  return tx
    .selectFrom('rollups')
    .selectAll()
    .where('tier', '=', TIER_CODE[tier])
    .where('family', '=', family)
    .where('bucket_ms', 'in', bucketsMs)
    .where('channel_id', '=', channelId)
    .execute()
}
