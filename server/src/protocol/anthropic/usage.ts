import type { Json } from '../json-fields.ts'
import { count, detailsOf, firstCount, hasImpossibleCount, type Reported, sum, tierNamed } from '../token-counts.ts'

/**
 * Usage of the Messages API. `input_tokens` is free of cached tokens already.
 *
 * Source: https://docs.anthropic.com/en/api/messages, object `usage`.
 */
export function anthropicUsage(usage: Json): Reported {
  const split = detailsOf(usage, 'cache_creation')
  const write5m = count(split['ephemeral_5m_input_tokens'])
  const write1h = count(split['ephemeral_1h_input_tokens'])
  const splitSum = sum(write5m, write1h)
  const total = count(usage['cache_creation_input_tokens'])
  // Relays that do not know the split fill it with zeros: then the total is the truth.
  const isSplit = splitSum !== undefined && (splitSum > 0 || !total)
  return {
    input: count(usage['input_tokens']),
    output: count(usage['output_tokens']),
    cacheRead: firstCount(usage['cache_read_input_tokens'], detailsOf(usage, 'input_tokens_details')['cached_tokens']),
    cacheWrite: isSplit ? splitSum : total,
    cacheWrite5m: isSplit ? write5m : undefined,
    cacheWrite1h: isSplit ? write1h : undefined,
    reasoning: count(detailsOf(usage, 'output_tokens_details')['thinking_tokens']),
    webSearches: count(detailsOf(usage, 'server_tool_use')['web_search_requests']),
    readInInput: false,
    writeInInput: false,
    serviceTier: usage['speed'] === 'fast' ? 'fast' : tierNamed(usage['service_tier']),
    isClamped: hasImpossibleCount(usage),
  }
}
