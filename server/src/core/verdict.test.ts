import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Failure, Verdict } from './failure.ts'
import { type VerdictFacts, verdict } from './verdict.ts'

const NOW_MS = Date.UTC(2026, 0, 22, 10, 0, 0)
const TWO_KEYS: VerdictFacts = { channelType: 'openai', usableKeys: 2, nowMs: NOW_MS, zone: 480 }
const ONE_KEY: VerdictFacts = { ...TWO_KEYS, usableKeys: 1 }

function answered(status: number, body: unknown = '', headers: Record<string, string> = {}): Failure {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const bytes = new TextEncoder().encode(text)
  return { kind: 'status', status, body: bytes, raw: bytes, headers: new Headers(headers) }
}

function said(message: string, more: Record<string, unknown> = {}): unknown {
  return { error: { message, ...more } }
}

function soft(error: Record<string, unknown>, kind: 'soft-error' | 'stream-error' = 'soft-error'): Failure {
  const { type = '', code = '' } = error
  return { kind, body: JSON.stringify({ error }), errorType: String(type), errorCode: String(code) }
}

function brief({ blame, next, clientStatus }: Verdict): string {
  return `${blame} ${next} ${clientStatus}`
}

describe('failures before any upstream', () => {
  test.each([
    [{ kind: 'client-gone' }, 'nobody stop 499'],
    [{ kind: 'client-deadline', waitedMs: 1 }, 'nobody stop 504'],
    [{ kind: 'request-timeout', waitedMs: 1 }, 'nobody stop 504'],
    [{ kind: 'unauthorized', expired: true }, 'client stop 401'],
    [{ kind: 'bad-request', message: 'x' }, 'client stop 400'],
    [{ kind: 'body-too-large', maxBytes: 1 }, 'client stop 413'],
    [{ kind: 'body-timeout', waitedMs: 1 }, 'client stop 408'],
    [{ kind: 'headers-too-large' }, 'client stop 431'],
    [{ kind: 'model-forbidden', model: 'm' }, 'client stop 403'],
    [{ kind: 'model-unpriced', model: 'm' }, 'client stop 403'],
    [{ kind: 'address-forbidden', address: '192.0.2.1' }, 'client stop 403'],
    [{ kind: 'cost-limit', period: 'day', usedMicroUsd: 1, limitMicroUsd: 1 }, 'client stop 429'],
    [{ kind: 'rate-limit', what: 'rpm', limit: 1, retryAfterMs: 1 }, 'client stop 429'],
    [{ kind: 'unsupported-path' }, 'client stop 404'],
    [{ kind: 'upgrade-required' }, 'client stop 426'],
    [{ kind: 'busy', why: 'memory', retryAfterMs: 1 }, 'gateway stop 503'],
    [{ kind: 'no-channel', skipped: [] }, 'gateway stop 503'],
    [{ kind: 'bug', error: 1 }, 'gateway stop 500'],
  ] as [Failure, string][])('%p: %s, and nothing rests', (failure, expected) => {
    const found = verdict(failure, TWO_KEYS)
    expect(brief(found)).toBe(expected)
    const { blame, next, clientStatus } = found
    expect(found).toEqual({ blame, next, clientStatus, logStatus: clientStatus, passThrough: false })
  })
})

