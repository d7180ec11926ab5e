import type { Api } from '../core/channel-type.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { earliestReadyInMs } from '../core/order-channels.ts'
import { scrub } from '../core/secret.ts'
import { verdict } from '../core/verdict.ts'
import { errorBody } from '../protocol/dialect.ts'
import { answerHeaders } from './headers.ts'

const USD = 1_000_000
const NO_CHANNEL_RETRY_MS = 60_000

type Words = {
  readonly message: string
  readonly type?: string
  readonly code?: string
  readonly retryAfterMs?: number
}

/** The verdict on a failure that no channel had a part in. */
export function ownVerdict(failure: Failure, nowMs: number): Verdict {
  return verdict(failure, { channelType: 'openai', usableKeys: 0, nowMs })
}

/** Whom a refusal is for. */
export type Refused = {
  readonly api: Api | undefined
  readonly requestId: string
  /** Keys that were used: cut out of whatever an upstream said. */
  readonly secrets: readonly string[]
}

/**
 * The answer to a request that failed, in the dialect of the API it was meant for.
 */
export function refusal(failure: Failure, judged: Verdict, to: Refused): Response {
  const { api, requestId, secrets } = to
  if (failure.kind === 'status' && judged.passThrough) return passedOn(failure, judged, to)
  const words = wordsFor(failure)
  const headers = new Headers({ 'content-type': 'application/json; charset=utf-8', 'x-ccload-request-id': requestId })
  if (words.retryAfterMs !== undefined)
    headers.set('retry-after', String(Math.max(1, Math.ceil(words.retryAfterMs / 1000))))
  if (failure.kind === 'busy' && failure.why === 'stopping') headers.set('connection', 'close')
  if (failure.kind === 'upgrade-required') headers.set('upgrade', 'HTTP/1.1')
  const { message, type, code } = words
  const body = errorBody(api, {
    status: judged.clientStatus,
    message: scrub(message, secrets),
    ...(type && { type }),
    ...(code && { code }),
  })
  return new Response(body, { status: judged.clientStatus, headers })
}

/** The upstream's own answer, as it came, unless it quotes a key of ours. */
function passedOn(
  failure: Extract<Failure, { kind: 'status' }>,
  judged: Verdict,
  { requestId, secrets }: Refused,
): Response {
  const headers = answerHeaders(failure.headers, requestId)
  headers['content-type'] ??= looksLikeJson(failure.body)
    ? 'application/json; charset=utf-8'
    : 'text/plain; charset=utf-8'
  for (const [name, value] of Object.entries(headers)) {
    if (scrub(value, secrets) !== value) delete headers[name]
  }
  const text = new TextDecoder().decode(failure.body)
  const isLeak = secrets.some((secret) => secret !== '' && text.includes(secret))
  if (isLeak) delete headers['content-encoding']
  return new Response(isLeak ? scrub(text, secrets) : (failure.raw as Uint8Array<ArrayBuffer>), {
    status: judged.clientStatus,
    headers,
  })
}

function looksLikeJson(body: Uint8Array): boolean {
  return body[0] === 0x7b || body[0] === 0x5b
}

function wordsFor(failure: Failure): Words {
  switch (failure.kind) {
    case 'unauthorized':
      return {
        message: failure.expired ? 'token expired' : 'invalid or missing authorization',
        code: 'invalid_api_key',
      }
    case 'bad-request':
      return { message: failure.message }
    case 'body-too-large':
      return { message: `request body too large: the limit is ${failure.maxBytes} bytes (CCLOAD_MAX_BODY_BYTES)` }
    case 'body-timeout':
      return { message: 'the request body did not arrive in time' }
    case 'headers-too-large':
      return { message: 'the request headers are too large' }
    case 'model-forbidden':
      return { message: `model '${failure.model}' is not allowed for this token`, code: 'model_not_allowed' }
    case 'model-unpriced':
      return {
        message: `model '${failure.model}' has no price, and costs are limited here: set one under /admin/prices`,
        code: 'model_not_priced',
      }
    case 'address-forbidden':
      return { message: `this token may not be used from ${failure.address}`, code: 'address_not_allowed' }
    case 'cost-limit':
    case 'rate-limit':
      return limitWords(failure)
    case 'unsupported-path':
      return {
        message:
          'unsupported path: use /v1/messages, /v1/responses, /v1/chat/completions, /v1/completions, /v1/embeddings or /v1beta/models/...',
      }
    case 'upgrade-required':
      return { message: 'WebSocket is not served here: use HTTP POST with "stream": true' }
    case 'request-timeout':
      return {
        message: `no answer within ${Math.round(failure.waitedMs / 1000)} s over all attempts (setting request_total_timeout)`,
      }
    case 'client-deadline':
      return { message: `context deadline exceeded: your own limit of ${Math.round(failure.waitedMs)} ms has passed` }
    case 'client-gone':
      return { message: 'the client has left' }
    default:
      return ownFault(failure)
  }
}

