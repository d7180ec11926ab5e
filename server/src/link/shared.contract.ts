import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Shared } from '../ports/shared.ts'

/** The same page as two processes see it. */
export type OpenShared = {
  readonly one: Shared
  readonly other: Shared
  /** The row of `other`. */
  readonly otherRow: number
  readonly nowMs: number
  readonly close: () => void
}

const MINUTE_MS = 60_000
const WEEK_MS = 7 * 86_400_000
const TICK_MS = 10

/** Everything that claims to be `Shared` must pass this. */
export function sharedContract(name: string, open: () => OpenShared): void {
  describe(`${name}: Shared`, () => {
    let page: OpenShared
    beforeEach(() => {
      page = open()
    })
    afterEach(() => page.close())

    test('a slot is refused at the limit, whoever holds the others', () => {
      const { one, other } = page
      expect([one.enter(3), other.enter(3), other.enter(3), one.enter(3), other.enter(3)]).toEqual([
        true,
        true,
        true,
        false,
        false,
      ])
      expect([one.running(), other.running()]).toEqual([3, 3])
      other.leave()
      expect([one.enter(3), other.enter(3)]).toEqual([true, false])
    })

    test('a limit of 0 lets nobody in, and a refused one leaves no trace', () => {
      const { one, other } = page
      for (let at = 0; at < 100; at++)
        expect(one.enter(0) || other.startWaiting(0) || one.reserveBytes(1, 0)).toBe(false)
      expect([one.running(), one.waiting(), one.reservedBytes()]).toEqual([0, 0, 0])
    })

    test('a limit that is lowered below what is held refuses until enough have left', () => {
      const { one, other } = page
      for (let at = 0; at < 5; at++) one.enter(5)
      expect(other.enter(2)).toBe(false)
      for (let at = 0; at < 3; at++) one.leave()
      expect(other.enter(2)).toBe(false)
      one.leave()
      expect(other.enter(2)).toBe(true)
    })

    test('the waiting room is bounded over both', () => {
      const { one, other } = page
      expect([one.startWaiting(2), other.startWaiting(2), one.startWaiting(2)]).toEqual([true, true, false])
      one.stopWaiting()
      expect([other.startWaiting(2), other.waiting()]).toEqual([true, 2])
    })

    test('memory is never promised beyond the limit, and is given back to the byte', () => {
      const { one, other } = page
      const limit = 10_000_000
      const sizes = [1, 1_023, 1_024, 1_025, 999_999, 4_000_000]
      for (const size of sizes) expect(one.reserveBytes(size, limit)).toBe(true)
      expect(other.reserveBytes(6_000_000, limit)).toBe(false)
      expect(other.reservedBytes()).toBeGreaterThanOrEqual(sizes.reduce((sum, size) => sum + size, 0))
      for (const size of sizes) one.releaseBytes(size)
      expect(other.reservedBytes()).toBe(0)
      expect(other.reserveBytes(limit - 1_024, limit)).toBe(true)
    })

    test('what a dead process held is given back exactly, and what the living hold stays', () => {
      const { one, other, otherRow } = page
      for (let at = 0; at < 3; at++) other.enter(10)
      other.startWaiting(10)
      other.reserveBytes(5_000_000, 1e9)
      one.enter(10)
      one.reserveBytes(1_024, 1e9)
      one.forget(otherRow)
      expect([one.running(), one.waiting(), one.reservedBytes()]).toEqual([1, 0, 1_024])
      one.forget(otherRow) // a second time takes nothing from anybody
      expect(one.running()).toBe(1)
    })

    test('turns count up from 0 over both, and groups do not mix', () => {
      const { one, other } = page
      expect([one.takeTurn(7), other.takeTurn(7), one.takeTurn(7), one.takeTurn(8)]).toEqual([0, 1, 2, 0])
    })

    test('a group or cell number of any size or sign is taken, not thrown at a client', () => {
      const { one } = page
      for (const group of [0, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 + 5])
        expect(one.takeTurn(group)).toBeGreaterThanOrEqual(0)
      expect(one.takeKeyTurn(1_000_000_007)).toBeGreaterThan(0)
    })

    test('the rotation of keys goes on where it was set', () => {
      const { one, other } = page
      one.setKeyTurn(3, 41)
      expect([other.takeKeyTurn(3), one.keyTurn(3), one.keyTurn(4)]).toEqual([42, 42, 0])
    })

    test('no rest, then one, then none; the generation tells that something changed', () => {
      const { one, other, nowMs } = page
      const before = one.restGeneration()
      expect(other.rest(5)).toBeUndefined()
      const written = one.changeRest(5, () => ({ sinceMs: nowMs, untilMs: nowMs + MINUTE_MS }))
      expect(other.rest(5)).toEqual(written)
      expect(other.restGeneration()).not.toBe(before)
      expect(other.clearRest(5, () => true)).toBe(true)
      expect(one.rest(5)).toBeUndefined()
    })

    test('instants are rounded up to 10 ms, and what was written is what is read', () => {
      const { one, nowMs } = page
      for (const lengthMs of [0, 1, 9, 10, 11, 1_000, 59_999, MINUTE_MS, WEEK_MS]) {
        const rest = { sinceMs: nowMs + 3, untilMs: nowMs + 3 + lengthMs }
        const written = one.changeRest(1, () => rest)
        expect(one.rest(1)).toEqual(written)
        expect((written?.untilMs ?? 0) - rest.untilMs).toBeWithin(0, TICK_MS)
        expect((written?.sinceMs ?? 0) - rest.sinceMs).toBeWithin(0, TICK_MS)
      }
    })

    test('a rest of years, or of negative length, is bounded and not garbage', () => {
      const { one, nowMs } = page
      const years = one.changeRest(1, () => ({ sinceMs: nowMs, untilMs: nowMs + 100 * 365 * 86_400_000 }))
      expect((years?.untilMs ?? 0) - nowMs).toBeGreaterThan(WEEK_MS)
      const backwards = one.changeRest(1, () => ({ sinceMs: nowMs, untilMs: nowMs - MINUTE_MS }))
      expect((backwards?.untilMs ?? 0) - (backwards?.sinceMs ?? 1)).toBe(0)
      const ancient = one.changeRest(1, () => ({ sinceMs: 0, untilMs: 5 }))
      expect((ancient?.untilMs ?? 0) - (ancient?.sinceMs ?? 1)).toBe(0)
    })

    test('who decides to leave a rest alone changes nothing, the generation included', () => {
      const { one, nowMs } = page
      const written = one.changeRest(9, () => ({ sinceMs: nowMs, untilMs: nowMs + MINUTE_MS }))
      const before = one.restGeneration()
      expect(one.changeRest(9, () => undefined)).toBeUndefined()
      expect(one.clearRest(9, () => false)).toBe(false)
      expect(one.clearRest(10, () => true)).toBe(false) // there is none
      expect([one.rest(9), one.restGeneration()]).toEqual([written, before])
    })

    test('a rest that changes while somebody decides is shown to him again: nobody overwrites what he has not seen', () => {
      const { one, other, nowMs } = page
      const seen: (number | undefined)[] = []
      one.changeRest(2, (previous) => {
        seen.push(previous?.untilMs)
        if (seen.length === 1) other.changeRest(2, () => ({ sinceMs: nowMs, untilMs: nowMs + MINUTE_MS }))
        return { sinceMs: nowMs, untilMs: nowMs + 2 * MINUTE_MS }
      })
      expect(seen.length).toBe(2)
      expect(seen[0]).toBeUndefined()
      expect(seen[1]).toBeGreaterThan(nowMs)
    })

    test('a rest that began while somebody decided to clear another stays', () => {
      const { one, other, nowMs } = page
      one.changeRest(2, () => ({ sinceMs: nowMs, untilMs: nowMs + MINUTE_MS }))
      const cleared = one.clearRest(2, () => {
        other.changeRest(2, () => ({ sinceMs: nowMs + 1_000, untilMs: nowMs + 5 * MINUTE_MS }))
        return true
      })
      expect(cleared).toBe(false)
      expect(one.rest(2)?.untilMs).toBeGreaterThan(nowMs + MINUTE_MS)
    })
  })
}
