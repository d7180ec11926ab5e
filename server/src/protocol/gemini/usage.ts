import type { Json } from '../json-fields.ts'
import { count, hasImpossibleCount, NOTHING_REPORTED, type Reported, sum, tierNamed } from '../token-counts.ts'

/**
 * Usage of generateContent. The prompt contains cached tokens; thoughts come on top of the candidates; results of tools
 * are input that `promptTokenCount` leaves out.
 *
 * Source: https://ai.google.dev/api/generate-content#UsageMetadata.
 */
export function geminiUsage(usage: Json): Reported {
  const prompt = count(usage['promptTokenCount'])
  const tools = count(usage['toolUsePromptTokenCount'])
  const thoughts = count(usage['thoughtsTokenCount'])
  const input = sum(prompt, tools)
  const total = count(usage['totalTokenCount'])
  let output = sum(count(usage['candidatesTokenCount']), thoughts)
  if (!output && total !== undefined && prompt !== undefined && total > (input ?? 0)) output = total - (input ?? 0)
  return {
    ...NOTHING_REPORTED,
    input,
    output,
    cacheRead: count(usage['cachedContentTokenCount']),
    reasoning: thoughts,
    readInInput: true,
    serviceTier: tierNamed(usage['serviceTier'] ?? usage['trafficType']),
    isClamped: hasImpossibleCount(usage),
  }
}
