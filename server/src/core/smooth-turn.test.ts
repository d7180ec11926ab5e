import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { newSwrrCache, smoothTurn } from './smooth-turn.ts'

/** The algorithm as nginx states it: add each weight, take the highest, subtract the sum from it. */
function nginx(weights: readonly number[], turns: number): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const current = weights.map(() => 0)
  return Array.from({ length: turns }, () => {
    let winner = 0
    weights.forEach((weight, at) => {
      current[at] = (current[at] ?? 0) + weight
      if ((current[at] ?? 0) > (current[winner] ?? 0)) winner = at
    })
    current[winner] = (current[winner] ?? 0) - sum
    return winner
  })
}

function turns(weights: readonly number[], count: number): number[] {
  const cache = newSwrrCache()
  return Array.from({ length: count }, (_, ticket) => smoothTurn(weights, ticket, cache))
}

describe('the sequence', () => {
  test('weights 5, 1, 1 give a a b a c a a, as in the nginx commit', () => {
    expect(turns([5, 1, 1], 7)).toEqual([0, 0, 1, 0, 2, 0, 0])
  })

  test('equal weights go round by index', () => {
    expect(turns([4, 4, 4], 6)).toEqual([0, 1, 2, 0, 1, 2])
  })

  test('is that of nginx for any weights, for three periods', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(weights, (some) => {
        const count = 3 * some.reduce((total, weight) => total + weight, 0)
        expect(turns(some, count)).toEqual(nginx(some, count))
      }),
    )
  })

  test('shares are exact over a period, wherever it begins', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(weights, fc.nat(1_000_000), (some, begin) => {
        const cache = newSwrrCache()
        const sum = some.reduce((total, weight) => total + weight, 0)
        const share = some.map(() => 0)
        for (let turn = 0; turn < sum; turn++) {
          const winner = smoothTurn(some, begin + turn, cache)
          share[winner] = (share[winner] ?? 0) + 1
        }
        expect(share).toEqual(some)
      }),
    )
  })
})

describe('bounds', () => {
  test('a counter that went negative or past 32 bits still names a member', () => {
    for (const ticket of [-1, -2_147_483_648, 4_294_967_295, Number.MAX_SAFE_INTEGER]) {
      expect([0, 1]).toContain(smoothTurn([3, 1], ticket, newSwrrCache()))
    }
  })

  test.each([[[0, 0]], [[-5, 1]], [[Number.NaN, 1]], [[0.4, 1.9]]])('weights %p count as 1', (weights) => {
    expect(turns(weights, 4)).toEqual([0, 1, 0, 1])
  })

  test('huge weights keep their shares to within a thousandth', () => {
    const firsts = turns([1_000_000, 333_333, 7], 10_001)
    expect(firsts.filter((winner) => winner === 0).length / 10_001).toBeCloseTo(0.75, 3)
    expect(firsts).toContain(2)
  })

  test('five thousand members of two weights are each served', () => {
    const weights = Array.from({ length: 5_000 }, (_, at) => (at % 2) + 1)
    expect(new Set(turns(weights, 7_500)).size).toBe(5_000)
  })

  test('the memory of sequences stays bounded', () => {
    const cache = newSwrrCache()
    for (let weight = 2; weight < 400; weight++) smoothTurn([weight, 1], 0, cache)
    expect(cache.sequences.size).toBe(128)
  })
})
