import { describe, expect, test } from 'bun:test'
import { guessCost } from './guess-cost.ts'
import { BASE_BOOK, priceOf } from './price-book.ts'
import { discounted } from './prices/rates.ts'

const NOW_MS = 1_790_000_000_000
const nanoOf = (model: string, bytes: number) => guessCost(priceOf(BASE_BOOK, model, NOW_MS), bytes)

describe('a guess of what a request costs', () => {
  test('is its body at the price of input, and an answer of 2,000 tokens', () => {
    expect(nanoOf('claude-sonnet-4-5', 4_000)).toBe(1_000 * 3_000 + 2_000 * 15_000)
  })

  test('grows with the body, and is dearer for a dearer model', () => {
    expect(nanoOf('claude-sonnet-4-5', 400_000)).toBeGreaterThan(nanoOf('claude-sonnet-4-5', 4_000))
    expect(nanoOf('claude-opus-4-5', 4_000)).toBeGreaterThan(nanoOf('claude-haiku-4-5', 4_000))
  })

  test('of a model that nobody has a price for is not free: a limit would let any number of them in at once', () => {
    expect(nanoOf('nobody-knows-this', 0)).toBe(30_000_000)
  })

  test('is never 0, which would mean that nobody has guessed', () => {
    const price = priceOf(BASE_BOOK, 'claude-sonnet-4-5', NOW_MS)
    if (price === undefined) throw new Error('it is in the table')
    expect(guessCost({ ...price, plans: { standard: discounted(price.plans.standard, 0) } }, 1_000)).toBe(1)
  })
})
