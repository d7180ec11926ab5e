import { instantOfWallTime, wallTimeAt, type Zone } from './zone.ts'

export type RangeName =
  | 'today'
  | 'yesterday'
  | 'day_before_yesterday'
  | 'this_week'
  | 'last_week'
  | 'this_month'
  | 'last_month'

/** Half-open [fromMs, toMs), Unix ms. */
export type TimeRange = { readonly fromMs: number; readonly toMs: number }

type Day = { readonly year: number; readonly month: number; readonly day: number }
/** First day, and the day after the last; without one the range still runs. */
type Days = { readonly from: Day; readonly to?: Day }

const DAYS: Readonly<Record<RangeName, (today: Day) => Days>> = {
  today: (today) => ({ from: today }),
  yesterday: (today) => ({ from: plusDays(today, -1), to: today }),
  day_before_yesterday: (today) => ({ from: plusDays(today, -2), to: plusDays(today, -1) }),
  this_week: (today) => ({ from: mondayOf(today) }),
  last_week: (today) => ({ from: plusDays(mondayOf(today), -7), to: mondayOf(today) }),
  this_month: (today) => ({ from: { ...today, day: 1 } }),
  last_month: (today) => ({ from: monthBefore(today), to: { ...today, day: 1 } }),
}

/** `text`, blanks aside, as a range name; empty and unknown mean today. */
export function rangeNameOf(text: string | undefined): RangeName {
  const name = (text ?? '').trim()
  return isRangeName(name) ? name : 'today'
}

/**
 * From when to when a named range lasts in a zone. Days are calendar days: 23 or 25 hours where clocks change. Weeks
 * start on Monday. A range that still runs ends just after `nowMs`, so that a row of this very millisecond is in it.
 *
 * @param name  Empty and unknown mean today.
 * @param zone  An unknown zone counts as UTC.
 */
export function timeRange(name: string | undefined, nowMs: number, zone: Zone): TimeRange {
  const { from, to } = DAYS[rangeNameOf(name)](wallTimeAt(nowMs, zone))
  return { fromMs: startOf(from, zone), toMs: to === undefined ? nowMs + 1 : startOf(to, zone) }
}

/** First instant of the day that `atMs` lies in, Unix ms: where daily limits begin anew. */
export function startOfDayMs(atMs: number, zone: Zone): number {
  return startOf(wallTimeAt(atMs, zone), zone)
}

/** First instant of the day after the one that `atMs` lies in, Unix ms. */
export function endOfDayMs(atMs: number, zone: Zone): number {
  return startOf(plusDays(wallTimeAt(atMs, zone), 1), zone)
}

/** First instant of the month that `atMs` lies in, Unix ms. */
export function startOfMonthMs(atMs: number, zone: Zone): number {
  return startOf({ ...wallTimeAt(atMs, zone), day: 1 }, zone)
}

/** First instant of the month after it. */
export function endOfMonthMs(atMs: number, zone: Zone): number {
  return startOf(monthAfter(wallTimeAt(atMs, zone)), zone)
}

function isRangeName(name: string): name is RangeName {
  return Object.hasOwn(DAYS, name)
}

function startOf({ year, month, day }: Day, zone: Zone): number {
  return instantOfWallTime({ year, month, day, hour: 0, minute: 0, second: 0 }, zone)
}

function plusDays({ year, month, day }: Day, days: number): Day {
  const date = new Date(Date.UTC(year, month - 1, day + days))
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

function mondayOf(day: Day): Day {
  const weekday = new Date(Date.UTC(day.year, day.month - 1, day.day)).getUTCDay()
  return plusDays(day, -((weekday + 6) % 7))
}

/** The first of the month before; never "today minus one month", which on the 31st lands in this month. */
function monthBefore({ year, month }: Day): Day {
  return month === 1 ? { year: year - 1, month: 12, day: 1 } : { year, month: month - 1, day: 1 }
}

function monthAfter({ year, month }: Day): Day {
  return month === 12 ? { year: year + 1, month: 1, day: 1 } : { year, month: month + 1, day: 1 }
}
