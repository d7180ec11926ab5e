import { describe, expect, test } from 'bun:test'
import { type Figure, GATEWAY, isFailure, REFERENCE, ratioOf, verdictOn } from './figure.ts'

function figure(ours: readonly number[], theirs: readonly number[], target?: Figure['target']): Figure {
  const values = new Map([
    [GATEWAY, ours],
    [REFERENCE, theirs],
  ])
  return { group: 'unary', title: 'CPU', unit: 'µs', values, ...(target && { target }) }
}

describe('a ratio', () => {
  test('compares rounds that were measured together, so that a slow minute does not count', () => {
    expect(ratioOf(figure([50, 500, 52], [10, 100, 10]), GATEWAY)).toBe(5)
  })

  test('over its target fails the run, also when it is only a little over', () => {
    const over = figure([51], [10], { of: 'ratio', atMost: 5 })
    expect(verdictOn(over, GATEWAY)).toBe('over')
    expect(isFailure(over, GATEWAY)).toBe(true)
  })

  test('without a reference in the run has no verdict and fails nothing', () => {
    const alone: Figure = { ...figure([51], [], { of: 'ratio', atMost: 5 }), values: new Map([[GATEWAY, [51]]]) }
    expect(verdictOn(alone, GATEWAY)).toBeUndefined()
    expect(isFailure(alone, GATEWAY)).toBe(false)
  })
})

describe('a value of its own', () => {
  const target = { of: 'value', atMost: 2 } as const

  test.each([
    [1.9, 'ok', false],
    [2, 'ok', false],
    [3, 'over', false],
    [6.1, 'far over', true],
  ] as const)('%p ms of 2 ms is %p', (value, verdict, fails) => {
    expect(verdictOn(figure([value], [1], target), GATEWAY)).toBe(verdict)
    expect(isFailure(figure([value], [1], target), GATEWAY)).toBe(fails)
  })

  test('that may not happen at all fails with the first one', () => {
    expect(isFailure(figure([1], [0], { of: 'value', atMost: 0 }), GATEWAY)).toBe(true)
  })
})
