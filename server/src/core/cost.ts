import type { Plan, Price, Rates, ServiceTier } from './prices/rates.ts'
import type { Usage } from './usage.ts'

export type CostOptions = {
  /** Of the channel, 0..1000, six decimals; 0 = free, 1 = list price. */
  readonly multiplier?: number
}

export type CostPart = {
  readonly what: 'input' | 'output' | 'cache-read' | 'cache-write-5m' | 'cache-write-1h' | 'web-search' | 'request'
  /** Tokens; searches or requests for the last two. */
  readonly count: number
  /** Nano-USD for a million of `count`, before the multiplier. */
  readonly nanoUsdPerMillion: number
  /** With the multiplier. */
  readonly nanoUsd: number
}

export type Cost = {
  /** 0..Number.MAX_SAFE_INTEGER (nine million USD); always the sum of `parts`. */
  readonly nanoUsd: number
  /** Without what costs and counts nothing. */
  readonly parts: readonly CostPart[]
  /** The tier whose prices were taken. */
  readonly tier: ServiceTier
  /** True when the prompt was long enough for a price step. */
  readonly isLongContext: boolean
  /** True when a number was impossible (negative, no number, too big) and a possible one was charged. */
  readonly clamped: boolean
}

/** As many tokens as one answer may count: the ceiling of the columns they are kept in. */
const MAX_COUNT = 2 ** 31 - 1
const MAX_MULTIPLIER = 1_000
const MILLION = 1_000_000
const MAX_NANO_USD = Number.MAX_SAFE_INTEGER

/**
 * What an answer costs: exact up to the end, rounded to the nano-USD once.
 *
 * The price step looks at the whole prompt (uncached, read from and written to the cache). Cache writes whose life is
 * not reported count as five minutes.
 *
 * @param usage  May be crafted: what is impossible is clamped and flagged. More tokens never cost less.
 * Cost: 1 to 2 µs. Errors: none.
 */
export function costOf(price: Price, usage: Usage, options: CostOptions = {}): Cost {
  const reader = new CountReader()
  const counts = countsOf(usage, reader)
  const tier = tierOf(price, usage.serviceTier)
  const plan = price.plans[tier] ?? price.plans.standard
  const prompt = counts.input + counts.cacheRead + counts.cacheWrite5m + counts.cacheWrite1h
  const rates = ratesFor(plan, prompt)
  const isAnswered = prompt + counts.output > 0
  const lines = linesOf(counts, { rates, price, requests: isAnswered ? 1 : 0 })
  const multiplierMillionths = reader.multiplierMillionths(options.multiplier ?? 1)
  const { nanoUsd, shares, overflowed } = shared(lines, multiplierMillionths)
  return {
    nanoUsd,
    parts: lines.map((line, index) => ({ ...line, nanoUsd: shares[index] ?? 0 })),
    tier,
    isLongContext: rates !== plan.rates,
    clamped: reader.clamped || overflowed,
  }
}

type Counts = {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly webSearches: number
}

/** Makes possible numbers of all, and remembers whether it had to. */
class CountReader {
  clamped = false

  count(value: number | undefined): number {
    if (value === undefined) return 0
    return this.#within(Math.floor(value), MAX_COUNT)
  }

  multiplierMillionths(value: number): number {
    return Math.round(this.#within(value, MAX_MULTIPLIER) * MILLION)
  }

  #within(value: number, max: number): number {
    if (value >= 0 && value <= max) return value + 0 // -0 is 0
    this.clamped = true
    return value > max ? max : 0
  }
}

function countsOf(usage: Usage, reader: CountReader): Counts {
  const split5m = reader.count(usage.cacheWrite5mTokens)
  const split1h = reader.count(usage.cacheWrite1hTokens)
  const unsplit = Math.max(0, reader.count(usage.cacheWriteTokens) - split5m - split1h)
  return {
    input: reader.count(usage.inputTokens),
    output: reader.count(usage.outputTokens),
    cacheRead: reader.count(usage.cacheReadTokens),
    cacheWrite5m: split5m + unsplit,
    cacheWrite1h: split1h,
    webSearches: reader.count(usage.webSearches),
  }
}

function tierOf(price: Price, wanted: string | undefined): ServiceTier {
  if (wanted !== 'priority' && wanted !== 'flex' && wanted !== 'batch' && wanted !== 'fast') return 'standard'
  return price.plans[wanted] === undefined ? 'standard' : wanted
}

