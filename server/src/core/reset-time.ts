import { type ErrorBody, readErrorBody } from './error-body.ts'
import { epochMs, isoDateMs, wholeMs } from './instant.ts'
import type { JsonScalar } from './json-scalars.ts'
import { durationMs, retryAfterMsUntilMs, retryAfterUntilMs, spentWindowUntilMs, windowUntilMs } from './retry-after.ts'
import type { Zone } from './zone.ts'

/** An instant the upstream named itself. `capped`: it lay beyond 7 days and was cut to that. */
export type NamedReset = { readonly untilMs: number; readonly capped: boolean }

export type ResetSource = {
  readonly headers: Headers | undefined
  /** Untrusted error body, without content encoding; only the first 64 KiB are looked at. */
  readonly body: Uint8Array | string | ErrorBody
  /** Wall clock, Unix ms. */
  readonly nowMs: number
  /** Where a time without offset is meant (codes 1308 and 1310). Absent = UTC. */
  readonly zone?: Zone
}

const MIN_WAIT_MS = 1_000
const MAX_WAIT_MS = 7 * 86_400_000
const QUOTA_CODES = ['1308', '1310'] // Zhipu and Z.ai: plan used up for the 5 hours, for the week or month
const WALL_DATE = /\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/
const CLAUDE_LIMIT = /usage limit reached\|(\d{10})/

const UNIT = '(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])'
const AMOUNT = `\\d{1,9}(?:\\.\\d{1,9})?\\s{0,2}${UNIT}`
const SPOKEN = new RegExp(
  `(?:retry|again|wait)\\s{1,3}(?:in |after |for )?\\s{0,2}(${AMOUNT}(?:[\\s,]{0,3}(?:and )?${AMOUNT}){0,4})`,
)
const BARE_SECONDS = /retry[ -]after:?\s{1,3}(\d{1,9}(?:\.\d{1,9})?)(?![\d.]|\s{0,2}[a-z])/
const CHINESE = /(\d{1,9})\s{0,2}(秒|分钟|小时|天)\s{0,2}(?:后|之后|以后)/
const CHINESE_UNITS_MS: Readonly<Record<string, number>> = { 秒: 1_000, 分钟: 60_000, 小时: 3_600_000, 天: 86_400_000 }
const UNIT_MS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|milli)/, 1],
  [/^s/, 1_000],
  [/^m/, 60_000],
  [/^h/, 3_600_000],
  [/^d/, 86_400_000],
]

/**
 * The instant an upstream named for coming back, from headers and body; it replaces the doubling of our own.
 *
 * What asks for a wait outright counts first, and of several such the latest: `Retry-After`, `retry-after-ms`, the
 * body's `resets_at`, `resets_in_seconds`, `reset_seconds`, `retry_after…`, Gemini `retryDelay`, codes 1308 and 1310
 * with a date, and the sentences "retry in 59.4s", "try again in 1m30s", "retry after 20 seconds". Only when there is
 * none, the spent rate-limit windows of `spentWindowUntilMs`.
 *
 * @returns  From 1 s to 7 days after `nowMs`; sooner or past counts as not named, later is cut and flagged.
 * Errors: none, whatever the input. Cost: linear.
 */
export function namedReset({ headers, body, nowMs, zone = 0 }: ResetSource): NamedReset | undefined {
  const read = isRead(body) ? body : readErrorBody(body)
  const asked = [
    retryAfterUntilMs(headers?.get('retry-after') ?? null, nowMs),
    retryAfterMsUntilMs(headers?.get('retry-after-ms') ?? null, nowMs),
    quotaDateMs(read, zone),
    spokenUntilMs(read, nowMs),
    ...read.scalars.map((scalar) => memberUntilMs(scalar, nowMs)),
  ]
  const window = headers === undefined ? undefined : spentWindowUntilMs(headers, nowMs)
  return latest(asked, nowMs) ?? latest([window], nowMs)
}

