import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Cost, costOf } from './cost.ts'
import { BASE_BOOK, priceOf } from './price-book.ts'
import type { Price, Rates } from './prices/rates.ts'
import type { Usage } from './usage.ts'

const AT_MS = Date.UTC(2026, 10, 25, 12)
const USD = 1_000_000_000

function costOfModel(model: string, usage: Usage, options?: Parameters<typeof costOf>[2]): Cost {
  const price = priceOf(BASE_BOOK, model, AT_MS)
  if (price === undefined) throw new Error(`${model} has no price`)
  return costOf(price, usage, options)
}

describe('what requests have always cost', () => {
  test.each<[string, Usage, number]>([
    ['claude-sonnet-4-5', { inputTokens: 1_000, outputTokens: 500 }, 0.0105],
    ['claude-3-5-haiku', { inputTokens: 1_000_000, outputTokens: 1_000_000 }, 4.8],
    ['claude-opus-4-1', { inputTokens: 1_000, cacheReadTokens: 10_000 }, 0.03],
    ['claude-sonnet-4-5', { cacheWrite5mTokens: 1_000, cacheWrite1hTokens: 1_000, cacheWriteTokens: 2_000 }, 0.00975],
    ['claude-sonnet-4-5', { inputTokens: 200_000, outputTokens: 1_000 }, 0.615],
    ['claude-sonnet-4-5', { inputTokens: 200_001, outputTokens: 1_000 }, 1.222506],
    ['gemini-2.5-pro', { inputTokens: 200_000, outputTokens: 0 }, 0.25],
    ['gemini-2.5-pro', { inputTokens: 300_000, outputTokens: 10_000 }, 0.9],
    ['gpt-5', { inputTokens: 4_293, outputTokens: 17, cacheReadTokens: 6_016 }, 0.00628825],
    ['gpt-4o', { inputTokens: 100, outputTokens: 50, cacheReadTokens: 100 }, 0.000875],
    ['o3', { inputTokens: 1_000, cacheReadTokens: 1_000 }, 0.0025],
    ['gpt-4o-mini', { inputTokens: 1 }, 0.00000015],
    ['glm-4.5-flash', { inputTokens: 1_000_000, outputTokens: 1_000_000 }, 0],
  ])('%s %j: %p USD', (model, usage, usd) => {
    expect(costOfModel(model, usage)).toMatchObject({ nanoUsd: Math.round(usd * USD), clamped: false })
  })

  test('nothing reported costs nothing', () => {
    expect(costOfModel('gpt-5', {})).toEqual({
      nanoUsd: 0,
      parts: [],
      tier: 'standard',
      isLongContext: false,
      clamped: false,
    })
  })

  test('a small request on a cheap model is not free', () => {
    expect(costOfModel('llama-3.2-3b-instruct', { inputTokens: 1 }).nanoUsd).toBe(3)
  })
})

