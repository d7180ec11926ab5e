import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readErrorBody } from './error-body.ts'
import { namedReset, quotaReset } from './reset-time.ts'

const NOW_MS = Date.UTC(2026, 0, 22, 10, 0, 0)
const DAY_MS = 86_400_000

/** Seconds from now that were named by these headers and this body; `undefined` when none were. */
function namedS(headers: Record<string, string>, body: unknown = '', zone: number | string = 0): number | undefined {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const named = namedReset({ headers: new Headers(headers), body: text, nowMs: NOW_MS, zone })
  return named === undefined ? undefined : (named.untilMs - NOW_MS) / 1000
}

describe('headers', () => {
  test.each([
    [{ 'retry-after': '120' }, 120],
    [{ 'retry-after': ' 7 ' }, 7],
    [{ 'retry-after': '1.5' }, 1.5],
    [{ 'retry-after': 'Thu, 22 Jan 2026 10:00:30 GMT' }, 30],
    [{ 'retry-after': 'Thursday, 22-Jan-26 10:00:30 GMT' }, 30],
    [{ 'retry-after': 'Thu Jan 22 10:00:30 2026' }, 30],
    [{ 'retry-after-ms': '2500' }, 2.5],
    [{ 'anthropic-ratelimit-requests-reset': '2026-01-22T10:01:00Z' }, 60],
    [{ 'anthropic-ratelimit-unified-reset': '1769076090' }, 90],
    [{ 'x-ratelimit-reset-requests': '6m0s' }, 360],
    [{ 'x-ratelimit-reset-tokens': '1s' }, 1],
    [{ 'x-ratelimit-reset-tokens': '1h2m3.5s' }, 3723.5],
    [{ 'x-ratelimit-reset-requests': '45' }, 45],
    [{ 'x-ratelimit-reset': '1769076020000' }, 20],
    [{ 'x-ratelimit-reset': '1769076020' }, 20],
    [{ 'ratelimit-reset': '33' }, 33],
  ] as [Record<string, string>, number][])('%p names %p seconds', (headers, seconds) => {
    expect(namedS(headers)).toBe(seconds)
  })

  test.each([
    [{ 'retry-after': '0' }],
    [{ 'retry-after': '-5' }],
    [{ 'retry-after': '' }],
    [{ 'retry-after': 'soon' }],
    [{ 'retry-after': '1e9' }],
    [{ 'retry-after': '0x10' }],
    [{ 'retry-after': 'Thu, 22 Jan 2026 09:59:59 GMT' }],
    [{ 'retry-after': 'Thu, 32 Jan 2026 10:00:30 GMT' }],
    [{ 'retry-after': 'Thu, 22 Foo 2026 10:00:30 GMT' }],
    [{ 'retry-after-ms': '999' }],
    [{ 'x-ratelimit-reset-tokens': '20ms' }],
    [{ 'x-ratelimit-reset-tokens': 'm6' }],
    [{ 'x-ratelimit-reset-tokens': 's' }],
    [{ 'anthropic-ratelimit-requests-reset': '2026-02-30T10:01:00Z' }],
    [{ 'anthropic-ratelimit-requests-reset': 'tomorrow' }],
  ] as [Record<string, string>][])('%p names nothing', (headers) => {
    expect(namedS(headers)).toBeUndefined()
  })
})

