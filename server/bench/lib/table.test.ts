import { describe, expect, test } from 'bun:test'
import { type Figure, median, quantile, ratioOf, tableText, verdictOf } from './table.ts'

const figure = (fields: Partial<Figure>): Figure => ({ scenario: 's', what: 'w', unit: 'ms', gateway: [10], ...fields })

describe('the verdict on a figure', () => {
  test('a ratio over its target fails, however little', () => {
    expect(verdictOf(figure({ gateway: [10.1], nginx: [2], target: { kind: 'ratio', most: 5 } }))).toBe('fails')
    expect(verdictOf(figure({ gateway: [10], nginx: [2], target: { kind: 'ratio', most: 5 } }))).toBe('ok')
  })

  test.each([
    [20, 'ok'],
    [21, 'over'],
    [60, 'over'],
    [61, 'fails'],
  ] as const)('an absolute figure of %d against 20 is %s: it fails only far beyond', (value, verdict) => {
    expect(verdictOf(figure({ gateway: [value], target: { kind: 'absolute', most: 20 } }))).toBe(verdict)
  })

  test('where nothing may be lost, one lost event fails', () => {
    const lost = (count: number) => figure({ gateway: [0, count, count], target: { kind: 'absolute', most: 0 } })
    expect(verdictOf(lost(0))).toBe('ok')
    expect(verdictOf(lost(1))).toBe('fails')
  })

  test('a figure that could not be measured fails', () => {
    expect(verdictOf(figure({ gateway: [], target: { kind: 'absolute', most: 1 } }))).toBe('fails')
    expect(verdictOf(figure({ gateway: [1], target: { kind: 'ratio', most: 1 } }))).toBe('fails')
  })

  test('a figure without a target has no verdict', () => {
    expect(verdictOf(figure({ gateway: [1e9] }))).toBe('')
  })
})

test('one wild round does not move the median, and shows in the spread', () => {
  expect(median([5, 900, 4])).toBe(5)
  expect(tableText([figure({ gateway: [5, 900, 4] })])).toContain('5 (4–900)')
})

test('quantiles lie between the values where there are too few', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
  expect(quantile([3, 1, 2], 1)).toBe(3)
  expect(quantile([], 0.5)).toBeNaN()
})

test('a slow minute that hits both does not change the ratio', () => {
  expect(ratioOf(figure({ gateway: [10, 40, 10], nginx: [5, 20, 5] }))).toBe(2)
})

test('a figure without nginx has no ratio', () => {
  expect(ratioOf(figure({}))).toBeUndefined()
  expect(ratioOf(figure({ nginx: [4] }))).toBe(2.5)
})

test('the table is Markdown: each row has as many cells as the head', () => {
  const rows = tableText([figure({}), figure({ nginx: [1, 2, 3], target: { kind: 'ratio', most: 9 } })]).split('\n')
  expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1)
  expect(rows.length).toBe(4)
})
