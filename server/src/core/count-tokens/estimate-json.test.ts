import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { estimateJsonTokens } from './estimate-json.ts'
import { estimateTokens } from './estimate-tokens.ts'

const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const chatOf = (content: unknown) => ({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content }] })
const PROSE = 'The quick brown fox jumps over the lazy dog, and then it sleeps under the old apple tree. '
const CODE = 'export function add(a: number, b: number): number {\n  return a + b // 42\n}\n'

describe('what a request is thought to have', () => {
  test('a short one is nearly its words', () => {
    expect(estimateJsonTokens(bytesOf(chatOf('Hello there, how are you?')), 'o200k')).toBeWithin(7, 20)
  })

  test.each([
    ['prose', PROSE],
    ['code', CODE],
    ['Chinese', '今天天气很好，我们一起去公园散步吧。'],
    ['German', 'Übermäßig große Wörter hängen in der Höhle. '],
  ])('%s of any length is within a quarter of what its characters say', (_what, text) => {
    for (const times of [3, 30, 3_000]) {
      const long = text.repeat(times)
      const estimate = estimateJsonTokens(bytesOf(chatOf(long)), 'o200k')
      const exact = estimateTokens(long, 'gpt')
      expect(estimate / exact).toBeWithin(0.75, 1.35)
    }
  })

  test('an image is some tokens, not its bytes', () => {
    const image = {
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${'iVBORw0KGgoAAAANSUhE'.repeat(50_000)}` },
    }
    const estimate = estimateJsonTokens(bytesOf(chatOf([image, { type: 'text', text: PROSE }])), 'o200k')
    expect(estimate).toBeWithin(500, 5_000)
  })

  test.each(['', '{', '"', '{"a":"\\', '[[[[', '\u0000\uffff', '{"a":1}'])('%p harms nothing', (text) => {
    expect(estimateJsonTokens(bytesOf(text), 'claude')).toBeWithin(0, 20)
  })

  test('it is a whole number from 0 on, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5_000 }),
        fc.constantFrom('claude' as const, 'o200k' as const),
        (bytes, by) => {
          const tokens = estimateJsonTokens(bytes, by)
          expect(Number.isSafeInteger(tokens) && tokens >= 0).toBe(true)
        },
      ),
    )
  })
})
