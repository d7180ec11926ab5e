import type { CostParts, PricedCount } from '../core/cost-parts.ts'

type What = PricedCount['what']
type Tier = CostParts['tier']

const LETTERS = {
  input: 'i',
  output: 'o',
  'cache-read': 'r',
  'cache-write-5m': 'w',
  'cache-write-1h': 'h',
  'web-search': 's',
  request: 'q',
} as const satisfies Record<What, string>
const WHATS = Object.entries(LETTERS) as readonly (readonly [What, string])[]
const TIERS = ['priority', 'flex', 'batch', 'fast'] as const satisfies readonly Tier[]
const MAX_NAME_CHARS = 64

/**
 * How a cost came about, as it is kept in a row: `{"i":[2011,3],"o":[144,15]}` is 2,011 tokens of input at 3 USD a million
 * and 144 of output at 15. `x` multiplier, `t` tier, `l` long prompt, `b` row of prices, `f` flags: c clamped, e estimated,
 * u unpriced. Usually below 60 characters, never above 250.
 *
 * @returns  `''` when there is nothing to say.
 */
export function costPartsText(cost: CostParts | undefined): string {
  if (cost === undefined) return ''
  const { parts, multiplier, tier, isLongContext, pricedAs, isClamped, isEstimated, isUnpriced } = cost
  // By hand: one object for JSON.stringify costs three times as much.
  let text = ''
  for (const { what, count, usdPerUnit } of parts) text += `,"${LETTERS[what]}":[${count},${usdPerUnit}]`
  if (multiplier !== 1) text += `,"x":${multiplier}`
  if (tier !== 'standard') text += `,"t":"${tier}"`
  if (isLongContext) text += ',"l":1'
  if (pricedAs !== undefined) text += `,"b":${JSON.stringify(pricedAs.slice(0, MAX_NAME_CHARS))}`
  if (isClamped || isEstimated || isUnpriced)
    text += `,"f":"${isClamped ? 'c' : ''}${isEstimated ? 'e' : ''}${isUnpriced ? 'u' : ''}"`
  return `{${text.slice(1)}}`
}

/** Errors: none; a text that somebody has changed by hand says nothing. */
export function costPartsIn(text: string): CostParts | undefined {
  const read = text === '' ? undefined : readText(text)
  if (read === undefined) return undefined
  const { x, t, l, b, f } = read
  const flags = typeof f === 'string' ? f : ''
  return {
    parts: WHATS.flatMap(([what, letter]) => partOf(what, read[letter])),
    multiplier: typeof x === 'number' && x >= 0 ? x : 1,
    tier: TIERS.find((tier) => tier === t) ?? 'standard',
    isLongContext: l === 1,
    ...(typeof b === 'string' && { pricedAs: b }),
    isClamped: flags.includes('c'),
    isEstimated: flags.includes('e'),
    isUnpriced: flags.includes('u'),
  }
}

function readText(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(text)
    return typeof read === 'object' && read !== null ? (read as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined // as said above
  }
}

function partOf(what: What, value: unknown): readonly PricedCount[] {
  if (!Array.isArray(value)) return []
  const [count, usdPerUnit] = value as readonly unknown[]
  if (typeof count !== 'number' || typeof usdPerUnit !== 'number' || !(count >= 0 && usdPerUnit >= 0)) return []
  return [{ what, count, usdPerUnit }]
}
