import { describe, expect, test } from 'bun:test'
import { quantile, spreadOf } from './statistics.ts'

describe('the spread of several rounds', () => {
  test('is not disturbed by one bad round', () => {
    expect(spreadOf([10, 11, 900, 9, 10])).toEqual({ median: 10, lowest: 9, highest: 900, rounds: 5 })
  })

  test('of an even number of rounds lies between the two in the middle', () => {
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5)
  })

  test('of nothing is an error, not a result', () => {
    expect(() => spreadOf([])).toThrow('nothing was measured')
  })
})

test.each([
  [0, 1],
  [0.5, 3],
  [0.75, 4],
  [0.99, 4.96],
  [1, 5],
  [7, 5],
])('part %p of 1..5 lies at %p', (part, expected) => {
  expect(quantile([1, 2, 3, 4, 5], part)).toBeCloseTo(expected, 6)
})
