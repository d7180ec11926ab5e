import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Api } from '../core/channel-type.ts'
import { SAMPLE_STREAMS } from './sample-streams.ts'
import { type StreamWatch, watchStream } from './stream-watch.ts'

const MAX_EVENT_BYTES = 65_536
const bytesOf = (text: string) => new TextEncoder().encode(text)

function watched(api: Api, chunks: readonly Uint8Array[], maxEventBytes = MAX_EVENT_BYTES): StreamWatch {
  const watch = watchStream(api, maxEventBytes)
  for (const chunk of chunks) watch.push(chunk)
  watch.end()
  return watch
}

function understood(watch: StreamWatch): unknown {
  const { phase, sawContent, error, events, usage, responseId, terminalReason, framing, oversizeEvents } = watch
  expect(watch.blindness).toBeUndefined()
  return { phase, sawContent, error, events, usage, responseId, terminalReason, framing, oversizeEvents }
}

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...[...places].sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

/** The text up to the last byte of its last event's data. */
function endOfLastEvent(text: string): string {
  return text.slice(0, Math.max(text.lastIndexOf('}'), text.lastIndexOf(']')) + 1)
}

describe('a recorded stream', () => {
  test.each(SAMPLE_STREAMS.map((sample) => [sample.name, sample] as const))(
    '%s is understood to its end',
    (_name, sample) => {
      const watch = watched(sample.api, [bytesOf(sample.text)])
      expect(understood(watch)).toEqual({
        phase: 'finished',
        sawContent: true,
        error: undefined,
        events: sample.events,
        usage: sample.usage,
        responseId: sample.responseId,
        terminalReason: sample.terminalReason,
        framing: sample.name.includes('array') ? 'json-array' : 'sse',
        oversizeEvents: 0,
      })
    },
  )

  test.each(SAMPLE_STREAMS.map((sample) => [sample.name, sample] as const))(
    '%s means the same wherever the network cuts it, inside a character too',
    (_name, sample) => {
      const bytes = bytesOf(sample.text)
      const whole = understood(watched(sample.api, [bytes]))
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(understood(watched(sample.api, cutAt(bytes, [cut])))).toEqual(whole)
      }
      expect(
        understood(
          watched(
            sample.api,
            [...bytes].map((byte) => Uint8Array.of(byte)),
          ),
        ),
      ).toEqual(whole)
    },
  )

  test('means the same however many cuts there are, also when events are larger than the limit', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SAMPLE_STREAMS),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }),
        fc.constantFrom(40, 120, 250, MAX_EVENT_BYTES),
        (sample, cuts, maxEventBytes) => {
          const bytes = bytesOf(sample.text)
          const whole = understood(watched(sample.api, [bytes], maxEventBytes))
          const places = cuts.map((cut) => Math.floor(cut * bytes.length))
          expect(understood(watched(sample.api, cutAt(bytes, places), maxEventBytes))).toEqual(whole)
        },
      ),
      { numRuns: 400 },
    )
  })

  test.each(SAMPLE_STREAMS.map((sample) => [sample.name, sample] as const))(
    '%s looks finished at no byte before its end, also when the upstream closes cleanly there',
    (_name, sample) => {
      const bytes = bytesOf(sample.text)
      const wholeBytes = bytesOf(endOfLastEvent(sample.text)).length
      for (let cut = 0; cut < wholeBytes; cut++) {
        expect([cut, watched(sample.api, [bytes.subarray(0, cut)]).phase]).not.toEqual([cut, 'finished'])
      }
      expect(watched(sample.api, [bytes.subarray(0, wholeBytes)]).phase).toBe('finished')
    },
  )

  test('never makes the watcher throw, however it is damaged', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SAMPLE_STREAMS),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 20 }),
        (sample, damages) => {
          const bytes = bytesOf(sample.text)
          for (const [at, byte] of damages) bytes[at % bytes.length] = byte
          const watch = watched(sample.api, cutAt(bytes, [100, 101, 500]))
          expect(watch.blindness).toBeUndefined()
        },
      ),
    )
  })
})

const sse = (data: unknown, name = '') =>
  `${name && `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
const typed = (type: string, rest: object = {}) => sse({ type, ...rest }, type)
const delta = (fields: object) => sse({ id: 'c', choices: [{ index: 0, delta: fields, finish_reason: null }] })
const part = (fields: object) => sse({ candidates: [{ content: { parts: [fields], role: 'model' } }] })

