import { describe, expect, test } from 'bun:test'
import { COUNTED_FAILURE_STATUSES, effectivePriority, healthOfStatus } from './health-score.ts'

const PROMISED = { penaltyWeight: 100, minConfidentSample: 20 }

describe('the worked example of the promise', () => {
  test.each([
    ['A', 100, 0.95, 100, 95],
    ['B', 90, 0.7, 80, 60],
    ['C', 80, 0.6, 4, 72],
    ['D', 70, 1, 50, 70],
  ])('channel %s: priority %p, success %p in %p calls, counts as %p', (_, priority, successRate, samples, expected) => {
    expect(effectivePriority(priority, { successRate, samples }, PROMISED)).toBeCloseTo(expected, 9)
  })
})

describe('penalty', () => {
  test('a channel nobody has called yet keeps its priority', () => {
    expect(effectivePriority(50, undefined, PROMISED)).toBe(50)
    expect(effectivePriority(50, { successRate: 0, samples: 0 }, PROMISED)).toBe(50)
  })

  test('weight 0 switches it off, negative settings mean the defaults', () => {
    const bad = { successRate: 0.5, samples: 10 }
    expect(effectivePriority(50, bad, { penaltyWeight: 0, minConfidentSample: 20 })).toBe(50)
    expect(effectivePriority(50, bad, { penaltyWeight: -1, minConfidentSample: -1 })).toBe(25)
    expect(effectivePriority(50, bad, { penaltyWeight: -1, minConfidentSample: 0 })).toBe(25)
  })

  test('a rate outside 0..1 costs no less than nothing and no more than all', () => {
    expect(effectivePriority(50, { successRate: 1.2, samples: 99 }, PROMISED)).toBe(50)
    expect(effectivePriority(50, { successRate: -3, samples: 99 }, PROMISED)).toBe(-50)
  })
})

describe('what counts', () => {
  test('200, 204, 405, 502 and 597 make 0.4 of 5; 404, 408 and 499 are ignored', () => {
    const seen = [200, 204, 405, 502, 597, 404, 408, 499].map(healthOfStatus)
    expect(seen.filter((one) => one === 'success')).toHaveLength(2)
    expect(seen.filter((one) => one === 'failure')).toHaveLength(3)
  })

  test.each([400, 404, 408, 422, 444, 499, 501, 505, 529, 596, 0, 302])(
    '%p says nothing about the channel',
    (status) => {
      expect(healthOfStatus(status)).toBe('uncounted')
    },
  )

  test('the list for SQL and the rule agree', () => {
    const counted = Array.from({ length: 700 }, (_, status) => status).filter(
      (one) => healthOfStatus(one) === 'failure',
    )
    expect([...COUNTED_FAILURE_STATUSES].toSorted((a, b) => a - b)).toEqual(counted)
    expect(counted).toEqual([401, 402, 403, 405, 429, 500, 502, 503, 504, 520, 521, 524, 597, 598, 599])
  })
})
