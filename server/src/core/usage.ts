import type { ServiceTier } from './prices/rates.ts'

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
  /** Searches on the web that the vendor made for the answer, and charges one by one. */
  readonly webSearches?: number
  /** How the upstream says it worked; absent = the standard way, or not said. */
  readonly serviceTier?: Exclude<ServiceTier, 'standard'>
  /** A count was reported that cannot be; it was left out or made possible. */
  readonly isClamped?: true
  /** Some of the counts were not reported but are estimates of ours. */
  readonly isEstimated?: true
}

/** How the numbers of a log row came about (column `usage_state`). */
export type UsageState = 'seen' | 'estimated' | 'unknown'

export function usageStateOf(usage: Usage): UsageState {
  if (usage.isEstimated) return 'estimated'
  return usage.inputTokens === undefined && usage.outputTokens === undefined ? 'unknown' : 'seen'
}
