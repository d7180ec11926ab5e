import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  bindingPurse,
  type CostLimits,
  hasCostLimit,
  hasMoneyFor,
  isExpired,
  mayUseModel,
  nextTypical,
  refilledInMs,
} from './limits.ts'

const NOW_MS = 1_768_989_600_000

describe('expiry', () => {
  test.each([
    [0, false],
    [NOW_MS + 1, false],
    [NOW_MS, true],
    [NOW_MS - 1, true],
    [-1, false],
  ])('a token that expires at %p is expired: %p', (expiresAtMs, expected) => {
    expect(isExpired({ expiresAtMs }, NOW_MS)).toBe(expected)
  })
})

describe('allowed models', () => {
  const restricted = { allowedModels: ['GPT-5', 'claude-sonnet-4'] }

  test('without a list every model may be used, and none named as well', () => {
    for (const model of ['x', '*', undefined]) expect(mayUseModel({ allowedModels: [] }, model)).toBe(true)
  })

  test('case does not matter', () => {
    expect(mayUseModel(restricted, 'gpt-5')).toBe(true)
    expect(mayUseModel(restricted, 'CLAUDE-Sonnet-4')).toBe(true)
  })

  test.each(['gpt', 'gpt-5-20250807', 'gpt-5 ', '', '*', undefined])('%p is refused to a restricted token', (model) => {
    expect(mayUseModel(restricted, model)).toBe(false)
  })
})

const NONE: CostLimits = { costMicroUsd: 0, dailyCostMicroUsd: 0, monthlyCostMicroUsd: 0 }
const NOTHING = { totalNanoUsd: 0, dayNanoUsd: 0, monthNanoUsd: 0 }
const DAY_ENDS_MS = NOW_MS + 3_600_000
const MONTH_ENDS_MS = NOW_MS + 86_400_000
const now = { nowMs: NOW_MS, dayEndsAtMs: DAY_ENDS_MS, monthEndsAtMs: MONTH_ENDS_MS }

