import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { type ChannelPlan, type Expected, type FaultCase, FULL, NONE, type Rests } from './fault-case.ts'

type Answered = {
  readonly status: number
  readonly message?: string
  readonly type?: string
  readonly headers?: Record<string, string>
}

const answered = (given: Answered): Behaviour => ({ kind: 'status', ...given })
const html = (status: number): Behaviour => ({
  kind: 'status',
  status,
  body: '<!DOCTYPE html><html><title>502 Bad Gateway</title></html>',
  headers: { 'Content-Type': 'text/html' },
})

/** Someone of `a` rests and someone else answers, unseen by the client. */
function moved(rest: Rests, next: 'a1' | 'b0', status = rest.status): Expected {
  return {
    client: [{ saw: 'answer', from: next }],
    calls: next === 'a1' ? { a0: 1, a1: 1 } : { a0: 1, b0: 1 },
    rests: [rest],
    rows: [`a0 ${status}`, `${next} 200`],
    money: [NONE, FULL],
  }
}

/** The client's mistake: straight back, nothing rests, nobody else is asked. A final 400 has no summary row. */
function straightBack(status: number, shown = status): Expected {
  return {
    client: [{ saw: 'their-error', status: shown, from: 'a0' }],
    calls: { a0: 1 },
    rests: [],
    rows: shown === 400 ? [`a0 ${status}`] : [`a0 ${status}`, `- ${shown}`],
    money: shown === 400 ? [NONE] : [NONE, NONE],
  }
}

function always(id: string, title: string, does: Behaviour, expected: Expected): FaultCase {
  return { id, title, answers: () => ({ a0: { always: does } }), expect: () => expected }
}

const key = (status: number): Rests => ({ what: 'a0', status, class: 'auth' })
const ill = (status: number): Rests => ({ what: 'a', status, class: 'server' })
const address = (status: number): Rests => ({ what: 'a', status, class: status >= 500 ? 'server' : 'rate-limit' })

const ONE_KEY_EACH: readonly ChannelPlan[] = [
  { letter: 'a', keys: 1 },
  { letter: 'b', keys: 1 },
]
const THREE: readonly ChannelPlan[] = [
  { letter: 'a', keys: 2 },
  { letter: 'b', keys: 2 },
  { letter: 'c', keys: 2 },
]

const OUR_KEY: readonly FaultCase[] = [
  ...[401, 402, 403].map((status) =>
    always('W', `${status}: the key rests, the next key answers`, answered({ status }), moved(key(status), 'a1')),
  ),
  always(
    'W',
    '400 "API key not valid": the key',
    answered({ status: 400, message: 'API key not valid. Please pass a valid API key.' }),
    moved(key(400), 'a1'),
  ),
  always(
    'W',
    '400 "this key is invalid": the key',
    answered({ status: 400, message: 'this key is invalid' }),
    moved(key(400), 'a1'),
  ),
  always(
    'W',
    '400 "credit balance too low": the key',
    answered({ status: 400, message: 'Your credit balance is too low to access the API.' }),
    moved(key(400), 'a1'),
  ),
  ...['account suspended', 'Your account has been disabled', 'account is banned'].map((message) =>
    always(
      'W',
      `403 "${message}": the channel`,
      answered({ status: 403, message }),
      moved({ what: 'a', status: 403, class: 'auth' }, 'b0'),
    ),
  ),
  {
    id: 'W',
    title: '401 of the only key: the channel rests',
    channels: ONE_KEY_EACH,
    answers: () => ({ a0: { always: answered({ status: 401 }) } }),
    expect: () => moved({ what: 'a', status: 401, class: 'auth' }, 'b0'),
  },
  {
    id: 'W',
    title: '401 everywhere: the client sees 503, never a login',
    answers: () => ({ a0: refused, a1: refused, b0: refused, b1: refused }),
    expect: () => ({
      client: [{ saw: 'our-error', status: 503, retryAfterS: 300 }],
      calls: { a0: 1, a1: 1, b0: 1, b1: 1 },
      rests: (['a0', 'a1', 'b0', 'b1'] as const).map((what) => ({ what, status: 401, class: 'auth' }) as const),
      rows: ['a0 401', 'a1 401', 'b0 401', 'b1 401', '- 503'],
      money: [NONE, NONE, NONE, NONE, NONE],
      says: { 0: 'upstream status 401', 4: '401' },
    }),
  },
]
const refused = { always: answered({ status: 401 }) }

