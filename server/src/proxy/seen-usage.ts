import { completeUsage } from '../core/complete-usage.ts'
import { JsonSample } from '../core/count-tokens/estimate-json.ts'
import type { Usage } from '../core/usage.ts'
import { vocabularyOf } from '../protocol/index.ts'
import type { StreamWatch } from '../protocol/stream-watch.ts'
import type { Exchange } from './exchange.ts'
import type { Leg } from './trip.ts'

/**
 * Keeps what is needed to estimate the prompt, for an answer that may never say it: to be called while its bytes are
 * still here. Cost: 1 µs, only for such answers.
 */
export function notePrompt({ exchange, asked }: Leg, reported: Usage): void {
  if (reported.inputTokens === undefined) exchange.prompt ??= new JsonSample(asked.body.plain)
}

/** About how many tokens the prompt has; 0 when it is not known. */
export function promptTokens({ api, prompt }: Pick<Exchange, 'api' | 'prompt'>): number {
  return api === undefined ? 0 : (prompt?.tokens(vocabularyOf(api)) ?? 0)
}

/** What a streamed answer has used up: as reported, and by what was seen where nothing was reported. */
export function seenUsage(exchange: Pick<Exchange, 'api' | 'prompt'>, watch: StreamWatch): Usage {
  const { usage } = watch
  if (!watch.sawContent) return usage
  // What a message says of its output at its beginning is a token or two: only its end tells all.
  const isBroken = exchange.api === 'messages' && watch.terminalReason === undefined
  if (usage.inputTokens !== undefined && usage.outputTokens !== undefined && !isBroken) return usage
  return completeUsage(usage, { inputTokens: promptTokens(exchange), outputTokens: watch.contentTokens, isBroken })
}
