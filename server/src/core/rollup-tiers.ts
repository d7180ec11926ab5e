import { startOfDayMs } from './time-range.ts'
import { instantOfWallTime, wallTimeAt, type Zone } from './zone.ts'

/**
 * How wide the buckets of a rollup are, from coarse to fine. Hours, quarters of days (`sixhour`: five or seven where the
 * clocks change) and days are those of the configured zone.
 */
export const TIERS = ['day', 'sixhour', 'hour', 'quarter', 'minute'] as const
export type Tier = (typeof TIERS)[number]

/** Buckets of one tier that begin in the half-open [fromMs, toMs). */
export type Segment = { readonly tier: Tier; readonly fromMs: number; readonly toMs: number }

export type ReadAsk = {
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
  readonly zone: Zone
  /** Zone that the stored hours and days are made for; `undefined` = being made anew: finer tiers are read instead. */
  readonly dayZone: Zone | undefined
  /** Answers are wanted in steps of this width, counted from `fromMs`; absent = as one sum. */
  readonly stepMs?: number
}

const MINUTE_MS = 60_000
const QUARTER_MS = 900_000
const HOUR_MS = 3_600_000
const SIX_HOURS_MS = 6 * HOUR_MS
const DAY_MS = 86_400_000

/** How long finer buckets are kept. Longer than they are read: 48 hours are, and a day may have 25. */
export const KEPT_MS = { minute: 50 * HOUR_MS, quarter: 9 * DAY_MS, hour: 94 * DAY_MS, sixhour: 94 * DAY_MS } as const
const READ_MS = { minute: 49 * HOUR_MS, quarter: 8 * DAY_MS, hour: 93 * DAY_MS } as const

/** First instant of the bucket that `atMs` lies in. Works for zones that are 15, 30 or 45 minutes off the hour. */
export function bucketStartMs(tier: Tier, atMs: number, zone: Zone): number {
  switch (tier) {
    case 'minute':
      return atMs - mod(atMs, MINUTE_MS)
    case 'quarter':
      return atMs - mod(atMs, QUARTER_MS)
    case 'hour':
      return startOfHourMs(atMs, zone)
    case 'sixhour': {
      const wall = wallTimeAt(atMs, zone)
      return instantOfWallTime({ ...wall, hour: wall.hour - (wall.hour % 6), minute: 0, second: 0 }, zone)
    }
    case 'day':
      return startOfDayMs(atMs, zone)
  }
}

/** Of the clock: where it was set by half an hour, an hour has 30 minutes, or 90. */
function startOfHourMs(atMs: number, zone: Zone): number {
  const { hour, minute, second } = wallTimeAt(atMs, zone)
  const startMs = atMs - (minute * 60 + second) * 1000 - mod(atMs, 1000)
  if (minute < 30 || wallTimeAt(startMs, zone).minute === 0) return startMs
  let firstMs = atMs - mod(atMs, QUARTER_MS)
  while (wallTimeAt(firstMs - QUARTER_MS, zone).hour === hour) firstMs -= QUARTER_MS
  return firstMs
}

const WIDTH_MS = { day: DAY_MS, sixhour: SIX_HOURS_MS, hour: HOUR_MS, quarter: QUARTER_MS, minute: MINUTE_MS } as const

/**
 * Which buckets to add up for a range: the coarsest that fit, finer ones at the edges, as far back as these are kept.
 * Where nothing fine enough is kept any more a bucket counts where it begins. Segments do not overlap and cover the
 * range, oldest first.
 */
export function planRead(ask: ReadAsk): readonly Segment[] {
  const segments: Segment[] = []
  let fromMs = ask.fromMs
  for (const { untilMs, finest } of ages(ask)) {
    const toMs = Math.min(ask.toMs, untilMs)
    if (fromMs >= toMs) continue
    const fitting = TIERS.slice(0, TIERS.indexOf(finest) + 1).filter((tier) => fits(tier, ask))
    segments.push(...split({ fromMs, toMs, tiers: fitting.length > 0 ? fitting : [finest], zone: ask.zone }))
    fromMs = toMs
  }
  return joined(segments)
}

/** Buckets that belong to one step of an answer. */
export type StepSegment = Segment & { readonly step: number }

/** More steps than this are not read one by one: each costs a query or two. */
const MAX_STEPS = 64

/**
 * The same for an answer in few wide steps: each step as a sum of its own, of the coarsest buckets that lie within it.
 * `undefined` when the steps are many, or no wider than the buckets: those are read all at once.
 */
