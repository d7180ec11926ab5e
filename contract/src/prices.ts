import { z } from 'zod'
import type { Route } from './route.ts'

export const PRICE_ROUTES = {
  list: { method: 'GET', path: '/admin/prices' },
  importFeed: { method: 'POST', path: '/admin/prices/feed' },
  get: { method: 'GET', path: '/admin/prices/:model' },
  save: { method: 'PUT', path: '/admin/prices/:model' },
  remove: { method: 'DELETE', path: '/admin/prices/:model' },
} as const satisfies Record<string, Route>

const usd = z.number({ error: 'must be a number' }).min(0, 'must not be negative')

/** USD for a million tokens. What is left out follows from `input`, as the vendor of the model does it. */
const rates = {
  input: usd,
  output: usd,
  cache_read: usd.optional(),
  cache_write_5m: usd.optional(),
  cache_write_1h: usd.optional(),
}

const longContext = z.strictObject({
  /** Prompts of more than so many tokens, cached ones too. */
  above_tokens: z.int().min(1),
  input: usd,
  output: usd,
})

const prices = {
  ...rates,
  long_context: longContext.optional(),
  /** USD for one search on the web. */
  web_search: usd.optional(),
  /** USD for each request. */
  request: usd.optional(),
}

/** What one model costs; 0 = free. */
export const priceBody = z.strictObject({
  ...prices,
  /** Takes a price that is more than 50 times the known one, or less than a fiftieth of it. */
  force: z.boolean({ error: 'must be true or false' }).optional(),
})
export type PriceBody = z.output<typeof priceBody>

/** One price of a feed. A feed is `{"date": "YYYY-MM-DD", "prices": […]}`; `date` may be left out. */
export const feedPrice = z.strictObject({ model: z.string({ error: 'must be a text' }), ...prices })
export type FeedPrice = z.output<typeof feedPrice>

const allRates = z.strictObject({
  input: usd,
  output: usd,
  cache_read: usd,
  cache_write_5m: usd,
  cache_write_1h: usd,
})

/** Where a price comes from; `none`: nobody has one, so that the model costs nothing and is flagged. */
export const priceSource = z.enum(['builtin', 'feed', 'override', 'none'])

/** What a model costs now. */
export const priceAnswer = z.strictObject({
  model: z.string(),
  source: priceSource,
  /** The row that it is charged by; absent without a price. */
  priced_as: z.string().optional(),
  /** Some channel offers the model, or sends it to its upstream. */
  is_offered: z.boolean(),
  /** Absent without a price. */
  rates: allRates.optional(),
  /** By length of the prompt, shortest first. */
  long_context: z.array(z.strictObject({ above_tokens: z.int(), rates: allRates })),
  /** Tiers that cost something else. */
  tiers: z.record(z.string(), allRates),
  /** USD each; 0 = none or not known. */
  web_search: usd,
  request: usd,
})
export type PriceAnswer = z.output<typeof priceAnswer>

/** How a name is understood. */
export const priceLookupAnswer = z.strictObject({
  ...priceAnswer.shape,
  /** The forms of the name that are looked for, most literal first. */
  names: z.array(z.string()),
  /** The names of its family, which count when no form has a price. */
  families: z.array(z.string()),
})
export type PriceLookup = z.output<typeof priceLookupAnswer>

export const priceFeedAnswer = z.strictObject({
  /** Day of the data, `YYYY-MM-DD`. */
  date: z.string(),
  /** Unix seconds; 0 = the data that came with the program. */
  imported_at: z.int().min(0),
  /** Prices that were imported; 0 for the data that came with the program. */
  models: z.int().min(0),
})
export type PriceFeed = z.output<typeof priceFeedAnswer>

/** Offered models first, then all that have a price or were asked for this month, each by name. */
export const priceListAnswer = z.strictObject({ feed: priceFeedAnswer, prices: z.array(priceAnswer) })
export type PriceList = z.output<typeof priceListAnswer>
