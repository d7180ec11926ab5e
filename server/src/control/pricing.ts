import { costOf } from '../core/cost.ts'
import { costPartsOf, type Terms, USUAL_TERMS } from '../core/cost-parts.ts'
import { modelNames } from '../core/model-name.ts'
import { type PriceBook, priceOf } from '../core/price-book.ts'
import type { Usage } from '../core/usage.ts'
import type { LogRow } from '../ports/attempt-log.ts'

/** What attempts cost, by the prices of this moment. Once charged, a row keeps its cost. */
export class Pricing {
  readonly #book: () => PriceBook

  constructor(book: () => PriceBook) {
    this.#book = book
  }

  /** The rows with their cost and how it came about. A model without a price costs nothing, and its row says so. */
  priced(rows: readonly LogRow[]): readonly LogRow[] {
    const book = this.#book()
    return rows.map((row) => pricedRow(book, row))
  }
}

function pricedRow(book: PriceBook, row: LogRow): LogRow {
  if (row.costNanoUsd > 0 || row.costParts !== undefined) return row
  const terms = row.terms ?? USUAL_TERMS
  const isEstimated = row.usageState === 'estimated'
  if (!hasUse(row, terms)) return terms.isClamped ? { ...row, costParts: { ...NOTHING_USED, isEstimated } } : row
  const model = row.actualModel || row.model
  const price = priceOf(book, model, row.timeMs)
  const cost = price && costOf(price, usageOf(row, terms), terms)
  const pricedAs = price && !isNameOf(price.model, model) ? price.model : undefined
  return {
    ...row,
    costNanoUsd: cost?.nanoUsd ?? 0,
    costParts: costPartsOf({ cost, terms, isEstimated, pricedAs }),
  }
}

function usageOf(row: LogRow, { webSearches, serviceTier }: Terms): Usage {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite5mTokens, cacheWrite1hTokens } = row
  const tokens = {
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite5mTokens,
    cacheWrite1hTokens,
  }
  return serviceTier === undefined ? { ...tokens, webSearches } : { ...tokens, webSearches, serviceTier }
}

const MAX_KNOWN_NAMES = 2_000
const knownNames = new Map<string, boolean>()

/** Whether a row of the table is the asked model's own. Remembered: the names of a model take ten regular expressions. */
function isNameOf(row: string, model: string): boolean {
  if (row === model) return true
  const pair = `${row} ${model}`
  let isOwn = knownNames.get(pair)
  if (isOwn === undefined) {
    isOwn = modelNames(model).includes(row)
    if (knownNames.size >= MAX_KNOWN_NAMES) knownNames.clear()
    knownNames.set(pair, isOwn)
  }
  return isOwn
}

/** A hostile report, of which nothing could be used. */
const NOTHING_USED = {
  parts: [],
  multiplier: 1,
  tier: 'standard',
  isLongContext: false,
  isClamped: true,
  isUnpriced: false,
} as const

function hasUse(row: LogRow, { webSearches }: Terms): boolean {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite5mTokens, cacheWrite1hTokens } = row
  const written = cacheWriteTokens + cacheWrite5mTokens + cacheWrite1hTokens
  return inputTokens + outputTokens + cacheReadTokens + written > 0 || webSearches > 0
}