// W-13: cache writes without a split were free, and the long-context price looked at uncached input alone.
describe('cache writes and long prompts', () => {
  test('cache writes without a split cost what five minutes cost', () => {
    expect(costOfModel('claude-sonnet-4-5', { cacheWriteTokens: 1_000 }).nanoUsd).toBe(3_750_000)
  })

  test('what a split leaves of the total counts as five minutes', () => {
    const { parts } = costOfModel('claude-sonnet-4-5', { cacheWriteTokens: 1_000, cacheWrite1hTokens: 400 })
    expect(parts.map(({ what, count }) => [what, count])).toEqual([
      ['cache-write-5m', 600],
      ['cache-write-1h', 400],
    ])
  })

  test('a split that is more than its total is believed, without a charge below zero', () => {
    const usage = { cacheWriteTokens: 10, cacheWrite5mTokens: 100, cacheWrite1hTokens: 100 }
    expect(costOfModel('claude-sonnet-4-5', usage).nanoUsd).toBe(375_000 + 600_000)
  })

  test.each<[string, Usage, boolean]>([
    ['exactly 200,000 in all', { inputTokens: 50_000, cacheReadTokens: 100_000, cacheWriteTokens: 50_000 }, false],
    [
      'one more, read from the cache',
      { inputTokens: 50_000, cacheReadTokens: 100_001, cacheWriteTokens: 50_000 },
      true,
    ],
    ['one more, written to it', { cacheReadTokens: 150_000, cacheWrite1hTokens: 50_001 }, true],
    ['a long answer to a short prompt', { inputTokens: 10, outputTokens: 900_000 }, false],
  ])('the whole prompt decides on the price: %s', (_, usage, isLongContext) => {
    expect(costOfModel('claude-sonnet-4-5', usage).isLongContext).toBe(isLongContext)
  })

  test('above the step, output and cache cost more as well', () => {
    const { parts } = costOfModel('claude-sonnet-4-5', { inputTokens: 1, outputTokens: 1, cacheReadTokens: 200_000 })
    expect(parts.map(({ what, nanoUsdPerMillion }) => [what, nanoUsdPerMillion / USD])).toEqual([
      ['input', 6],
      ['output', 22.5],
      ['cache-read', 0.6],
    ])
  })

  test('other models have their step elsewhere', () => {
    expect(costOfModel('gpt-5.5', { inputTokens: 271_999 }).isLongContext).toBe(false)
    expect(costOfModel('gpt-5.5', { inputTokens: 272_000 }).isLongContext).toBe(true)
    expect(costOfModel('claude-sonnet-5', { inputTokens: 900_000 }).isLongContext).toBe(false)
  })

  test('OpenAI takes no extra for writing to the cache before GPT-5.6', () => {
    const plain = costOfModel('gpt-5.5', { inputTokens: 600, cacheReadTokens: 2_000 })
    expect(costOfModel('gpt-5.5', { inputTokens: 200, cacheReadTokens: 2_000, cacheWriteTokens: 400 }).nanoUsd).toBe(
      plain.nanoUsd,
    )
    expect(costOfModel('gpt-5.6-sol', { cacheWriteTokens: 100_000 }).nanoUsd).toBe(0.5 * USD)
  })
})

describe('service tiers', () => {
  const usage = { inputTokens: 100_000, outputTokens: 100_000 }
  test.each([
    ['gpt-5.2', undefined, 'standard', 1.575],
    ['gpt-5.2', 'default', 'standard', 1.575],
    ['gpt-5.2', 'scale', 'standard', 1.575],
    ['gpt-5.2', 'priority', 'priority', 3.15],
    ['gpt-5.2', 'flex', 'flex', 0.7875],
    ['gpt-5.2', 'batch', 'batch', 0.7875],
    ['o4-mini', 'priority', 'priority', 1],
    ['claude-opus-4-8', 'standard', 'standard', 3],
    ['claude-opus-4-8', 'batch', 'batch', 1.5],
    ['claude-opus-4-8', 'fast', 'fast', 6],
    ['claude-opus-4-8', 'priority', 'standard', 3],
    ['claude-haiku-4-5', 'fast', 'standard', 0.6],
    ['glm-4.6', 'flex', 'standard', 0.28],
    ['gpt-5.2', 'constructor', 'standard', 1.575],
  ] as const)('%s in %p is charged as %s', (model, serviceTier, tier, usd) => {
    const reported = { ...usage, ...(serviceTier && { serviceTier: serviceTier as NonNullable<Usage['serviceTier']> }) }
    const cost = costOfModel(model, reported)
    expect([cost.tier, cost.nanoUsd / USD]).toEqual([tier, usd])
  })

  test('priority excludes long prompts, discounts do not', () => {
    const long = { inputTokens: 300_000 }
    expect(costOfModel('gpt-5.5', { ...long, serviceTier: 'priority' }).nanoUsd).toBe(3 * USD)
    expect(costOfModel('gpt-5.5', { ...long, serviceTier: 'flex' }).nanoUsd).toBe(1.5 * USD)
  })
})

