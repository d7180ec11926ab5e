import type { Usage } from './usage.ts'

/** What is thought of an answer that says little of itself. Tokens, 0 = nothing to go by. */
export type UsageGuess = {
  readonly inputTokens: number
  readonly outputTokens: number
  /** The output that was reported is that of a beginning: the answer broke off before it said more. */
  readonly isBroken: boolean
}

/**
 * The usage of an answer whose content was seen, with estimates for what was not reported. What was reported stays; only
 * the output of an answer that broke off may turn out larger than the beginning said.
 *
 * A count that is not known and that there is nothing to estimate by stays unknown.
 */
export function completeUsage(reported: Usage, guess: UsageGuess): Usage {
  const input = reported.inputTokens ?? (guess.inputTokens > 0 ? guess.inputTokens : undefined)
  const known = reported.outputTokens
  const guessed = guess.outputTokens > 0 ? guess.outputTokens : undefined
  const output = known === undefined ? guessed : guess.isBroken ? Math.max(known, guess.outputTokens) : known
  if (input === reported.inputTokens && output === known) return reported
  return {
    ...reported,
    ...(input !== undefined && { inputTokens: input }),
    ...(output !== undefined && { outputTokens: output }),
    isEstimated: true,
  }
}