describe('an upstream that cannot be reached or breaks', () => {
  test.each([
    [{ kind: 'connect', cause: 'dns', code: 'ENOTFOUND' }, 502, 502, 'server'],
    [{ kind: 'connect', cause: 'blocked', code: 'EBLOCKED' }, 502, 502, 'server'],
    [{ kind: 'connect', cause: 'timeout', code: 'ETIMEDOUT' }, 504, 504, 'server'],
    [{ kind: 'reset', code: 'ECONNRESET' }, 502, 502, 'server'],
    [{ kind: 'first-byte-timeout', waitedMs: 1 }, 598, 504, 'timeout'],
    [{ kind: 'first-content-timeout', waitedMs: 1 }, 598, 504, 'timeout'],
    [{ kind: 'answer-timeout', waitedMs: 1 }, 504, 504, 'server'],
    [{ kind: 'empty', what: 'no-body' }, 502, 502, 'server'],
    [{ kind: 'html' }, 597, 502, 'timeout'],
  ] as const)('%p: the channel rests, the next one is tried', (failure, logStatus, clientStatus, cooldown) => {
    expect(verdict(failure, TWO_KEYS)).toEqual({
      blame: 'channel',
      next: 'next-channel',
      logStatus,
      clientStatus,
      cooldown,
      passThrough: false,
    })
  })

  test.each([
    { kind: 'stream-cut', code: 'ECONNRESET' },
    { kind: 'stream-idle', waitedMs: 1 },
    { kind: 'stream-unfinished' },
  ] as const)('%p after the first byte: the channel rests, nobody else is tried (W-04)', (failure) => {
    expect(verdict(failure, TWO_KEYS)).toEqual({
      blame: 'channel',
      next: 'stop',
      logStatus: 599,
      clientStatus: 502,
      cooldown: 'server',
      passThrough: false,
    })
  })
})

describe('our key is refused', () => {
  test.each([401, 402, 403])(
    'a %p rests the key and tries the next; the client would see 503, never a login prompt',
    (status) => {
      const found = verdict(answered(status, said('invalid x-api-key', { type: 'authentication_error' })), TWO_KEYS)
      expect(found).toEqual({
        blame: 'key',
        next: 'next-key',
        logStatus: status,
        clientStatus: 503,
        cooldown: 'auth',
        passThrough: false,
      })
    },
  )

  test.each([401, 402, 403, 0])('the only key of a channel (status %p) takes the channel with it', (status) => {
    const failure = status === 0 ? answered(400, said('API key not valid')) : answered(status)
    expect(brief(verdict(failure, ONE_KEY))).toBe('channel next-channel 503')
  })

  test.each([
    ['API key not valid. Please pass a valid API key.', { status: 'INVALID_ARGUMENT' }],
    ['API key expired. Please renew the API key.', {}],
    ['this key is invalid', {}],
    ['bad', { code: 'invalid_api_key' }],
    ['Incorrect API key provided: sk-abc', {}],
    ['bad', { details: [{ reason: 'API_KEY_INVALID' }] }],
    ['Your credit balance is too low to access the Anthropic API.', { type: 'invalid_request_error' }],
    ['无效的令牌', {}],
  ])('a 400 that says %p is about the key', (message, more) => {
    const found = verdict(answered(400, said(message, more)), TWO_KEYS)
    expect(brief(found)).toBe('key next-key 503')
    expect(found.cooldown).toBe('auth')
    expect(found.passThrough).toBe(false)
  })

  test.each([
    'Account suspended',
    'Your account has been disabled',
    'account is banned',
    'Service disabled',
    'SERVICE_DISABLED',
  ])('a 403 that says %p rests the channel, whatever keys it has', (message) => {
    expect(brief(verdict(answered(403, said(message)), TWO_KEYS))).toBe('channel next-channel 503')
  })

  test('quota and balance words stay with the key', () => {
    for (const message of ['insufficient quota', '余额不足', 'monthly budget used up']) {
      expect(verdict(answered(403, said(message)), TWO_KEYS).blame).toBe('key')
    }
  })

  test('an HTML 403 is a wall in front of the channel, not a word about the key', () => {
    expect(verdict(answered(403, '<!DOCTYPE html><title>Attention</title>'), TWO_KEYS).blame).toBe('channel')
  })

  test('a prompt refused by moderation with 403 rests nothing, and is shown as 400', () => {
    const found = verdict(answered(403, said('Your input was flagged', { metadata: { reasons: ['x'] } })), TWO_KEYS)
    expect(brief(found)).toBe('client stop 400')
    expect(found.passThrough).toBe(true)
  })

  test('a place that is not served is nobody’s key', () => {
    const found = verdict(answered(400, said('User location is not supported for the API use.')), TWO_KEYS)
    expect(brief(found)).toBe('channel next-channel 400')
  })
})

