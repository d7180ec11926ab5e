import { bookOf, type PriceBook, rowName } from './price-book.ts'
import type { FeedRow, UsdPlan } from './prices/feed.ts'

/** A price that somebody names for a model, new or known. USD for a million tokens; what is left out follows from input. */
export type PriceOverride = {
  /** Any spelling; compared without regard to case. */
  readonly model: string
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
  readonly cacheReadUsdPerMTok?: number
  readonly cacheWrite5mUsdPerMTok?: number
  readonly cacheWrite1hUsdPerMTok?: number
  /** What prompts of more than `aboveTokens` cost. */
  readonly longContext?: {
    readonly aboveTokens: number
    readonly inputUsdPerMTok: number
    readonly outputUsdPerMTok: number
  }
  readonly webSearchUsd?: number
  readonly requestUsd?: number
}

/** A new book, or why there is none: up to 20 reasons, each naming its model. Then the book in use stays. */
export type PriceChange =
  | { readonly ok: true; readonly book: PriceBook }
  | { readonly ok: false; readonly reasons: readonly string[] }

const MAX_OVERRIDES = 10_000
const MAX_MODEL_CHARS = 256
const MAX_USD_PER_MTOK = 10_000
const MAX_FEE_USD = 1_000
const MAX_REASONS = 20
/** A price more than so many times the known one, or less than that part of it, is a slip of the unit. */
const MAX_JUMP = 50

/**
 * The prices of the administrator over those of a book, all or none.
 *
 * @param overrides  Untrusted, `PriceOverride[]`; at most 10,000. They replace earlier ones, so give `BASE_BOOK` first;
 *                   an empty list takes all overrides back. A price of 0 is free, on purpose.
 * Refused: what is no price (negative, not finite, above 10,000 USD), unknown fields, a model named twice, and a price
 * that is more than 50 times the known one or less than a fiftieth of it.
 */
export function withOverrides(book: PriceBook, overrides: unknown): PriceChange {
  return changed(book, overrides, 'own')
}

/**
 * Prices of a feed over those of a book, all or none. Refused is all that `withOverrides` refuses, an empty feed, and a
 * feed that makes a model free which has a price.
 */
export function withFeed(book: PriceBook, feed: unknown): PriceChange {
  return changed(book, feed, 'feed')
}

/** Prices that have been accepted before, over those of a book. What is no price any more is left out. */
export function withAccepted(book: PriceBook, prices: readonly unknown[], source: 'own' | 'feed'): PriceBook {
  const rows = new Map(book.rows)
  for (const item of prices) {
    const read = readOverride(item)
    if (typeof read !== 'string') rows.set(read.model, { row: read.row, source })
  }
  return prices.length === 0 ? book : bookOf({ ...book, rows })
}

/** A name as overrides are told apart by. */
export function overrideName(model: string): string {
  return model.trim().toLowerCase()
}

/** What is wrong with a price as such, without regard to others; `undefined` = nothing. */
export function faultOfPrice(item: unknown): string | undefined {
  const read = readOverride(item)
  return typeof read === 'string' ? read : undefined
}

function changed(book: PriceBook, input: unknown, source: 'own' | 'feed'): PriceChange {
  if (!Array.isArray(input)) return { ok: false, reasons: ['the prices are not a list'] }
  if (source === 'feed' && input.length === 0) return { ok: false, reasons: ['the list of prices is empty'] }
  if (input.length > MAX_OVERRIDES) return { ok: false, reasons: [`more than ${MAX_OVERRIDES} prices`] }
  const rows = new Map(book.rows)
  const named = new Set<string>()
  const reasons: string[] = []
  for (const [index, item] of input.entries()) {
    const read = readOverride(item)
    if (typeof read === 'string') reasons.push(`price ${index + 1}: ${read}`)
    else {
      const { model, row } = read
      const jump = named.has(model) ? 'is named twice' : jumpOf(book, { model, row, source })
      if (jump !== undefined) reasons.push(`${model} ${jump}`)
      named.add(model)
      rows.set(model, { row, source })
    }
    if (reasons.length >= MAX_REASONS) break
  }
  if (reasons.length > 0) return { ok: false, reasons }
  return { ok: true, book: bookOf({ ...book, rows }) }
}

