import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Api } from '../core/channel-type.ts'
import type { Usage } from '../core/usage.ts'
import { watchStream } from './stream-watch.ts'
import { inspectWhole } from './whole-answer.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** Usage of a whole answer that holds `fields`. */
function usageOf(api: Api, fields: object): Usage {
  const answer = { id: 'x', content: [{}], choices: [{}], candidates: [{ finishReason: 'STOP' }], ...fields }
  const finding = inspectWhole(api, bytesOf(JSON.stringify(answer)), 'application/json')
  if (finding.kind !== 'ok') throw new Error(finding.kind)
  return finding.usage
}

/** Usage after a stream of these JSON events. */
function usageAfter(api: Api, ...events: readonly object[]): Usage {
  const watch = watchStream(api, 65_536)
  for (const event of events) watch.push(bytesOf(`data: ${JSON.stringify(event)}\n\n`))
  watch.end()
  return watch.usage
}

const gemini = (usageMetadata: object) => usageOf('gemini', { usageMetadata })

describe('tokens as the vendors report them', () => {
  test.each<[string, Usage, Usage]>([
    [
      'chat 200/50 with 100 cached',
      usageOf('chat', {
        usage: { prompt_tokens: 200, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 100 } },
      }),
      { inputTokens: 100, outputTokens: 50, cacheReadTokens: 100 },
    ],
    [
      'codex 10309 with 6016 cached, out 17',
      usageOf('responses', {
        usage: { input_tokens: 10_309, input_tokens_details: { cached_tokens: 6016 }, output_tokens: 17 },
      }),
      { inputTokens: 4293, outputTokens: 17, cacheReadTokens: 6016 },
    ],
    [
      'gemini 1000 with 800 cached, out 50',
      gemini({ promptTokenCount: 1000, cachedContentTokenCount: 800, candidatesTokenCount: 50 }),
      { inputTokens: 200, outputTokens: 50, cacheReadTokens: 800 },
    ],
    [
      'gemini thoughts come on top',
      gemini({ promptTokenCount: 100, candidatesTokenCount: 50, thoughtsTokenCount: 100 }),
      { inputTokens: 100, outputTokens: 150, reasoningTokens: 100 },
    ],
    [
      'gemini output from the total when nothing else tells it',
      gemini({ promptTokenCount: 100, candidatesTokenCount: 0, thoughtsTokenCount: 0, totalTokenCount: 250 }),
      { inputTokens: 100, outputTokens: 150, reasoningTokens: 0 },
    ],
    [
      'gemini thoughts without candidates',
      gemini({ promptTokenCount: 100, candidatesTokenCount: 0, thoughtsTokenCount: 150, totalTokenCount: 300 }),
      { inputTokens: 100, outputTokens: 150, reasoningTokens: 150 },
    ],
    [
      'gemini results of tools are input',
      gemini({ promptTokenCount: 100, toolUsePromptTokenCount: 40, totalTokenCount: 160 }),
      { inputTokens: 140, outputTokens: 20 },
    ],
    [
      'anthropic whole answer, cached tokens are outside the input',
      usageOf('messages', {
        usage: {
          input_tokens: 12,
          output_tokens: 73,
          cache_read_input_tokens: 17_558,
          cache_creation_input_tokens: 278,
        },
      }),
      { inputTokens: 12, outputTokens: 73, cacheReadTokens: 17_558, cacheWriteTokens: 278 },
    ],
    [
      'anthropic cache writes by lifetime',
      usageOf('messages', {
        usage: {
          input_tokens: 1,
          cache_creation_input_tokens: 999,
          cache_creation: { ephemeral_5m_input_tokens: 70, ephemeral_1h_input_tokens: 30 },
        },
      }),
      { inputTokens: 1, cacheWriteTokens: 100, cacheWrite5mTokens: 70, cacheWrite1hTokens: 30 },
    ],
    [
      'anthropic cache writes whose split a relay filled with zeros',
      usageOf('messages', {
        usage: {
          cache_creation_input_tokens: 278,
          cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        },
      }),
      { cacheWriteTokens: 278 },
    ],
    [
      'anthropic thinking is part of the output',
      usageOf('messages', { usage: { output_tokens: 90, output_tokens_details: { thinking_tokens: 60 } } }),
      { outputTokens: 90, reasoningTokens: 60 },
    ],
    [
      'openai cache writes are inside the input: 2600 with 2000 read and 400 written leave 200',
      usageOf('responses', {
        usage: {
          input_tokens: 2600,
          output_tokens: 1,
          input_tokens_details: { cached_tokens: 2000, cache_write_tokens: 400 },
        },
      }),
      { inputTokens: 200, outputTokens: 1, cacheReadTokens: 2000, cacheWriteTokens: 400 },
    ],
    [
      'chat reasoning',
      usageOf('chat', {
        usage: { prompt_tokens: 9, completion_tokens: 50, completion_tokens_details: { reasoning_tokens: 44 } },
      }),
      { inputTokens: 9, outputTokens: 50, reasoningTokens: 44 },
    ],
    [
      'responses reasoning',
      usageOf('responses', {
        usage: { input_tokens: 9, output_tokens: 50, output_tokens_details: { reasoning_tokens: 44 } },
      }),
      { inputTokens: 9, outputTokens: 50, reasoningTokens: 44 },
    ],
    [
      'deepseek cache hits',
      usageOf('chat', {
        usage: { prompt_tokens: 100, completion_tokens: 5, prompt_cache_hit_tokens: 60, prompt_cache_miss_tokens: 40 },
      }),
      { inputTokens: 40, outputTokens: 5, cacheReadTokens: 60 },
    ],
    [
      'a relay that fills both dialects, one with zeros',
      usageOf('responses', { usage: { prompt_tokens: 0, completion_tokens: 0, input_tokens: 7, output_tokens: 8 } }),
      { inputTokens: 7, outputTokens: 8 },
    ],
    [
      'more cached than there was input is no negative input',
      usageOf('chat', {
        usage: { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 50 } },
      }),
      { inputTokens: 0, outputTokens: 1, cacheReadTokens: 50 },
    ],
    [
      'embeddings have input and no output',
      usageOf('embeddings', { usage: { prompt_tokens: 8, total_tokens: 8 } }),
      { inputTokens: 8, outputTokens: 0 },
    ],
    ['usage null is unknown', usageOf('chat', { usage: null }), {}],
    ['usage of another kind is unknown', usageOf('chat', { usage: [1, 2] }), {}],
  ])('%s', (_what, usage, expected) => expect(usage).toEqual(expected))
})