describe('cost limits', () => {
  test('without one nothing binds, whatever was spent', () => {
    const spend = { totalNanoUsd: 1e18, dayNanoUsd: 1e18, monthNanoUsd: 1e18 }
    expect(bindingPurse(NONE, spend, now)).toBeUndefined()
    expect([hasCostLimit(NONE), hasMoneyFor(undefined, 1_000, 1e18)]).toEqual([false, true])
  })

  test.each([
    [{ costMicroUsd: 10 }, { totalNanoUsd: 9_999 }, true, 'total'],
    [{ costMicroUsd: 10 }, { totalNanoUsd: 10_000 }, false, 'total'],
    [{ costMicroUsd: 10 }, { dayNanoUsd: 1e9, monthNanoUsd: 1e9 }, true, 'total'],
    [{ dailyCostMicroUsd: 10 }, { dayNanoUsd: 10_000 }, false, 'day'],
    [{ dailyCostMicroUsd: 10 }, { dayNanoUsd: 9_999, totalNanoUsd: 1e9 }, true, 'day'],
    [{ monthlyCostMicroUsd: 10 }, { monthNanoUsd: 10_001 }, false, 'month'],
    [{ dailyCostMicroUsd: 5, monthlyCostMicroUsd: 10 }, { dayNanoUsd: 4_000, monthNanoUsd: 9_999 }, true, 'month'],
    [{ dailyCostMicroUsd: 5, monthlyCostMicroUsd: 10 }, { dayNanoUsd: 4_000, monthNanoUsd: 4_000 }, true, 'day'],
    // of several that are spent the one that lasts longest: to come back at midnight would be in vain
    [{ dailyCostMicroUsd: 1, monthlyCostMicroUsd: 1 }, { dayNanoUsd: 9_000, monthNanoUsd: 2_000 }, false, 'month'],
    [
      { costMicroUsd: 1, dailyCostMicroUsd: 1, monthlyCostMicroUsd: 1 },
      { dayNanoUsd: 9_000, monthNanoUsd: 2_000, totalNanoUsd: 1_000 },
      false,
      'total',
    ],
  ] as const)('%j with %j spent: money is left %p, and what binds is the %s', (limits, spend, isLeft, period) => {
    const purse = bindingPurse({ ...NONE, ...limits }, { ...NOTHING, ...spend }, now)
    expect([hasMoneyFor(purse, 0, 1), purse?.period]).toEqual([isLeft, period])
  })

  test('what was spent on a day or in a month that is over counts no more, from the very instant on', () => {
    const limits = { ...NONE, dailyCostMicroUsd: 1, monthlyCostMicroUsd: 2 }
    const spend = { totalNanoUsd: 0, dayNanoUsd: 1_000, monthNanoUsd: 1_500 }
    const at = (nowMs: number) => hasMoneyFor(bindingPurse(limits, spend, { ...now, nowMs }), 0, 1)
    expect([at(DAY_ENDS_MS - 1), at(DAY_ENDS_MS)]).toEqual([false, true])
    const spent = { ...spend, monthNanoUsd: 2_000 }
    const later = (nowMs: number) => hasMoneyFor(bindingPurse(limits, spent, { ...now, nowMs }), 0, 1)
    expect([later(MONTH_ENDS_MS - 1), later(MONTH_ENDS_MS)]).toEqual([false, true])
  })

  test('the wait is until the period ends; for all time there is none', () => {
    const spend = { totalNanoUsd: 1e9, dayNanoUsd: 1e9, monthNanoUsd: 1e9 }
    const waitOf = (limits: Partial<CostLimits>) => {
      const purse = bindingPurse({ ...NONE, ...limits }, spend, now)
      return purse && refilledInMs(purse, NOW_MS)
    }
    expect(waitOf({ dailyCostMicroUsd: 1 })).toBe(3_600_000)
    expect(waitOf({ monthlyCostMicroUsd: 1 })).toBe(86_400_000)
    expect(waitOf({ costMicroUsd: 1 })).toBeUndefined()
  })

  test.each([
    [10, 9, 0, 5, true],
    [10, 10, 0, 5, false],
    [10, 4, 1, 5_000, true],
    [10, 4, 1, 6_000, false],
    [10, 0, 100, 0, true],
  ])('limit %p, used %p, %p others of %p nano: one more is %p', (limit, used, others, typical, expected) => {
    const spend = { ...NOTHING, totalNanoUsd: used * 1_000 }
    expect(hasMoneyFor(bindingPurse({ ...NONE, costMicroUsd: limit }, spend, now), others, typical)).toBe(expected)
  })

  test('however many come at once, what is spent passes the limit by less than one request of the typical cost', () => {
    const amounts = { limit: fc.integer({ min: 1, max: 1_000_000 }), cost: fc.integer({ min: 1, max: 5_000_000 }) }
    fc.assert(
      fc.property(amounts.limit, amounts.cost, fc.integer({ min: 1, max: 1_000 }), (limit, cost, count) => {
        const purse = bindingPurse({ ...NONE, costMicroUsd: limit }, NOTHING, now)
        let admitted = 0
        for (let at = 0; at < count; at++) if (hasMoneyFor(purse, admitted, cost)) admitted++
        expect(admitted).toBeGreaterThan(0)
        expect((admitted - 1) * cost).toBeLessThan(limit * 1_000)
      }),
    )
  })
})

describe('what is typical', () => {
  test('is the first cost, then between what was and what came', () => {
    expect(nextTypical(undefined, 500)).toBe(500)
    expect(nextTypical(1_000, 3_000)).toBe(2_000)
    expect(nextTypical(1_600, 0)).toBe(1_500)
  })

  test('of free requests it is next to nothing, but known', () => {
    expect([nextTypical(undefined, 0), nextTypical(1, 0)]).toEqual([1, 1])
  })

  test('settles where the costs are, from above and from below', () => {
    for (const start of [1, 1e12]) {
      let typical = start
      for (let at = 0; at < 600; at++) typical = nextTypical(typical, 1_000)
      expect(typical).toBeWithin(990, 1_010)
    }
  })
})
