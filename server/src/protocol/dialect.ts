import type { Api } from '../core/channel-type.ts'

/** An error of ours, to be said in the client's dialect. */
export type DialectError = {
  /** HTTP status the client sees. */
  readonly status: number
  /** The vendor's class of error, when the status does not say it: `insufficient_quota`. */
  readonly type?: string
  readonly message: string
  readonly code?: string
}

/** One row per status we send; others take the row of their hundred. */
type Row = {
  readonly anthropic: string
  readonly openAi: string
  readonly code: string | null
  readonly gemini: string
}

const ROWS: Readonly<Record<number, Row>> = {
  400: { anthropic: 'invalid_request_error', openAi: 'invalid_request_error', code: null, gemini: 'INVALID_ARGUMENT' },
  401: {
    anthropic: 'authentication_error',
    openAi: 'invalid_request_error',
    code: 'invalid_api_key',
    gemini: 'UNAUTHENTICATED',
  },
  402: {
    anthropic: 'billing_error',
    openAi: 'insufficient_quota',
    code: 'insufficient_quota',
    gemini: 'FAILED_PRECONDITION',
  },
  403: {
    anthropic: 'permission_error',
    openAi: 'permission_error',
    code: 'permission_denied',
    gemini: 'PERMISSION_DENIED',
  },
  404: { anthropic: 'not_found_error', openAi: 'invalid_request_error', code: 'not_found', gemini: 'NOT_FOUND' },
  408: { anthropic: 'timeout_error', openAi: 'timeout', code: 'timeout', gemini: 'DEADLINE_EXCEEDED' },
  409: { anthropic: 'conflict_error', openAi: 'conflict_error', code: null, gemini: 'ABORTED' },
  413: {
    anthropic: 'request_too_large',
    openAi: 'invalid_request_error',
    code: 'request_too_large',
    gemini: 'INVALID_ARGUMENT',
  },
  429: {
    anthropic: 'rate_limit_error',
    openAi: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    gemini: 'RESOURCE_EXHAUSTED',
  },
  499: { anthropic: 'api_error', openAi: 'server_error', code: 'client_closed_request', gemini: 'CANCELLED' },
  500: { anthropic: 'api_error', openAi: 'server_error', code: null, gemini: 'INTERNAL' },
  502: { anthropic: 'api_error', openAi: 'server_error', code: 'bad_gateway', gemini: 'UNAVAILABLE' },
  503: { anthropic: 'overloaded_error', openAi: 'server_error', code: 'service_unavailable', gemini: 'UNAVAILABLE' },
  504: { anthropic: 'timeout_error', openAi: 'server_error', code: 'timeout', gemini: 'DEADLINE_EXCEEDED' },
  529: { anthropic: 'overloaded_error', openAi: 'server_error', code: 'overloaded', gemini: 'UNAVAILABLE' },
}

function rowOf(status: number): Row {
  return ROWS[status] ?? (status >= 500 ? ROWS[500]! : ROWS[400]!)
}

/** Types an Anthropic client may know; anything else is replaced by that of the status. */
const ANTHROPIC_TYPES: ReadonlySet<string> = new Set(Object.values(ROWS).map((row) => row.anthropic))

/**
 * The JSON body of an error response in the client's dialect; OpenAI's when the API is not known (no API path was asked).
 *
 * Sources: https://docs.anthropic.com/en/api/errors, https://platform.openai.com/docs/guides/error-codes,
 * https://cloud.google.com/apis/design/errors.
 */
export function errorBody(api: Api | undefined, error: DialectError): string {
  if (api === 'messages') return JSON.stringify(anthropicError(error))
  if (api === 'gemini') return JSON.stringify(geminiError(error))
  return JSON.stringify({ error: openAiError(error) })
}

function anthropicError(error: DialectError): object {
  const type = error.type !== undefined && ANTHROPIC_TYPES.has(error.type) ? error.type : rowOf(error.status).anthropic
  return { type: 'error', error: { type, message: error.message } }
}

function openAiError(error: DialectError): { message: string; type: string; code: string | null; param: null } {
  const row = rowOf(error.status)
  return { message: error.message, type: error.type ?? row.openAi, code: error.code ?? row.code, param: null }
}

function geminiError(error: DialectError): object {
  return { error: { code: error.status, message: error.message, status: rowOf(error.status).gemini } }
}

/** An error inside a stream that has begun. */
export type StreamBreak = {
  /** As if it had been an HTTP status, 400..599; 502 when absent. Google's SDK throws only for a number in this range. */
  readonly status?: number
  readonly type?: string
  readonly message: string
  readonly code?: string
  /** True when the last bytes sent were not the blank line that ends an event. */
  readonly midLine?: boolean
  /** Responses API: one more than that of the last event sent; 0 when not known. */
  readonly sequenceNumber?: number
}

/**
 * The text that ends a broken stream so that the client's SDK throws its own API error; `undefined` where there are no
 * streams (embeddings). Each form was chosen by what the official SDKs do with it: Anthropic's looks at the event's name,
 * OpenAI's at the name `error` or a data object with `error`, Google's (3.x) at `error.code` being a number; see
 * `errorPiece` for its older releases.
 *
 * With `midLine` it begins with a blank line. A client that had half an event then fails on that half, which is an
 * exception too. Extra blank lines mean nothing in SSE.
 */
export function errorEvent(api: Api, broken: StreamBreak): string | undefined {
  const error: DialectError = { ...broken, status: broken.status ?? 502 }
  const start = broken.midLine ? '\n\n' : ''
  switch (api) {
    case 'messages':
      return `${start}event: error\ndata: ${JSON.stringify(anthropicError(error))}\n\n`
    case 'responses':
      return `${start}event: error\ndata: ${JSON.stringify(responsesError(error, broken.sequenceNumber ?? 0))}\n\n`
    case 'chat':
    case 'completions':
      return `${start}data: ${JSON.stringify({ error: openAiError(error) })}\n\n`
    case 'gemini':
      return `${start}data: ${JSON.stringify(geminiError(error))}\n\n`
    case 'embeddings':
      return undefined
  }
}

/**
 * What Google's SDK up to 1.30, and so the Gemini CLI, needs besides: it overlooks error events, and throws only for a
 * piece of the body that is nothing but a JSON error. To be sent alone, after a pause; `undefined` for other APIs.
 */
export function errorPiece(api: Api, broken: StreamBreak): string | undefined {
  return api === 'gemini' ? JSON.stringify(geminiError({ ...broken, status: broken.status ?? 502 })) : undefined
}

function responsesError(error: DialectError, sequenceNumber: number): object {
  const { message, code, param } = openAiError(error)
  return { type: 'error', code, message, param, sequence_number: sequenceNumber }
}