describe('fees', () => {
  test('a search on the web costs a cent', () => {
    const cost = costOfModel('claude-sonnet-4-5', { inputTokens: 1_000, webSearches: 3 })
    expect(cost.parts.map(({ what, nanoUsd }) => [what, nanoUsd])).toEqual([
      ['input', 3_000_000],
      ['web-search', 30_000_000],
    ])
  })

  test('a request fee is taken once, and only for an answer', () => {
    expect(costOfModel('sonar', { inputTokens: 1_000_000 }).nanoUsd).toBe(1.012 * USD)
    expect(costOfModel('sonar', {}).nanoUsd).toBe(0)
  })

  test('tiers do not change fees, the multiplier does', () => {
    const usage = { webSearches: 1 }
    expect(costOfModel('claude-opus-4-8', { ...usage, serviceTier: 'batch' }).nanoUsd).toBe(10_000_000)
    expect(costOfModel('claude-opus-4-8', usage, { multiplier: 0.5 }).nanoUsd).toBe(5_000_000)
  })
})

describe('the multiplier of a channel', () => {
  test.each([
    [0, 0],
    [1, 10_500_000],
    [0.1, 1_050_000],
    [1.5, 15_750_000],
    [0.000001, 11],
    [0.0000001, 0],
  ])('%p of 10,500,000 nano-USD is %p', (multiplier, nanoUsd) => {
    const usage = { inputTokens: 1_000, outputTokens: 500 }
    expect(costOfModel('claude-sonnet-4-5', usage, { multiplier })).toMatchObject({ nanoUsd, clamped: false })
  })

  test.each([-1, Number.NaN, -Number.MIN_VALUE])('%p is taken for 0 and flagged', (multiplier) => {
    expect(costOfModel('gpt-5', { inputTokens: 100 }, { multiplier })).toMatchObject({ nanoUsd: 0, clamped: true })
  })
})

// A17: an upstream may answer with any usage it likes.
describe('crafted usage', () => {
  test.each([
    ['-1', -1, 0],
    ['NaN', Number.NaN, 0],
    ['-Infinity', Number.NEGATIVE_INFINITY, 0],
    ['1e309', Number.POSITIVE_INFINITY, 2 ** 31 - 1],
    ['2^63', 2 ** 63, 2 ** 31 - 1],
    ['2^31', 2 ** 31, 2 ** 31 - 1],
  ])('%s tokens are charged as a possible number and flagged', (_, tokens, charged) => {
    const cost = costOfModel('gpt-5', { inputTokens: tokens, outputTokens: 1 })
    expect(cost.clamped).toBe(true)
    expect(cost.parts.find(({ what }) => what === 'input')?.count ?? 0).toBe(charged)
  })

  test('the dearest price, all counts at their end and the largest multiplier stay a safe number', () => {
    const most = 2 ** 63
    const usage = {
      inputTokens: most,
      outputTokens: most,
      cacheReadTokens: most,
      cacheWriteTokens: most,
      webSearches: most,
    }
    const cost = costOfModel('o1-pro', usage, { multiplier: 1_000 })
    expect(cost).toMatchObject({ nanoUsd: Number.MAX_SAFE_INTEGER, clamped: true })
    expect(cost.parts.reduce((sum, part) => sum + part.nanoUsd, 0)).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('half a token is none, and minus zero is zero', () => {
    expect(costOfModel('gpt-5', { inputTokens: 0.5, outputTokens: -0 })).toMatchObject({ nanoUsd: 0, clamped: false })
  })
})

const rate = fc.integer({ min: 0, max: 600 * USD })
const rates: fc.Arbitrary<Rates> = fc.record({
  inputNanoPerMTok: rate,
  outputNanoPerMTok: rate,
  cacheReadNanoPerMTok: rate,
  cacheWrite5mNanoPerMTok: rate,
  cacheWrite1hNanoPerMTok: rate,
})
const tokens = fc.oneof(
  fc.integer({ min: 0, max: 300_000 }),
  fc.constantFrom(-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 63, 1e308),
)
const usages: fc.Arbitrary<Required<Omit<Usage, 'reasoningTokens' | 'serviceTier' | 'isClamped' | 'isEstimated'>>> =
  fc.record({
    inputTokens: tokens,
    outputTokens: tokens,
    cacheReadTokens: tokens,
    cacheWriteTokens: tokens,
    cacheWrite5mTokens: tokens,
    cacheWrite1hTokens: tokens,
    webSearches: tokens,
  })
const multipliers = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1_000, noNaN: true }))