describe('the client’s mistake never rests anything (W-07, F12, F13)', () => {
  test.each([
    'prompt is too long: 210000 tokens > 200000 maximum',
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
    'The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).',
    "Unsupported parameter: 'max_tokens' is not supported with this model.",
    'Unrecognized request argument supplied: foo is not allowed',
    'max_tokens: Extra inputs are not permitted',
    'messages.0.content: Field required',
    'messages: roles must alternate between "user" and "assistant"',
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    'Output blocked by content filtering policy: content_filter',
    'Invalid JSON payload received. Unknown name "foo"',
    'This model does not support image input',
    'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after',
    '输入内容包含敏感信息',
  ])('400 %p', (message) => {
    for (const channelType of ['anthropic', 'codex', 'openai', 'gemini'] as const) {
      const failure = answered(400, said(message, { type: 'invalid_request_error' }))
      expect(verdict(failure, { ...TWO_KEYS, channelType })).toEqual({
        blame: 'client',
        next: 'stop',
        logStatus: 400,
        clientStatus: 400,
        passThrough: true,
      })
    }
  })

  test('a 400 that names the field it dislikes is about the request', () => {
    expect(verdict(answered(400, said('No.', { param: 'tools[0]' })), TWO_KEYS).blame).toBe('client')
  })

  test.each([406, 408, 409, 411, 413, 414, 415, 416, 417, 418, 422, 423, 425, 428, 431, 451, 410])(
    'an upstream %p goes straight back (W-18)',
    (status) => {
      expect(verdict(answered(status, said('no')), ONE_KEY)).toEqual({
        blame: 'client',
        next: 'stop',
        logStatus: status,
        clientStatus: status,
        passThrough: true,
      })
    },
  )

  test('a request echoed in a 400 cannot speak in the name of the upstream', () => {
    const echo = {
      error: { message: 'Field required' },
      input: { message: 'API key not valid', code: 'invalid_api_key' },
    }
    expect(verdict(answered(400, echo), TWO_KEYS).blame).toBe('client')
  })
})

describe('a 400 nobody understands', () => {
  test.each([
    ['', ''],
    ['text', 'something odd'],
    ['json', said('Something went sideways')],
    ['cut', '{"error":{"mess'],
  ])('(%s) gets one more channel, and nothing rests', (_, body) => {
    expect(verdict(answered(400, body), ONE_KEY)).toEqual({
      blame: 'nobody',
      next: 'next-channel',
      onlyOnce: true,
      logStatus: 400,
      clientStatus: 400,
      passThrough: true,
    })
  })

  test('as HTML it is a wrong address', () => {
    expect(verdict(answered(400, '<html><h1>400</h1></html>'), TWO_KEYS).blame).toBe('channel')
  })
})

describe('a model that is not there rests alone', () => {
  test.each([
    [404, said("The model 'gpt-4.1' does not exist or you do not have access to it.", { code: 'model_not_found' })],
    [404, { type: 'error', error: { type: 'not_found_error', message: 'model: claude-9' } }],
    [404, said('models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.')],
    [404, said('model "x" not found, try pulling it first')],
    [410, said('The model gpt-3 has been deprecated')],
    [400, said('Unknown model: foo')],
    [400, { detail: "The 'gpt-5' model is not supported when using Codex with a ChatGPT account." }],
    [503, said('当前分组 default 下对于模型 x 无可用渠道', { code: 'model_not_found' })],
  ])('%p %p', (status, body) => {
    const found = verdict(answered(status, body), TWO_KEYS)
    expect(brief(found)).toBe(`model next-channel ${status}`)
    expect(found.cooldown).toBe(status === 503 ? 'server' : 'rate-limit')
    expect(found.passThrough).toBe(true)
  })
})

