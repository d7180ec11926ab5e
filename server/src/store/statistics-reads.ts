import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { parseHistogram, quantileMs } from '../core/histogram.ts'
import { addSums, emptySums, SUM_FIELDS, type Sums } from '../core/rollup.ts'
import { planRead, type Segment } from '../core/rollup-tiers.ts'
import type { Zone } from '../core/zone.ts'
import type { Quantiles, StatisticsKey, StatisticsQuery, StatisticsRow } from '../ports/statistics.ts'
import { readState, ZONE_UNDER_WAY } from './rollup-state.ts'
import { FAMILY, MINUTE_FAMILIES, SUM_COLUMNS, TIER_CODE } from './rollup-table.ts'
import { contains } from './sql-contains.ts'
import type { Tx } from './sql-engine.ts'

/** More are pending only while history is being made; then peaks of the oldest may be too small for a while. */
const MAX_PENDING_MINUTES = 2_000
const COLUMN_OF = { channel: 'channel_id', model: 'model', token: 'token_id' } as const
const ALL_SUMS = sql.join(SUM_FIELDS.map((field) => sql`sum(${sql.ref(SUM_COLUMNS[field])}) as ${sql.ref(field)}`))

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
  const plan = planRead({ ...query, dayZone: zoneOf(state('day_zone'), query.zone) })
  const totals = new Totals()
  for (const segment of plan) for (const row of await readPart(tx, query, bucketsOf(query, segment))) totals.add(row)
  for (const row of await readPart(tx, query, pendingOf(query))) totals.add(row)
  if (query.stepMs === undefined) for (const row of await readMinutePeaks(tx, query, plan)) totals.peak(row)
  return totals.rows()
}

/** As it was noted; a zone that is a number keeps its kind when it is the one asked for. */
function zoneOf(noted: string, asked: Zone): Zone | undefined {
  if (noted === String(asked)) return asked
  return noted === '' || noted === ZONE_UNDER_WAY ? undefined : noted
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

async function readPart(tx: Tx, query: StatisticsQuery, part: Part): Promise<readonly Found[]> {
  const latency = query.withLatency
    ? sql`, group_concat(ttfb_hist, '') as ${sql.ref('ttfbText')}, group_concat(duration_hist, '') as ${sql.ref('durationText')}`
    : sql``
  const { rows } = await sql<Found>`
    select ${groups(query)}, ${ALL_SUMS}, max(peak_rpm) as ${sql.ref('peakRpm')}${latency}
    from rollups
    where tier = ${part.tier} and family = ${part.family}
      and bucket_ms >= ${part.fromMs} and bucket_ms < ${part.toMs} and ${filters(query)}
    group by ${groupNames(query.by)}`.execute(tx)
  return rows
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

  add(row: Found): void {
    const total = this.#of(row)
    addSums(total.sums, row)
    total.peakRpm = Math.max(total.peakRpm, row.peakRpm)
    total.ttfbText += row.ttfbText ?? ''
    total.durationText += row.durationText ?? ''
  }

  peak(row: Group & { peakRpm: number }): void {
    const total = this.#of(row)
    total.peakRpm = Math.max(total.peakRpm, row.peakRpm)
  }

  rows(): StatisticsRow[] {
    return [...this.#found.values()].toSorted(inOrder).map(({ ttfbText, durationText, ...row }) => ({
      ...row,
      ...quantilesOf('ttfb', ttfbText),
      ...quantilesOf('duration', durationText),
    }))
  }

  #of({ step, channel_id: channelId = 0, model = '', token_id: tokenId = 0 }: Group): Total {
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
  const histogram = parseHistogram(text)
  const [p50Ms, p90Ms, p99Ms] = [0.5, 0.9, 0.99].map((share) => quantileMs(histogram, share))
  if (p50Ms === undefined || p90Ms === undefined || p99Ms === undefined) return {}
  return { [name]: { p50Ms, p90Ms, p99Ms } } as { [key in Name]?: Quantiles }
}
