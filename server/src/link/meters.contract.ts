import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Meters } from '../ports/meters.ts'
import type { OpenShared } from './shared.contract.ts'

const MINUTE_MS = 60_000
const FREE = { totalNanoUsd: 0, dayNanoUsd: 0, monthNanoUsd: 0 }

/** The meters of everything that claims to be `Shared` must pass this. */
export function metersContract(name: string, open: () => OpenShared): void {
  describe(`${name}: Meters`, () => {
    let page: OpenShared
    let one: Meters
    let other: Meters
    beforeEach(() => {
      page = open()
      one = page.one.meters
      other = page.other.meters
    })
    afterEach(() => page.close())

    test('places are counted over both, and meters do not mix', () => {
      expect([one.enter(3, 2), other.enter(3, 2), one.enter(3, 2), other.enter(3, 2)]).toEqual([
        true,
        true,
        false,
        false,
      ])
      expect([one.inside(3), other.inside(3), one.inside(4)]).toEqual([2, 2, 0])
      expect(one.enter(4, 1)).toBe(true)
      other.leave(3)
      expect([one.enter(3, 2), other.enter(3, 2)]).toEqual([true, false])
    })

    test('a limit of 0 lets nobody in, and a refused one leaves no trace', () => {
      for (let at = 0; at < 100; at++) {
        expect(one.enter(0, 0) || other.hold(0, () => false) || one.count(0, 0, page.nowMs) === 0).toBe(false)
      }
      expect([one.inside(0), one.held(0)]).toEqual([0, 0])
    })

    test('a limit lowered below what is taken refuses until enough have left', () => {
      for (let at = 0; at < 5; at++) one.enter(7, 5)
      expect(other.enter(7, 2)).toBe(false)
      for (let at = 0; at < 3; at++) one.leave(7)
      expect(other.enter(7, 2)).toBe(false)
      one.leave(7)
      expect(other.enter(7, 2)).toBe(true)
    })

    test('who decides on a hold is told how many others there are', () => {
      const told: number[] = []
      const may = (others: number) => {
        told.push(others)
        return others < 2
      }
      expect([one.hold(5, may), other.hold(5, may), one.hold(5, may)]).toEqual([true, true, false])
      expect([told.at(-1), one.held(5)]).toEqual([2, 2])
    })

    test('a hold may be released by another process, for the one that took it', () => {
      expect(other.hold(5, () => true) && other.hold(5, () => true)).toBe(true)
      one.release(5, other.row)
      expect([one.held(5), other.held(5)]).toEqual([1, 1])
    })

    test('what a dead process had is given back exactly, and what the living have stays', () => {
      for (const meter of [0, 9, 32_767]) {
        other.enter(meter, 10)
        other.hold(meter, () => true)
        one.enter(meter, 10)
        one.hold(meter, () => true)
      }
      page.one.forget(page.otherRow)
      page.one.forget(page.otherRow) // a second time takes nothing from anybody
      for (const meter of [0, 9, 32_767]) expect([one.inside(meter), one.held(meter)]).toEqual([1, 1])
    })

    test('a minute takes as many as its limit over both, and says how long it still lasts', () => {
      const { nowMs } = page
      expect([one.count(1, 3, nowMs), other.count(1, 3, nowMs + 10), one.count(1, 3, nowMs + 20)]).toEqual([0, 0, 0])
      expect(other.count(1, 3, nowMs + 15_000)).toBe(45_000)
      expect(one.count(1, 3, nowMs + MINUTE_MS - 1)).toBe(1)
      expect(one.count(2, 3, nowMs)).toBe(0)
    })

    test('the next minute begins with the first request in it, not on the clock', () => {
      const { nowMs } = page
      expect([one.count(1, 1, nowMs), one.count(1, 1, nowMs + MINUTE_MS + 40_000)]).toEqual([0, 0])
      expect(one.count(1, 1, nowMs + MINUTE_MS + 40_001)).toBe(MINUTE_MS - 1)
    })

    test('what was refused is not counted, and a raised limit takes more at once', () => {
      const { nowMs } = page
      one.count(1, 1, nowMs)
      for (let at = 0; at < 10; at++) expect(one.count(1, 1, nowMs + at)).toBeGreaterThan(0)
      expect([one.count(1, 2, nowMs), one.count(1, 2, nowMs)]).toEqual([0, MINUTE_MS])
    })

    test('a clock that was set back does not lock anybody out for longer than a minute', () => {
      const { nowMs } = page
      one.count(1, 1, nowMs)
      expect(other.count(1, 1, nowMs - 5)).toBe(MINUTE_MS + 5) // another process has looked a little earlier
      expect(other.count(1, 1, nowMs - 3_600_000)).toBe(0)
    })

    test('money is read as it was written, up to a billion USD, and 0 before', () => {
      expect([one.spend(6), one.typical(6)]).toEqual([FREE, 0])
      const spend = { totalNanoUsd: 1e18, dayNanoUsd: 1, monthNanoUsd: 123_456_789 }
      one.setSpend(6, spend)
      one.setTypical(6, 77)
      expect([other.spend(6), other.typical(6), other.spend(7)]).toEqual([spend, 77, FREE])
    })

    test('a guess of what is typical holds only while nobody knows', () => {
      expect([one.guessTypical(6, 500), other.guessTypical(6, 900)]).toEqual([500, 500])
      one.setTypical(6, 20)
      expect([other.guessTypical(6, 900), one.typical(6)]).toEqual([20, 20])
    })

    test('day and month end never until it is said when', () => {
      expect(one.periods()).toEqual({ dayEndsAtMs: Number.POSITIVE_INFINITY, monthEndsAtMs: Number.POSITIVE_INFINITY })
      const periods = { dayEndsAtMs: page.nowMs + 1, monthEndsAtMs: page.nowMs + 2 }
      one.setPeriods(periods)
      expect(other.periods()).toEqual(periods)
    })

    test('a new owner begins with nothing spent and no minute, but what is still held stays held', () => {
      one.setSpend(8, { totalNanoUsd: 5, dayNanoUsd: 5, monthNanoUsd: 5 })
      one.setTypical(8, 5)
      one.count(8, 1, page.nowMs)
      other.enter(8, 5)
      other.hold(8, () => true)
      one.reset(8)
      expect([one.spend(8), one.typical(8), one.count(8, 1, page.nowMs)]).toEqual([FREE, 0, 0])
      expect([one.inside(8), one.held(8)]).toEqual([1, 1])
    })
  })
}
