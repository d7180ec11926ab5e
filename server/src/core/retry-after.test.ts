import { describe, expect, test } from 'bun:test'
import { durationMs, isRetryAfterLong, retryAfterUntilMs, spentWindowUntilMs } from './retry-after.ts'

const NOW_MS = Date.UTC(2026, 0, 22, 10, 0, 0)

describe('Retry-After', () => {
  test('seconds count from now, a date is itself, also when past', () => {
    expect(retryAfterUntilMs('120', NOW_MS)).toBe(NOW_MS + 120_000)
    expect(retryAfterUntilMs('Thu, 22 Jan 2026 09:00:00 GMT', NOW_MS)).toBe(NOW_MS - 3_600_000)
  })

  test.each([null, '', '-5', 'NaN', 'Infinity', '1e3', '5 s', '22 Jan', 'Thu, 22 Jan 2026'])(
    '%p says nothing',
    (raw) => {
      expect(retryAfterUntilMs(raw, NOW_MS)).toBeUndefined()
    },
  )

  test('more than a minute, and a date, are taken for a limit of the whole account; a minute is not', () => {
    expect(isRetryAfterLong('60')).toBe(false)
    expect(isRetryAfterLong('61')).toBe(true)
    expect(isRetryAfterLong('Thu, 22 Jan 2026 09:00:00 GMT')).toBe(true)
    for (const raw of [null, '', 'garbage', '-61']) expect(isRetryAfterLong(raw)).toBe(false)
  })
})

describe('durations', () => {
  test.each([
    ['6m0s', 360_000],
    ['1s', 1_000],
    ['20ms', 20],
    ['7.66s', 7_660],
    ['2m59.56s', 179_560],
    ['1d2h', 93_600_000],
    ['0.0001s', 1],
    ['0s', 0],
  ])('%p is %p ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms)
  })

  test.each(['', 's', '6', 'm6', '6 m', '-1s', '1s2m', '1.5m', `${'1'.repeat(70)}s`])('%p is none', (text) => {
    expect(durationMs(text)).toBeUndefined()
  })
})

describe('windows', () => {
  test('extra paid use does not stop a call, so its monthly reset is not waited for', () => {
    const headers = new Headers({
      'anthropic-ratelimit-unified-overage-status': 'rejected',
      'anthropic-ratelimit-unified-overage-reset': '1770000000',
    })
    expect(spentWindowUntilMs(headers, NOW_MS)).toBeUndefined()
  })

  test('headers of other names and unreadable values are passed over', () => {
    const headers = new Headers({ 'x-reset': '5', 'anthropic-ratelimit-a-reset': '', 'x-ratelimit-reset-b': 'x' })
    expect(spentWindowUntilMs(headers, NOW_MS)).toBeUndefined()
  })
})