type Read = { readonly model: string; readonly row: FeedRow }

const USD_FIELDS = {
  inputUsdPerMTok: 'input',
  outputUsdPerMTok: 'output',
  cacheReadUsdPerMTok: 'cacheRead',
  cacheWrite5mUsdPerMTok: 'cacheWrite5m',
  cacheWrite1hUsdPerMTok: 'cacheWrite1h',
} as const
const FEE_FIELDS = { webSearchUsd: 'searches', requestUsd: 'requests' } as const
const STEP_FIELDS = { inputUsdPerMTok: 'input', outputUsdPerMTok: 'output' } as const

/** The override, or what is wrong with it. */
function readOverride(item: unknown): Read | string {
  if (typeof item === 'string') return item // whoever tried to read it says what is wrong
  if (!isObject(item)) return 'is not an object'
  const { model, longContext, ...rest } = item
  if (typeof model !== 'string' || model.trim() === '') return 'model is missing'
  if (model.length > MAX_MODEL_CHARS) return `model is longer than ${MAX_MODEL_CHARS} characters`
  const fees = pick(rest, Object.keys(FEE_FIELDS))
  const rates = readNumbers(without(rest, Object.keys(FEE_FIELDS)), { fields: USD_FIELDS, max: MAX_USD_PER_MTOK })
  if (typeof rates === 'string') return rates
  const perThousand = readNumbers(fees, { fields: FEE_FIELDS, max: MAX_FEE_USD })
  if (typeof perThousand === 'string') return perThousand
  const plan = planOf(rates, 'of it')
  if (typeof plan === 'string') return plan
  const step = longContext === undefined ? undefined : readStep(longContext)
  if (typeof step === 'string') return step
  const row = {
    ...plan,
    ...(step && { steps: [step] }),
    ...(perThousand['searches'] !== undefined && { searches: perThousand['searches'] * 1_000 }),
    ...(perThousand['requests'] !== undefined && { requests: perThousand['requests'] * 1_000 }),
  }
  return { model: overrideName(model), row }
}

function readStep(longContext: unknown): NonNullable<UsdPlan['steps']>[number] | string {
  if (!isObject(longContext)) return 'longContext is not an object'
  const { aboveTokens, ...rest } = longContext
  if (typeof aboveTokens !== 'number' || !Number.isSafeInteger(aboveTokens) || aboveTokens < 1)
    return 'longContext.aboveTokens is not a whole number above 0'
  const rates = readNumbers(rest, { fields: STEP_FIELDS, max: MAX_USD_PER_MTOK })
  if (typeof rates === 'string') return `longContext: ${rates}`
  const plan = planOf(rates, 'of longContext')
  return typeof plan === 'string' ? plan : { above: aboveTokens, ...plan }
}

function planOf(rates: Readonly<Record<string, number>>, where: string): UsdPlan | string {
  const { input, output, ...caches } = rates
  if (input === undefined) return `inputUsdPerMTok ${where} is missing`
  if (output === undefined) return `outputUsdPerMTok ${where} is missing`
  return { ...caches, input, output }
}

type Numbers = { readonly fields: Readonly<Record<string, string>>; readonly max: number }

function readNumbers(
  from: Readonly<Record<string, unknown>>,
  { fields, max }: Numbers,
): Record<string, number> | string {
  const numbers: Record<string, number> = {}
  for (const [field, value] of Object.entries(from)) {
    const name = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (name === undefined) return `${field} is not known`
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= 0 && value <= max)) return `${field} is not a number from 0 to ${max}`
    numbers[name] = value
  }
  return numbers
}

/** What speaks against a price, compared with the one that the model has now. */
function jumpOf(
  book: PriceBook,
  { model, row, source }: Read & { readonly source: 'own' | 'feed' },
): string | undefined {
  const known = rowName(book, model)
  const old = known === undefined ? undefined : book.rows.get(known)?.row
  if (old === undefined) return undefined
  for (const field of ['input', 'output'] as const) {
    const [before, after] = [old[field], row[field]]
    if (before === 0 || before === after) continue
    if (after === 0 && source === 'own') continue
    if (after > before * MAX_JUMP || after * MAX_JUMP < before)
      return `would cost ${after} instead of ${before} USD for a million ${field} tokens`
  }
  return undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
}

function without(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)))
}