describe('real content', () => {
  test.each<[Api, string, string, boolean]>([
    [
      'messages',
      'a content block',
      typed('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      true,
    ],
    ['messages', 'a delta without its start', typed('content_block_delta', { index: 0, delta: {} }), true],
    ['messages', 'a block whose event has no name', sse({ type: 'content_block_start', index: 0 }), true],
    ['messages', 'a block whose type is not named first', sse({ index: 0, type: 'content_block_start' }), true],
    [
      'messages',
      'a stop reason without any block',
      typed('message_delta', { delta: { stop_reason: 'end_turn' } }),
      true,
    ],
    ['messages', 'the start of the message', typed('message_start', { message: { id: 'm', usage: {} } }), false],
    ['messages', 'a ping', typed('ping'), false],
    [
      'messages',
      'a message_delta without stop reason',
      typed('message_delta', { delta: { stop_reason: null } }),
      false,
    ],
    ['messages', 'an end without anything before it', typed('message_stop'), false],
    ['messages', 'an error', typed('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }), false],
    ['chat', 'content', delta({ content: 'a' }), true],
    ['chat', 'reasoning', delta({ reasoning: 'hm' }), true],
    ['chat', 'reasoning_content', delta({ content: null, reasoning_content: '嗯' }), true],
    ['chat', 'tool calls', delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] }), true],
    ['chat', 'a refusal', delta({ refusal: 'no' }), true],
    ['chat', 'a finish reason alone', sse({ choices: [{ delta: {}, finish_reason: 'stop' }] }), true],
    ['chat', 'a role', delta({ role: 'assistant', content: '' }), false],
    ['chat', 'an empty delta', delta({}), false],
    ['chat', 'empty tool calls', delta({ tool_calls: [] }), false],
    ['chat', 'a chunk without choices', sse({ id: 'c', choices: [], prompt_filter_results: [] }), false],
    ['chat', 'usage alone', sse({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 0 } }), false],
    ['chat', 'finish_reason error', sse({ choices: [{ delta: { content: '' }, finish_reason: 'error' }] }), false],
    ['chat', 'an error', sse({ error: { message: 'no', type: 'server_error' } }), false],
    ['chat', 'the end marker alone', sse('[DONE]'), false],
    ['chat', 'text that is not JSON', sse('hello'), false],
    ['chat', 'a comment', ': OPENROUTER PROCESSING\n\n', false],
    ['completions', 'text', sse({ choices: [{ index: 0, text: 'a', finish_reason: null }] }), true],
    ['completions', 'empty text', sse({ choices: [{ index: 0, text: '', finish_reason: null }] }), false],
    ['responses', 'an output item', typed('response.output_item.added', { item: {} }), true],
    ['responses', 'a text delta', typed('response.output_text.delta', { delta: 'a' }), true],
    ['responses', 'a reasoning delta', typed('response.reasoning_summary_text.delta', { delta: 'a' }), true],
    ['responses', 'an item whose event has no name', sse({ type: 'response.output_item.added', item: {} }), true],
    ['responses', 'an item whose type is not named first', sse({ item: {}, type: 'response.output_item.added' }), true],
    [
      'responses',
      'a completed response',
      typed('response.completed', { response: { id: 'r', status: 'completed' } }),
      true,
    ],
    [
      'responses',
      'an incomplete response',
      typed('response.incomplete', { response: { id: 'r', status: 'incomplete' } }),
      true,
    ],
    [
      'responses',
      'a created response',
      typed('response.created', { response: { id: 'r', status: 'in_progress' } }),
      false,
    ],
    ['responses', 'a response in progress', typed('response.in_progress', { response: { id: 'r' } }), false],
    ['responses', 'a queued response', typed('response.queued', { response: { id: 'r' } }), false],
    [
      'responses',
      'a failed response',
      typed('response.failed', { response: { status: 'failed', error: { code: 'x' } } }),
      false,
    ],
    ['responses', 'an error', typed('error', { code: 'server_error', message: 'no' }), false],
    ['gemini', 'a text part', part({ text: 'a' }), true],
    ['gemini', 'a thought', part({ text: 'hm', thought: true }), true],
    ['gemini', 'a function call', part({ functionCall: { name: 'f', args: {} } }), true],
    ['gemini', 'a signature with empty text', part({ text: '', thoughtSignature: 'abc' }), true],
    ['gemini', 'a finish reason', sse({ candidates: [{ finishReason: 'SAFETY' }] }), true],
    ['gemini', 'a blocked prompt', sse({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } }), true],
    ['gemini', 'an empty text part', part({ text: '' }), false],
    ['gemini', 'usage alone', sse({ usageMetadata: { promptTokenCount: 3 } }), false],
    ['gemini', 'an error', sse({ error: { code: 503, status: 'UNAVAILABLE', message: 'x' } }), false],
  ])('%s: %s', (api, _what, text, isContent) => {
    const watch = watchStream(api, MAX_EVENT_BYTES)
    watch.push(bytesOf(text))
    expect(watch.sawContent).toBe(isContent)
    if (isContent) expect(watch.phase).not.toBe('before-content')
  })
})

