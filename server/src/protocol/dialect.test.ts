import { describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import type { Api } from '../core/channel-type.ts'
import { type DialectError, errorBody, errorEvent, errorPiece, type StreamBreak } from './dialect.ts'
import { watchStream } from './stream-watch.ts'
import { inspectWhole } from './whole-answer.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }
const SSE_HEADERS = { 'content-type': 'text/event-stream' }

/** What the official SDK throws when it is answered so; `undefined` when it throws nothing. */
type Client = (answer: () => Response) => Promise<unknown>

const anthropic: Client = async (answer) => {
  const client = new Anthropic({
    apiKey: 'x',
    baseURL: 'http://gateway.test',
    maxRetries: 0,
    logLevel: 'off',
    fetch: async () => answer(),
  })
  const stream = await client.messages.create({ model: 'm', max_tokens: 9, messages: [], stream: true })
  for await (const _ of stream);
}

const openAi = () => (answer: () => Response) =>
  new OpenAI({
    apiKey: 'x',
    baseURL: 'http://gateway.test/v1',
    maxRetries: 0,
    logLevel: 'off',
    fetch: async () => answer(),
  })

const chat: Client = async (answer) => {
  const stream = await openAi()(answer).chat.completions.create({ model: 'm', messages: [], stream: true })
  for await (const _ of stream);
}

const responses: Client = async (answer) => {
  const stream = await openAi()(answer).responses.create({ model: 'm', input: 'x', stream: true })
  for await (const _ of stream);
}

const gemini: Client = async (answer) => {
  const client = new GoogleGenAI({
    apiKey: 'x',
    httpOptions: { baseUrl: 'http://gateway.test', fetch: async () => answer() },
  })
  const stream = await client.models.generateContentStream({ model: 'm', contents: 'x' })
  for await (const _ of stream);
}

async function thrown(client: Client, answer: () => Response): Promise<Record<string, unknown> | undefined> {
  try {
    await client(answer)
    return undefined
  } catch (error) {
    return error as Record<string, unknown>
  }
}

const CLIENTS: readonly (readonly [Api, Client])[] = [
  ['messages', anthropic],
  ['chat', chat],
  ['responses', responses],
  ['gemini', gemini],
]

describe('an error response in the dialect of the API', () => {
  test.each<[Api | undefined, DialectError, unknown]>([
    [
      'messages',
      { status: 401, message: 'm' },
      { type: 'error', error: { type: 'authentication_error', message: 'm' } },
    ],
    [
      'messages',
      { status: 400, message: 'm' },
      { type: 'error', error: { type: 'invalid_request_error', message: 'm' } },
    ],
    ['messages', { status: 403, message: 'm' }, { type: 'error', error: { type: 'permission_error', message: 'm' } }],
    ['messages', { status: 404, message: 'm' }, { type: 'error', error: { type: 'not_found_error', message: 'm' } }],
    ['messages', { status: 413, message: 'm' }, { type: 'error', error: { type: 'request_too_large', message: 'm' } }],
    ['messages', { status: 429, message: 'm' }, { type: 'error', error: { type: 'rate_limit_error', message: 'm' } }],
    ['messages', { status: 500, message: 'm' }, { type: 'error', error: { type: 'api_error', message: 'm' } }],
    ['messages', { status: 503, message: 'm' }, { type: 'error', error: { type: 'overloaded_error', message: 'm' } }],
    ['messages', { status: 504, message: 'm' }, { type: 'error', error: { type: 'timeout_error', message: 'm' } }],
    ['messages', { status: 529, message: 'm' }, { type: 'error', error: { type: 'overloaded_error', message: 'm' } }],
    [
      'messages',
      { status: 418, message: 'm' },
      { type: 'error', error: { type: 'invalid_request_error', message: 'm' } },
    ],
    [
      'messages',
      { status: 429, message: 'm', type: 'insufficient_quota', code: 'c' },
      { type: 'error', error: { type: 'rate_limit_error', message: 'm' } },
    ],
    [
      'messages',
      { status: 400, message: 'm', type: 'billing_error' },
      { type: 'error', error: { type: 'billing_error', message: 'm' } },
    ],
    [
      'chat',
      { status: 401, message: 'm' },
      { error: { message: 'm', type: 'invalid_request_error', code: 'invalid_api_key', param: null } },
    ],
    [
      'responses',
      { status: 429, message: 'm', type: 'insufficient_quota', code: 'cost_limit_exceeded' },
      { error: { message: 'm', type: 'insufficient_quota', code: 'cost_limit_exceeded', param: null } },
    ],
    [
      'embeddings',
      { status: 599, message: 'm' },
      { error: { message: 'm', type: 'server_error', code: null, param: null } },
    ],
    [
      undefined,
      { status: 404, message: 'm' },
      { error: { message: 'm', type: 'invalid_request_error', code: 'not_found', param: null } },
    ],
    ['gemini', { status: 400, message: 'm' }, { error: { code: 400, message: 'm', status: 'INVALID_ARGUMENT' } }],
    ['gemini', { status: 401, message: 'm' }, { error: { code: 401, message: 'm', status: 'UNAUTHENTICATED' } }],
    ['gemini', { status: 403, message: 'm' }, { error: { code: 403, message: 'm', status: 'PERMISSION_DENIED' } }],
    ['gemini', { status: 404, message: 'm' }, { error: { code: 404, message: 'm', status: 'NOT_FOUND' } }],
    [
      'gemini',
      { status: 429, message: 'm', type: 'x' },
      { error: { code: 429, message: 'm', status: 'RESOURCE_EXHAUSTED' } },
    ],
    ['gemini', { status: 500, message: 'm' }, { error: { code: 500, message: 'm', status: 'INTERNAL' } }],
    ['gemini', { status: 503, message: 'm' }, { error: { code: 503, message: 'm', status: 'UNAVAILABLE' } }],
    ['gemini', { status: 504, message: 'm' }, { error: { code: 504, message: 'm', status: 'DEADLINE_EXCEEDED' } }],
  ])('%#: as %s says it', (api, error, expected) =>
    expect(JSON.parse(errorBody(api, error))).toEqual(expected as object),
  )

  test.each(CLIENTS)(
    '%s: the official SDK turns every status into its own exception with our message',
    async (api, client) => {
      for (const status of [400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 529]) {
        const body = errorBody(api, { status, message: 'no channel 没有渠道' })
        const error = await thrown(client, () => new Response(body, { status, headers: JSON_HEADERS }))
        expect(error?.['status']).toBe(status)
        expect(String(error?.['message'])).toContain('no channel 没有渠道')
      }
    },
  )
})

const FIRST_EVENTS: Readonly<Record<string, string>> = {
  messages:
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n\n',
  chat: 'data: {"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
  responses: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"a"}\n\n',
  gemini: 'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\n\n',
}

