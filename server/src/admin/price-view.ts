import type { FeedPrice, PriceAnswer } from '@ccload/contract/prices.ts'
import { type PriceBook, priceOf } from '../core/price-book.ts'
import type { PriceOverride } from '../core/price-overrides.ts'
import type { Plan, Price, Rates } from '../core/prices/rates.ts'

const NANO = 1e9

const SOURCES = { table: 'builtin', feed: 'feed', own: 'override' } as const satisfies Record<Price['source'], string>

export type Priced = {
  readonly book: PriceBook
  readonly model: string
  readonly nowMs: number
  readonly isOffered: boolean
}

/** What a model costs now, as the API says it. */
export function priceView({ book, model, nowMs, isOffered }: Priced): PriceAnswer {
  const price = priceOf(book, model, nowMs)
  if (price === undefined) {
    const nothing = { long_context: [], tiers: {}, web_search: 0, request: 0 }
    return { model, source: 'none', is_offered: isOffered, ...nothing }
  }
  const { standard, ...tiers } = price.plans
  const named = Object.entries(tiers).filter((entry): entry is [string, Plan] => entry[1] !== undefined)
  return {
    model,
    source: SOURCES[price.source],
    priced_as: price.model,
    is_offered: isOffered,
    rates: ratesView(standard.rates),
    long_context: standard.steps.map(({ aboveTokens, rates }) => ({
      above_tokens: aboveTokens,
      rates: ratesView(rates),
    })),
    tiers: Object.fromEntries(named.map(([tier, { rates }]) => [tier, ratesView(rates)])),
    web_search: price.webSearchNanoUsd / NANO,
    request: price.requestNanoUsd / NANO,
  }
}

function ratesView(rates: Rates): NonNullable<PriceAnswer['rates']> {
  return {
    input: rates.inputNanoPerMTok / NANO,
    output: rates.outputNanoPerMTok / NANO,
    cache_read: rates.cacheReadNanoPerMTok / NANO,
    cache_write_5m: rates.cacheWrite5mNanoPerMTok / NANO,
    cache_write_1h: rates.cacheWrite1hNanoPerMTok / NANO,
  }
}

/** A price as it was sent, in the terms of the price book. */
export function overrideOf(price: FeedPrice): PriceOverride {
  const { cache_read, cache_write_5m, cache_write_1h, long_context, web_search, request } = price
  return {
    model: price.model,
    inputUsdPerMTok: price.input,
    outputUsdPerMTok: price.output,
    ...(cache_read !== undefined && { cacheReadUsdPerMTok: cache_read }),
    ...(cache_write_5m !== undefined && { cacheWrite5mUsdPerMTok: cache_write_5m }),
    ...(cache_write_1h !== undefined && { cacheWrite1hUsdPerMTok: cache_write_1h }),
    ...(long_context && {
      longContext: {
        aboveTokens: long_context.above_tokens,
        inputUsdPerMTok: long_context.input,
        outputUsdPerMTok: long_context.output,
      },
    }),
    ...(web_search !== undefined && { webSearchUsd: web_search }),
    ...(request !== undefined && { requestUsd: request }),
  }
}
