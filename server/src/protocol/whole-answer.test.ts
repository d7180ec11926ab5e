import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Api } from '../core/channel-type.ts'
import type { Usage } from '../core/usage.ts'
import { SAMPLE_STREAMS } from './sample-streams.ts'
import { inspectWhole } from './whole-answer.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const bytesOf = (text: string) => new TextEncoder().encode(text)
const inspect = (api: Api, body: unknown, contentType = JSON_TYPE) =>
  inspectWhole(api, bytesOf(typeof body === 'string' ? body : JSON.stringify(body)), contentType)

const GOOD: Readonly<Record<Exclude<Api, 'completions'>, object>> = {
  messages: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text: '{"error":{"message":"当前模型负载过高"}} is what an error looks like' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 12, output_tokens: 34 },
  },
  chat: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'an "error": {"type":"error"}' }, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46 },
    error: null,
  },
  responses: {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    error: null,
    output: [{ type: 'message', content: [{ type: 'output_text', text: 'status: failed' }] }],
    usage: { input_tokens: 12, output_tokens: 34 },
  },
  gemini: {
    candidates: [{ content: { parts: [{ text: '{"error":{"code":500}}' }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 34, totalTokenCount: 46 },
    responseId: 'r_1',
  },
  embeddings: { object: 'list', data: [{ embedding: [0.1] }], usage: { prompt_tokens: 12, total_tokens: 12 } },
}

describe('a good whole answer', () => {
  test.each<[Api, string | undefined, Usage]>([
    ['messages', 'msg_1', { inputTokens: 12, outputTokens: 34 }],
    ['chat', 'chatcmpl-1', { inputTokens: 12, outputTokens: 34 }],
    ['responses', 'resp_1', { inputTokens: 12, outputTokens: 34 }],
    ['gemini', 'r_1', { inputTokens: 12, outputTokens: 34 }],
    ['embeddings', undefined, { inputTokens: 12, outputTokens: 0 }],
  ])('%s passes with its usage, also when it talks about errors', (api, responseId, usage) => {
    const good = GOOD[api as keyof typeof GOOD]
    const expected = { kind: 'ok', usage, ...(responseId && { responseId }), complete: true } as const
    expect(inspect(api, good)).toEqual(expected)
    expect(inspect(api, `\ufeff \n${JSON.stringify(good, null, 2)}\n`, '')).toEqual(expected)
  })

  test.each<[Api, string, unknown]>([
    ['messages', 'no content but a stop reason', { type: 'message', content: [], stop_reason: 'end_turn' }],
    ['messages', 'another resource than a message', { data: [], has_more: false }],
    ['chat', 'an empty text with a finish reason', { choices: [{ message: { content: '' }, finish_reason: 'stop' }] }],
    ['chat', 'another resource than a completion', { object: 'list', data: [] }],
    ['chat', 'error false', { error: false, choices: [{}] }],
    ['chat', 'error as an empty text', { error: '', choices: [{}] }],
    ['responses', 'a deleted response', { id: 'r', object: 'response', deleted: true }],
    [
      'responses',
      'an incomplete response',
      { id: 'r', object: 'response', status: 'incomplete', error: null, output: [] },
    ],
    [
      'gemini',
      'a blocked prompt',
      { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 1 } },
    ],
    ['gemini', 'counted tokens', { totalTokens: 31 }],
    ['gemini', 'an embedding', { embedding: { values: [1] }, usageMetadata: { promptTokenCount: 3 } }],
    [
      'gemini',
      'a thought signature only',
      { candidates: [{ content: { parts: [{ text: '', thoughtSignature: 'x' }] } }] },
    ],
  ])('%s: %s', (api, _what, body) => expect(inspect(api, body).kind).toBe('ok'))
})

describe('an error inside a success', () => {
  test.each<[Api, string, unknown, object]>([
    [
      'messages',
      'Anthropic error',
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      { type: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      'messages',
      'type error in capitals',
      { type: 'ERROR', code: 7, message: 'm' },
      { type: '', code: '7', message: 'm' },
    ],
    ['messages', 'bare error', { error: { code: '1308', message: 'reset at 2026-01-01 00:00:00' } }, { code: '1308' }],
    [
      'chat',
      'error object beside an empty answer',
      { choices: [], error: { message: 'm', type: 't', code: 'c' } },
      { type: 't', code: 'c', message: 'm' },
    ],
    ['chat', 'error text', { error: 'quota' }, { type: '', code: '', message: 'quota' }],
    ['chat', 'empty error object', { error: {} }, { type: '', code: '', message: '' }],
    ['chat', 'finish_reason error', { choices: [{ finish_reason: 'error' }] }, { type: 'error' }],
    [
      'responses',
      'failed response',
      { object: 'response', status: 'failed', error: { code: 'server_error', message: 'm' } },
      { code: 'server_error', message: 'm' },
    ],
    ['responses', 'failed response without a reason', { object: 'response', status: 'failed' }, { type: '', code: '' }],
    [
      'gemini',
      'error',
      { error: { code: 503, status: 'UNAVAILABLE', message: 'm' } },
      { type: 'UNAVAILABLE', code: '503' },
    ],
    [
      'gemini',
      'error in an array',
      [{ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'm' } }],
      { code: '429' },
    ],
    ['embeddings', 'error', { error: { message: 'm' } }, { message: 'm' }],
  ])('%s: %s', (api, _what, body, expected) => {
    expect(inspect(api, body)).toMatchObject({
      kind: 'soft-error',
      body: JSON.stringify(Array.isArray(body) ? body[0] : body),
      ...expected,
    })
  })

  test.each<[string, string]>([
    ['plain text', '当前模型负载过高，请稍后重试'],
    ['plain English text', 'Current model load too high, please retry'],
    ['white space and a byte order mark before it', '\n \ufeff  当前模型负载过高\n'],
    ['a JSON string', '"Current model load too high"'],
  ])('an overload notice as %s', (_what, body) => {
    for (const type of ['text/plain', JSON_TYPE, '']) expect(inspect('messages', body, type).kind).toBe('soft-error')
  })

  test.each<[string, string]>([
    ['longer than a notice', `当前模型负载过高${'很'.repeat(90)}`],
    ['with the words further behind', 'Note: Current model load too high'],
    ['of other words', 'pong'],
  ])('text %s is passed on', (_what, body) =>
    expect(inspect('chat', body, 'text/plain')).toEqual({ kind: 'opaque', usage: {} }),
  )

  test('the notices can be replaced', () => {
    const body = bytesOf('服务器繁忙')
    expect(inspectWhole('chat', body, 'text/plain', ['服务器', '']).kind).toBe('soft-error')
    expect(inspectWhole('chat', bytesOf('Current model load too high'), 'text/plain', ['服务器', '']).kind).toBe(
      'opaque',
    )
  })

  test('tokens that were used up nevertheless are told', () => {
    const body = { error: { message: 'm' }, usage: { prompt_tokens: 5, completion_tokens: 2 } }
    expect(inspect('chat', body)).toMatchObject({ kind: 'soft-error', usage: { inputTokens: 5, outputTokens: 2 } })
  })
})

describe('no answer at all', () => {
  test.each<[Api, string, string]>([
    ['messages', 'nothing', ''],
    ['chat', 'white space', ' \r\n\t'],
    ['chat', 'null', 'null\n'],
    ['gemini', 'an empty array', '[]'],
    ['chat', 'no choices', '{"id":"x","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":0}}'],
    ['messages', 'no content and no stop reason', '{"type":"message","content":[],"stop_reason":null}'],
    ['gemini', 'no candidates', '{"candidates":[]}'],
    ['gemini', 'usage alone', '{"usageMetadata":{"promptTokenCount":9},"modelVersion":"gemini-2.5-pro"}'],
    ['chat', 'a stream with nothing but keep-alives', ': ping\n\n: ping\n\n'],
    [
      'chat',
      'a stream that ends without content',
      'data: {"id":"x","choices":[{"delta":{"role":"assistant"}}]}\n\ndata: [DONE]\n\n',
    ],
  ])('%s: %s', (api, _what, body) => expect(inspect(api, body).kind).toBe('empty'))

  test.each<[string, string, string]>([
    ['a page', '<!DOCTYPE html>\n<html><head><title>502</title></head></html>', 'text/html; charset=utf-8'],
    ['a page that says it is JSON', '<html><body>Just a moment...</body></html>', JSON_TYPE],
    ['a page with capitals and a comment', '\n<!-- x -->\n<HTML lang="en"><BODY>', ''],
    ['a fragment with the type of a page', 'Bad gateway', 'text/html'],
  ])('%s is an HTML page', (_what, body, type) => expect(inspect('chat', body, type)).toEqual({ kind: 'html' }))

  test('JSON under the type of a page is still JSON', () => {
    expect(inspect('chat', GOOD.chat, 'text/html').kind).toBe('ok')
  })
})

describe('an answer that breaks off', () => {
  test.each(Object.entries(GOOD))('%s is noticed at every byte', (api, good) => {
    const bytes = bytesOf(JSON.stringify(good))
    for (let cut = 1; cut < bytes.length; cut++)
      expect(inspectWhole(api as Api, bytes.subarray(0, cut), JSON_TYPE).kind).toBe('cut')
  })

  test.each<[string, string]>([
    ['more than one JSON value', '{"a":1}\n{"b":2}'],
    ['JSON that is wrong in the middle', '{"a":1,,"b":2}'],
    ['a raw line break in a string', '{"a":"x\ny"}'],
    ['XML', '<?xml version="1.0"?><a/>'],
    ['a number', '42'],
  ])('%s is not cut but passed on', (_what, body) =>
    expect(inspect('chat', body)).toEqual({ kind: 'opaque', usage: {} }),
  )

  test('sound and images are passed on without a look', () => {
    expect(inspectWhole('chat', Uint8Array.of(0x7b, 0xff, 0), 'audio/mpeg')).toEqual({ kind: 'opaque', usage: {} })
  })
})

describe('a stream where none was asked for', () => {
  test.each(SAMPLE_STREAMS.map((sample) => [sample.name, sample] as const))('%s is understood', (_name, sample) => {
    const expected = { kind: 'ok', usage: sample.usage, responseId: sample.responseId, complete: true } as const
    expect(inspect(sample.api, sample.text, 'text/plain')).toEqual(expected)
  })

  test('an error as first event is an error', () => {
    const text = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n'
    expect(inspect('messages', text, 'text/event-stream')).toMatchObject({
      kind: 'soft-error',
      type: 'overloaded_error',
      message: 'm',
    })
  })

  test('one that breaks off is cut', () => {
    const { api, text } = SAMPLE_STREAMS[0]!
    expect(inspect(api, text.slice(0, text.indexOf('event: message_delta'))).kind).toBe('cut')
  })

  test('one without end marker but with a finish reason is whole', () => {
    const { api, text } = SAMPLE_STREAMS[1]!
    expect(inspect(api, text.replace('data: [DONE]\n\n', '')).kind).toBe('ok')
  })
})

test('no body, whatever it is, makes the inspection throw', () => {
  const apis: readonly Api[] = ['messages', 'chat', 'responses', 'gemini', 'completions', 'embeddings']
  const body = fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.json({ maxDepth: 4 }).map(bytesOf))
  const known = fc.dictionary(
    fc.constantFrom(
      'error',
      'type',
      'choices',
      'candidates',
      'content',
      'usage',
      'usageMetadata',
      'message',
      'response',
      'status',
    ),
    fc.jsonValue({ maxDepth: 3 }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...apis),
      fc.oneof(
        body,
        known.map((value) => bytesOf(JSON.stringify(value))),
      ),
      (api, bytes) => {
        expect(['ok', 'soft-error', 'empty', 'html', 'cut', 'opaque']).toContain(inspectWhole(api, bytes, '').kind)
      },
    ),
    { numRuns: 1000 },
  )
})