export function planSteps(ask: ReadAsk & { readonly stepMs: number }): readonly StepSegment[] | undefined {
  const { fromMs, toMs, stepMs, nowMs, zone, dayZone } = ask
  const endMs = Math.min(toMs, nowMs + 1)
  const count = Math.ceil((endMs - fromMs) / stepMs)
  if (count > MAX_STEPS || stepMs % MINUTE_MS !== 0 || stepMs <= QUARTER_MS) return undefined
  return Array.from({ length: Math.max(0, count) }, (_, step) => {
    const atMs = fromMs + step * stepMs
    const parts = planRead({ fromMs: atMs, toMs: Math.min(atMs + stepMs, endMs), nowMs, zone, dayZone })
    return parts.map((segment) => ({ ...segment, step }))
  }).flat()
}

/** The past in four parts, cut at the beginnings of days, with the finest tier that is kept of each. */
function ages({ nowMs, zone }: ReadAsk): readonly { readonly untilMs: number; readonly finest: Tier }[] {
  const cut = (backMs: number) => ceilMs('day', nowMs - backMs, zone)
  return [
    { untilMs: cut(READ_MS.hour), finest: 'day' },
    { untilMs: cut(READ_MS.quarter), finest: 'hour' },
    { untilMs: cut(READ_MS.minute), finest: 'quarter' },
    { untilMs: Number.POSITIVE_INFINITY, finest: 'minute' },
  ]
}

/** May buckets of this tier be used for such an answer at all? */
function fits(tier: Tier, ask: ReadAsk): boolean {
  const { stepMs, dayZone, zone, fromMs } = ask
  if (dayZone !== zone && !isSameIn(dayZone, tier, ask)) return false
  if (stepMs === undefined) return true
  if (tier === 'day' || tier === 'sixhour') return false // not all of one length
  return stepMs % WIDTH_MS[tier] === 0 && bucketStartMs(tier, fromMs, zone) === fromMs
}

/** Do buckets of another zone begin at the same instants? Days never do for sure. */
function isSameIn(other: Zone | undefined, tier: Tier, { fromMs, zone }: ReadAsk): boolean {
  if (tier === 'quarter' || tier === 'minute') return true
  if (tier !== 'hour' || other === undefined) return false
  return bucketStartMs(tier, fromMs, other) === bucketStartMs(tier, fromMs, zone)
}

type Part = {
  readonly fromMs: number
  readonly toMs: number
  readonly tiers: readonly Tier[]
  readonly zone: Zone
}

function split({ fromMs, toMs, tiers, zone }: Part): readonly Segment[] {
  const [tier, ...finer] = tiers
  if (tier === undefined || fromMs >= toMs) return []
  if (finer.length === 0) return [{ tier, fromMs, toMs }]
  const firstMs = ceilMs(tier, fromMs, zone)
  const lastMs = bucketStartMs(tier, toMs, zone)
  if (firstMs >= lastMs) return split({ fromMs, toMs, tiers: finer, zone })
  return [
    ...split({ fromMs, toMs: firstMs, tiers: finer, zone }),
    { tier, fromMs: firstMs, toMs: lastMs },
    ...split({ fromMs: lastMs, toMs, tiers: finer, zone }),
  ]
}

/** First instant of a bucket that is not before `atMs`. */
function ceilMs(tier: Tier, atMs: number, zone: Zone): number {
  const startMs = bucketStartMs(tier, atMs, zone)
  if (startMs === atMs) return atMs
  if (tier === 'quarter' || tier === 'minute') return startMs + WIDTH_MS[tier]
  // A day of 25 hours needs the push, one of 23 does not overshoot by a whole day.
  if (tier !== 'hour') return bucketStartMs(tier, startMs + WIDTH_MS[tier] + 2 * HOUR_MS, zone)
  let nextMs = startMs + QUARTER_MS
  while (bucketStartMs('hour', nextMs, zone) === startMs) nextMs += QUARTER_MS
  return nextMs
}

function joined(segments: readonly Segment[]): readonly Segment[] {
  const result: Segment[] = []
  for (const segment of segments) {
    const last = result.at(-1)
    if (last?.tier === segment.tier && last.toMs === segment.fromMs)
      result[result.length - 1] = { ...last, toMs: segment.toMs }
    else result.push(segment)
  }
  return result
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by
}
