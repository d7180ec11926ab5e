import { at, parseJson } from '../mock-upstream/json.ts'

export const API_NAMES = ['messages', 'chat', 'responses', 'gemini'] as const
export type ApiName = (typeof API_NAMES)[number]

export const FORMS = ['stream', 'whole'] as const
export type Form = (typeof FORMS)[number]

export type ChannelType = 'anthropic' | 'openai' | 'codex' | 'gemini'

export const CHANNEL_TYPE: Readonly<Record<ApiName, ChannelType>> = {
  messages: 'anthropic',
  chat: 'openai',
  responses: 'codex',
  gemini: 'gemini',
}

export type Request = { readonly path: string; readonly body: string }

/** The request of one client: the same words in the form of each API. */
export function requestOf(api: ApiName, form: Form, model: string): Request {
  const stream = form === 'stream'
  const messages = [{ role: 'user', content: 'hi' }]
  switch (api) {
    case 'messages':
      return { path: '/v1/messages', body: JSON.stringify({ model, stream, max_tokens: 9, messages }) }
    case 'chat': {
      const options = stream ? { stream_options: { include_usage: true } } : {}
      return { path: '/v1/chat/completions', body: JSON.stringify({ model, stream, ...options, messages }) }
    }
    case 'responses':
      return { path: '/v1/responses', body: JSON.stringify({ model, stream, input: messages }) }
    case 'gemini': {
      const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
      const contents = [{ role: 'user', parts: [{ text: 'hi' }] }]
      return { path: `/v1beta/models/${model}:${method}`, body: JSON.stringify({ contents }) }
    }
  }
}

/** An error as a client reads it. `code`: OpenAI's name or Gemini's number; `''` where there is none. */
export type ReadError = { readonly type: string; readonly code: string; readonly message: string }

/** What is in an answer, as an SDK would see it. */
export type Content = {
  readonly text: string
  /** The protocol's own end is there, or a whole document that says why it ended. */
  readonly isComplete: boolean
  readonly error: ReadError | undefined
}

export type Received = { readonly body: string; readonly lastPiece: string }

/**
 * Reads an answer of status 200, and the body of any other. Errors: none; what cannot be read is no content.
 *
 * @param lastPiece  The last bytes as they came over the network: Google's client looks for an error only in a piece
 *                   that is JSON by itself.
 */
export function readContent(api: ApiName, form: Form, { body, lastPiece }: Received): Content {
  const isEvents = form === 'stream' && !/^\s*[{[<]/.test(body)
  const texts = isEvents ? [...eventData(body), ...(api === 'gemini' ? [lastPiece] : [])] : [body]
  const datas = texts.map(parseJson).filter((data) => data !== undefined)
  const found = datas.map((data) => readData(api, isEvents, data))
  return {
    text: found.map(({ text }) => text).join(''),
    isComplete: found.some(({ isEnd }) => isEnd) || (isEvents && api === 'chat' && texts.includes('[DONE]')),
    error: found.findLast(({ error }) => error !== undefined)?.error,
  }
}

function eventData(body: string): readonly string[] {
  return body.split(/\r?\n\r?\n/).flatMap((event) => {
    const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'))
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).trimStart()).join('\n')]
  })
}

type Read = { readonly text: string; readonly isEnd: boolean; readonly error: ReadError | undefined }

function readData(api: ApiName, isEvent: boolean, data: unknown): Read {
  const error = errorIn(data)
  const say = (text: unknown, isEnd: boolean): Read => ({ text: typeof text === 'string' ? text : '', isEnd, error })
  switch (api) {
    case 'messages':
      return isEvent
        ? say(at(data, 'delta', 'text'), at(data, 'type') === 'message_stop')
        : say(at(data, 'content', 0, 'text'), at(data, 'stop_reason') === 'end_turn')
    case 'chat':
      return isEvent
        ? say(at(data, 'choices', 0, 'delta', 'content'), false)
        : say(at(data, 'choices', 0, 'message', 'content'), at(data, 'choices', 0, 'finish_reason') === 'stop')
    case 'responses':
      return isEvent
        ? say(
            at(data, 'type') === 'response.output_text.delta' ? at(data, 'delta') : '',
            at(data, 'type') === 'response.completed',
          )
        : say(at(data, 'output', 0, 'content', 0, 'text'), at(data, 'status') === 'completed')
    case 'gemini':
      return say(
        at(data, 'candidates', 0, 'content', 'parts', 0, 'text'),
        at(data, 'candidates', 0, 'finishReason') === 'STOP',
      )
  }
}

