import { CompiledQuery, type RawBuilder, type SqlBool, sql } from 'kysely'
import { parseHistogram, quantileMs } from '../core/histogram.ts'
import { addSums, emptySums, SUM_FIELDS, type Sums } from '../core/rollup.ts'
import { planRead, planSteps, type Segment, type StepSegment } from '../core/rollup-tiers.ts'
import type { Quantiles, StatisticsKey, StatisticsQuery, StatisticsRow } from '../ports/statistics.ts'
import { readState, zoneOfLayout } from './rollup-state.ts'
import { FAMILY, MINUTE_FAMILIES, SUM_COLUMNS, TIER_CODE } from './rollup-table.ts'
import { contains } from './sql-contains.ts'
import type { Tx } from './sql-engine.ts'

/** More are pending only while history is being made; then peaks of the oldest may be too small for a while. */
const MAX_PENDING_MINUTES = 2_000
const COLUMN_OF = { channel: 'channel_id', model: 'model', token: 'token_id' } as const
const ALL_SUMS = sql.join(SUM_FIELDS.map((field) => sql`sum(${sql.ref(SUM_COLUMNS[field])}) as ${sql.ref(field)}`))
const ALL_SINGLE = sql.join(SUM_FIELDS.map((field) => sql`${sql.ref(SUM_COLUMNS[field])} as ${sql.ref(field)}`))
const NO_SUMS = sql.join(SUM_FIELDS.map((field) => sql`0 as ${sql.ref(field)}`))
/** Of tiers that steps are often as wide as. */
const WIDTH_MS: Readonly<Record<number, number>> = {
  [TIER_CODE.hour]: 3_600_000,
  [TIER_CODE.quarter]: 900_000,
  [TIER_CODE.minute]: 60_000,
}
/** What a row of each family tells apart. */
const KEYS_OF: Readonly<Record<number, readonly StatisticsKey[]>> = {
  [FAMILY.all]: [],
  [FAMILY.channel]: ['channel'],
  [FAMILY.model]: ['channel', 'model'],
  [FAMILY.token]: ['token'],
  [FAMILY.full]: ['channel', 'model', 'token'],
}

/** A row as it is added up from the parts of a range. */
type Total = {
  readonly step: number
  readonly channelId: number
  readonly model: string
  readonly tokenId: number
  readonly sums: Sums
  peakRpm: number
  ttfbText: string
  durationText: string
}

type Group = { step: number; channel_id?: number; model?: string; token_id?: number }
type Found = Group & Sums & { peakRpm: number; ttfbText?: string; durationText?: string }

/** Sums of a range from its buckets and from the minutes that are not in them yet. */
export async function readStatistics(tx: Tx, query: StatisticsQuery): Promise<StatisticsRow[]> {
  const state = await readState(tx)
  const ask = { ...query, dayZone: zoneOfLayout(state('day_zone'), query.zone) }
  const totals = new Totals()
  const read = partReader(tx, query)
  const steps = query.stepMs === undefined ? undefined : planSteps({ ...ask, stepMs: query.stepMs })
  if (steps !== undefined) await addSteps(totals, tx, { query, steps })
  const plan = steps === undefined ? planRead(ask) : []
  for (const segment of plan) for (const row of await read(bucketsOf(query, segment))) totals.add(row)
  if (query.only !== 'peaks') for (const row of await read(pendingOf(query))) totals.add(row)
  if (query.stepMs === undefined && query.only !== 'sums')
    for (const row of await readMinutePeaks(tx, query, plan)) totals.peak(row)
  return totals.rows()
}

type Steps = { readonly query: StatisticsQuery; readonly steps: readonly StepSegment[] }

async function addSteps(totals: Totals, tx: Tx, { query, steps }: Steps): Promise<void> {
  const { stepMs: _, ...asOneSum } = query
  const read = partReader(tx, asOneSum)
  for (const { step, ...segment } of steps)
    for (const row of await read(bucketsOf(query, segment))) totals.add(row, step)
}

type Part = { readonly tier: number; readonly family: number; readonly fromMs: number; readonly toMs: number }

function bucketsOf(query: StatisticsQuery, { tier, fromMs, toMs }: Segment): Part {
  const cheapest = familyFor(query)
  const family = tier !== 'minute' || MINUTE_FAMILIES.includes(cheapest) ? cheapest : FAMILY.full
  return { tier: TIER_CODE[tier], family, fromMs, toMs }
}

