import { costOf } from './cost.ts'
import type { Price } from './prices/rates.ts'

/** Of text and JSON in the requests of coding agents. */
const BYTES_PER_TOKEN = 4
/** More than most answers have: what is held back too much comes back in a moment, what is held too little is spent. */
const OUTPUT_TOKENS = 2_000
/** For models that nobody has a price for: those of a dear one, so that a limit is not passed by many at once. */
const UNKNOWN_NANO_USD = { input: 3_000, output: 15_000 } as const

/**
 * What a request may cost, before anything like it has been charged; nano-USD, at least 1.
 *
 * @param price  `undefined` = unpriced.
 */
export function guessCost(price: Price | undefined, bodyBytes: number): number {
  const inputTokens = Math.ceil(bodyBytes / BYTES_PER_TOKEN)
  const nanoUsd =
    price === undefined
      ? inputTokens * UNKNOWN_NANO_USD.input + OUTPUT_TOKENS * UNKNOWN_NANO_USD.output
      : costOf(price, { inputTokens, outputTokens: OUTPUT_TOKENS }).nanoUsd
  return Math.max(1, nanoUsd)
}
