import { BASE_BOOK, type PriceBook } from '../core/price-book.ts'
import {
  faultOfPrice,
  overrideName,
  type PriceOverride,
  withAccepted,
  withFeed,
  withOverrides,
} from '../core/price-overrides.ts'
import { bookInForce, NO_PRICE_TEXTS, type PriceTexts, readJson } from '../link/price-texts.ts'
import type { Log } from '../ports/log.ts'
import type { SettingStore } from '../ports/store.ts'
import type { PriceFeed, PriceSaved, Prices } from './control.ts'

export type PriceDeskParts = {
  /** Where the two texts are kept, as rows that are no settings. */
  readonly settings: SettingStore
  readonly nowMs: () => number
  readonly log: Log
}

/** Tells proxies; resolves to those that lag behind. */
type Publish = () => Promise<readonly number[]>

const DESCRIPTIONS: Readonly<Record<keyof PriceTexts, string>> = {
  price_overrides: 'Prices of the administrator, see /admin/prices',
  price_feed: 'Imported prices, see /admin/prices/feed',
}
const DATE = /^\d{4}-\d{2}-\d{2}$/

/** The prices in force, and who may change them how. */
export class PriceDesk {
  texts: PriceTexts = NO_PRICE_TEXTS
  book: PriceBook = BASE_BOOK
  readonly #parts: PriceDeskParts
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: PriceDeskParts) {
    this.#parts = parts
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.#parts.settings.list())
      if (key === 'price_overrides' || key === 'price_feed') this.texts = { ...this.texts, [key]: value }
    this.book = bookInForce(this.texts)
  }

  facade(publish: Publish): Prices {
    const desk = this
    return {
      get book() {
        return desk.book
      },
      get overrides() {
        return desk.#overrides()
      },
      get feed() {
        return desk.#feed()
      },
      put: (override, { force }) => this.#inTurn(() => this.#put(publish, override, force)),
      remove: (model) => this.#inTurn(() => this.#remove(publish, model)),
      importFeed: (feed) => this.#inTurn(() => this.#import(publish, feed)),
    }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#last.then(act, act)
    this.#last = next.catch(() => {}) // whoever asked gets the error
    return next
  }

  #overrides(): readonly PriceOverride[] {
    return (readJson(this.texts.price_overrides) ?? []) as readonly PriceOverride[]
  }

  #feed(): PriceFeed | undefined {
    return readJson(this.texts.price_feed) as PriceFeed | undefined
  }

  async #put(publish: Publish, override: PriceOverride, force: boolean): Promise<PriceSaved> {
    const others = this.#overrides().filter(({ model }) => overrideName(model) !== overrideName(override.model))
    const fault = force ? faultOfPrice(override) : undefined
    if (fault !== undefined) return { ok: false, reasons: [fault] }
    const checked = force ? undefined : withOverrides(withAccepted(this.#fedBook(), others, 'own'), [override])
    if (checked && !checked.ok) return checked
    return { ok: true, change: await this.#save(publish, { price_overrides: JSON.stringify([...others, override]) }) }
  }

  /** Without the prices of the administrator. */
  #fedBook(): PriceBook {
    return bookInForce({ ...this.texts, price_overrides: '' })
  }

  async #remove(publish: Publish, model: string): ReturnType<Prices['remove']> {
    const before = this.#overrides()
    const left = before.filter((one) => overrideName(one.model) !== overrideName(model))
    if (left.length === before.length) return undefined
    return this.#save(publish, { price_overrides: left.length === 0 ? '' : JSON.stringify(left) })
  }

  async #import(publish: Publish, feed: Readonly<Record<string, unknown>>): Promise<PriceSaved> {
    const { date, prices, ...others } = feed
    const unknown = Object.keys(others).map((name) => `${name} is not known`)
    const undated =
      date === undefined || (typeof date === 'string' && DATE.test(date)) ? [] : ['date is not YYYY-MM-DD']
    const checked = withFeed(this.#fedBook(), prices)
    const reasons = [...unknown, ...undated, ...(checked.ok ? [] : checked.reasons)]
    if (reasons.length > 0) {
      this.#parts.log.write('error', 'a price feed was refused; the prices in force stay', { reasons })
      return { ok: false, reasons }
    }
    const importedAtMs = this.#parts.nowMs()
    const day = date ?? new Date(importedAtMs).toISOString().slice(0, 10)
    const change = await this.#save(publish, { price_feed: JSON.stringify({ date: day, importedAtMs, prices }) })
    return { ok: true, change }
  }

  async #save(publish: Publish, changed: Partial<PriceTexts>) {
    const rows = Object.entries(changed).map(([key, value]) => ({
      key,
      value,
      valueType: 'json',
      description: DESCRIPTIONS[key as keyof PriceTexts],
      defaultValue: '',
    }))
    await this.#parts.settings.save(rows, this.#parts.nowMs())
    this.texts = { ...this.texts, ...changed }
    this.book = bookInForce(this.texts)
    return { value: undefined, laggingProxies: await publish() }
  }
}