const ILL: readonly FaultCase[] = [
  {
    id: 'F3',
    title: 'one 500, then fine: the client sees nothing',
    answers: () => ({ a0: { then: [answered({ status: 500 })] } }),
    expect: () => moved(ill(500), 'b0'),
  },
  {
    id: 'F4',
    title: '503 on every call: the channel rests and is left alone',
    answers: () => ({ a0: { always: answered({ status: 503 }) }, a1: { always: answered({ status: 503 }) } }),
    play: async (hands) => {
      await hands.ask()
      await hands.ask()
    },
    expect: () => ({
      client: [
        { saw: 'answer', from: 'b0' },
        { saw: 'answer', from: 'b0' },
      ],
      calls: { a0: 1, b0: 2 },
      rests: [ill(503)],
      rows: ['a0 503', 'b0 200', 'b0 200'],
      money: [NONE, FULL, FULL],
    }),
  },
  ...[500, 502, 504, 520, 522, 524, 529].map((status) =>
    always('W', `${status}: the channel`, answered({ status }), moved(ill(status), 'b0')),
  ),
  {
    id: 'W',
    title: '500 everywhere: the client sees the last of them as it came',
    answers: () => ({ a0: { always: answered({ status: 500 }) }, b0: { always: answered({ status: 503 }) } }),
    expect: () => ({
      client: [{ saw: 'their-error', status: 503, from: 'b0', retryAfterS: 120 }],
      calls: { a0: 1, b0: 1 },
      rests: [ill(500), { what: 'b', status: 503, class: 'server' }],
      rows: ['a0 500', 'b0 503', '- 503'],
      money: [NONE, NONE, NONE],
    }),
  },
]

const WRONG_ADDRESS: readonly FaultCase[] = [
  always('W', '405: the channel', answered({ status: 405, message: 'Method Not Allowed' }), moved(address(405), 'b0')),
  always(
    'W',
    '404 that is not about the model: the channel',
    { kind: 'status', status: 404, body: { detail: 'Not Found' } },
    moved(address(404), 'b0'),
  ),
  always('W', '404 as HTML: the channel', html(404), moved(address(404), 'b0')),
  always('W', '502 as HTML: the channel', html(502), moved(ill(502), 'b0')),
  always('W', '403 as HTML: a wall, the channel', html(403), moved({ what: 'a', status: 403, class: 'auth' }, 'b0')),
  always('W', '407: the channel, never shown', answered({ status: 407 }), moved(address(407), 'b0')),
  {
    id: 'W',
    title: 'a redirect is not followed: the channel',
    answers: () => ({ a0: { always: { kind: 'redirect', status: 302, location: 'http://127.0.0.1:9/' } } }),
    expect: () => moved(address(302), 'b0'),
  },
]

const deadModel = (status: number): Rests => ({ what: 'a model', status, class: 'rate-limit' })
const MODEL: readonly FaultCase[] = [
  always(
    'W',
    '404 "model does not exist": that model on that channel',
    answered({ status: 404, message: 'The model `x` does not exist or you do not have access to it.' }),
    moved(deadModel(404), 'b0'),
  ),
  always(
    'W',
    '410 "model deprecated": that model on that channel',
    answered({ status: 410, message: 'The model x has been deprecated' }),
    moved(deadModel(410), 'b0'),
  ),
  {
    id: 'W',
    title: '404 "model does not exist" everywhere: shown as it came',
    answers: () => ({ a0: { always: noModel }, b0: { always: noModel } }),
    expect: () => ({
      client: [{ saw: 'their-error', status: 404, from: 'b0' }],
      calls: { a0: 1, b0: 1 },
      rests: [deadModel(404), { what: 'b model', status: 404, class: 'rate-limit' }],
      rows: ['a0 404', 'b0 404', '- 404'],
      money: [NONE, NONE, NONE],
    }),
  },
]
const noModel = answered({ status: 404, message: 'model: nothing does not exist' })

