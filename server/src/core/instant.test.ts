import { describe, expect, test } from 'bun:test'
import { epochMs, httpDateMs, isoDateMs, wholeMs } from './instant.ts'

const NOW_MS = Date.UTC(2026, 0, 22, 10, 0, 0)

describe('HTTP dates', () => {
  test('the three forms of RFC 9110 name the same instant', () => {
    const forms = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']
    for (const form of forms) expect(httpDateMs(form, NOW_MS)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37))
  })

  test('a two-digit year is never more than fifty years ahead', () => {
    expect(httpDateMs('Thursday, 22-Jan-75 10:00:00 GMT', NOW_MS)).toBe(Date.UTC(2075, 0, 22, 10))
    expect(httpDateMs('Thursday, 22-Jan-77 10:00:00 GMT', NOW_MS)).toBe(Date.UTC(1977, 0, 22, 10))
  })

  test.each([
    '',
    '-5',
    '1.5',
    '120',
    'Sun, 31 Feb 2026 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:49:37 EST',
    'Sun, 06 Nov 1994',
    'x'.repeat(100_000),
  ])('%p is none', (text) => {
    expect(httpDateMs(text, NOW_MS)).toBeUndefined()
  })
})

describe('ISO dates', () => {
  test.each([
    ['2026-01-22T10:00:00Z', NOW_MS],
    ['2026-01-22t10:00:00z', NOW_MS],
    ['2026-01-22 10:00:00+00:00', NOW_MS],
    ['2026-01-22T18:00:00+08:00', NOW_MS],
    ['2026-01-22T04:30:00-0530', NOW_MS],
    ['2026-01-22T10:00:00.123456789Z', NOW_MS + 124],
    ['2026-01-22T10:00:00.5Z', NOW_MS + 500],
    ['2026-01-22T10:00Z', NOW_MS],
  ])('%p', (text, expected) => {
    expect(isoDateMs(text, 0)).toBe(expected)
  })

  test('a time without offset is meant in the given zone', () => {
    expect(isoDateMs('2026-01-22 18:00:00', 480)).toBe(NOW_MS)
    expect(isoDateMs('2026-01-22 18:00:00', 'Asia/Shanghai')).toBe(NOW_MS)
    expect(isoDateMs('2026-01-22 10:00:00Z', 480)).toBe(NOW_MS)
  })

  test.each([
    '',
    '2026-02-29 10:00:00',
    '2026-13-01 10:00:00',
    '2026-01-00 10:00:00',
    '2026-01-22 25:00:00',
    '2026-01-22',
    '26-01-22 10:00:00',
    '2026-01-22 10:00:00 and more',
  ])('%p is none', (text) => {
    expect(isoDateMs(text, 0)).toBeUndefined()
  })
})

describe('numbers', () => {
  test('seconds and milliseconds of Unix time are told apart by size', () => {
    expect(epochMs(1_769_076_000)).toBe(NOW_MS)
    expect(epochMs(1_769_076_000_000)).toBe(NOW_MS)
    expect(epochMs(1_769_076_000.5)).toBe(NOW_MS + 500)
  })

  test.each([0, -1, 3600, 999_999_999, Number.NaN, Number.POSITIVE_INFINITY])('%p is no Unix time', (value) => {
    expect(epochMs(value)).toBeUndefined()
  })

  test('parts of a ms round up, float errors do not', () => {
    expect(wholeMs(59.447, 1000)).toBe(59_447)
    expect(wholeMs(59.447185, 1000)).toBe(59_448)
    expect(wholeMs(0.0001, 1000)).toBe(1)
  })
})
