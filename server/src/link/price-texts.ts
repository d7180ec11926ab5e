import { BASE_BOOK, type PriceBook } from '../core/price-book.ts'
import { withAccepted } from '../core/price-overrides.ts'

/** Prices as they are stored and sent around: JSON texts, `''` = none. */
export type PriceTexts = {
  /** List of `PriceOverride`. */
  readonly price_overrides: string
  /** Object with `date` and `prices`, a list of `PriceOverride`. */
  readonly price_feed: string
}

export const NO_PRICE_TEXTS: PriceTexts = { price_overrides: '', price_feed: '' }

/** The prices in force: built-in ones, under those of an imported feed, under those of the administrator. */
export function bookInForce(texts: PriceTexts): PriceBook {
  const feed = readObject(texts.price_feed)
  const fed = withAccepted(BASE_BOOK, listOf(feed['prices']), 'feed')
  const { date } = feed
  const dated = typeof date === 'string' ? { ...fed, dataDate: date } : fed
  return withAccepted(dated, listOf(readJson(texts.price_overrides)), 'own')
}

/** `undefined` = no JSON. */
export function readJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined // nobody but us writes it; a damaged text counts as none
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  const value = readJson(text)
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
