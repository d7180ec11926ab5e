import { describe, expect, test } from 'bun:test'
import { costOf } from './cost.ts'
import { BASE_BOOK, type PriceBook, priceOf } from './price-book.ts'
import { type PriceChange, withFeed, withOverrides } from './price-overrides.ts'

const AT_MS = Date.UTC(2026, 10, 25, 12)

function bookOf(change: PriceChange): PriceBook {
  if (!change.ok) throw new Error(change.reasons.join('; '))
  return change.book
}

function reasonsOf(change: PriceChange): readonly string[] {
  return change.ok ? [] : change.reasons
}

describe('prices of the administrator', () => {
  test('a model that nobody knew has a price', () => {
    const book = bookOf(withOverrides(BASE_BOOK, [{ model: 'My-Model', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }]))
    const price = priceOf(book, 'my-model-2026-01-01', AT_MS)
    expect(price).toMatchObject({ model: 'my-model', source: 'own' })
    expect(price && costOf(price, { inputTokens: 1_000, outputTokens: 1_000 }).nanoUsd).toBe(3_000_000)
  })

  test('a model of the table costs what they say, and the book before is as it was', () => {
    const override = { model: 'claude-sonnet-4-5', inputUsdPerMTok: 2, outputUsdPerMTok: 10 }
    const book = bookOf(withOverrides(BASE_BOOK, [override]))
    expect(priceOf(book, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', AT_MS)?.plans.standard).toMatchObject({
      rates: { inputNanoPerMTok: 2_000_000_000, cacheReadNanoPerMTok: 200_000_000 },
      steps: [],
    })
    expect(priceOf(BASE_BOOK, 'claude-sonnet-4-5', AT_MS)?.source).toBe('table')
  })

  test('an override of an undated name leaves alone a dated row that has its own', () => {
    const book = bookOf(withOverrides(BASE_BOOK, [{ model: 'gpt-4o', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }]))
    expect(priceOf(book, 'gpt-4o-2024-08-06', AT_MS)?.source).toBe('own')
    expect(priceOf(book, 'gpt-4o-2024-05-13', AT_MS)?.source).toBe('table')
  })

  test('an override wins over an alias of the same name', () => {
    const book = bookOf(withOverrides(BASE_BOOK, [{ model: 'deepseek-v3', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }]))
    expect(priceOf(book, 'deepseek-v3', AT_MS)?.model).toBe('deepseek-v3')
  })

  test('all that may be said is charged', () => {
    const override = {
      model: 'm1',
      inputUsdPerMTok: 1,
      outputUsdPerMTok: 2,
      cacheReadUsdPerMTok: 0.3,
      cacheWrite5mUsdPerMTok: 4,
      cacheWrite1hUsdPerMTok: 5,
      longContext: { aboveTokens: 1_000_000, inputUsdPerMTok: 10, outputUsdPerMTok: 20 },
      webSearchUsd: 0.01,
      requestUsd: 0.5,
    }
    const price = priceOf(bookOf(withOverrides(BASE_BOOK, [override])), 'm1', AT_MS)!
    const usage = { cacheReadTokens: 100_000, cacheWrite5mTokens: 100_000, cacheWrite1hTokens: 100_000, webSearches: 1 }
    expect(costOf(price, usage).nanoUsd).toBe((0.03 + 0.4 + 0.5 + 0.01 + 0.5) * 1e9)
    expect(costOf(price, { inputTokens: 1_000_001 }).nanoUsd).toBe(10_000_010_000 + 500_000_000)
  })

  test('0 is free on purpose, an empty list takes all back', () => {
    const free = bookOf(withOverrides(BASE_BOOK, [{ model: 'gpt-4o', inputUsdPerMTok: 0, outputUsdPerMTok: 0 }]))
    expect(priceOf(free, 'gpt-4o', AT_MS)?.plans.standard.rates.inputNanoPerMTok).toBe(0)
    expect(bookOf(withOverrides(BASE_BOOK, [])).rows).toEqual(BASE_BOOK.rows)
  })
})

const GOOD = { model: 'gpt-4o', inputUsdPerMTok: 2, outputUsdPerMTok: 8 }