describe('several rate-limit windows', () => {
  test('the spent one counts, not the one that is open for longer', () => {
    const openAi = {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '12s',
      'x-ratelimit-remaining-tokens': '149984',
      'x-ratelimit-reset-tokens': '6m0s',
    }
    expect(namedS(openAi)).toBe(12)
  })

  test('of two spent ones the later', () => {
    const anthropic = {
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-01-22T10:00:20Z',
      'anthropic-ratelimit-output-tokens-remaining': '0',
      'anthropic-ratelimit-output-tokens-reset': '2026-01-22T10:00:50Z',
    }
    expect(namedS(anthropic)).toBe(50)
  })

  test('windows that all have something left say nothing: they come with every answer, also with a 500', () => {
    const healthy = { 'x-ratelimit-remaining-requests': '199', 'x-ratelimit-reset-requests': '8.64s' }
    expect(namedS(healthy)).toBeUndefined()
  })

  test('a window that says rejected counts, its neighbour that says allowed does not', () => {
    const unified = {
      'anthropic-ratelimit-unified-5h-status': 'rejected',
      'anthropic-ratelimit-unified-5h-reset': '1769076100',
      'anthropic-ratelimit-unified-7d-status': 'allowed_warning',
      'anthropic-ratelimit-unified-7d-reset': '1769476100',
    }
    expect(namedS(unified)).toBe(100)
  })

  test('Retry-After is more to the point than any window', () => {
    expect(namedS({ 'retry-after': '5', 'x-ratelimit-reset-requests': '6m0s' })).toBe(5)
  })
})

describe('bodies', () => {
  test.each([
    [{ error: { type: 'usage_limit_reached', resets_at: 1_769_079_600 } }, 3600],
    [{ error: { resets_at: 1_769_079_600_500 } }, 3600.5],
    [{ error: { resets_at: '2026-01-22T11:00:00+00:00' } }, 3600],
    [{ error: { resets_at: '2026-01-22T19:00:00+08:00' } }, 3600],
    [{ error: { type: 'usage_limit_reached', resets_in_seconds: 86_400 } }, 86_400],
    [{ resets_in_seconds: '90' }, 90],
    [{ error: { reset_seconds: 12.5 } }, 12.5],
    [{ retry_after: 30 }, 30],
    [{ error: { details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '59.447s' }] } }, 59.447],
    [[{ error: { code: 429, details: [{ retryDelay: '34s' }] } }], 34],
    [{ error: { message: 'Please retry in 59.447185s.' } }, 59.448],
    [{ error: { message: 'Rate limit reached. Please try again in 1m30s. Visit…' } }, 90],
    [{ error: { message: 'Please try again in 2 hours and 5 minutes' } }, 7500],
    [{ error: { message: 'Please retry after 20 seconds.' } }, 20],
    [{ error: { message: 'retry after 45' } }, 45],
    [{ error: { message: 'Too many requests, please wait 3 minutes' } }, 180],
    [{ error: { message: '请求过于频繁,请在 30 秒后重试' } }, 30],
    ['Claude AI usage limit reached|1769079600', 3600],
    ['Too Many Requests, retry after 10 seconds', 10],
    ['event: error\ndata: {"error":{"message":"try again in 5s"}}\n\n', 5],
  ] as [unknown, number][])('%p names %p seconds', (body, seconds) => {
    expect(namedS({}, body)).toBe(seconds)
  })

  test.each([
    [''],
    ['{'],
    [{ error: { message: 'try again later' } }],
    [{ error: { message: 'try again in 6ms' } }],
    [{ error: { message: 'gpt-4 retry budget 3 of 5' } }],
    [{ error: { resets_at: 3600 } }],
    [{ error: { resets_at: -1 } }],
    [{ error: { resets_at: null } }],
    [{ error: { resets_at: '2026-01-22T09:00:00Z' } }],
    [{ error: { resets_in_seconds: 'many' } }],
    [{ error: { resets_in_seconds: -60 } }],
    [{ error: { message: 'seen at 2026-01-22 11:00:00' } }],
    ['{"note":"{\\"resets_in_seconds\\":90}"}'],
  ] as [unknown][])('%p names nothing', (body) => {
    expect(namedS({}, body)).toBeUndefined()
  })

  test('of several that ask outright the latest is obeyed', () => {
    expect(namedS({ 'retry-after': '10' }, { error: { resets_in_seconds: 18_000 } })).toBe(18_000)
    expect(namedS({ 'retry-after': '60' }, { error: { message: 'try again in 2s' } })).toBe(60)
  })
})

