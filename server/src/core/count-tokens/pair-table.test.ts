import { beforeAll, describe, expect, test } from 'bun:test'
import { Tokenizer } from 'ai-tokenizer'
import * as claudeEncoding from 'ai-tokenizer/encoding/claude'
import fc from 'fast-check'
import o200kRanks from 'gpt-tokenizer/bpeRanks/o200k_base'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { O200K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants'
import { pairCounter, pairTable, type RankedToken } from './pair-table.ts'

type Count = (text: string) => number
let ours: Record<'claude' | 'o200k', Count>
let theirs: Record<'claude' | 'o200k', Count>

beforeAll(() => {
  const { binaryEncoder, pat_str, stringEncoder } = claudeEncoding
  const o200k = o200kRanks.map((token, rank): RankedToken => [token, rank])
  ours = {
    claude: pairCounter(pairTable([...Object.entries(stringEncoder), ...binaryEncoder], pat_str)),
    o200k: pairCounter(pairTable(o200k, O200K_TOKEN_SPLIT_REGEX.source)),
  }
  const tokenizer = new Tokenizer(claudeEncoding)
  theirs = {
    claude: (text) => tokenizer.encode(text, 'all').length,
    o200k: (text) => countTokens(text, { disallowedSpecial: new Set() }),
  }
})

const VOCABULARIES = ['claude', 'o200k'] as const

describe('counts are those of the published tokenizers', () => {
  test.each([
    '',
    ' ',
    'Hello, world!',
    "I'll say it's what they'd've said",
    'internationalization 1234567890',
    '敏捷的棕色狐狸跳过了懒狗。',
    '😀 👍🏽 e\u0301 \u200d',
    '  indented\n\n\n\tlines  \r\n',
    '<|endoftext|> <EOT> <META_START>',
    'constructor __proto__ toString hasOwnProperty',
  ])('%j', (text) => {
    for (const vocabulary of VOCABULARIES) expect(ours[vocabulary](text)).toBe(theirs[vocabulary](text))
  })

  test('for any text whose pieces are short', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('the', 'ing', '  ', '\n', "'s", '日本語', '0042', '=>', 'ß'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join(' ')
        // A published tokenizer looks words up in a plain object and takes its inherited members for entries.
        fc.pre(!text.split(/\W+/).some((word) => word in Object.prototype))
        for (const vocabulary of VOCABULARIES) expect(ours[vocabulary](text)).toBe(theirs[vocabulary](text))
      }),
      { numRuns: 300 },
    )
  })
})

// The published tokenizers take a minute for 200,000 equal letters.
describe('texts without a boundary', () => {
  test.each([
    ['one letter', 'a'],
    ['a picture', 'iVBORw0KGgoAAAANSUhEUgAA'],
    ['emoji', '😀'],
    ['blanks', ' '],
    ['Chinese without a stop', '的一是不了在人有我他这'],
    ['half characters', '\ud83d'],
    ['accents without letters', '\u0301'],
  ])('%s: 200,000 characters are counted at once', (_, unit) => {
    const text = unit.repeat(200_000 / unit.length)
    for (const vocabulary of VOCABULARIES) {
      const tokens = ours[vocabulary](text)
      expect(tokens).toBeGreaterThan(0)
      expect(tokens).toBeLessThanOrEqual(text.length * 3)
    }
  })

  test('cutting them changes the count by less than a hundredth', () => {
    const letters = Array.from({ length: 3_000 }, (_, n) => String.fromCharCode(97 + ((n * n * 7 + n * 13) % 26))).join(
      '',
    )
    for (const vocabulary of VOCABULARIES) {
      expect(Math.abs(ours[vocabulary](letters) / theirs[vocabulary](letters) - 1)).toBeLessThan(0.01)
    }
  })
})

describe('a table', () => {
  test('refuses one token under two ranks', () => {
    const tokens: RankedToken[] = [
      ['a', 0],
      ['a', 1],
    ]
    expect(() => pairTable(tokens, '.')).toThrow('two tokens with one hash')
  })

  test('of nothing counts bytes', () => {
    expect(pairCounter(pairTable([], '[^]+'))('aé')).toBe(3)
  })
})
