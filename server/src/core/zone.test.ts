import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { instantOfWallTime, isZoneName, wallTimeAt } from './zone.ts'

describe('zones', () => {
  test('a zone that Intl knows is a zone, anything else is not', () => {
    expect([isZoneName('Asia/Shanghai'), isZoneName('UTC')]).toEqual([true, true])
    expect(['', 'Mars/Olympus', '../etc', '你好'].map(isZoneName)).toEqual([false, false, false, false])
  })

  test('many unknown names do not pile up, and known ones still work after them', () => {
    for (let at = 0; at < 1_000; at++) isZoneName(`Nowhere/${at}`)
    expect(wallTimeAt(0, 'Asia/Shanghai').hour).toBe(8)
  })

  test('a time inside the gap of a clock change lies as far after the change', () => {
    // New York, 2026-03-08: 02:00 becomes 03:00
    const wall = { year: 2026, month: 3, day: 8, hour: 2, minute: 30, second: 0 }
    expect(new Date(instantOfWallTime(wall, 'America/New_York')).toISOString()).toBe('2026-03-08T07:30:00.000Z')
  })

  test('a time that comes twice is the first of the two', () => {
    const wall = { year: 2026, month: 11, day: 1, hour: 1, minute: 30, second: 0 }
    expect(new Date(instantOfWallTime(wall, 'America/New_York')).toISOString()).toBe('2026-11-01T05:30:00.000Z')
  })

  test('reading a clock and setting it back gives the same second, except where a time comes twice', () => {
    const zone = fc.oneof(
      fc.integer({ min: -720, max: 840 }),
      fc.constantFrom('Europe/Berlin', 'Asia/Kathmandu', 'UTC'),
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), zone, (second, where) => {
        const back = instantOfWallTime(wallTimeAt(second * 1000, where), where)
        expect([0, 3_600_000]).toContain(second * 1000 - back)
      }),
    )
  })
})
