import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { endOfDayMs, endOfMonthMs, rangeNameOf, startOfDayMs, startOfMonthMs, timeRange } from './time-range.ts'

/** From and to as an ISO text, of a range seen at `now`. */
function range(name: string, now: string, zone: number | string = 'UTC'): [string, string] {
  const { fromMs, toMs } = timeRange(name, Date.parse(now), zone)
  return [new Date(fromMs).toISOString(), new Date(toMs).toISOString()]
}

describe('ranges', () => {
  // 2026-01-22 is a Thursday
  test.each([
    ['yesterday', '2026-01-21', '2026-01-22'],
    ['day_before_yesterday', '2026-01-20', '2026-01-21'],
    ['last_week', '2026-01-12', '2026-01-19'],
    ['last_month', '2025-12-01', '2026-01-01'],
  ])('%s on 22 January lasts from %s to the first instant of %s', (name, from, to) => {
    expect(range(name, '2026-01-22T10:00:00Z')).toEqual([`${from}T00:00:00.000Z`, `${to}T00:00:00.000Z`])
  })

  test.each([
    ['today', '2026-01-22'],
    ['this_week', '2026-01-19'],
    ['this_month', '2026-01-01'],
    ['', '2026-01-22'],
    ['  today ', '2026-01-22'],
    ['all', '2026-01-22'],
    ['constructor', '2026-01-22'],
  ])('%p on 22 January began on %s and holds this very millisecond', (name, from) => {
    expect(range(name, '2026-01-22T10:00:00Z')).toEqual([`${from}T00:00:00.000Z`, '2026-01-22T10:00:00.001Z'])
  })

  test('the week of a Sunday began six days ago, that of a Monday today', () => {
    expect(range('this_week', '2026-01-25T23:59:59Z')[0]).toBe('2026-01-19T00:00:00.000Z')
    expect(range('this_week', '2026-01-26T00:00:00Z')[0]).toBe('2026-01-26T00:00:00.000Z')
  })

  test.each([
    ['2026-03-29T12:00:00Z', '2026-02-01', '2026-03-01'],
    ['2026-03-31T12:00:00Z', '2026-02-01', '2026-03-01'],
    ['2026-05-31T12:00:00Z', '2026-04-01', '2026-05-01'],
    ['2026-01-31T12:00:00Z', '2025-12-01', '2026-01-01'],
    ['2024-03-30T12:00:00Z', '2024-02-01', '2024-03-01'],
  ])('last month, asked on %s, is the month before and not this one (W-52)', (now, from, to) => {
    expect(range('last_month', now)).toEqual([`${from}T00:00:00.000Z`, `${to}T00:00:00.000Z`])
  })

  test('an unknown name is today', () => {
    expect([rangeNameOf(undefined), rangeNameOf('Today'), rangeNameOf('this_week ')]).toEqual([
      'today',
      'today',
      'this_week',
    ])
  })
})

describe('zones', () => {
  test('midnight is that of the zone, as a name or as an offset', () => {
    const expected = '2026-01-21T16:00:00.000Z'
    expect(range('today', '2026-01-22T10:00:00Z', 'Asia/Shanghai')[0]).toBe(expected)
    expect(range('today', '2026-01-22T10:00:00Z', 480)[0]).toBe(expected)
    expect(range('today', '2026-01-22T17:00:00Z', 'Asia/Shanghai')[0]).toBe('2026-01-22T16:00:00.000Z')
  })

  test.each([
    ['America/New_York', '2026-03-09T12:00:00Z', 23], // the day before has 23 hours
    ['America/New_York', '2026-11-02T12:00:00Z', 25],
    ['Europe/Berlin', '2026-03-30T12:00:00Z', 23],
    ['Europe/Berlin', '2026-10-26T12:00:00Z', 25],
    ['Australia/Lord_Howe', '2026-04-06T12:00:00Z', 24.5],
    ['Asia/Shanghai', '2026-03-30T12:00:00Z', 24],
  ])('yesterday in %s, seen at %s, had %p hours', (zone, now, hours) => {
    const { fromMs, toMs } = timeRange('yesterday', Date.parse(now), zone)
    expect((toMs - fromMs) / 3_600_000).toBe(hours)
  })

  test('a day whose midnight does not exist begins at its first instant', () => {
    // Cairo, 2026-04-24: clocks go from 00:00 to 01:00
    expect(new Date(startOfDayMs(Date.parse('2026-04-24T12:00:00Z'), 'Africa/Cairo')).toISOString()).toBe(
      '2026-04-23T22:00:00.000Z',
    )
  })

  test('a day whose midnight comes twice begins at the first', () => {
    // Havana, 2025-11-02: clocks go from 01:00 back to 00:00
    expect(new Date(startOfDayMs(Date.parse('2025-11-02T12:00:00Z'), 'America/Havana')).toISOString()).toBe(
      '2025-11-02T04:00:00.000Z',
    )
  })

  test('an unknown zone is UTC', () => {
    expect(range('today', '2026-01-22T10:00:00Z', 'Mars/Olympus')[0]).toBe('2026-01-22T00:00:00.000Z')
  })

  test('whenever and wherever: ranges hold now or end before it, and follow on one another', () => {
    const zones = ['UTC', 'Asia/Shanghai', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham', 'Africa/Cairo']
    const instant = fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2037, 0) })
    fc.assert(
      fc.property(instant, fc.constantFrom(...zones), (nowMs, zone) => {
        const [today, yesterday, before] = ['today', 'yesterday', 'day_before_yesterday'].map((name) => {
          return timeRange(name, nowMs, zone)
        })
        expect(today?.fromMs).toBeLessThanOrEqual(nowMs)
        expect(nowMs - (today?.fromMs ?? 0)).toBeLessThan(25 * 3_600_000)
        expect(yesterday?.toMs).toBe(today?.fromMs as number)
        expect(before?.toMs).toBe(yesterday?.fromMs as number)
        expect(timeRange('last_week', nowMs, zone).toMs).toBe(timeRange('this_week', nowMs, zone).fromMs)
        expect(timeRange('last_month', nowMs, zone).toMs).toBe(timeRange('this_month', nowMs, zone).fromMs)
      }),
    )
  })
})