describe('a wrong address', () => {
  test.each([
    [404, ''],
    [404, '<!doctype html><p>404'],
    [404, { detail: 'Not Found' }],
    [404, said('Invalid URL (POST /v1/v1/messages)')],
    [405, ''],
  ])('%p %p rests the channel', (status, body) => {
    const found = verdict(answered(status, body), TWO_KEYS)
    expect(brief(found)).toBe(`channel next-channel ${status}`)
    expect(found.cooldown).toBe('rate-limit')
  })

  test.each([301, 302, 307, 308, 304, 100, 101, 0, 200, 600, 999, -1, Number.NaN])(
    'status %p is never followed nor passed on',
    (status) => {
      const found = verdict(answered(status, '', { location: 'http://169.254.169.254/' }), TWO_KEYS)
      expect(brief(found)).toBe('channel next-channel 502')
      expect(found.passThrough).toBe(false)
      expect(found.logStatus).toBe(status >= 300 && status < 400 ? status : 502)
    },
  )

  test('407 never asks the client for a proxy login', () => {
    expect(brief(verdict(answered(407), TWO_KEYS))).toBe('channel next-channel 502')
    expect(verdict(answered(407), TWO_KEYS).passThrough).toBe(false)
  })

  test('a stored answer that is not there rests nothing; one other channel may have it', () => {
    const found = verdict(answered(404, said("Response with id 'resp_1' not found.")), TWO_KEYS)
    expect(brief(found)).toBe('nobody next-channel 404')
    expect(found.onlyOnce).toBe(true)
    expect(found.cooldown).toBeUndefined()
  })
})

describe('429', () => {
  test('is the key’s while other keys are there, the channel’s otherwise', () => {
    expect(brief(verdict(answered(429, said('slow down')), TWO_KEYS))).toBe('key next-key 429')
    expect(brief(verdict(answered(429, said('slow down')), ONE_KEY))).toBe('channel next-channel 429')
    expect(verdict(answered(429), TWO_KEYS).cooldown).toBe('rate-limit')
  })

  test.each([
    [{ 'retry-after': '61' }, '', 'channel'],
    [{ 'retry-after': '60' }, '', 'key'],
    [{ 'retry-after': 'Thu, 22 Jan 2026 10:00:05 GMT' }, '', 'channel'],
    [{ 'retry-after': 'garbage' }, '', 'key'],
    [{ 'x-ratelimit-scope': 'Global' }, '', 'channel'],
    [{ 'x-ratelimit-scope': 'ip' }, '', 'channel'],
    [{ 'x-ratelimit-scope': 'account' }, '', 'channel'],
    [{ 'x-ratelimit-scope': 'user' }, '', 'key'],
    [{}, 'IP rate limit exceeded', 'channel'],
    [{}, 'Account Rate Limit', 'channel'],
    [{}, 'global rate limit', 'channel'],
    [{}, 'organization limit', 'channel'],
    [{}, '', 'key'],
  ] as [Record<string, string>, string, string][])('%p %p blames the %s', (headers, body, blame) => {
    expect(verdict(answered(429, body, headers), TWO_KEYS).blame).toBe(blame as Verdict['blame'])
  })

  test('the named time is kept to the second (F1, W-19)', () => {
    const found = verdict(answered(429, '', { 'retry-after': '17' }), TWO_KEYS)
    expect(found.restUntilMs).toBe(NOW_MS + 17_000)
    expect(found.restCapped).toBeUndefined()
  })

  test('a named time of a month is cut to seven days and says so', () => {
    const found = verdict(answered(429, '', { 'retry-after': '2592000' }), TWO_KEYS)
    expect(found.restUntilMs).toBe(NOW_MS + 7 * 86_400_000)
    expect(found.restCapped).toBe(true)
  })
})