function errorIn(data: unknown): ReadError | undefined {
  const error = at(data, 'error') ?? at(data, 'response', 'error')
  if (typeof error === 'object' && error !== null) {
    const word = (value: unknown) => (value === undefined || value === null ? '' : String(value))
    const type = word(at(error, 'type') ?? at(error, 'status'))
    return { type, code: word(at(error, 'code')), message: word(at(error, 'message')) }
  }
  if (at(data, 'type') !== 'error') return undefined
  return { type: 'error', code: String(at(data, 'code') ?? ''), message: String(at(data, 'message') ?? '') }
}

/** The error type and code in which each API's own clients know a status of ours. */
export const OUR_ERROR: Readonly<Record<number, Readonly<Record<ApiName, readonly [type: string, code: string]>>>> = {
  400: {
    messages: ['invalid_request_error', ''],
    chat: ['invalid_request_error', ''],
    responses: ['invalid_request_error', ''],
    gemini: ['INVALID_ARGUMENT', '400'],
  },
  401: {
    messages: ['authentication_error', ''],
    chat: ['invalid_request_error', 'invalid_api_key'],
    responses: ['invalid_request_error', 'invalid_api_key'],
    gemini: ['UNAUTHENTICATED', '401'],
  },
  403: {
    messages: ['permission_error', ''],
    chat: ['permission_error', 'model_not_allowed'],
    responses: ['permission_error', 'model_not_allowed'],
    gemini: ['PERMISSION_DENIED', '403'],
  },
  413: {
    messages: ['request_too_large', ''],
    chat: ['invalid_request_error', 'request_too_large'],
    responses: ['invalid_request_error', 'request_too_large'],
    gemini: ['INVALID_ARGUMENT', '413'],
  },
  429: {
    messages: ['rate_limit_error', ''],
    chat: ['insufficient_quota', 'cost_limit_exceeded'],
    responses: ['insufficient_quota', 'cost_limit_exceeded'],
    gemini: ['RESOURCE_EXHAUSTED', '429'],
  },
  502: {
    messages: ['api_error', ''],
    chat: ['server_error', 'bad_gateway'],
    responses: ['server_error', 'bad_gateway'],
    gemini: ['UNAVAILABLE', '502'],
  },
  503: {
    messages: ['overloaded_error', ''],
    chat: ['server_error', 'no_available_upstream'],
    responses: ['server_error', 'no_available_upstream'],
    gemini: ['UNAVAILABLE', '503'],
  },
  504: {
    messages: ['timeout_error', ''],
    chat: ['server_error', 'timeout'],
    responses: ['server_error', 'timeout'],
    gemini: ['DEADLINE_EXCEEDED', '504'],
  },
}

/** How a stream that broke says so, in the event that each API's SDK turns into its own exception. */
export const OUR_BREAK: Readonly<Record<ApiName, readonly [type: string, code: string]>> = {
  messages: ['api_error', ''],
  chat: ['server_error', 'bad_gateway'],
  responses: ['error', 'bad_gateway'],
  gemini: ['UNAVAILABLE', '502'],
}

/** What keeps a client of each API waiting; `''` where it would break on it. */
export const SIGN: Readonly<Record<ApiName, string>> = {
  messages: 'event: ping\ndata: {"type": "ping"}\n\n',
  chat: ': keep-alive\n\n',
  responses: ': keep-alive\n\n',
  gemini: '',
}

/** The body without the signs of life it begins with, and how many these were. */
export function withoutSigns(api: ApiName, body: Buffer): { readonly signs: number; readonly rest: Buffer } {
  const sign = Buffer.from(SIGN[api])
  let signs = 0
  while (sign.length > 0 && body.indexOf(sign, signs * sign.length) === signs * sign.length) signs++
  return { signs, rest: body.subarray(signs * sign.length) }
}