describe('the end', () => {
  test.each<[Api, string, string, 'before-content' | 'content' | 'finished', string | undefined]>([
    ['messages', 'message_stop', typed('message_stop'), 'finished', undefined],
    [
      'messages',
      'a stop reason is not yet the end',
      typed('message_delta', { delta: { stop_reason: 'end_turn' } }),
      'content',
      'end_turn',
    ],
    ['chat', '[DONE] without a space', 'data:[DONE]\n\n', 'finished', undefined],
    ['chat', '[DONE] is not part of a text', delta({ content: '[DONE]' }), 'content', undefined],
    [
      'chat',
      'a finish reason is not yet the end',
      sse({ choices: [{ finish_reason: 'length' }] }),
      'content',
      'length',
    ],
    [
      'responses',
      'response.completed',
      typed('response.completed', { response: { status: 'completed' } }),
      'finished',
      'completed',
    ],
    ['responses', 'response.incomplete', typed('response.incomplete', { response: {} }), 'finished', 'incomplete'],
    [
      'responses',
      'response.cancelled',
      typed('response.cancelled', { response: { status: 'cancelled' } }),
      'finished',
      'cancelled',
    ],
    [
      'responses',
      'response.failed',
      typed('response.failed', { response: { status: 'failed' } }),
      'finished',
      'failed',
    ],
    [
      'responses',
      'an item that is completed is not the end',
      typed('response.web_search_call.completed'),
      'before-content',
      undefined,
    ],
    ['gemini', 'a finish reason', sse({ candidates: [{ finishReason: 'MAX_TOKENS' }] }), 'finished', 'MAX_TOKENS'],
    ['gemini', 'a blocked prompt', sse({ promptFeedback: { blockReason: 'SAFETY' } }), 'finished', 'SAFETY'],
    ['gemini', 'an array still open', '[{"candidates":[{"finishReason":"STOP"}]}', 'content', 'STOP'],
    ['gemini', 'an array closed', '[{"candidates":[{"finishReason":"STOP"}]}]', 'finished', 'STOP'],
    [
      'gemini',
      'an array closed without a finish reason',
      '[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}]',
      'content',
      undefined,
    ],
  ])('%s: %s', (api, _what, text, phase, reason) => {
    const watch = watchStream(api, MAX_EVENT_BYTES)
    watch.push(bytesOf(text))
    expect([watch.phase, watch.terminalReason]).toEqual([phase, reason])
  })
})

