import { describe, expect, test } from 'bun:test'
import { retryBudget } from './retry-budget.ts'

const LIMITS = { percent: 20, free: 100 }

function open() {
  let nowMs = 1_000_000
  const budget = retryBudget(() => nowMs)
  return {
    budget,
    pass: (ms: number) => {
      nowMs += ms
    },
    retries(count: number): number {
      let allowed = 0
      for (let n = 0; n < count; n++) {
        if (!budget.mayRetry('openai', LIMITS)) continue
        allowed++
        budget.failed('openai', 1)
      }
      return allowed
    },
  }
}

describe('retries', () => {
  test('a few are always allowed, however few requests there are', () => {
    expect(open().retries(500)).toBe(100)
  })

  test('when everything is down they are a fifth of the requests, not eight times as many', () => {
    const { budget, retries } = open()
    for (let n = 0; n < 10_000; n++) budget.request('openai')
    expect(retries(80_000)).toBe(2_000)
  })

  test('those that served their client are not limited: a healthy channel is used however many need it', () => {
    const { budget } = open()
    for (let n = 0; n < 10_000; n++) expect(budget.mayRetry('openai', LIMITS)).toBe(true)
  })

  test('ten seconds later the budget is whole again', () => {
    const { pass, retries } = open()
    expect(retries(500)).toBe(100)
    pass(9_000)
    expect(retries(500)).toBe(0)
    pass(1_001)
    expect(retries(500)).toBe(100)
  })

  test('an outage of one type takes nothing from another', () => {
    const { budget, retries } = open()
    retries(500)
    expect(budget.mayRetry('anthropic', LIMITS)).toBe(true)
  })

  test('a share of 0 with none free forbids them', () => {
    expect(open().budget.mayRetry('openai', { percent: 0, free: 0 })).toBe(false)
  })
})
