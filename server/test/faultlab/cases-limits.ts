import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { type Expected, type FaultCase, FULL, NONE } from './fault-case.ts'

const TOO_MANY: Behaviour = { kind: 'status', status: 429 }

function limited(headers: Readonly<Record<string, string>>, body?: object): Behaviour {
  return { kind: 'status', status: 429, headers: { ...headers }, ...(body && { body: body as never }) }
}

/** The channel rests as long as it was told, the next one answers. */
function channelRests(seconds: number, status = 429): Expected {
  return {
    client: [{ saw: 'answer', from: 'b0' }],
    calls: { a0: 1, b0: 1 },
    rests: [{ what: 'a', status, seconds }],
    rows: [`a0 ${status}`, 'b0 200'],
    money: [NONE, FULL],
  }
}

/** Only the key rests, the next key of the channel answers. */
function keyRests(seconds: number, status = 429): Expected {
  return {
    client: [{ saw: 'answer', from: 'a1' }],
    calls: { a0: 1, a1: 1 },
    rests: [{ what: 'a0', status, seconds }],
    rows: [`a0 ${status}`, 'a1 200'],
    money: [NONE, FULL],
  }
}

function untilInstant(expected: Expected): Expected {
  const rests = expected.rests.map(({ what, status }) => ({ what, status, untilMs: INSTANT.getTime() }))
  return { ...expected, rests }
}

function named(title: string, does: Behaviour, expected: Expected): FaultCase {
  return { id: 'F1', title, answers: () => ({ a0: { always: does } }), expect: () => expected }
}

/** A whole second, two hours from now: every form of a date can name it. */
const INSTANT = new Date((Math.ceil(Date.now() / 1000) + 7_200) * 1000)
/** As codes 1308 and 1310 write it; the programs of the laboratory live in UTC. */
const WALL_CLOCK = INSTANT.toISOString().slice(0, 19).replace('T', ' ')
const said = (message: string, more: object = {}): object => ({ error: { message, ...more } })

/** F1, F2: rate limits, and the times that upstreams name. */
export const LIMIT_CASES: readonly FaultCase[] = [
  named(
    '429 with Retry-After of 2 minutes: the channel rests just so long',
    limited({ 'Retry-After': '120' }),
    channelRests(120),
  ),
  named('429 with Retry-After of 50 s: the key rests just so long', limited({ 'Retry-After': '50' }), keyRests(50)),
  named(
    '429 with Retry-After as a date',
    limited({ 'Retry-After': INSTANT.toUTCString() }),
    untilInstant(channelRests(0)),
  ),
  named('429 with a month in Retry-After: 7 days', limited({ 'Retry-After': '2592000' }), channelRests(7 * 86_400)),
  named(
    '429 with a spent anthropic-ratelimit window',
    limited({
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': INSTANT.toISOString(),
    }),
    untilInstant(keyRests(0)),
  ),
  named(
    '429 with a spent x-ratelimit window',
    limited({ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '3m20s' }),
    keyRests(200),
  ),
  named('429 with resets_in_seconds', limited({}, said('usage limit', { resets_in_seconds: 210 })), keyRests(210)),
  named('429 with reset_seconds', limited({}, said('usage limit', { reset_seconds: 240 })), keyRests(240)),
  named(
    '429 with resets_at',
    limited({}, said('usage limit', { resets_at: INSTANT.getTime() / 1000 })),
    untilInstant(keyRests(0)),
  ),
  named(
    '429 with RetryInfo',
    limited(
      {},
      said('quota', { details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '230s' }] }),
    ),
    keyRests(230),
  ),
  named('429 that says "retry in 99.4s"', limited({}, said('Please retry in 99.4s.')), keyRests(99.4)),
  named('429 that says "retry after 95 seconds"', limited({}, said('Please retry after 95 seconds')), keyRests(95)),
  named(
    'code 1308 with a date: the key rests until then, the row says 596',
    limited({}, said(`您的限额将在 ${WALL_CLOCK} 重置`, { code: '1308' })),
    untilInstant(keyRests(0, 596)),
  ),
  named(
    'code 1310 inside a 200',
    {
      kind: 'status',
      status: 200,
      body: { error: { message: `plan used up until ${WALL_CLOCK}`, code: '1310' } },
    },
    untilInstant(keyRests(0, 596)),
  ),
  {
    id: 'F1',
    title: '503 with Retry-After: kept as well',
    answers: () => ({ a0: { always: { kind: 'status', status: 503, headers: { 'Retry-After': '75' } } } }),
    expect: () => channelRests(75, 503),
  },
  {
    id: 'F2',
    title: '429 once: the next key',
    answers: () => ({ a0: { always: TOO_MANY } }),
    expect: () => ({ ...keyRests(60), rests: [{ what: 'a0', status: 429, class: 'rate-limit' }] }),
  },
  {
    id: 'F2',
    title: '429 for the whole account: the next channel',
    answers: () => ({ a0: { always: limited({ 'X-RateLimit-Scope': 'account' }) } }),
    expect: () => ({ ...channelRests(60), rests: [{ what: 'a', status: 429, class: 'rate-limit' }] }),
  },
  {
    id: 'F2',
    title: '429 on every call: all keys, once each; the last word is the upstream’s',
    answers: () => ({
      a0: { always: TOO_MANY },
      a1: { always: TOO_MANY },
      b0: { always: TOO_MANY },
      b1: { always: TOO_MANY },
    }),
    expect: () => ({
      client: [{ saw: 'their-error', status: 429, from: 'b1', retryAfterS: 60 }],
      calls: { a0: 1, a1: 1, b0: 1, b1: 1 },
      rests: (['a0', 'a1', 'b0', 'b1'] as const).map((what) => ({ what, status: 429, class: 'rate-limit' }) as const),
      rows: ['a0 429', 'a1 429', 'b0 429', 'b1 429', '- 429'],
      money: [NONE, NONE, NONE, NONE, NONE],
    }),
  },
  {
    id: 'F2',
    title: 'nine ill channels: eight attempts, not more',
    channels: (['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] as const).map((letter) => ({ letter, keys: 1 })),
    answers: () =>
      Object.fromEntries(
        ['a0', 'b0', 'c0', 'd0', 'e0', 'f0', 'g0', 'h0', 'i0'].map((key) => [key, { always: TOO_MANY }]),
      ),
    expect: () => ({
      client: [{ saw: 'their-error', status: 429, from: 'h0' }],
      calls: { a0: 1, b0: 1, c0: 1, d0: 1, e0: 1, f0: 1, g0: 1, h0: 1 },
      rests: (['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const).map(
        (what) => ({ what, status: 429, class: 'rate-limit' }) as const,
      ),
      rows: ['a0 429', 'b0 429', 'c0 429', 'd0 429', 'e0 429', 'f0 429', 'g0 429', 'h0 429', '- 429'],
      money: Array.from({ length: 9 }, () => NONE),
    }),
  },
]
