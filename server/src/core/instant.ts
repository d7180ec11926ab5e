import { instantOfWallTime, type Zone } from './zone.ts'

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MAX_TEXT_CHARS = 64
const DAY_MS = 86_400_000
const FIFTY_YEARS_MS = 50 * 365.25 * DAY_MS
const EARLIEST_EPOCH_S = 1e9 // 2001: a smaller number is a delay or nonsense
const EARLIEST_EPOCH_MS = 1e11 // as seconds this would be the year 5138

const IMF = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:gmt|utc)$/
const RFC850 = /^[a-z]{6,9}, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) (?:gmt|utc)$/
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s?(?:(Z|z)|([+-])(\d{2}):?(\d{2}))?$/

/**
 * An HTTP-date in any of its three forms, as Unix ms; `undefined` when it is none.
 *
 * @param nowMs  Decides the century of the obsolete two-digit year: never more than 50 years ahead.
 * Source: RFC 9110 §5.6.7. Own parser, because `Date.parse` takes the asctime form for local time, and "-5" for a date.
 */
export function httpDateMs(text: string, nowMs: number): number | undefined {
  if (text.length > MAX_TEXT_CHARS) return undefined
  const value = text.trim().toLowerCase()
  const imf = IMF.exec(value)
  if (imf) return utcMs([imf[3], imf[2], imf[1], imf[4], imf[5], imf[6]])
  const asctime = ASCTIME.exec(value)
  if (asctime) return utcMs([asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]])
  const old = RFC850.exec(value)
  if (!old) return undefined
  const recent = utcMs([`20${old[3]}`, old[2], old[1], old[4], old[5], old[6]])
  if (recent === undefined || recent - nowMs <= FIFTY_YEARS_MS) return recent
  return utcMs([`19${old[3]}`, old[2], old[1], old[4], old[5], old[6]])
}

/**
 * A date and time such as `2026-01-22T10:00:00Z` or `2026-01-22 18:00:00`, as Unix ms; `undefined` when it is none.
 *
 * @param zone  Where a time without offset is meant.
 * Source: RFC 3339 §5.6, with the blank it allows and offset and seconds optional.
 */
export function isoDateMs(text: string, zone: Zone): number | undefined {
  if (text.length > MAX_TEXT_CHARS) return undefined
  const found = ISO.exec(text.trim())
  if (!found) return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((at) => Number(found[at] ?? 0)) as Six
  if (!isReal([year, month, day, hour, minute, second])) return undefined
  const fractionMs = found[7] === undefined ? 0 : wholeMs(Number(`0.${found[7]}`), 1000)
  const offsetMinutes = Number(`${found[9] ?? '+'}${Number(found[10] ?? 0) * 60 + Number(found[11] ?? 0)}`)
  const where = found[8] !== undefined ? 0 : found[9] !== undefined ? offsetMinutes : zone
  return instantOfWallTime({ year, month, day, hour, minute, second }, where) + fractionMs
}

/**
 * A Unix time in seconds or milliseconds, told apart by size, as Unix ms; `undefined` when it is too small for either.
 */
export function epochMs(value: number): number | undefined {
  if (!Number.isFinite(value) || value < EARLIEST_EPOCH_S) return undefined
  return Math.ceil(value < EARLIEST_EPOCH_MS ? value * 1000 : value)
}

/**
 * An amount of a unit as whole ms, rounded up, but not by a mere float error (59.447 s are 59,447 ms).
 *
 * @param amount  Finite and not negative.
 */
export function wholeMs(amount: number, unitMs: number): number {
  return Math.ceil(Math.round(amount * unitMs * 1000) / 1000)
}

type Six = [number, number, number, number, number, number]

function utcMs(parts: readonly (string | undefined)[]): number | undefined {
  const month = MONTHS.indexOf(parts[1] ?? '') + 1
  const fields = parts.map(Number)
  fields[1] = month
  const [year, , day, hour, minute, second] = fields as Six
  return isReal([year, month, day, hour, minute, second])
    ? Date.UTC(year, month - 1, day, hour, minute, second)
    : undefined
}

function isReal([year, month, day, hour, minute, second]: Six): boolean {
  if (hour > 23 || minute > 59 || second > 60) return false // 60 = leap second
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
