import { familyNames, modelNames } from './model-name.ts'
import { ALIASES } from './prices/aliases.ts'
import { FEED, type Feed, type FeedRow } from './prices/feed.ts'
import { type MadePrices, makePrices, priceIn } from './prices/make-price.ts'
import { PRICE_TABLE } from './prices/price-table.ts'
import type { Price } from './prices/rates.ts'

/** A row before anybody asked for it. */
type Row = { readonly row: FeedRow; readonly source: Price['source'] }

/**
 * What every model costs. Immutable but for `found`, which remembers answers.
 * `dataDate`: day of the youngest price data, `YYYY-MM-DD`.
 */
export type PriceBook = {
  readonly dataDate: string
  readonly rows: ReadonlyMap<string, Row>
  readonly aliases: ReadonlyMap<string, string>
  /** Answers by the name asked for; `undefined` = nobody has a price. */
  readonly found: Map<string, MadePrices | undefined>
}

const MAX_FOUND = 2_000
const LONG_CONTEXT_TOKENS = 200_000

/**
 * What a model costs, or `undefined`: it is *unpriced*, which is never the same as free.
 *
 * The most literal form of the name wins, an override over the table, the table over the feed, a row over an alias; only
 * when no form has a price do the names of its family count, longest first.
 *
 * @param model  As asked for or sent upstream; any spelling that `modelNames` knows.
 * @param atMs   Unix ms: prices may change on a day, or by the time of day.
 * Cost: 0.2 µs for a name asked for before (2,000 are remembered), below 100 µs for a new one.
 */
export function priceOf(book: PriceBook, model: string, atMs: number): Price | undefined {
  let made = book.found.get(model)
  if (made === undefined && !book.found.has(model)) {
    made = findPrices(book, model)
    if (book.found.size >= MAX_FOUND) book.found.clear()
    book.found.set(model, made)
  }
  return made && priceIn(made, atMs)
}

function findPrices(book: PriceBook, model: string): MadePrices | undefined {
  const name = rowName(book, model)
  const row = name === undefined ? undefined : book.rows.get(name)
  if (name === undefined || row === undefined) return undefined
  return makePrices(name, { ...row, fast: book.rows.get(`${name}-fast`)?.row })
}

/** Name of the row that a model is charged by. */
export function rowName(book: Pick<PriceBook, 'rows' | 'aliases'>, model: string): string | undefined {
  const own = ownRowName(book, model)
  if (own !== undefined) return own
  for (const family of modelNames(model).flatMap(familyNames)) {
    const row = exactRow(book, family)
    // A word such as `command` or `router` names a product, not a family of models.
    if (row !== undefined && (/\d/.test(family) || book.rows.get(row)?.source === 'table')) return row
  }
  return undefined
}

function exactRow({ rows, aliases }: Pick<PriceBook, 'rows' | 'aliases'>, name: string): string | undefined {
  if (rows.has(name)) return name
  const row = aliases.get(name)
  return row !== undefined && rows.has(row) ? row : undefined
}

/** A row that some form of the name stands for, without a look at its family. */
export function ownRowName(book: Pick<PriceBook, 'rows' | 'aliases'>, model: string): string | undefined {
  for (const form of modelNames(model)) {
    const exact = exactRow(book, form)
    if (exact !== undefined) return exact
  }
  return undefined
}

/** The price table alone. */
export const TABLE_BOOK: PriceBook = bookOf({
  dataDate: '2026-01-22',
  rows: tableRows({}),
  aliases: new Map(Object.entries(ALIASES)),
})

/** Price table and price data, without overrides. */
export const BASE_BOOK: PriceBook = feedBook(FEED)

function feedBook(feed: Feed): PriceBook {
  const rows = new Map<string, Row>()
  for (const [name, row] of Object.entries(feed.rows)) rows.set(name, { row, source: 'feed' })
  for (const [name, row] of tableRows(feed.tableSearches)) rows.set(name, row)
  return bookOf({ dataDate: feed.dataDate, rows, aliases: new Map(Object.entries({ ...feed.aliases, ...ALIASES })) })
}

export function bookOf(parts: Omit<PriceBook, 'found'>): PriceBook {
  return { ...parts, found: new Map() }
}

function tableRows(searches: Readonly<Record<string, number>>): ReadonlyMap<string, Row> {
  const rows = PRICE_TABLE.map((line): [string, Row] => {
    const [name = '', input, output, highInput, highOutput] = line.split(/[ /[\]]+/)
    const steps = highInput === undefined || highInput === '' ? [] : [step(Number(highInput), Number(highOutput))]
    const search = searches[name]
    return [
      name,
      {
        row: {
          input: Number(input),
          output: Number(output),
          ...(steps.length > 0 && { steps }),
          ...(search !== undefined && { searches: search }),
        },
        source: 'table',
      },
    ]
  })
  return new Map(rows)
}

function step(
  input: number,
  output: number,
): { readonly above: number; readonly input: number; readonly output: number } {
  return { above: LONG_CONTEXT_TOKENS, input, output }
}