/**
 * When a used-up plan opens again: codes 1308 and 1310 with a date in their message.
 *
 * @returns  As `namedReset`; `undefined` for every other error, and for a date that is unreadable or past.
 */
export function quotaReset(body: ErrorBody, nowMs: number, zone: Zone = 0): NamedReset | undefined {
  return latest([quotaDateMs(body, zone)], nowMs)
}

/**
 * When to come back by a piece of text that a rule has cut out: seconds from now, a duration such as `1m30s`, a Unix
 * time in seconds or ms, or a date; without offset it is meant in `zone`.
 *
 * @returns  As `namedReset`.
 */
export function capturedReset(text: string, nowMs: number, zone: Zone = 0): NamedReset | undefined {
  return latest([isoDateMs(text.trim(), zone) ?? windowUntilMs(text, nowMs)], nowMs)
}

function latest(instants: readonly (number | undefined)[], nowMs: number): NamedReset | undefined {
  let untilMs = Number.NEGATIVE_INFINITY
  for (const instant of instants) if (instant !== undefined && instant > untilMs) untilMs = instant
  if (!(untilMs - nowMs >= MIN_WAIT_MS)) return undefined
  const capped = untilMs - nowMs > MAX_WAIT_MS
  return { untilMs: capped ? nowMs + MAX_WAIT_MS : untilMs, capped }
}

function isRead(body: ResetSource['body']): body is ErrorBody {
  return typeof body === 'object' && 'words' in body
}

function quotaDateMs(body: ErrorBody, zone: Zone): number | undefined {
  if (!QUOTA_CODES.includes(body.type) && !QUOTA_CODES.includes(body.code)) return undefined
  const date = WALL_DATE.exec(body.message.slice(0, 2_000))
  return date === null ? undefined : isoDateMs(date[0], zone)
}

function memberUntilMs({ key, value }: JsonScalar, nowMs: number): number | undefined {
  const number = typeof value === 'number' ? value : /^\d{1,15}(?:\.\d{1,9})?$/.test(value) ? Number(value) : undefined
  switch (key) {
    case 'resets_at':
    case 'reset_at':
    case 'resetsAt':
      return number === undefined ? isoDateMs(String(value), 0) : epochMs(number)
    case 'resets_in_seconds':
    case 'reset_seconds':
    case 'retry_after':
    case 'retry_after_seconds':
      return number === undefined ? undefined : nowMs + wholeMs(number, 1000)
    case 'retry_after_ms':
      return number === undefined ? undefined : nowMs + wholeMs(number, 1)
    case 'retryDelay': {
      const waitMs = durationMs(String(value))
      return waitMs === undefined ? undefined : nowMs + waitMs
    }
    default:
      return undefined
  }
}

function spokenUntilMs(body: ErrorBody, nowMs: number): number | undefined {
  const spoken = SPOKEN.exec(body.words)
  if (spoken?.[1] !== undefined) return nowMs + amountMs(spoken[1])
  const seconds = BARE_SECONDS.exec(body.words)
  if (seconds) return nowMs + wholeMs(Number(seconds[1]), 1000)
  const claude = CLAUDE_LIMIT.exec(body.words)
  if (claude) return epochMs(Number(claude[1]))
  const chinese = CHINESE.exec(body.words)
  return chinese ? nowMs + Number(chinese[1]) * (CHINESE_UNITS_MS[chinese[2] ?? ''] ?? 0) : undefined
}

function amountMs(spoken: string): number {
  let sumMs = 0
  for (const [, amount, unit = ''] of spoken.matchAll(/(\d{1,9}(?:\.\d{1,9})?)\s{0,2}([a-z]{1,12})/g)) {
    const unitMs = UNIT_MS.find(([form]) => form.test(unit))?.[1] ?? 0
    sumMs += Number(amount) * unitMs
  }
  return wholeMs(sumMs, 1)
}