describe('errors inside a stream', () => {
  const anthropic = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
  test.each<[Api, string, string, object]>([
    ['messages', 'event error', sse(anthropic, 'error'), { type: 'overloaded_error', code: '', message: 'Overloaded' }],
    ['messages', 'error without a name', sse(anthropic), { type: 'overloaded_error', message: 'Overloaded' }],
    [
      'messages',
      'event error with plain text',
      sse('upstream exploded', 'error'),
      { type: '', message: 'upstream exploded' },
    ],
    [
      'messages',
      'event error that holds the bare error',
      sse({ type: 'x_error', message: 'm' }, 'error'),
      { type: 'x_error', message: 'm' },
    ],
    [
      'messages',
      'OpenAI-shaped error data',
      sse({ error: { message: 'm', code: '1308' } }),
      { code: '1308', message: 'm' },
    ],
    [
      'chat',
      'data-only error',
      sse({ error: { message: 'm', type: 'insufficient_quota', code: 429 } }),
      { type: 'insufficient_quota', code: '429' },
    ],
    ['chat', 'error text', sse({ error: 'overloaded' }), { type: '', code: '', message: 'overloaded' }],
    ['chat', 'finish_reason error', sse({ choices: [{ finish_reason: 'error' }] }), { type: 'error' }],
    ['chat', 'event error', sse({ message: 'm', type: 't' }, 'error'), { type: 't', message: 'm' }],
    ['completions', 'data-only error', sse({ error: { message: 'm' } }), { message: 'm' }],
    [
      'responses',
      'error event',
      typed('error', { code: 'rate_limit_exceeded', message: 'm', param: null }),
      { type: '', code: 'rate_limit_exceeded', message: 'm' },
    ],
    [
      'responses',
      'nested error event',
      typed('error', { error: { type: 'server_error', code: null, message: 'm' } }),
      { type: 'server_error', code: '', message: 'm' },
    ],
    [
      'responses',
      'response.failed',
      typed('response.failed', {
        response: { status: 'failed', error: { code: 'server_is_overloaded', message: 'm' } },
      }),
      { code: 'server_is_overloaded', message: 'm' },
    ],
    [
      'responses',
      'response.failed without a reason',
      typed('response.failed', { response: { id: 'r' } }),
      { type: '', code: '', message: '' },
    ],
    [
      'gemini',
      'error chunk',
      sse({ error: { code: 503, message: 'm', status: 'UNAVAILABLE' } }),
      { type: 'UNAVAILABLE', code: '503', message: 'm' },
    ],
    [
      'gemini',
      'error element of an array',
      '[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]',
      { type: 'RESOURCE_EXHAUSTED', code: '429' },
    ],
  ])('%s: %s is recognised', (api, _what, text, expected) => {
    const watch = watched(api, [bytesOf(text)])
    expect(watch.error).toMatchObject(expected)
    expect(watch.sawContent).toBe(false)
  })

  test('an overload that comes after response.created is seen before content', () => {
    const created = typed('response.created', { response: { id: 'resp_1', status: 'in_progress', error: null } })
    const watch = watched('responses', [bytesOf(created + typed('error', { code: 'overloaded', message: 'm' }))])
    expect([watch.phase, watch.error?.code, watch.responseId]).toEqual(['before-content', 'overloaded', 'resp_1'])
  })

  test('an error after content is recorded too, and the first one stays', () => {
    const text = delta({ content: 'a' }) + sse({ error: { message: 'first' } }) + sse({ error: { message: 'second' } })
    const watch = watched('chat', [bytesOf(text)])
    expect([watch.phase, watch.error?.message]).toEqual(['content', 'first'])
  })

  test.each<[Api, string]>([
    ['chat', delta({ content: '{"error":{"message":"x"}}' }) + delta({ content: 'an "error": here' })],
    ['chat', sse({ error: null, choices: [{ delta: { content: 'a' } }] })],
    ['messages', typed('content_block_delta', { delta: { type: 'text_delta', text: '{"type":"error"}' } })],
    ['responses', typed('response.created', { response: { id: 'r', error: null, status: 'in_progress' } })],
    ['gemini', part({ functionCall: { name: 'f', args: { error: { code: 500 } } } })],
  ])('%s: the word error inside content is none', (api, text) => {
    expect(watched(api, [bytesOf(text)]).error).toBeUndefined()
  })

  test('the body of an error is bounded even when the event repeats the whole conversation', () => {
    const response = {
      instructions: 'x'.repeat(60_000),
      status: 'failed',
      error: { code: 'server_error', message: 'm' },
    }
    const watch = watched('responses', [bytesOf(typed('response.failed', { response }))], 1_000_000)
    expect(watch.error?.body).toBe('{"type":"response.failed","error":{"code":"server_error","message":"m"}}')
  })
})