/** As the relay sends it: for Gemini the error comes in a piece of its own. */
function pieces(api: string, before: string, event: string): ConstructorParameters<typeof Response>[0] {
  if (api !== 'gemini') return before + event
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode(before))
      await new Promise((resolve) => setTimeout(resolve, 5))
      controller.enqueue(new TextEncoder().encode(event))
      controller.close()
    },
  })
}

const BROKEN: StreamBreak = { status: 502, message: 'upstream broke off 断流', code: 'stream_cut' }

describe('an error event that ends a broken stream', () => {
  test.each(CLIENTS)('%s: the official SDK throws its API error with our message', async (api, client) => {
    const body = () => pieces(api, FIRST_EVENTS[api]!, errorEvent(api, BROKEN)!)
    const error = await thrown(client, () => new Response(body(), { headers: SSE_HEADERS }))
    expect((error as object).constructor.name).toMatch(/^(APIError|ApiError)$/)
    expect(String(error?.['message'])).toContain('upstream broke off 断流')
  })

  test.each(CLIENTS)('%s: after half an event the SDK throws too, wherever the half ends', async (api, client) => {
    const first = FIRST_EVENTS[api]!
    for (let cut = 1; cut < first.length; cut += 3) {
      const body = () =>
        pieces(
          api,
          first + first.slice(0, cut),
          errorPiece(api, BROKEN) ?? errorEvent(api, { ...BROKEN, midLine: true })!,
        )
      const error = await thrown(client, () => new Response(body(), { headers: SSE_HEADERS }))
      expect(error).toBeInstanceOf(Error)
    }
  })

  test.each(CLIENTS)(
    '%s: without it the SDK of a cleanly ended stream may notice nothing, so it is needed',
    async (api, client) => {
      const error = await thrown(client, () => new Response(FIRST_EVENTS[api]!, { headers: SSE_HEADERS }))
      expect(error).toBeUndefined()
    },
  )

  test.each(CLIENTS)('%s: a gateway behind us recognises it', (api) => {
    const watch = watchStream(api, 10_000)
    watch.push(new TextEncoder().encode(FIRST_EVENTS[api]! + errorEvent(api, { ...BROKEN, midLine: true })))
    expect(watch.error?.message).toBe('upstream broke off 断流')
    expect(watch.phase).toBe('content')
  })

  test.each(CLIENTS)('%s: a gateway behind us recognises the error body in a success', (api) => {
    const body = new TextEncoder().encode(errorBody(api, { status: 503, message: 'm' }))
    expect(inspectWhole(api, body, 'application/json')).toMatchObject({ kind: 'soft-error', message: 'm' })
  })

  test('the exact text of each', () => {
    expect(errorEvent('messages', BROKEN)).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"upstream broke off 断流"}}\n\n',
    )
    expect(errorEvent('chat', BROKEN)).toBe(
      'data: {"error":{"message":"upstream broke off 断流","type":"server_error","code":"stream_cut","param":null}}\n\n',
    )
    expect(errorEvent('responses', { ...BROKEN, sequenceNumber: 8 })).toBe(
      'event: error\ndata: {"type":"error","code":"stream_cut","message":"upstream broke off 断流","param":null,"sequence_number":8}\n\n',
    )
    expect(errorEvent('gemini', BROKEN)).toBe(
      'data: {"error":{"code":502,"message":"upstream broke off 断流","status":"UNAVAILABLE"}}\n\n',
    )
    expect(errorEvent('embeddings', BROKEN)).toBeUndefined()
  })

  test('a message with line breaks stays one event', () => {
    const text = errorEvent('chat', { message: 'a\n\ndata: [DONE]\n\n' })!
    expect(text.trimEnd().split('\n').length).toBe(1)
  })
})
