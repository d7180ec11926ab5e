/** Minutes east of UTC (480 = UTC+8), or an IANA name such as `Asia/Shanghai`. */
export type Zone = number | string

/**
 * A date and time as a wall clock shows it. `month` 1..12; `day` may run over (32 = the 1st or so of the next month).
 */
export type WallTime = {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const MINUTE_MS = 60_000
const HALF_DAY_MS = 43_200_000
const MAX_FORMATS = 64 // zones in use are one or two; the bound is for hostile names

const QUARTER_MS = 900_000
/** From here on clocks were only ever set at quarter-hours of UTC. */
const QUARTERS_SINCE_MS = Date.UTC(1990, 0, 1)
const MAX_OFFSETS = 4_096

let offsets: { readonly zone: string; readonly byQuarter: Map<number, number> } = { zone: '', byQuarter: new Map() }
const formats = new Map<string, Intl.DateTimeFormat | undefined>()

/** True for a name that `Intl` knows, so that a configured zone can be refused at its border. */
export function isZoneName(name: string): boolean {
  return formatOf(name) !== undefined
}

/**
 * What a clock in `zone` shows at `atMs` (Unix ms). An unknown zone counts as UTC. Never throws for finite instants.
 */
export function wallTimeAt(atMs: number, zone: Zone): WallTime {
  const local = new Date(atMs + offsetMs(atMs, zone))
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
  }
}

/**
 * The Unix ms at which a clock in `zone` shows `wall`.
 *
 * Shown twice (clocks went back): the earlier. Never shown (clocks went forward): the instant as far after the jump as
 * the time lies inside the gap, so a missing midnight is the first instant of its day.
 */
export function instantOfWallTime(wall: WallTime, zone: Zone): number {
  const asUtcMs = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second)
  const before = asUtcMs - offsetMs(asUtcMs - HALF_DAY_MS, zone)
  const after = asUtcMs - offsetMs(asUtcMs + HALF_DAY_MS, zone)
  if (before + offsetMs(before, zone) === asUtcMs) return before
  return after + offsetMs(after, zone) === asUtcMs ? after : before
}

/** Asking `Intl` takes 3 µs, and a day's bookkeeping asks for the same quarter-hours thousands of times. */
function offsetMs(atMs: number, zone: Zone): number {
  if (typeof zone === 'number') return zone * MINUTE_MS
  if (atMs < QUARTERS_SINCE_MS) return askedOffsetMs(atMs, zone)
  const quarter = Math.floor(atMs / QUARTER_MS)
  if (offsets.zone !== zone || offsets.byQuarter.size >= MAX_OFFSETS) offsets = { zone, byQuarter: new Map() }
  const known = offsets.byQuarter.get(quarter)
  if (known !== undefined) return known
  const found = askedOffsetMs(atMs, zone)
  offsets.byQuarter.set(quarter, found)
  return found
}

function askedOffsetMs(atMs: number, zone: string): number {
  const format = formatOf(zone)
  if (format === undefined) return 0
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  const wholeSecondMs = Math.floor(atMs / 1000) * 1000
  for (const { type, value } of format.formatToParts(wholeSecondMs)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecondMs
}

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  if (formats.has(name)) return formats.get(name)
  if (formats.size >= MAX_FORMATS) formats.clear()
  const format = newFormat(name)
  formats.set(name, format)
  return format
}

function newFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch {
    return undefined // RangeError is how Intl says "no such zone"; there is no other test for it
  }
}