describe('used-up plans, codes 1308 and 1310', () => {
  const message = '已达到 5 小时的使用上限。您的限额将在 2026-01-22 18:08:11 重置。'

  test.each([
    [{ error: { type: '1308', message } }],
    [{ error: { code: '1308', message } }],
    [{ error: { code: 1308, message } }],
    [{ error: { code: '1310', message } }],
    [{ type: 'error', error: { type: '1308', message } }],
  ])('%p opens at the date as read in the given zone', (body) => {
    expect(namedS({}, body, 480)).toBe(8 * 60 + 11)
    expect(namedS({}, body, 'Asia/Shanghai')).toBe(8 * 60 + 11)
    expect(namedS({}, body, 0)).toBe(8 * 3600 + 8 * 60 + 11)
  })

  test('a date that is past, absurd or missing is no quota, and another code never is', () => {
    for (const date of ['2026-01-22 09:00:00', '2026-13-45 99:00:00', 'soon']) {
      const body = readErrorBody(JSON.stringify({ error: { code: '1308', message: `until ${date}` } }))
      expect(quotaReset(body, NOW_MS)).toBeUndefined()
    }
    const other = readErrorBody(JSON.stringify({ error: { code: '1302', message } }))
    expect(quotaReset(other, NOW_MS)).toBeUndefined()
  })
})

describe('bounds', () => {
  test('seven days are kept, a second more is cut to seven days and flagged', () => {
    const headers = (seconds: number): Headers => new Headers({ 'retry-after': String(seconds) })
    const week = namedReset({ headers: headers(604_800), body: '', nowMs: NOW_MS })
    expect(week).toEqual({ untilMs: NOW_MS + 7 * DAY_MS, capped: false })
    const more = namedReset({ headers: headers(604_801), body: '', nowMs: NOW_MS })
    expect(more).toEqual({ untilMs: NOW_MS + 7 * DAY_MS, capped: true })
  })

  test('one second is accepted, less is not', () => {
    expect(namedS({ 'retry-after-ms': '1000' })).toBe(1)
    expect(namedS({ 'retry-after-ms': '999' })).toBeUndefined()
  })

  test('no input throws, and every answer lies from 1 s to 7 days ahead', () => {
    const piece = fc.constantFrom(
      'retry after ',
      'try again in ',
      '9',
      '1m30s',
      '999999999',
      ' days',
      '"',
      '{',
      '}',
      '[',
      '\\',
      ':',
      'resets_at',
      '"resets_in_seconds":',
      '1308',
      '2026-01-22 10:00:05',
      'e99',
      '.',
      '-',
      '\u0000',
      '秒后',
      '\ud800',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join('')),
    )
    const value = fc.string().map((raw) => raw.replace(/[^\x20-\x7e]/g, ''))
    const name = fc.constantFrom(
      'retry-after',
      'retry-after-ms',
      'x-ratelimit-reset-tokens',
      'anthropic-ratelimit-x-reset',
    )
    const zone = fc.oneof(fc.integer({ min: -840, max: 840 }), fc.constantFrom('Asia/Shanghai', 'Nowhere/Land', ''))
    fc.assert(
      fc.property(text, name, value, zone, (body, header, raw, where) => {
        const headers = new Headers({ [header]: raw })
        const named = namedReset({ headers, body, nowMs: NOW_MS, zone: where })
        if (named === undefined) return
        expect(named.untilMs - NOW_MS).toBeGreaterThanOrEqual(1_000)
        expect(named.untilMs - NOW_MS).toBeLessThanOrEqual(7 * DAY_MS)
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    ['quotes', '"\\'.repeat(500_000)],
    ['open brackets', '['.repeat(1_000_000)],
    ['digits', `{"resets_at":${'9'.repeat(1_000_000)}`],
    ['half sentences', 'retry in 1 m, and 1 m, '.repeat(50_000)],
    ['durations', `try again in ${'1h'.repeat(500_000)}`],
  ])('a megabyte of %s costs milliseconds', (_, body) => {
    const startedMs = performance.now()
    namedReset({ headers: new Headers({ 'x-ratelimit-reset-a': body.slice(0, 10_000) }), body, nowMs: NOW_MS })
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })
})