function limitWords(failure: Extract<Failure, { kind: 'cost-limit' | 'rate-limit' }>): Words {
  const retry = failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }
  if (failure.kind === 'rate-limit') {
    const { what, limit } = failure
    const [words, code] = RATES[what]
    return { message: `Rate limit exceeded: this token may make ${limit} ${words}`, code, ...retry }
  }
  const { period, usedMicroUsd, limitMicroUsd } = failure
  const held = usedMicroUsd < limitMicroUsd ? '; the rest is held for requests that are running' : ''
  const money = `$${(usedMicroUsd / USD).toFixed(2)} used of $${(limitMicroUsd / USD).toFixed(2)} limit`
  return {
    message: `${COST_LIMITS[period]} exceeded: ${money}${held}`,
    type: 'insufficient_quota',
    code: 'cost_limit_exceeded',
    ...retry,
  }
}

const RATES = {
  rpm: ['requests a minute', 'rate_limit_exceeded'],
  concurrency: ['requests at once', 'concurrency_limit_exceeded'],
} as const
const COST_LIMITS = { total: 'Cost limit', day: 'Daily cost limit', month: 'Monthly cost limit' } as const

type Rest = Exclude<
  Failure,
  {
    kind:
      | 'unauthorized'
      | 'bad-request'
      | 'body-too-large'
      | 'body-timeout'
      | 'headers-too-large'
      | 'model-forbidden'
      | 'model-unpriced'
      | 'address-forbidden'
      | 'cost-limit'
      | 'rate-limit'
      | 'unsupported-path'
      | 'upgrade-required'
      | 'client-deadline'
      | 'request-timeout'
      | 'client-gone'
  }
>

function ownFault(failure: Rest): Words {
  switch (failure.kind) {
    case 'busy':
      return { message: BUSY[failure.why], code: 'gateway_busy', retryAfterMs: failure.retryAfterMs }
    case 'no-channel':
      return {
        message: 'no available upstream (all cooled or none)',
        code: 'no_available_upstream',
        retryAfterMs: failure.retryAfterMs ?? NO_CHANNEL_RETRY_MS,
      }
    case 'bug':
      return { message: 'internal error' }
    case 'connect':
      return { message: `the upstream cannot be reached (${failure.cause})` }
    case 'reset':
      return { message: 'the upstream broke off its answer' }
    case 'first-byte-timeout':
    case 'first-content-timeout':
    case 'answer-timeout':
      return { message: `the upstream did not answer within ${Math.round(failure.waitedMs / 100) / 10} s` }
    case 'status':
      return {
        message: `no upstream available: the last one answered with status ${failure.status}`,
        code: 'no_available_upstream',
      }
    case 'soft-error':
    case 'stream-error':
      return { message: `the upstream reported an error: ${failure.body.slice(0, 2_000)}` }
    case 'empty':
    case 'html':
      return { message: 'the upstream answered with nothing usable' }
    case 'stream-cut':
    case 'stream-idle':
    case 'stream-unfinished':
      return { message: 'the upstream broke off its answer' }
  }
}

const BUSY = {
  'queue-full': 'too many requests are waiting: try again in a moment',
  'waited-too-long': 'no slot became free in time: try again in a moment',
  memory: 'the gateway holds as much data as it may: try again in a moment',
  stopping: 'the gateway is shutting down: try again in a moment',
} as const

/** When the first of the skipped channels may be tried again. */
export function retryAfterOf(failure: Failure, nowMs: number): Failure {
  if (failure.kind !== 'no-channel') return failure
  const readyInMs = earliestReadyInMs(failure.skipped, nowMs)
  return readyInMs === undefined ? failure : { ...failure, retryAfterMs: readyInMs }
}