function priceWith(standard: Rates): Price {
  const plans = { standard: { rates: standard, steps: [] } }
  return { model: 'm', source: 'own', plans, webSearchNanoUsd: 10_000_000, requestNanoUsd: 5_000 }
}

describe('for every price, usage and multiplier', () => {
  test('the cost is a whole number from 0 on, and the sum of its parts', () => {
    fc.assert(
      fc.property(rates, usages, multipliers, (standard, usage, multiplier) => {
        const { nanoUsd, parts } = costOf(priceWith(standard), usage, { multiplier })
        expect(Number.isSafeInteger(nanoUsd)).toBe(true)
        expect(nanoUsd).toBeGreaterThanOrEqual(0)
        for (const part of parts) expect(part.nanoUsd).toBeGreaterThanOrEqual(0)
        expect(parts.reduce((sum, part) => sum + part.nanoUsd, 0)).toBe(nanoUsd)
      }),
    )
  })

  test('more tokens never cost less', () => {
    const fields = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWrite5mTokens', 'webSearches'] as const
    fc.assert(
      fc.property(
        rates,
        usages,
        fc.constantFrom(...fields),
        fc.integer({ min: 0, max: 10_000_000 }),
        (standard, usage, field, more) => {
          const less = Number.isNaN(usage[field]) ? { ...usage, [field]: 0 } : usage
          const price = priceWith({ ...standard, cacheWrite1hNanoPerMTok: standard.cacheWrite5mNanoPerMTok })
          const before = costOf(price, less).nanoUsd
          expect(costOf(price, { ...less, [field]: less[field] + more }).nanoUsd).toBeGreaterThanOrEqual(before)
        },
      ),
    )
  })

  test('a higher price never costs less', () => {
    fc.assert(
      fc.property(rates, usages, fc.integer({ min: 0, max: USD }), (standard, usage, more) => {
        const dearer = Object.fromEntries(Object.entries(standard).map(([name, nano]) => [name, nano + more])) as Rates
        expect(costOf(priceWith(dearer), usage).nanoUsd).toBeGreaterThanOrEqual(
          costOf(priceWith(standard), usage).nanoUsd,
        )
      }),
    )
  })

  test('a higher multiplier never costs less, and none is free', () => {
    fc.assert(
      fc.property(
        rates,
        usages,
        multipliers,
        fc.double({ min: 0, max: 10, noNaN: true }),
        (standard, usage, multiplier, more) => {
          const costs = [0, multiplier, multiplier + more].map(
            (by) => costOf(priceWith(standard), usage, { multiplier: by }).nanoUsd,
          )
          expect(costs).toEqual(costs.toSorted((a, b) => a - b))
          expect(costs[0]).toBe(0)
        },
      ),
    )
  })

  test('it is what exact arithmetic says, rounded once', () => {
    fc.assert(
      fc.property(rates, fc.array(fc.nat({ max: 2 ** 31 - 1 }), { minLength: 3, maxLength: 3 }), (standard, counts) => {
        const [inputTokens = 0, outputTokens = 0, cacheReadTokens = 0] = counts
        const exact =
          BigInt(inputTokens) * BigInt(standard.inputNanoPerMTok) +
          BigInt(outputTokens) * BigInt(standard.outputNanoPerMTok) +
          BigInt(cacheReadTokens) * BigInt(standard.cacheReadNanoPerMTok)
        const price = { ...priceWith(standard), requestNanoUsd: 0 }
        const cost = costOf(price, { inputTokens, outputTokens, cacheReadTokens })
        expect(BigInt(cost.nanoUsd)).toBe((exact + 500_000n) / 1_000_000n)
      }),
    )
  })
})
