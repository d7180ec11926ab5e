/**
 * Tokens of one answer. Every field is a whole number >= 0; a missing field is *unknown*, 0 is *none*.
 *
 * `inputTokens` never contains `cacheReadTokens`: APIs that report the sum are normalised where they are read.
 */
export type Usage = {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cacheReadTokens?: number
  /** All cache writes; where the vendor splits by lifetime it is the sum of the next two. */
  readonly cacheWriteTokens?: number
  readonly cacheWrite5mTokens?: number
  readonly cacheWrite1hTokens?: number
  /** Part of `outputTokens`, not in addition to it. */
  readonly reasoningTokens?: number
}

/** How the numbers of a log row came about (column `usage_state`). */
export type UsageState = 'seen' | 'estimated' | 'unknown'
