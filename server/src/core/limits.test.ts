import { describe, expect, test } from 'bun:test'
import { costLimitReached, isExpired, mayUseModel } from './limits.ts'

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

describe('cost limit', () => {
  test.each([
    [0, 5_000_000, 0, false],
    [10, 9, 0, false],
    [10, 10, 0, true],
    [10, 11, 0, true],
    [10, 4, 5, false],
    [10, 4, 6, true],
  ])('limit %p, used %p, reserved %p: reached is %p', (costLimitMicroUsd, costUsedMicroUsd, reserved, expected) => {
    expect(costLimitReached({ costLimitMicroUsd, costUsedMicroUsd }, reserved)).toBe(expected)
  })
})