describe('tokens over a stream', () => {
  const start = (usage: object) => ({ type: 'message_start', message: { id: 'm', usage } })
  const update = (usage: object) => ({ type: 'message_delta', delta: {}, usage })

  test('anthropic start 2011/1, then delta 0/144', () => {
    const usage = usageAfter(
      'messages',
      start({ input_tokens: 2011, output_tokens: 1 }),
      update({ input_tokens: 0, output_tokens: 144 }),
    )
    expect(usage).toEqual({ inputTokens: 2011, outputTokens: 144 })
  })

  test('a larger input of a later event counts (server tools), and null leaves everything as it is', () => {
    const usage = usageAfter(
      'messages',
      start({ input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 5 }),
      update({ input_tokens: 900, output_tokens: 20, cache_read_input_tokens: null }),
    )
    expect(usage).toEqual({ inputTokens: 900, outputTokens: 20, cacheReadTokens: 5 })
  })

  test('the split of cache writes stays when a later event repeats only the total', () => {
    const split = {
      cache_creation_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 70, ephemeral_1h_input_tokens: 30 },
    }
    const usage = usageAfter('messages', start(split), update({ output_tokens: 3, cache_creation_input_tokens: 100 }))
    expect(usage).toEqual({ outputTokens: 3, cacheWriteTokens: 100, cacheWrite5mTokens: 70, cacheWrite1hTokens: 30 })
  })

  test('a split that no longer sums up to a newer total is dropped', () => {
    const split = { cache_creation: { ephemeral_5m_input_tokens: 70, ephemeral_1h_input_tokens: 30 } }
    expect(usageAfter('messages', start(split), update({ cache_creation_input_tokens: 500 }))).toEqual({
      cacheWriteTokens: 500,
    })
  })

  test('gemini counts grow, the last report counts', () => {
    const usage = usageAfter(
      'gemini',
      { usageMetadata: { promptTokenCount: 100, totalTokenCount: 100 } },
      { usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 } },
      {
        usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 30, thoughtsTokenCount: 5, totalTokenCount: 135 },
      },
    )
    expect(usage).toEqual({ inputTokens: 100, outputTokens: 35, reasoningTokens: 5 })
  })
})

describe('counts of a hostile upstream', () => {
  test.each<[string, number | undefined, boolean]>([
    ['-1', undefined, true],
    ['-0', 0, false],
    ['1e309', undefined, true],
    ['-1e309', undefined, true],
    ['"12"', undefined, true],
    ['"NaN"', undefined, true],
    ['null', undefined, false],
    ['true', undefined, false],
    ['[5]', undefined, false],
    ['{}', undefined, false],
    ['1.9', 1, false],
    ['0.1', 0, false],
    ['9223372036854775808', 2_147_483_647, true],
    ['2147483648', 2_147_483_647, true],
    ['2147483647', 2_147_483_647, false],
  ])('%s is read as %p; flagged: %p', (written, expected, isClamped) => {
    const text = `{"content":[{}],"usage":{"input_tokens":${written},"output_tokens":${written}}}`
    const finding = inspectWhole('messages', bytesOf(text), 'application/json')
    const known = expected === undefined ? {} : { inputTokens: expected, outputTokens: expected }
    expect(finding).toMatchObject({ kind: 'ok' })
    if (finding.kind === 'ok') expect(finding.usage).toStrictEqual({ ...known, ...(isClamped && { isClamped }) })
  })

  test('every count that comes out is a whole number from 0 to 2^31-1, whatever goes in', () => {
    const hostile = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.string(),
      fc.constant(null),
      fc.constant(2 ** 63),
    )
    const names = [
      'input_tokens',
      'output_tokens',
      'prompt_tokens',
      'completion_tokens',
      'cache_read_input_tokens',
      'cache_creation_input_tokens',
    ]
    const details = ['prompt_tokens_details', 'input_tokens_details', 'cache_creation', 'completion_tokens_details']
    const inner = fc.dictionary(
      fc.constantFrom(
        'cached_tokens',
        'cache_write_tokens',
        'ephemeral_5m_input_tokens',
        'ephemeral_1h_input_tokens',
        'reasoning_tokens',
      ),
      hostile,
    )
    const usage = fc
      .tuple(fc.dictionary(fc.constantFrom(...names), hostile), fc.dictionary(fc.constantFrom(...details), inner))
      .map(([counts, parts]) => ({ ...counts, ...parts }))
    fc.assert(
      fc.property(
        fc.constantFrom<Api>('messages', 'chat', 'responses', 'gemini'),
        fc.array(usage, { maxLength: 3 }),
        (api, reports) => {
          const {
            isClamped: _,
            serviceTier: __,
            isEstimated: ___,
            ...counts
          } = usageAfter(api, ...reports.map((report) => ({ usage: report })))
          for (const n of Object.values(counts)) {
            expect(Number.isInteger(n) && n >= 0 && n <= 2_147_483_647 && !Object.is(n, -0)).toBe(true)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