describe('a used-up plan with a date', () => {
  const quota = { type: '1308', message: '您的限额将在 2026-01-22 18:30:00 重置' }
  const expected: Verdict = {
    blame: 'key',
    next: 'next-key',
    logStatus: 596,
    clientStatus: 429,
    cooldown: 'rate-limit',
    restUntilMs: NOW_MS + 30 * 60_000,
    passThrough: true,
  }

  test.each([429, 400, 403, 500])('with status %p rests exactly the key, also the only one', (status) => {
    expect(verdict(answered(status, { error: quota }), TWO_KEYS)).toEqual(expected)
    expect(verdict(answered(status, { error: quota }), ONE_KEY)).toEqual(expected)
  })

  test('inside a 200, before and after the first byte', () => {
    expect(verdict(soft(quota), ONE_KEY)).toEqual(expected)
    expect(verdict(soft(quota, 'stream-error'), ONE_KEY)).toEqual({ ...expected, next: 'stop' })
  })

  test('without a readable date it is an ordinary 429', () => {
    const found = verdict(answered(429, said('later', { code: '1308' })), TWO_KEYS)
    expect([found.logStatus, found.restUntilMs]).toEqual([429, undefined])
  })
})

describe('every field of a verdict on a status, for each fault', () => {
  const rateLimited = { logStatus: 429, clientStatus: 429, cooldown: 'rate-limit', passThrough: true } as const

  test.each([
    ['a limit of the key', answered(429), TWO_KEYS, { blame: 'key', next: 'next-key', ...rateLimited }],
    ['a limit of the only key', answered(429), ONE_KEY, { blame: 'channel', next: 'next-channel', ...rateLimited }],
    [
      'a suspended account',
      answered(403, said('Account suspended')),
      TWO_KEYS,
      {
        blame: 'channel',
        next: 'next-channel',
        logStatus: 403,
        clientStatus: 503,
        cooldown: 'auth',
        passThrough: false,
      },
    ],
    [
      'a wrong address',
      answered(405),
      TWO_KEYS,
      {
        blame: 'channel',
        next: 'next-channel',
        logStatus: 405,
        clientStatus: 405,
        cooldown: 'rate-limit',
        passThrough: true,
      },
    ],
    [
      'a model that is not there',
      answered(404, said('model: claude-9', { type: 'not_found_error' })),
      TWO_KEYS,
      {
        blame: 'model',
        next: 'next-channel',
        logStatus: 404,
        clientStatus: 404,
        cooldown: 'rate-limit',
        passThrough: true,
      },
    ],
  ] as [string, Failure, VerdictFacts, Verdict][])('%s', (_, failure, facts, expected) => {
    expect(verdict(failure, facts)).toEqual(expected)
  })
})

describe('an ill upstream', () => {
  test.each([500, 501, 502, 503, 504, 505, 520, 521, 522, 523, 524, 525, 529, 530])(
    '%p rests the channel',
    (status) => {
      expect(verdict(answered(status, said('overloaded')), TWO_KEYS)).toEqual({
        blame: 'channel',
        next: 'next-channel',
        logStatus: status,
        clientStatus: status,
        cooldown: 'server',
        passThrough: true,
      })
    },
  )

  test.each([
    [499, 502, 'rate-limit'],
    [444, 444, 'rate-limit'],
    [596, 502, 'server'],
    [597, 502, 'server'],
    [598, 502, 'server'],
    [599, 502, 'server'],
  ] as const)('an upstream %p is shown as %p', (status, clientStatus, cooldown) => {
    const logStatus = status > 595 ? 502 : status
    expect(verdict(answered(status), TWO_KEYS)).toMatchObject({ blame: 'channel', logStatus, clientStatus, cooldown })
  })

  test('a 503 with Retry-After rests until then', () => {
    expect(verdict(answered(503, '', { 'retry-after': '30' }), TWO_KEYS).restUntilMs).toBe(NOW_MS + 30_000)
  })

  test('with the narrow scope only the model rests, but a dead address still takes the channel', () => {
    const narrow = { ...TWO_KEYS, cooldownScope: 'model' } as const
    for (const failure of [
      answered(500),
      answered(429),
      soft({ type: 'overloaded_error' }),
      { kind: 'reset', code: '' },
    ]) {
      expect(brief(verdict(failure as Failure, narrow))).toMatch(/^model next-channel/)
    }
    for (const failure of [
      answered(405),
      answered(404),
      { kind: 'html' },
      { kind: 'connect', cause: 'tls', code: '' },
    ]) {
      expect(verdict(failure as Failure, narrow).blame).toBe('channel')
    }
    expect(verdict(answered(401), narrow).blame).toBe('key')
  })
})

