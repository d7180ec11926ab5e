import type { ChannelType } from '../core/channel-type.ts'
import { hasCostLimit } from '../core/limits.ts'
import { ANY_MODEL } from '../core/match-model.ts'
import { BASE_BOOK, type PriceBook, priceOf } from '../core/price-book.ts'
import type { SettingValues, UseLimits } from '../core/snapshot.ts'
import { bookInForce, NO_PRICE_TEXTS, type PriceTexts } from '../link/price-texts.ts'
import type { ProxyDeps } from './deps.ts'

type Made = { readonly texts: PriceTexts; readonly book: PriceBook }

/** The last one that was made: snapshots share their prices until these change. */
let made: Made = { texts: NO_PRICE_TEXTS, book: BASE_BOOK }

/** The prices that a snapshot brings along with its settings. */
export function bookOfSettings(values: SettingValues): PriceBook {
  const texts = { price_overrides: textOf(values['price_overrides']), price_feed: textOf(values['price_feed']) }
  const isSame = texts.price_overrides === made.texts.price_overrides && texts.price_feed === made.texts.price_feed
  if (!isSame) made = { texts, book: bookInForce(texts) }
  return made.book
}

function textOf(value: SettingValues[string] | undefined): string {
  return typeof value === 'string' ? value : ''
}

type Pricing = Pick<ProxyDeps, 'view' | 'clock'>

/**
 * Whether a model must be refused because its price is not known and somebody's costs are limited: setting
 * `unpriced_policy`. Cost: a look at the setting while it says `allow`.
 *
 * @param limits  Of all whom it would be charged to.
 */
export function isRefusedUnpriced(
  { view, clock }: Pricing,
  limits: readonly (UseLimits | undefined)[],
  model: string,
): boolean {
  const { settings, book } = view()
  if (!settings.refuseUnpriced || !limits.some((one) => one !== undefined && hasCostLimit(one))) return false
  if (model === ANY_MODEL) return false // names none, and asks for nothing that costs
  return priceOf(book(), model, clock.nowMs()) === undefined
}

/** Whether nobody whom a model could be asked of has a price for it. */
export function isUnpricedEverywhere(deps: Pricing, limits: UseLimits | undefined, asked: AskedModel): boolean {
  if (!isRefusedUnpriced(deps, [limits], asked.model)) return false
  const { matches } = deps.view().field(asked.type, asked.model)
  return matches.every(({ model }) => isRefusedUnpriced(deps, [limits], model?.redirect || model?.name || asked.model))
}

type AskedModel = { readonly type: ChannelType; readonly model: string }