describe('the day and the month that run', () => {
  const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16)
  test.each([
    ['2026-01-22T10:00', 'UTC', '2026-01-22T00:00', '2026-01-23T00:00', '2026-01-01T00:00', '2026-02-01T00:00'],
    // the very first instant belongs to the new day and month
    ['2026-02-01T00:00', 'UTC', '2026-02-01T00:00', '2026-02-02T00:00', '2026-02-01T00:00', '2026-03-01T00:00'],
    ['2025-12-31T23:59', 'UTC', '2025-12-31T00:00', '2026-01-01T00:00', '2025-12-01T00:00', '2026-01-01T00:00'],
    [
      '2026-01-31T18:29',
      'Asia/Kolkata',
      '2026-01-30T18:30',
      '2026-01-31T18:30',
      '2025-12-31T18:30',
      '2026-01-31T18:30',
    ],
    [
      '2026-01-31T18:30',
      'Asia/Kolkata',
      '2026-01-31T18:30',
      '2026-02-01T18:30',
      '2026-01-31T18:30',
      '2026-02-28T18:30',
    ],
    [
      '2026-01-22T18:15',
      'Asia/Kathmandu',
      '2026-01-22T18:15',
      '2026-01-23T18:15',
      '2025-12-31T18:15',
      '2026-01-31T18:15',
    ],
    // 23 hours, and a month one hour short of 31 days
    [
      '2026-03-08T12:00',
      'America/New_York',
      '2026-03-08T05:00',
      '2026-03-09T04:00',
      '2026-03-01T05:00',
      '2026-04-01T04:00',
    ],
    // 25 hours
    [
      '2026-11-01T12:00',
      'America/New_York',
      '2026-11-01T04:00',
      '2026-11-02T05:00',
      '2026-11-01T04:00',
      '2026-12-01T05:00',
    ],
    // a midnight that never was: clocks went from 0:00 to 1:00
    [
      '2026-09-06T12:00',
      'America/Santiago',
      '2026-09-06T04:00',
      '2026-09-07T03:00',
      '2026-09-01T04:00',
      '2026-10-01T03:00',
    ],
  ])('%s in %s: day %s to %s, month %s to %s', (now, zone, dayFrom, dayTo, monthFrom, monthTo) => {
    const atMs = Date.parse(`${now}:00Z`)
    expect([startOfDayMs(atMs, zone), endOfDayMs(atMs, zone)].map(iso)).toEqual([dayFrom, dayTo])
    expect([startOfMonthMs(atMs, zone), endOfMonthMs(atMs, zone)].map(iso)).toEqual([monthFrom, monthTo])
  })

  test('hold every instant, whatever the zone', () => {
    const zone = fc.constantFrom('UTC', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/New_York', 'Pacific/Apia')
    fc.assert(
      fc.property(fc.integer({ min: 1.2e12, max: 2.2e12 }), zone, (atMs, name) => {
        expect(startOfMonthMs(atMs, name)).toBeLessThanOrEqual(startOfDayMs(atMs, name))
        expect(startOfDayMs(atMs, name)).toBeLessThanOrEqual(atMs)
        expect(endOfDayMs(atMs, name)).toBeGreaterThan(atMs)
        expect(endOfMonthMs(atMs, name)).toBeGreaterThanOrEqual(endOfDayMs(atMs, name))
      }),
    )
  })
})