describe('an error inside a 200 (D14, F17)', () => {
  test.each([
    [{ type: 'overloaded_error' }, 'channel next-channel 502'],
    [{ type: 'api_error' }, 'channel next-channel 502'],
    [{ code: 'server_error' }, 'channel next-channel 502'],
    [{ type: 'never_heard_of' }, 'channel next-channel 502'],
    [{}, 'channel next-channel 502'],
    [{ code: '503' }, 'channel next-channel 502'],
    [{ status: 'UNAVAILABLE', code: 503 }, 'channel next-channel 502'],
    [{ type: 'rate_limit_error' }, 'key next-key 502'],
    [{ code: 'rate_limit_exceeded' }, 'key next-key 502'],
    [{ type: 'authentication_error' }, 'key next-key 503'],
    [{ type: 'permission_error' }, 'key next-key 503'],
    [{ type: 'authentication_error', message: 'account suspended' }, 'channel next-channel 503'],
    [{ type: 'invalid_request_error', message: 'prompt is too long' }, 'client stop 400'],
    [{ type: 'invalid_request_error', code: 'context_length_exceeded' }, 'client stop 400'],
    [{ type: 'invalid_request_error', message: 'hm' }, 'nobody next-channel 502'],
    [{ type: 'not_found_error', message: 'model: claude-9' }, 'model next-channel 502'],
    [{ type: '__proto__', code: 'constructor' }, 'channel next-channel 502'],
  ])('%p: %s', (error, expected) => {
    expect(brief(verdict(soft(error), TWO_KEYS))).toBe(expected)
  })

  // Each vendor's names, so that none of them is taken for an ill channel, or an ill channel for something else.
  test.each([
    ['billing_error', 'key next-key 503'],
    ['invalid_api_key', 'key next-key 503'],
    ['request_too_large', 'client stop 400'],
    ['timeout_error', 'channel next-channel 502'],
    ['tokens', 'key next-key 502'],
    ['requests', 'key next-key 502'],
    ['insufficient_quota', 'key next-key 502'],
    ['model_not_found', 'model next-channel 502'],
    ['content_filter', 'client stop 400'],
    ['content_policy_violation', 'client stop 400'],
    ['invalid_prompt', 'client stop 400'],
    ['internal_server_error', 'channel next-channel 502'],
    ['INVALID_ARGUMENT', 'nobody next-channel 502'],
    ['FAILED_PRECONDITION', 'nobody next-channel 502'],
    ['UNAUTHENTICATED', 'key next-key 503'],
    ['PERMISSION_DENIED', 'key next-key 503'],
    ['NOT_FOUND', 'channel next-channel 502'],
    ['INTERNAL', 'channel next-channel 502'],
    ['UNAVAILABLE', 'channel next-channel 502'],
    ['DEADLINE_EXCEEDED', 'channel next-channel 502'],
  ])('called %s: %s', (code, expected) => {
    expect(brief(verdict(soft({ code }), TWO_KEYS))).toBe(expected)
  })

  test('is recorded as 597 with the short first step, and shown with the upstream’s own words', () => {
    const found = verdict(soft({ type: 'overloaded_error' }), TWO_KEYS)
    expect(found).toMatchObject({ logStatus: 597, cooldown: 'timeout', passThrough: true })
  })

  test('an overload notice in plain text is the channel’s', () => {
    const notice: Failure = { kind: 'soft-error', body: '当前模型负载过高,请稍后重试', errorType: '', errorCode: '' }
    expect(brief(verdict(notice, TWO_KEYS))).toBe('channel next-channel 502')
  })

  test('a limit that names its end is a quota: 596, shown as 429', () => {
    const found = verdict(soft({ type: 'usage_limit_reached', resets_in_seconds: 3600 }), TWO_KEYS)
    expect(found).toMatchObject({ blame: 'key', logStatus: 596, clientStatus: 429, restUntilMs: NOW_MS + 3_600_000 })
  })

  test('the only key takes the channel with it', () => {
    expect(verdict(soft({ type: 'authentication_error' }), ONE_KEY).blame).toBe('channel')
  })

  test('after the first byte the blame is the same, but nobody else is tried', () => {
    for (const error of [
      { type: 'overloaded_error' },
      { type: 'rate_limit_error' },
      { type: 'invalid_request_error' },
    ]) {
      const [before, after] = [verdict(soft(error), TWO_KEYS), verdict(soft(error, 'stream-error'), TWO_KEYS)]
      expect(after.blame).toBe(before.blame)
      expect(after.next).toBe('stop')
      expect(after.onlyOnce).toBeUndefined()
    }
  })
})

