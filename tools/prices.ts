// `bun tools/prices.ts`: turns the prices of the package @pydantic/genai-prices into server/src/core/prices/generated.json.
// Models that the price table of ccLoad knows are left out: the table wins. Run it after the package has been updated.
import { join } from 'node:path'
import {
  findProvider,
  type MatchLogic,
  type ModelInfo,
  type ModelPrice,
  type TieredPrices,
} from '@pydantic/genai-prices'
import { modelNames, spelledName } from '../server/src/core/model-name.ts'
import { ownRowName, rowName, TABLE_BOOK } from '../server/src/core/price-book.ts'
import type { Feed, FeedRow, UsdPlan } from '../server/src/core/prices/feed.ts'
import { ROOT } from './source-files.ts'

const TARGET = 'server/src/core/prices/generated.json'
const SOURCE = '@pydantic/genai-prices 0.1.8 (MIT), https://github.com/pydantic/genai-prices'
/** Day on which that version was published. */
const DATA_DATE = '2026-09-23'

/** Whose word counts, in this order: makers first, then those who sell the models of others. */
const PROVIDERS =
  'anthropic openai google x-ai deepseek moonshotai zai zhipuai minimax mistral cohere perplexity voyageai aws openrouter'

/** Names of offers, not of models. */
const OFFER = /:(?:free|batch)$|^switchpoint\//
/** The cloud sells the models of others under names of its own; here only its own models count. */
const AMAZON = /^amazon\./

type Draft = {
  readonly tableSearches: Record<string, number>
  readonly aliases: Record<string, string>
  readonly rows: Record<string, FeedRow>
}

export function makeFeed(): Feed {
  const draft: Draft = { tableSearches: {}, aliases: {}, rows: {} }
  for (const providerId of PROVIDERS.split(' ')) {
    const provider = findProvider({ providerId })
    if (provider === undefined) throw new Error(`the price data has lost the provider ${providerId}`)
    const models = provider.models.filter(({ id }) => !OFFER.test(id) && (providerId !== 'aws' || AMAZON.test(id)))
    for (const model of models) addModel(draft, model)
  }
  return {
    dataDate: DATA_DATE,
    source: SOURCE,
    tableSearches: sorted(draft.tableSearches),
    aliases: sorted(draft.aliases),
    rows: sorted(draft.rows),
  }
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A row for the names that nobody has a price of yet; aliases for those that belong to a row which is there. */
function addModel(draft: Draft, model: ModelInfo): void {
  const row = rowOf(model)
  if (row === undefined) return
  const tableRow = ownRowName(TABLE_BOOK, model.id)
  if (tableRow !== undefined && row.searches !== undefined) draft.tableSearches[tableRow] ??= row.searches
  let ownRow = knownRow(draft, model.id)
  for (const name of namesOf(model)) {
    if (ownRowName(TABLE_BOOK, name) !== undefined || knownRow(draft, name) !== undefined) continue
    if (tableRow !== undefined && rowName(TABLE_BOOK, name) === tableRow) draft.aliases[name] = tableRow
    else if (ownRow !== undefined) draft.aliases[name] = ownRow
    else {
      draft.rows[name] = row
      ownRow = name
    }
  }
}

function namesOf(model: ModelInfo): readonly string[] {
  const names = [model.id, ...namesIn(model.match)].filter((name) => !OFFER.test(name))
  const released = names.filter((name) => !name.endsWith('-latest')).map((name) => modelNames(name).at(-1) ?? '')
  return [...new Set([...names.map(spelledName), ...released].map((name) => name.replace(/[-@]$/, '')))]
}

function knownRow({ rows, aliases }: Draft, name: string): string | undefined {
  for (const form of modelNames(name)) {
    if (Object.hasOwn(rows, form)) return form
    if (aliases[form] !== undefined) return aliases[form]
  }
  return undefined
}

function namesIn(match: MatchLogic): readonly string[] {
  if ('or' in match) return match.or.flatMap(namesIn)
  if ('equals' in match) return [match.equals]
  if ('starts_with' in match) return [match.starts_with]
  return []
}

function rowOf(model: ModelInfo): FeedRow | undefined {
  const all = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
  const past = all.filter(({ constraint }) => constraint?.type !== 'start_date' || constraint.start_date <= DATA_DATE)
  const usual = past.findLast(({ constraint }) => constraint?.type !== 'time_of_date')?.prices ?? {}
  const plan = planOf(usual)
  if (plan === undefined) return undefined
  const later = all.flatMap(({ constraint, prices }): NonNullable<FeedRow['later']> => {
    const other = planOf(prices)
    if (constraint === undefined || other === undefined) return []
    if (constraint.type === 'time_of_date')
      return [{ between: [constraint.start_time.slice(0, 5), constraint.end_time.slice(0, 5)], ...other }]
    return constraint.start_date > DATA_DATE ? [{ from: constraint.start_date, ...other }] : []
  })
  const { web_searches_kcount: searches, requests_kcount: requests } = usual
  return {
    ...plan,
    ...(typeof searches === 'number' && { searches }),
    ...(typeof requests === 'number' && { requests }),
    ...(later.length > 0 && { later }),
  }
}

const FIELDS = {
  input: 'input_mtok',
  output: 'output_mtok',
  cacheRead: 'cache_read_mtok',
  cacheWrite5m: 'cache_write_mtok',
  cacheWrite1h: 'cache_write_1h_mtok',
} as const
type Field = keyof typeof FIELDS

/** `undefined` for what is not sold by the token, or has no price. */
function planOf(prices: ModelPrice): UsdPlan | undefined {
  const above = new Set(Object.values(FIELDS).flatMap((field) => tiersOf(prices[field]).map((tier) => tier.start)))
  const base = ratesAt(prices, 0)
  if (base === undefined || (base.input === 0 && base.output === 0)) return undefined
  const steps = [...above]
    .sort((a, b) => a - b)
    .flatMap((start) => {
      const rates = ratesAt(prices, start)
      return rates === undefined ? [] : [{ above: start, ...rates }]
    })
  return { ...base, ...(steps.length > 0 && { steps }) }
}

function ratesAt(prices: ModelPrice, above: number): UsdPlan | undefined {
  const rates: Partial<Record<Field, number>> = {}
  for (const field of Object.keys(FIELDS) as Field[]) {
    const price = prices[FIELDS[field]]
    if (price === undefined) continue
    const tier = tiersOf(price).findLast(({ start }) => above > 0 && start <= above)
    rates[field] = rounded(tier?.price ?? (typeof price === 'number' ? price : price.base))
  }
  if (rates.input === undefined) return undefined
  return { ...rates, input: rates.input, output: rates.output ?? 0 }
}

function tiersOf(price: ModelPrice[string]): TieredPrices['tiers'] {
  return price === undefined || typeof price === 'number' ? [] : price.tiers
}

/** To the nano-USD. */
function rounded(usd: number): number {
  return Math.round(usd * 1e9) / 1e9
}

if (import.meta.main) {
  await Bun.write(join(ROOT, TARGET), JSON.stringify(makeFeed(), null, 2))
  const format = Bun.spawn([join(ROOT, 'node_modules/.bin/biome'), 'format', '--write', join(ROOT, TARGET)])
  process.exit(await format.exited)
}
