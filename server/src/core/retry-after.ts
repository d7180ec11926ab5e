import { epochMs, httpDateMs, isoDateMs, wholeMs } from './instant.ts'

const MAX_HEADERS = 200
const MAX_VALUE_CHARS = 64
const SHORT_WAIT_S = 60
const PLAIN_NUMBER = /^\d{1,15}(?:\.\d{1,9})?$/
const DURATION =
  /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/
const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000, 1]
const WINDOW = /^((?:anthropic-ratelimit|x-ratelimit)-[a-z0-9-]{1,60})-reset$/
const X_WINDOW = /^x-ratelimit-reset-([a-z0-9-]{1,60})$/
const EXHAUSTED_STATUS = ['rejected', 'exceeded', 'blocked']

/**
 * When an upstream asks us to come back, from its `Retry-After` header.
 *
 * @param value  Raw header, untrusted: delay in **seconds** ("120"; a fraction is tolerated) or an HTTP-date.
 * @param nowMs  Wall clock, Unix ms. Must be wall time: an HTTP-date is absolute.
 * @returns      Unix **ms**, also when that is past. `undefined` when absent or unreadable; never NaN.
 * Errors: none; an upstream's bad header must not fail a client's request.
 * Source: RFC 9110 §10.2.3.
 */
export function retryAfterUntilMs(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined
  const text = value.trim()
  if (PLAIN_NUMBER.test(text)) return nowMs + wholeMs(Number(text), 1000)
  return httpDateMs(text, nowMs)
}

/** True when `Retry-After` names more than 60 s or a date: a limit of that size is taken for the whole account's. */
export function isRetryAfterLong(value: string | null): boolean {
  const text = value?.trim() ?? ''
  return PLAIN_NUMBER.test(text) ? Number(text) > SHORT_WAIT_S : httpDateMs(text, 0) !== undefined
}

/** `Retry-After-Ms` of the OpenAI and Azure APIs: a delay in ms. Unix ms, `undefined` when absent or unreadable. */
export function retryAfterMsUntilMs(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? ''
  return PLAIN_NUMBER.test(text) ? nowMs + wholeMs(Number(text), 1) : undefined
}

/**
 * When the rate-limit window that stopped us opens again, from `anthropic-ratelimit-*-reset`, `x-ratelimit-reset-*`,
 * `x-ratelimit-reset` and `ratelimit-reset`.
 *
 * Vendors send these on every answer, for several windows, spent or not. So a window counts when it is known to be
 * spent (its `-remaining` is 0, or its `-status` says rejected); when none is, those that say nothing about what
 * remains; a window with something left never. Of several that count the latest, because the call needs all of them.
 *
 * @returns  Unix ms; `undefined` when no window counts.
 * Source: Anthropic "Rate limits", OpenAI "Rate limits" (headers), draft-ietf-httpapi-ratelimit-headers-07.
 */
export function spentWindowUntilMs(headers: Headers, nowMs: number): number | undefined {
  const spent: number[] = []
  const untold: number[] = []
  let seen = 0
  for (const [name, value] of headers) {
    if (++seen > MAX_HEADERS) break
    const window = windowOf(name)
    const untilMs = window === undefined ? undefined : windowUntilMs(value, nowMs)
    if (window === undefined || untilMs === undefined) continue
    const left = leftIn(window, headers)
    if (left === 'nothing') spent.push(untilMs)
    if (left === 'untold') untold.push(untilMs)
  }
  const counted = spent.length > 0 ? spent : untold
  return counted.length > 0 ? Math.max(...counted) : undefined
}

/**
 * A duration as Go and OpenAI write it: `6m0s`, `1s`, `20ms`, `1h2m3.5s`. In ms, rounded up; `undefined` when it is
 * none.
 */
export function durationMs(text: string): number | undefined {
  if (text === '' || text.length > MAX_VALUE_CHARS) return undefined
  const found = DURATION.exec(text.trim().toLowerCase())
  if (!found || found[0] === '') return undefined
  return wholeMs(
    UNITS_MS.reduce((sum, unitMs, at) => sum + Number(found[at + 1] ?? 0) * unitMs, 0),
    1,
  )
}

type Window = { readonly remaining: string; readonly status: string }

function windowOf(name: string): Window | undefined {
  if (name.includes('-overage-')) return undefined // extra paid use, not what stops a call
  if (name === 'x-ratelimit-reset' || name === 'ratelimit-reset') {
    return { remaining: name.replace('reset', 'remaining'), status: '' }
  }
  const x = X_WINDOW.exec(name)
  if (x) return { remaining: `x-ratelimit-remaining-${x[1]}`, status: '' }
  const window = WINDOW.exec(name)
  return window ? { remaining: `${window[1]}-remaining`, status: `${window[1]}-status` } : undefined
}

function leftIn(window: Window, headers: Headers): 'nothing' | 'something' | 'untold' {
  const status = window.status === '' ? null : headers.get(window.status)
  if (status !== null) return EXHAUSTED_STATUS.includes(status.toLowerCase()) ? 'nothing' : 'something'
  const remaining = headers.get(window.remaining)
  if (remaining === null) return 'untold'
  return Number(remaining) <= 0 ? 'nothing' : 'something'
}

/** A date, a duration, seconds from now, or a Unix time: told apart by form and size. Unix ms; `undefined` = none of them. */
export function windowUntilMs(value: string, nowMs: number): number | undefined {
  const text = value.trim()
  if (PLAIN_NUMBER.test(text)) return epochMs(Number(text)) ?? nowMs + wholeMs(Number(text), 1000)
  const waitMs = durationMs(text)
  return waitMs === undefined ? (isoDateMs(text, 0) ?? httpDateMs(text, nowMs)) : nowMs + waitMs
}
