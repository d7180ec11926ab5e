import type { ServiceTier } from '../core/prices/rates.ts'
import type { Usage } from '../core/usage.ts'
import { asObject, type Json } from './json-fields.ts'

/** One vendor's counts, as reported. `undefined` = not reported. All are whole numbers 0..MAX_TOKENS. */
export type Reported = {
  readonly input: number | undefined
  readonly output: number | undefined
  readonly cacheRead: number | undefined
  readonly cacheWrite: number | undefined
  readonly cacheWrite5m: number | undefined
  readonly cacheWrite1h: number | undefined
  readonly reasoning: number | undefined
  /** Cache reads that `input` contains, to be taken out. */
  readonly readInInput: boolean
  /** Same for cache writes. */
  readonly writeInInput: boolean
  readonly webSearches: number | undefined
  readonly serviceTier: ServiceTier | undefined
  /** A count was there that cannot be. */
  readonly isClamped: boolean
}

export const NOTHING_REPORTED: Reported = {
  input: undefined,
  output: undefined,
  cacheRead: undefined,
  cacheWrite: undefined,
  cacheWrite5m: undefined,
  cacheWrite1h: undefined,
  reasoning: undefined,
  readInInput: false,
  writeInInput: false,
  webSearches: undefined,
  serviceTier: undefined,
  isClamped: false,
}

/** Largest count we believe: the ceiling of the INTEGER columns they end in. */
export const MAX_TOKENS = 2 ** 31 - 1

/** A count out of an upstream's JSON. `undefined` for what is no number, not finite or negative; fractions lose their rest. */
export function count(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined
  return Math.min(Math.floor(value) + 0, MAX_TOKENS)
}

/** Sum of what is known; `undefined` when nothing is. */
export function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : Math.min((a ?? 0) + (b ?? 0), MAX_TOKENS)
}

/** The first count above zero, else the first known one: relays fill the fields of other dialects with zeros. */
export function firstCount(...values: readonly unknown[]): number | undefined {
  let zero: number | undefined
  for (const value of values) {
    const known = count(value)
    if (known !== undefined && known > 0) return known
    zero ??= known
  }
  return zero
}

const MAX_DETAIL_DEPTH = 2

/** Whether a usage object holds a count that cannot be: negative, not finite, beyond `MAX_TOKENS`, or no number at all. */
export function hasImpossibleCount(usage: Json, depth = 0): boolean {
  for (const name in usage) {
    const value = usage[name]
    if (value === null || value === undefined) continue
    if (typeof value === 'number') {
      if (!(value >= 0 && value <= MAX_TOKENS) && isCountName(name)) return true
    } else if (typeof value === 'string') {
      if (isCountName(name)) return true
    } else if (
      depth < MAX_DETAIL_DEPTH &&
      !Array.isArray(value) &&
      hasImpossibleCount(asObject(value) ?? {}, depth + 1)
    )
      return true
  }
  return false
}

function isCountName(name: string): boolean {
  return name.endsWith('_tokens') || name.endsWith('TokenCount') || name.endsWith('_requests')
}

/** The tier that an upstream names; `undefined` when it names none. Names of the usual way are `standard`. */
export function tierNamed(name: unknown): ServiceTier | undefined {
  if (typeof name !== 'string' || name === '') return undefined
  if (name === 'standard') return 'standard'
  // Gemini: `flex` and `SERVICE_TIER_FLEX`; Vertex AI: `ON_DEMAND_FLEX`.
  const tier = /(?:^|_)(priority|flex|batch|fast)$/i.exec(name)?.[1]?.toLowerCase()
  return (tier as ServiceTier | undefined) ?? 'standard'
}

const NO_DETAILS: Json = {}

/** `json[name]` as an object, an empty one when it is none. */
export function detailsOf(json: Json, name: string): Json {
  return asObject(json[name]) ?? NO_DETAILS
}

/**
 * Folds a newer report into an older one. Reports are cumulative, so newer replaces older and nothing is added up; a count
 * that is missing keeps its old value, and so does what a prompt cost when the newer report says 0 (a message_delta may).
 */
export function foldReport(older: Reported, newer: Reported): Reported {
  const cacheWrite = newer.cacheWrite || older.cacheWrite
  const isSplit = newer.cacheWrite5m !== undefined || newer.cacheWrite1h !== undefined
  const split = isSplit ? newer : cacheWrite === older.cacheWrite ? older : NOTHING_REPORTED
  return {
    input: newer.input || (older.input ?? newer.input),
    output: newer.output ?? older.output,
    cacheRead: newer.cacheRead || (older.cacheRead ?? newer.cacheRead),
    cacheWrite: cacheWrite ?? newer.cacheWrite,
    cacheWrite5m: split.cacheWrite5m,
    cacheWrite1h: split.cacheWrite1h,
    reasoning: newer.reasoning ?? older.reasoning,
    readInInput: newer.readInInput,
    writeInInput: newer.cacheWrite === undefined ? older.writeInInput : newer.writeInInput,
    webSearches: newer.webSearches || (older.webSearches ?? newer.webSearches),
    serviceTier: newer.serviceTier ?? older.serviceTier,
    isClamped: newer.isClamped || older.isClamped,
  }
}

type Net = { -readonly [Field in keyof Usage]: Usage[Field] }

/** The counts with `inputTokens` free of cached tokens, whatever the vendor's habit. */
export function netUsage(reported: Reported): Usage {
  const { input, output, cacheRead, cacheWrite, cacheWrite5m, cacheWrite1h, reasoning, serviceTier } = reported
  const inside = (reported.readInInput ? (cacheRead ?? 0) : 0) + (reported.writeInInput ? (cacheWrite ?? 0) : 0)
  const net: Net = {} // filled step by step: nine spreads cost ten times as much
  if (input !== undefined) net.inputTokens = Math.max(0, input - inside)
  if (output !== undefined) net.outputTokens = output
  if (cacheRead !== undefined) net.cacheReadTokens = cacheRead
  if (cacheWrite !== undefined) net.cacheWriteTokens = cacheWrite
  if (cacheWrite5m !== undefined) net.cacheWrite5mTokens = cacheWrite5m
  if (cacheWrite1h !== undefined) net.cacheWrite1hTokens = cacheWrite1h
  if (reasoning !== undefined) net.reasoningTokens = reasoning
  if (reported.webSearches) net.webSearches = reported.webSearches
  if (serviceTier !== undefined && serviceTier !== 'standard') net.serviceTier = serviceTier
  if (reported.isClamped) net.isClamped = true
  return net
}
