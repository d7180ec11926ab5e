import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { firstKeyReadyAtMs, type KeyInput, keyOrder } from './pick-key.ts'

const NOW_MS = 1_768_989_600_000

function order(over: Partial<KeyInput<string>> = {}): string {
  const rests: Record<string, number> = {}
  return keyOrder({
    keys: ['a', 'b', 'c'],
    strategy: 'sequential',
    turn: 1,
    restUntilMs: (key) => rests[key] ?? 0,
    nowMs: NOW_MS,
    ...over,
  }).join('')
}

function resting(rests: Record<string, number>): (key: string) => number {
  return (key) => NOW_MS + (rests[key] ?? -NOW_MS)
}

describe('sequential', () => {
  test('goes by index, whatever the turn', () => {
    expect(order({ turn: 7 })).toBe('abc')
  })

  test('passes over keys that rest or were tried', () => {
    expect(order({ restUntilMs: resting({ a: 5 }) })).toBe('bc')
    expect(order({ isTried: (key) => key === 'b' })).toBe('ac')
  })

  test('an unknown strategy of an old database counts as sequential', () => {
    expect(order({ strategy: '' as 'sequential', turn: 2 })).toBe('abc')
  })
})

describe('round robin', () => {
  test('the very first pick is the second key, then on and around', () => {
    expect([1, 2, 3, 4].map((turn) => order({ strategy: 'round_robin', turn }))).toEqual(['bca', 'cab', 'abc', 'bca'])
  })

  test('the place of a resting key falls to the next one', () => {
    expect(order({ strategy: 'round_robin', turn: 1, restUntilMs: resting({ b: 5 }) })).toBe('ca')
  })

  test('one key is that key at every turn', () => {
    for (const turn of [0, 1, 2, -1, 4_294_967_295]) {
      expect(order({ strategy: 'round_robin', turn, keys: ['a'] })).toBe('a')
    }
  })
})

describe('bounds', () => {
  test('no keys, nobody to try', () => {
    expect(order({ keys: [], strategy: 'round_robin', whenAllRest: 'earliest' })).toBe('')
  })

  test('never more keys than wanted', () => {
    expect(order({ maxKeys: 2 })).toBe('ab')
    expect(order({ maxKeys: 0, whenAllRest: 'earliest', restUntilMs: resting({ a: 1, b: 1, c: 1 }) })).toBe('')
  })

  test('a rest that ends now is over', () => {
    expect(order({ restUntilMs: resting({ a: 0 }) })).toBe('abc')
  })
})

describe('when all keys rest (W-16)', () => {
  const restUntilMs = resting({ a: 30, b: 10, c: 20 })

  test('none is tried, unless the channel is the last resort: then the one that is ready first', () => {
    expect(order({ restUntilMs })).toBe('')
    expect(order({ restUntilMs, whenAllRest: 'earliest' })).toBe('b')
  })

  test('a key that was tried is not the last resort again', () => {
    expect(order({ restUntilMs, whenAllRest: 'earliest', isTried: (key) => key === 'b' })).toBe('c')
  })

  test('the channel is ready when the first of its keys is', () => {
    expect(firstKeyReadyAtMs(['a', 'b', 'c'], restUntilMs, NOW_MS)).toBe(NOW_MS + 10)
    expect(firstKeyReadyAtMs(['a', 'b', 'c'], resting({ a: 30, b: 10 }), NOW_MS)).toBe(0)
    expect(firstKeyReadyAtMs([], restUntilMs, NOW_MS)).toBe(0)
  })
})

test('whatever the turn, each usable key comes once and shares are equal over a round', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer(), (count, turn) => {
      const keys = Array.from({ length: count }, (_, at) => String.fromCharCode(97 + at))
      const firsts = keys.map((_, step) => order({ keys, strategy: 'round_robin', turn: turn + step })[0] ?? '')
      expect(firsts.toSorted()).toEqual(keys)
      expect([...order({ keys, strategy: 'round_robin', turn })].toSorted()).toEqual(keys)
    }),
  )
})