function pendingOf({ fromMs, toMs }: StatisticsQuery): Part {
  return { tier: TIER_CODE.pending, family: FAMILY.full, fromMs, toMs }
}

/** The family with the fewest rows that tells apart what is asked for. */
function familyFor({ by, channelIds, model, modelLike, tokenId }: StatisticsQuery): number {
  const byToken = by.includes('token') || tokenId !== undefined
  const byModel = by.includes('model') || model !== undefined || modelLike !== undefined
  const byChannel = by.includes('channel') || channelIds !== undefined
  if (byToken) return byModel || byChannel ? FAMILY.full : FAMILY.token
  return byModel ? FAMILY.model : byChannel ? FAMILY.channel : FAMILY.all
}

/** Sorting rows of which no two belong together costs most of such a question. */
function isOneByOne({ by, stepMs, withLatency }: StatisticsQuery, { tier, family }: Part): boolean {
  if (withLatency || stepMs === undefined || stepMs !== WIDTH_MS[tier]) return false
  return KEYS_OF[family]?.length === by.length && by.every((key) => KEYS_OF[family]?.includes(key))
}

type ReadPart = (part: Part) => Promise<readonly Found[]>

/** Reads parts of one question; making its text takes longer than reading a small part, and is done once. */
function partReader(tx: Tx, query: StatisticsQuery): ReadPart {
  const texts = new Map<boolean, CompiledQuery>()
  return async (part) => {
    const isSingle = isOneByOne(query, part)
    const text = texts.get(isSingle) ?? partText(query, isSingle).compile(tx)
    texts.set(isSingle, text)
    const values = text.parameters.map((value) => (isPlace(value) ? part[value.place] : value))
    return (await tx.executeQuery<Found>(CompiledQuery.raw(text.sql, values))).rows
  }
}

/** Stands in a text where a value of a part goes. */
type Place = { readonly place: keyof Part }

function isPlace(value: unknown): value is Place {
  return typeof value === 'object' && value !== null && 'place' in value
}

/** A column less to sort when nobody asks for it. */
function peakOf({ only }: StatisticsQuery, isSingle: boolean): RawBuilder<unknown> {
  return only === 'sums' ? sql`0` : isSingle ? sql`peak_rpm` : sql`max(peak_rpm)`
}

function partText(query: StatisticsQuery, isSingle: boolean): RawBuilder<Found> {
  const place = (name: keyof Part) => sql`${{ place: name } satisfies Place}`
  const latency = query.withLatency
    ? sql`, group_concat(ttfb_hist, '') as ${sql.ref('ttfbText')}, group_concat(duration_hist, '') as ${sql.ref('durationText')}`
    : sql``
  return sql<Found>`
    select ${groups(query)}, ${query.only === 'peaks' ? NO_SUMS : isSingle ? ALL_SINGLE : ALL_SUMS},
      ${peakOf(query, isSingle)} as ${sql.ref('peakRpm')}${latency}
    from rollups
    where tier = ${place('tier')} and family = ${place('family')}
      and bucket_ms >= ${place('fromMs')} and bucket_ms < ${place('toMs')} and ${filters(query)}
    ${isSingle ? sql`` : sql`group by ${groupNames(query.by)}`}`
}

type Peak = Group & { peakRpm: number }

/** Requests by minute, where minutes are read as such or have not been folded yet. */
async function readMinutePeaks(tx: Tx, query: StatisticsQuery, plan: readonly Segment[]): Promise<readonly Peak[]> {
  const found: Peak[] = []
  for (const segment of plan.filter(({ tier }) => tier === 'minute')) {
    const { tier, family, fromMs, toMs } = bucketsOf(query, segment)
    const which = sql<SqlBool>`tier = ${tier} and family = ${family} and bucket_ms >= ${fromMs} and bucket_ms < ${toMs}`
    found.push(...(await requestsByMinute(tx, query, which)))
  }
  const pending = await tx
    .selectFrom('rollups')
    .select('bucket_ms')
    .distinct()
    .where('tier', '=', TIER_CODE.pending)
    .where('family', '=', FAMILY.full)
    .where('bucket_ms', '>=', query.fromMs)
    .where('bucket_ms', '<', query.toMs)
    .orderBy('bucket_ms', 'desc')
    .limit(MAX_PENDING_MINUTES)
    .execute()
  if (pending.length === 0) return found
  const minutes = sql.join(pending.map(({ bucket_ms }) => bucket_ms))
  const which = sql<SqlBool>`tier in (${TIER_CODE.pending}, ${TIER_CODE.minute}) and family = ${FAMILY.full}
    and bucket_ms in (${minutes})`
  return [...found, ...(await requestsByMinute(tx, query, which))]
}