describe('refused, with what was there kept', () => {
  test.each<[string, unknown, string]>([
    ['no list', { gpt: 1 }, 'the prices are not a list'],
    ['nothing', undefined, 'the prices are not a list'],
    ['no object', [null], 'price 1: is not an object'],
    ['no model', [{ ...GOOD, model: ' ' }], 'price 1: model is missing'],
    [
      'a model of a megabyte',
      [{ ...GOOD, model: 'x'.repeat(1_000_000) }],
      'price 1: model is longer than 256 characters',
    ],
    ['no input', [{ model: 'x', outputUsdPerMTok: 1 }], 'price 1: inputUsdPerMTok of it is missing'],
    [
      'a negative price',
      [{ ...GOOD, outputUsdPerMTok: -1 }],
      'price 1: outputUsdPerMTok is not a number from 0 to 10000',
    ],
    ['NaN', [{ ...GOOD, inputUsdPerMTok: Number.NaN }], 'price 1: inputUsdPerMTok is not a number from 0 to 10000'],
    [
      '1e309',
      [{ ...GOOD, inputUsdPerMTok: Number.POSITIVE_INFINITY }],
      'price 1: inputUsdPerMTok is not a number from 0 to 10000',
    ],
    ['text', [{ ...GOOD, inputUsdPerMTok: '2' }], 'price 1: inputUsdPerMTok is not a number from 0 to 10000'],
    ['a misspelt field', [{ ...GOOD, cacheUsd: 1 }], 'price 1: cacheUsd is not known'],
    ['the same model twice', [GOOD, { ...GOOD, model: 'GPT-4o' }], 'gpt-4o is named twice'],
    [
      'the step at 0',
      [{ ...GOOD, longContext: { aboveTokens: 0 } }],
      'price 1: longContext.aboveTokens is not a whole number above 0',
    ],
    ['a fee of a million', [{ ...GOOD, requestUsd: 1e6 }], 'price 1: requestUsd is not a number from 0 to 1000'],
    [
      'a hundredfold price',
      [{ model: 'gpt-4o', inputUsdPerMTok: 250, outputUsdPerMTok: 10 }],
      'gpt-4o would cost 250 instead of 2.5 USD for a million input tokens',
    ],
    [
      'a price for a single token',
      [{ model: 'openai/gpt-4o', inputUsdPerMTok: 0.0000025, outputUsdPerMTok: 0.00001 }],
      'openai/gpt-4o would cost 0.0000025 instead of 2.5 USD for a million input tokens',
    ],
  ])('%s', (_, overrides, reason) => {
    expect(reasonsOf(withOverrides(BASE_BOOK, overrides))[0]).toBe(reason)
  })

  test('one bad price refuses all', () => {
    expect(withOverrides(BASE_BOOK, [GOOD, { model: 'x' }]).ok).toBe(false)
  })

  test('no more than 20 reasons are given', () => {
    expect(
      reasonsOf(
        withOverrides(
          BASE_BOOK,
          Array.from({ length: 1_000 }, () => ({})),
        ),
      ),
    ).toHaveLength(20)
  })
})

// F32
describe('a price feed', () => {
  test('replaces what it names', () => {
    const book = bookOf(withFeed(BASE_BOOK, [GOOD]))
    expect(priceOf(book, 'gpt-4o', AT_MS)).toMatchObject({ source: 'feed' })
  })

  test.each<[string, unknown, string]>([
    ['is empty', [], 'the list of prices is empty'],
    ['is no list', '<html>', 'the prices are not a list'],
    [
      'makes free what had a price',
      [{ ...GOOD, inputUsdPerMTok: 0 }],
      'gpt-4o would cost 0 instead of 2.5 USD for a million input tokens',
    ],
    [
      'is a hundredfold',
      [{ ...GOOD, outputUsdPerMTok: 1_000 }],
      'gpt-4o would cost 1000 instead of 10 USD for a million output tokens',
    ],
  ])('that %s is refused', (_, feed, reason) => {
    expect(reasonsOf(withFeed(BASE_BOOK, feed))).toEqual([reason])
  })
})