describe('whatever comes', () => {
  const facts = fc.record({
    channelType: fc.constantFrom('anthropic', 'codex', 'openai', 'gemini'),
    usableKeys: fc.integer({ min: -1, max: 5 }),
    nowMs: fc.integer({ min: 0, max: 4e12 }),
    zone: fc.oneof(fc.integer({ min: -720, max: 840 }), fc.string()),
  })
  const word = fc.constantFrom(
    'model',
    'not found',
    'api key',
    'invalid',
    'account',
    'suspended',
    'context length',
    'retry after 5',
    '1308',
    '<html',
    '{"error":{"message":"',
    '"}}',
    'code',
    'type',
    'data: ',
    '2026-01-22 18:30:00',
    '"',
    '\\',
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(word).map((words) => words.join(' ')),
  )
  const failure: fc.Arbitrary<Failure> = fc.oneof(
    fc.record({ status: fc.integer({ min: -10, max: 1_100 }), text }).map((one) => answered(one.status, one.text)),
    fc.record({ body: text, errorType: text, errorCode: text }).map((one) => ({ kind: 'soft-error' as const, ...one })),
    fc
      .record({ body: text, errorType: text, errorCode: text })
      .map((one) => ({ kind: 'stream-error' as const, ...one })),
  )

  test('there is a verdict, and its parts agree with each other', () => {
    fc.assert(
      fc.property(failure, facts as fc.Arbitrary<VerdictFacts>, (one, given) => {
        const found = verdict(one, given)
        const rests = found.blame === 'key' || found.blame === 'channel' || found.blame === 'model'
        expect(found.cooldown !== undefined).toBe(rests)
        if (found.restUntilMs !== undefined) {
          expect(rests).toBe(true)
          expect(found.restUntilMs - given.nowMs).toBeGreaterThanOrEqual(1_000)
          expect(found.restUntilMs - given.nowMs).toBeLessThanOrEqual(7 * 86_400_000)
        }
        if (found.blame === 'client') expect(found.next).toBe('stop')
        if (found.next === 'next-key') expect(found.blame).toBe('key')
        if (found.blame === 'nobody' && one.kind === 'status') expect(found.onlyOnce).toBe(true)
        expect([401, 402, 403]).not.toContain(found.clientStatus)
        expect(found.clientStatus).toBeGreaterThanOrEqual(400)
        expect(found.clientStatus).toBeLessThan(596)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a body of a megabyte costs milliseconds, whatever it holds', () => {
    for (const unit of ['model ', '"\\', 'account a ', '{"a":', 'exceeds a ', 'retry in 1 m, ', 'response ']) {
      const failure = answered(400, unit.repeat(150_000))
      const startedMs = performance.now()
      verdict(failure, TWO_KEYS)
      expect(performance.now() - startedMs).toBeLessThan(2_000)
    }
  })
})
