import { describe, expect, test } from 'bun:test'
import type { Countable } from './countable.ts'
import { counting } from './counting.ts'

const byWords = (text: string): number => text.match(/\S+/g)?.length ?? 0

function counted(parts: Countable['parts'], fixedTokens = 0, tokensOf = byWords): { tokens: number; steps: number } {
  const steps = counting({ vocabulary: 'claude', parts, fixedTokens }, tokensOf)
  let count = 0
  for (;;) {
    const { done, value } = steps.next()
    if (done) return { tokens: value, steps: count }
    count++
  }
}

describe('counting', () => {
  test('a short request is counted whole, each text at its own rate', () => {
    const parts = [
      { text: 'one two three', percent: 100 },
      { text: 'four five', percent: 150 },
    ]
    expect(counted(parts, 10)).toEqual({ tokens: 16, steps: 2 })
  })

  test('an empty request is one token, not none', () => {
    expect(counted([])).toEqual({ tokens: 1, steps: 0 })
    expect(counted([{ text: '', percent: 100 }])).toEqual({ tokens: 1, steps: 0 })
  })

  test('the hundredth of a token is rounded once, over all texts', () => {
    const parts = Array.from({ length: 100 }, () => ({ text: 'word', percent: 101 }))
    expect(counted(parts).tokens).toBe(101)
  })

  test('a long one is counted in part, and says the same each time', () => {
    let chars = 0
    const spying = (text: string): number => {
      chars += text.length
      return byWords(text)
    }
    const parts = [{ text: 'some words of a prompt '.repeat(100_000), percent: 100 }]
    const { tokens, steps } = counted(parts, 0, spying)
    expect(chars).toBeLessThanOrEqual(200_000)
    expect(Math.abs(tokens / 500_000 - 1)).toBeLessThan(0.01)
    expect(steps).toBe(Math.ceil(2_300_000 / 4_096))
    expect(counted(parts).tokens).toBe(tokens)
  })

  test('prose beside numbers: what is not counted is taken by what it is made of', () => {
    const parts = [
      { text: 'word '.repeat(100_000), percent: 100 },
      { text: '7 '.repeat(250_000), percent: 100 },
    ]
    const tokensOf = (text: string): number => (text.includes('w') ? byWords(text) : byWords(text) * 0.7)
    const exact = 100_000 + 250_000 * 0.7
    expect(Math.abs(counted(parts, 0, tokensOf).tokens / exact - 1)).toBeLessThan(0.03)
  })

  test('a hundred thousand small texts of which too few can be looked at', () => {
    const parts = Array.from({ length: 100_000 }, () => ({ text: 'ten chars ', percent: 100 }))
    expect(Math.abs(counted(parts).tokens / 200_000 - 1)).toBeLessThan(0.01)
  })
})
