import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { estimateTokens } from './estimate-tokens.ts'
import type { TokenFamily } from './family.ts'

const FAMILIES: readonly TokenFamily[] = ['claude', 'claude-next', 'gpt', 'gemini', 'other']

describe('an estimate without a vocabulary', () => {
  test('nothing is nothing, anything is at least one token', () => {
    for (const family of FAMILIES) {
      expect(estimateTokens('', family)).toBe(0)
      expect(estimateTokens('a', family)).toBeGreaterThanOrEqual(1)
    }
  })

  // Counted with the published vocabularies (claude of ai-tokenizer 1.0.6, o200k of gpt-tokenizer 4.0.0), Claude's times 1.05.
  test.each<[string, string, number, number]>([
    ['English', 'The quick brown fox jumps over the lazy dog. '.repeat(20), 211, 201],
    ['Chinese', '敏捷的棕色狐狸跳过了懒狗。今天天气很好，我们去公园散步吧。'.repeat(10), 420, 260],
    ['code', 'export function add(a: number, b: number): number {\n  return a + b\n}\n'.repeat(10), 231, 200],
    ['JSON', '{"id": 17, "name": "Ada", "tags": ["x", "y"], "ok": true}\n'.repeat(10), 273, 260],
  ])('%s is met within a quarter', (_, text, claude, gpt) => {
    expect(Math.abs(estimateTokens(text, 'claude') / claude - 1)).toBeLessThan(0.25)
    expect(Math.abs(estimateTokens(text, 'gpt') / gpt - 1)).toBeLessThan(0.25)
  })

  test('newer Claude makes more of the same text', () => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(20)
    expect(estimateTokens(text, 'claude-next')).toBeGreaterThan(estimateTokens(text, 'claude'))
  })

  test('a longer text is never fewer tokens, whatever it is made of', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    fc.assert(
      fc.property(text, text, fc.constantFrom(...FAMILIES), (start, end, family) => {
        expect(estimateTokens(start + end, family)).toBeGreaterThanOrEqual(estimateTokens(start, family))
      }),
    )
  })
})