function ratesFor(plan: Plan, promptTokens: number): Rates {
  return plan.steps.findLast((step) => promptTokens > step.aboveTokens)?.rates ?? plan.rates
}

type Line = Omit<CostPart, 'nanoUsd'>
type Tariff = { readonly rates: Rates; readonly price: Price; readonly requests: number }

function linesOf(counts: Counts, { rates, price, requests }: Tariff): readonly Line[] {
  const lines: Line[] = []
  const add = (what: Line['what'], count: number, nanoUsdPerMillion: number): void => {
    if (count > 0) lines.push({ what, count, nanoUsdPerMillion })
  }
  add('input', counts.input, rates.inputNanoPerMTok)
  add('output', counts.output, rates.outputNanoPerMTok)
  add('cache-read', counts.cacheRead, rates.cacheReadNanoPerMTok)
  add('cache-write-5m', counts.cacheWrite5m, rates.cacheWrite5mNanoPerMTok)
  add('cache-write-1h', counts.cacheWrite1h, rates.cacheWrite1hNanoPerMTok)
  // Tokens are told of also where they are free.
  if (price.webSearchNanoUsd > 0) add('web-search', counts.webSearches, price.webSearchNanoUsd * MILLION)
  if (price.requestNanoUsd > 0) add('request', requests, price.requestNanoUsd * MILLION)
  return lines
}

type Shared = { readonly nanoUsd: number; readonly shares: readonly number[]; readonly overflowed: boolean }

/** The total, rounded once, and what each line has of it: what rounding leaves over goes to those that lost most. */
function shared(lines: readonly Line[], multiplierMillionths: number): Shared {
  if (multiplierMillionths === MILLION) {
    let sum = 0
    for (const line of lines) sum += line.count * line.nanoUsdPerMillion
    // The way of nearly every answer, at a third of the cost; beyond 2^53 numbers would round on their own.
    if (sum <= MAX_NANO_USD - MILLION) return sharedSmall(lines, sum)
  }
  const exact = lines.map((line) => BigInt(line.count) * BigInt(line.nanoUsdPerMillion) * BigInt(multiplierMillionths))
  return sharedBig(exact)
}

/** @param sum  Of what the lines cost, in millionths of a nano-USD. */
function sharedSmall(lines: readonly Line[], sum: number): Shared {
  const nanoUsd = Math.floor((sum + MILLION / 2) / MILLION)
  const exactOf = ({ count, nanoUsdPerMillion }: Line): number => count * nanoUsdPerMillion
  const shares = lines.map((line) => Math.floor(exactOf(line) / MILLION))
  giveRest(shares, { total: nanoUsd, rests: () => lines.map((line) => exactOf(line) % MILLION) })
  return { nanoUsd, shares, overflowed: false }
}

const BIG_DIVISOR = BigInt(MILLION) * BigInt(MILLION)

/** @param exact  In millionths of millionths of a nano-USD: the multiplier is in it. */
function sharedBig(exact: readonly bigint[]): Shared {
  const sum = exact.reduce((total, part) => total + part, 0n)
  const rounded = (sum + BIG_DIVISOR / 2n) / BIG_DIVISOR
  const overflowed = rounded > BigInt(MAX_NANO_USD)
  const nanoUsd = overflowed ? MAX_NANO_USD : Number(rounded)
  let left = BigInt(nanoUsd)
  const shares = exact.map((part) => {
    const share = part / BIG_DIVISOR < left ? part / BIG_DIVISOR : left
    left -= share
    return Number(share)
  })
  giveRest(shares, { total: nanoUsd, rests: () => exact.map((part) => Number(part % BIG_DIVISOR)) })
  return { nanoUsd, shares, overflowed }
}

type Rest = { readonly total: number; readonly rests: () => readonly number[] }

/** Raises shares by one, those with the largest rests first, until they sum up to the total. */
function giveRest(shares: number[], { total, rests }: Rest): void {
  let left = total
  for (const share of shares) left -= share
  if (left <= 0) return
  const byRest = rests()
    .map((rest, index) => ({ index, rest }))
    .sort((a, b) => b.rest - a.rest)
  for (const { index } of byRest) {
    if (left <= 0) return
    shares[index] = (shares[index] ?? 0) + 1
    left--
  }
}