const NARROW: readonly FaultCase[] = [
  ...[500, 429].map(
    (status): FaultCase => ({
      ...always(
        'W',
        `${status} with cooldown_scope=model: only the model rests`,
        answered({ status }),
        moved({ what: 'a model', status, class: status === 500 ? 'server' : 'rate-limit' }, 'b0'),
      ),
      world: 'narrow',
    }),
  ),
  {
    ...always(
      'W',
      '405 with cooldown_scope=model: the channel all the same',
      answered({ status: 405 }),
      moved(address(405), 'b0'),
    ),
    world: 'narrow',
  },
]

const TOO_LONG = {
  messages: 'prompt is too long: 210000 tokens > 200000 maximum',
  chat: "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
  responses: 'Your input exceeds the context window of this model. Please adjust your input and try again.',
  gemini: 'The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).',
} as const
const FILTERED = {
  messages: 'Output blocked by content filtering policy',
  chat: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
  responses: 'Your request was rejected by the safety system: content_filter',
  gemini: 'The prompt was blocked: PROHIBITED_CONTENT, prompt blocked by safety settings',
} as const

const CLIENTS: readonly FaultCase[] = [
  {
    id: 'F12',
    title: '400 context too long: straight back, unchanged',
    answers: ({ api }) => ({ a0: { always: answered({ status: 400, message: TOO_LONG[api] }) } }),
    expect: () => straightBack(400),
  },
  {
    id: 'F13',
    title: '400 content filter: straight back',
    answers: ({ api }) => ({ a0: { always: answered({ status: 400, message: FILTERED[api] }) } }),
    expect: () => straightBack(400),
  },
  always(
    'W',
    '400 unsupported parameter: straight back',
    answered({ status: 400, message: "Unsupported parameter: 'max_tokens' is not supported with this model." }),
    straightBack(400),
  ),
  always(
    'W',
    '403 for a moderated prompt: straight back as 400',
    answered({ status: 403, message: 'Your input was flagged' }),
    straightBack(403, 400),
  ),
  ...[406, 408, 411, 413, 414, 415, 422, 431].map((status) =>
    always('W', `${status}: straight back`, answered({ status, message: 'no' }), straightBack(status)),
  ),
  {
    id: 'F14',
    title: 'the fallback refuses what the first accepted: its answer reaches the client',
    answers: ({ api }) => ({
      a0: { always: answered({ status: 503 }) },
      b0: { always: answered({ status: 400, message: TOO_LONG[api] }) },
    }),
    expect: () => ({
      client: [{ saw: 'their-error', status: 400, from: 'b0' }],
      calls: { a0: 1, b0: 1 },
      rests: [ill(503)],
      rows: ['a0 503', 'b0 400'],
      money: [NONE, NONE],
    }),
  },
  {
    id: 'W',
    title: '400 of unknown meaning: one more channel, nothing rests',
    channels: THREE,
    answers: () => ({ a0: odd, b0: odd }),
    expect: () => ({
      client: [{ saw: 'their-error', status: 400, from: 'b0' }],
      calls: { a0: 1, b0: 1 },
      rests: [],
      rows: ['a0 400', 'b0 400'],
      money: [NONE, NONE],
    }),
  },
  {
    id: 'W',
    title: '400 of unknown meaning from one channel only: the other answers',
    answers: () => ({ a0: odd }),
    expect: () => ({
      client: [{ saw: 'answer', from: 'b0' }],
      calls: { a0: 1, b0: 1 },
      rests: [],
      rows: ['a0 400', 'b0 200'],
      money: [NONE, FULL],
    }),
  },
]
const odd = { always: answered({ status: 400, message: 'Something went sideways' }) }

/** F3, F4, F12-F14 and "whose fault": what a status says. */
export const BLAME_CASES: readonly FaultCase[] = [...ILL, ...CLIENTS, ...OUR_KEY, ...WRONG_ADDRESS, ...MODEL, ...NARROW]