describe('usage of a stream', () => {
  test('a later count replaces an earlier one and is never added to it', () => {
    const usage = (n: number) => typed('message_delta', { delta: { stop_reason: null }, usage: { output_tokens: n } })
    expect(watched('messages', [bytesOf(usage(10) + usage(25) + usage(40))]).usage).toEqual({ outputTokens: 40 })
  })

  test('what was seen before a cut stays known', () => {
    const sample = SAMPLE_STREAMS[0]!
    const watch = watched('messages', [bytesOf(sample.text.slice(0, sample.text.indexOf('event: message_delta')))])
    expect(watch.usage).toMatchObject({ inputTokens: 2011, outputTokens: 1, cacheReadTokens: 12_000 })
    expect(watch.phase).toBe('content')
  })

  test.each<[Api, string, string, object]>([
    [
      'messages',
      'under an event name nobody knows',
      sse({ usage: { input_tokens: 5, output_tokens: 6 } }, 'vendor_summary'),
      { inputTokens: 5, outputTokens: 6 },
    ],
    [
      'chat',
      'in every chunk',
      delta({ content: 'a' }) + sse({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 1 } }),
      { inputTokens: 3, outputTokens: 1 },
    ],
    [
      'chat',
      'in the choice, as Moonshot does',
      sse({ choices: [{ finish_reason: 'stop', usage: { prompt_tokens: 3, completion_tokens: 1 } }] }),
      { inputTokens: 3, outputTokens: 1 },
    ],
    [
      'chat',
      'after [DONE]',
      sse('[DONE]') + sse({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 1 } }),
      { inputTokens: 3, outputTokens: 1 },
    ],
    [
      'chat',
      'with spaces around the colon',
      `${delta({ content: 'a' })}data: {"usage" : {"prompt_tokens":3,"completion_tokens":1}}\n\n`,
      { inputTokens: 3, outputTokens: 1 },
    ],
    [
      'chat',
      'data split over two lines',
      `${delta({ content: 'a' })}data: {"usage":\ndata: {"prompt_tokens":3}}\n\n`,
      { inputTokens: 3 },
    ],
    [
      'responses',
      'of an incomplete response',
      typed('response.incomplete', { response: { usage: { input_tokens: 9, output_tokens: 2 } } }),
      { inputTokens: 9, outputTokens: 2 },
    ],
  ])('%s: is found %s', (api, _where, text, usage) => {
    expect(watched(api, [bytesOf(text)]).usage).toEqual(usage)
  })

  test('is found at the end of an event that is too large to hold', () => {
    const response = { id: 'r', output: ['x'.repeat(10_000)], usage: { input_tokens: 9, output_tokens: 2 }, user: null }
    const watch = watched('responses', cutAt(bytesOf(typed('response.completed', { response })), [5000, 9000]), 1000)
    expect([watch.phase, watch.usage, watch.oversizeEvents]).toEqual([
      'finished',
      { inputTokens: 9, outputTokens: 2 },
      1,
    ])
  })

  test.each<[Api, string, string, boolean, boolean]>([
    ['responses', 'response.created', 'repeats the request and is no content', false, false],
    ['responses', 'response.output_text.done', 'is content', true, false],
    ['messages', 'content_block_delta', 'is content', true, false],
    ['messages', 'error', 'is an error', false, true],
    ['responses', 'response.failed', 'is an error', false, true],
  ])('%s: an event %s that is too large to hold %s', (api, name, _what, isContent, isError) => {
    const watch = watched(api, [bytesOf(typed(name, { text: 'x'.repeat(5000) }))], 1000)
    expect([watch.sawContent, watch.error !== undefined, watch.events]).toEqual([isContent, isError, 1])
  })

  test('unknown is not none: a stream without usage has no counts', () => {
    expect(watched('chat', [bytesOf(delta({ content: 'a' }) + sse('[DONE]'))]).usage).toEqual({})
  })
})

describe('what is no event stream', () => {
  test.each<[Api, string]>([
    ['chat', '{"error":{"message":"no"}}'],
    ['messages', '  \n<!DOCTYPE html><html><body>502</body></html>'],
    ['responses', '[]'],
    ['gemini', '{"error":{"code":429}}'],
  ])('%s: %s is told at its first byte, so that it can be read as a whole', (api, text) => {
    const watch = watched(api, [bytesOf(text)])
    expect([watch.framing, watch.events, watch.phase]).toEqual(['other', 0, 'before-content'])
  })

  test('plain text has no events', () => {
    const watch = watched('chat', [bytesOf('当前模型负载过高，请稍后重试')])
    expect([watch.events, watch.phase]).toEqual([0, 'before-content'])
  })

  test('white space and comments before the first event are no events', () => {
    const watch = watched('chat', [
      bytesOf('\n\n'),
      bytesOf(': ping\n\n'),
      bytesOf(': ping\n\n'),
      bytesOf(sse('[DONE]')),
    ])
    expect([watch.framing, watch.events, watch.phase]).toEqual(['sse', 1, 'finished'])
  })
})