async function requestsByMinute(tx: Tx, query: StatisticsQuery, which: RawBuilder<SqlBool>): Promise<readonly Peak[]> {
  const { rows } = await sql<Peak>`
    select ${groups(query)}, sum(success + error) as ${sql.ref('peakRpm')}
    from rollups
    where ${which} and ${filters(query)}
    group by ${groupNames(query.by)}, bucket_ms`.execute(tx)
  return rows
}

function groups({ by, stepMs, fromMs }: StatisticsQuery): RawBuilder<unknown> {
  const step =
    stepMs === undefined ? sql`0` : sql`(bucket_ms - ${fromMs} - (bucket_ms - ${fromMs}) % ${stepMs}) / ${stepMs}`
  return sql.join([sql`${step} as step`, ...by.map((key) => sql.ref(COLUMN_OF[key]))])
}

function groupNames(by: readonly StatisticsKey[]): RawBuilder<unknown> {
  return sql.join([sql.ref('step'), ...by.map((key) => sql.ref(COLUMN_OF[key]))])
}

function filters({ channelIds, model, modelLike, tokenId }: StatisticsQuery): RawBuilder<SqlBool> {
  const all: RawBuilder<SqlBool>[] = [sql<SqlBool>`1 = 1`]
  if (channelIds) all.push(channelIds.length > 0 ? sql`channel_id in (${sql.join([...channelIds])})` : sql`1 = 0`)
  if (model !== undefined) all.push(sql`model = ${model}`)
  if (modelLike !== undefined) all.push(contains('model', modelLike))
  if (tokenId !== undefined) all.push(sql`token_id = ${tokenId}`)
  return sql.join(all, sql` and `) as RawBuilder<SqlBool>
}

class Totals {
  readonly #found = new Map<string, Total>()

  add(row: Found, step = row.step): void {
    const total = this.#of(row, step)
    addSums(total.sums, row)
    total.peakRpm = Math.max(total.peakRpm, row.peakRpm)
    total.ttfbText += row.ttfbText ?? ''
    total.durationText += row.durationText ?? ''
  }

  peak(row: Group & { peakRpm: number }): void {
    const total = this.#of(row, row.step)
    total.peakRpm = Math.max(total.peakRpm, row.peakRpm)
  }

  rows(): StatisticsRow[] {
    return [...this.#found.values()].toSorted(inOrder).map(({ ttfbText, durationText, ...row }) => ({
      ...row,
      ...quantilesOf('ttfb', ttfbText),
      ...quantilesOf('duration', durationText),
    }))
  }

  #of({ channel_id: channelId = 0, model = '', token_id: tokenId = 0 }: Group, step: number): Total {
    const name = `${step} ${channelId} ${tokenId} ${model}`
    const known = this.#found.get(name)
    if (known) return known
    const fresh = { step, channelId, model, tokenId, sums: emptySums(), peakRpm: 0, ttfbText: '', durationText: '' }
    this.#found.set(name, fresh)
    return fresh
  }
}

function inOrder(a: Total, b: Total): number {
  return a.step - b.step || a.channelId - b.channelId || compare(a.model, b.model) || a.tokenId - b.tokenId
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function quantilesOf<Name extends string>(name: Name, text: string): { [key in Name]?: Quantiles } {
  if (text === '') return {}
  const histogram = parseHistogram(text)
  const [p50Ms, p90Ms, p99Ms] = [0.5, 0.9, 0.99].map((share) => quantileMs(histogram, share))
  if (p50Ms === undefined || p90Ms === undefined || p99Ms === undefined) return {}
  return { [name]: { p50Ms, p90Ms, p99Ms } } as { [key in Name]?: Quantiles }
}
