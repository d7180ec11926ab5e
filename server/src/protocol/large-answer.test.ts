import { describe, expect, test } from 'bun:test'
import type { Api } from '../core/channel-type.ts'
import { watchLarge } from './large-answer.ts'
import { type StreamWatch, watchStream } from './stream-watch.ts'

const MAX_EVENT_BYTES = 65_536
const bytesOf = (text: string) => new TextEncoder().encode(text)
const LONG = 'a long text \\" with } and ] in it, '.repeat(10_000)

function watched(watch: StreamWatch, text: string): StreamWatch {
  const bytes = bytesOf(text)
  for (let at = 0; at < bytes.length; at += 10_007) watch.push(bytes.subarray(at, at + 10_007))
  watch.end()
  expect(watch.blindness).toBeUndefined()
  return watch
}

const large = (api: Api, text: string) => watched(watchLarge(api, MAX_EVENT_BYTES), text)

describe('an answer that is too large to be held', () => {
  test.each<[Api, object, object]>([
    [
      'messages',
      { id: 'm1', content: [{ text: LONG }], usage: { input_tokens: 3, output_tokens: 4 } },
      { inputTokens: 3, outputTokens: 4 },
    ],
    [
      'chat',
      { id: 'm1', usage: { prompt_tokens: 3, completion_tokens: 4 }, choices: [{ message: { content: LONG } }] },
      { inputTokens: 3, outputTokens: 4 },
    ],
    [
      'responses',
      { id: 'm1', output: [{ type: 'web_search_call' }, { text: LONG }], usage: { input_tokens: 3, output_tokens: 4 } },
      { inputTokens: 3, outputTokens: 4, webSearches: 1 },
    ],
    [
      'gemini',
      {
        candidates: [{ content: { parts: [{ text: LONG }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 },
        responseId: 'm1',
      },
      { inputTokens: 3, outputTokens: 4 },
    ],
    [
      'embeddings',
      { data: [{ embedding: Array(50_000).fill(0.123) }], usage: { prompt_tokens: 3 }, id: 'm1' },
      { inputTokens: 3 },
    ],
  ])('%s: its usage is known, wherever it stands', (api, answer, usage) => {
    const watch = large(api, JSON.stringify(answer))
    expect(watch).toMatchObject({ phase: 'finished', sawContent: true, error: undefined, responseId: 'm1' })
    expect(watch.usage).toStrictEqual(usage)
  })

  test('without usage its text is weighed', () => {
    const { usage, contentTokens } = large('chat', JSON.stringify({ choices: [{ message: { content: LONG } }] }))
    expect(usage).toEqual({})
    expect(contentTokens).toBeWithin(60_000, 200_000)
  })

  test('with usage deep inside the content only the real one counts', () => {
    const content = [{ input: { usage: { input_tokens: 99 } }, text: LONG }]
    expect(large('messages', JSON.stringify({ content, usage: { input_tokens: 3 } })).usage).toEqual({ inputTokens: 3 })
  })

  test('that breaks off has no end', () => {
    const watch = large('messages', JSON.stringify({ id: 'x', content: [{ text: LONG }] }).slice(0, -5))
    expect(watch).toMatchObject({ phase: 'content', terminalReason: undefined, responseId: 'x' })
  })

  test.each([
    ['no JSON', `{"a" ${LONG}`],
    ['HTML', `<html>${LONG}</html>`],
    ['bytes of sound', `\u0000\u0001${LONG}`],
    ['plain text', LONG],
    ['an array', `[${LONG}]`],
  ])('that is %s passes unread', (_what, text) => {
    const watch = large('chat', text)
    expect(watch).toMatchObject({ phase: 'content', terminalReason: 'unread', usage: {} })
  })

  test('that is a stream although none was asked for is read as one', () => {
    const events = [
      `data: {"choices":[{"delta":{"content":"${LONG}"}}]}`,
      'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}',
      'data: [DONE]',
    ]
    const watch = large('chat', `\ufeff\n${events.join('\n\n')}\n\n`)
    expect(watch).toMatchObject({ phase: 'finished', framing: 'sse', usage: { inputTokens: 3, outputTokens: 4 } })
  })
})

describe('an event that is too large to be held', () => {
  const seen = (api: Api, text: string) => watched(watchStream(api, MAX_EVENT_BYTES), text)

  test('tells its usage also when that stands before the content', () => {
    const response = {
      id: 'r',
      status: 'completed',
      usage: { input_tokens: 3, output_tokens: 4 },
      output: [{ type: 'web_search_call' }, { text: LONG }],
    }
    const text = `event: response.completed\ndata: ${JSON.stringify({ type: 'response.completed', response })}\n\n`
    const watch = seen('responses', text)
    expect(watch).toMatchObject({ phase: 'finished', oversizeEvents: 1, responseId: 'r', terminalReason: 'completed' })
    expect(watch.usage).toStrictEqual({ inputTokens: 3, outputTokens: 4, webSearches: 1 })
  })

  test.each(['\n', '\r\n'])('of Gemini, with an image and its usage in it, lines ending with %j', (lineEnd) => {
    const image = { inlineData: { data: 'A'.repeat(100_000) } }
    const chunk = {
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 },
      candidates: [{ content: { parts: [image] }, finishReason: 'STOP' }],
    }
    const events = `data: ${JSON.stringify(chunk)}${lineEnd}${lineEnd}`
    expect(seen('gemini', events)).toMatchObject({ phase: 'finished', usage: { inputTokens: 3, outputTokens: 4 } })
    const array = `[${JSON.stringify(chunk)},${lineEnd}${JSON.stringify({ ...chunk, usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 9 } })}]`
    expect(seen('gemini', array)).toMatchObject({ phase: 'finished', oversizeEvents: 2, usage: { outputTokens: 9 } })
  })

  test('of several data lines still tells what stands near its end', () => {
    const text = `data: {"choices":[{"delta":{"content":"${LONG}"}}],\ndata: "usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n`
    expect(seen('chat', text).usage).toEqual({ inputTokens: 3, outputTokens: 4 })
  })
})
