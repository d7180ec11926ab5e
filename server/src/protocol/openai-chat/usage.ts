import { anthropicUsage } from '../anthropic/usage.ts'
import type { Json } from '../json-fields.ts'
import { detailsOf, firstCount, type Reported } from '../token-counts.ts'

/**
 * Usage of Chat Completions, Completions, Embeddings and Responses, by the names of either family: relays mix them.
 *
 * The input contains what was read from the cache and, where `cache_write_tokens` is reported, what was written to it
 * (2600 in, 2000 read, 400 written: 200 uncached). `cached_tokens` at the top is Moonshot's, `prompt_cache_hit_tokens`
 * DeepSeek's.
 * Source: https://platform.openai.com/docs/guides/prompt-caching.
 */
export function openAiUsage(usage: Json): Reported {
  const like = anthropicUsage(usage)
  const prompt = detailsOf(usage, 'prompt_tokens_details')
  const input = detailsOf(usage, 'input_tokens_details')
  const written = firstCount(prompt['cache_write_tokens'], input['cache_write_tokens'])
  return {
    ...like,
    input: firstCount(usage['prompt_tokens'], usage['input_tokens']),
    output: firstCount(usage['completion_tokens'], usage['output_tokens']),
    cacheRead: firstCount(
      prompt['cached_tokens'],
      input['cached_tokens'],
      usage['prompt_cache_hit_tokens'],
      usage['cached_tokens'],
      like.cacheRead,
    ),
    cacheWrite: written ?? like.cacheWrite,
    reasoning: firstCount(
      detailsOf(usage, 'completion_tokens_details')['reasoning_tokens'],
      detailsOf(usage, 'output_tokens_details')['reasoning_tokens'],
    ),
    readInInput: true,
    writeInInput: written !== undefined,
  }
}
