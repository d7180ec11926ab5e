import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { unseen } from './cases-content.ts'
import {
  begun,
  type Cell,
  type ChannelPlan,
  type Expected,
  type FaultCase,
  FULL,
  type Hands,
  NONE,
  type Place,
} from './fault-case.ts'

function always(id: string, title: string, does: Behaviour): FaultCase {
  return { id, title, answers: () => ({ a0: { always: does } }), expect: () => unseen(502) }
}

/** The first channel's address leads nowhere; nothing reaches an upstream there. */
function leadsTo(place: Place, title: string, says: string): FaultCase {
  const channels: readonly ChannelPlan[] = [
    { letter: 'a', keys: 2, place },
    { letter: 'b', keys: 2 },
  ]
  const status = place === 'silent-tls' ? 504 : 502
  return {
    id: 'F30',
    title,
    channels,
    ...(place === 'silent-tls' && { world: 'hasty' as const }),
    answers: () => ({}),
    expect: () => ({ ...unseen(status), calls: { b0: 1 }, says: { 0: says } }),
  }
}

const fast: Expected['client'] = [{ saw: 'answer', from: 'b0', withinMs: 400 }]

/** Late: a stream's first byte (598), or the whole answer (504). */
function late({ form }: Cell): Expected {
  const client: Expected['client'] = [{ saw: 'answer', from: 'b0', atLeastMs: 1_900, withinMs: 7_000 }]
  return { ...unseen(form === 'stream' ? 598 : 504), client }
}

const FIRST_TOKEN_MS = 20_000
const silence: Behaviour = { kind: 'hang', when: 'before-headers' }

/** F5-F7, F29, F30: connections. */
export const NETWORK_CASES: readonly FaultCase[] = [
  {
    ...always('F5', 'TCP reset: the next channel at once', { kind: 'reset-before-headers' }),
    world: 'calm',
    expect: () => ({ ...unseen(502), client: fast }),
  },
  always('F5', 'closed without an answer', { kind: 'close-before-headers' }),
  always('F5', 'reset after the headers', { kind: 'reset-after-headers' }),
  { ...always('F6', 'never answers', silence), world: 'hasty', expect: late },
  { ...always('F6', 'headers, then nothing', { kind: 'hang', when: 'after-headers' }), world: 'hasty', expect: late },
  {
    ...always('F6', 'alive but without content', { kind: 'first-token-delay', ms: 60_000, pingEveryMs: 300 }),
    world: 'hasty',
    forms: ['stream'],
    apis: ['messages', 'chat', 'responses'],
    expect: (cell) => unseen(598, cell.api === 'messages' ? [20, 1] : NONE),
  },
  {
    id: 'F6',
    title: 'nobody answers: 504',
    world: 'hasty',
    answers: () => ({ a0: { always: silence }, b0: { always: silence } }),
    expect: ({ form }) => {
      const status = form === 'stream' ? 598 : 504
      const step = form === 'stream' ? 'timeout' : 'server'
      return {
        client: [{ saw: 'our-error', status: 504, retryAfterS: form === 'stream' ? 58 : 117 }],
        calls: { a0: 1, b0: 1 },
        rests: [
          { what: 'a', status, class: step },
          { what: 'b', status, class: step },
        ],
        rows: [`a0 ${status}`, `b0 ${status}`, '- 504'],
        money: [NONE, NONE, NONE],
      }
    },
  },
  {
    id: 'F7',
    title: 'first token after 20 s within the limit: no false alarm',
    isLong: true,
    answers: ({ form }) => ({
      a0: {
        always:
          form === 'stream'
            ? { kind: 'first-token-delay', ms: FIRST_TOKEN_MS, pingEveryMs: 900 }
            : { kind: 'delay-body', ms: FIRST_TOKEN_MS },
      },
    }),
    expect: () => ({
      client: [{ saw: 'answer', from: 'a0', atLeastMs: FIRST_TOKEN_MS - 100 }],
      calls: { a0: 1 },
      rests: [],
      rows: ['a0 200'],
      money: [FULL],
    }),
  },
  {
    id: 'F29',
    title: 'the upstream closes the kept connection as we send: once more on the same key, nothing rests',
    answers: () => ({ a0: { then: [{ kind: 'keepalive-race' }] } }),
    play: twice,
    expect: raced,
  },
  {
    id: 'F29',
    title: 'the upstream resets the kept connection as we send: the same',
    answers: () => ({ a0: { then: [{ kind: 'keepalive-race', how: 'rst' }] } }),
    play: twice,
    expect: raced,
  },
  leadsTo('nowhere', 'a name that does not resolve', 'dns'),
  leadsTo('closed', 'connection refused', 'refused'),
  leadsTo('expired-tls', 'an expired certificate', 'tls'),
  leadsTo('self-signed-tls', 'a certificate nobody signed', 'tls'),
  leadsTo('silent-tls', 'a TLS peer that never answers', 'timeout'),
  {
    id: 'F30',
    title: 'interim answers before the real one',
    answers: () => ({ a0: { always: { kind: 'informational' } } }),
    expect: () => ({
      client: [{ saw: 'answer', from: 'a0' }],
      calls: { a0: 1 },
      rests: [],
      rows: ['a0 200'],
      money: [FULL],
    }),
  },
]

/** Both rest, b for the shorter time. */
async function askWhileAllRest(hands: Hands): Promise<void> {
  await hands.rest('a', 300_000)
  await hands.rest('b', 100_000)
  await hands.sleep(1_200) // an attempt of the same second does not judge a rest
  await hands.ask()
}

async function twice(hands: { ask(): Promise<void> }): Promise<void> {
  await hands.ask()
  await hands.ask()
}

function raced(): Expected {
  return {
    client: [
      { saw: 'answer', from: 'a0' },
      { saw: 'answer', from: 'a0' },
    ],
    calls: { a0: 3 },
    rests: [],
    rows: ['a0 200', 'a0 200'],
    money: [FULL, FULL],
  }
}

const ABORT_WITHIN_MS = 100
const left = [{ saw: 'left', upstreamLeftWithinMs: ABORT_WITHIN_MS }] as const

/** F15, F19, F20: what happens over several requests, or when the client leaves. */
export const FLOW_CASES: readonly FaultCase[] = [
  {
    id: 'F15',
    title: 'a flapping channel: left alone while it rests, longer each time, back when it is well',
    world: 'brief',
    answers: () => ({ a0: { then: [ill, ill] } }),
    play: async (hands) => {
      await hands.ask()
      await hands.ask()
      await hands.sleep(2_200)
      await hands.ask()
      await hands.sleep(2_200) // the second rest is twice as long
      await hands.ask()
      await hands.sleep(2_200)
      await hands.ask()
      await hands.ask()
    },
    expect: () => ({
      client: (['b0', 'b0', 'b0', 'b0', 'a0', 'a0'] as const).map((from) => ({ saw: 'answer', from }) as const),
      calls: { a0: 4, b0: 4 },
      rests: [],
      rows: ['a0 500', 'b0 200', 'b0 200', 'a0 500', 'b0 200', 'b0 200', 'a0 200', 'a0 200'],
      money: [NONE, FULL, FULL, NONE, FULL, FULL, FULL, FULL],
    }),
  },
  {
    id: 'F28',
    title: 'two of three channels fail under a crowd: the third serves everyone',
    world: 'crowd',
    forms: ['whole'],
    channels: (['a', 'b', 'c'] as const).map((letter) => ({ letter, keys: 1 })),
    answers: () => ({ a0: { always: slowlyIll }, b0: { always: slowlyIll } }),
    play: (hands) => hands.burst(CROWD),
    expect: () => ({
      client: Array.from({ length: CROWD }, () => ({ saw: 'answer', from: 'c0' }) as const),
      calls: { a0: CROWD, b0: CROWD, c0: CROWD },
      rests: [
        { what: 'a', status: 500, class: 'server' },
        { what: 'b', status: 500, class: 'server' },
      ],
      rows: Array.from({ length: CROWD }, () => ['a0 500', 'b0 500', 'c0 200'] as const).flat(),
      money: Array.from({ length: CROWD }, () => [NONE, NONE, FULL]).flat(),
    }),
  },
  {
    id: 'F19',
    title: 'the client leaves before the first header',
    world: 'calm',
    answers: () => ({ a0: { always: silence } }),
    play: (hands) => hands.askAndLeave('upstream-asked', 60),
    expect: () => ({ client: left, calls: { a0: 1 }, rests: [], rows: ['a0 499'], money: [NONE] }),
  },
  {
    id: 'F19',
    title: 'the client leaves before the first content',
    world: 'calm',
    answers: () => ({ a0: { always: { kind: 'hang', when: 'after-headers' } } }),
    play: (hands) => hands.askAndLeave('upstream-asked', 60),
    expect: () => ({ client: left, calls: { a0: 1 }, rests: [], rows: ['a0 499'], money: [NONE] }),
  },
  {
    id: 'F19',
    title: 'the client leaves in the middle of a stream: charged for what was seen',
    world: 'calm',
    forms: ['stream'],
    answers: () => ({ a0: { always: { kind: 'hang', when: 'mid-stream', afterEvents: 2 } } }),
    play: (hands) => hands.askAndLeave('first-bytes', 60),
    expect: (cell) => ({ client: left, calls: { a0: 1 }, rests: [], rows: ['a0 499'], money: [begun(cell)] }),
  },
  {
    id: 'F20',
    title: 'all channels rest: the one that is ready first answers, and is well again',
    answers: () => ({}),
    play: askWhileAllRest,
    expect: () => ({
      client: [{ saw: 'answer', from: 'b0' }],
      calls: { b0: 1 },
      rests: [{ what: 'a', status: 0, seconds: 300 }],
      rows: ['b0 200'],
      money: [FULL],
    }),
  },
  {
    id: 'F20',
    title: 'all channels rest, and the one that is ready first fails: tried once',
    answers: () => ({ b0: { always: ill } }),
    play: askWhileAllRest,
    expect: () => ({
      client: [{ saw: 'their-error', status: 500, from: 'b0', retryAfterS: 200 }],
      calls: { b0: 1 },
      rests: [
        { what: 'a', status: 0, seconds: 300 },
        { what: 'b', status: 500, seconds: 200 },
      ],
      rows: ['b0 500', '- 500'],
      money: [NONE, NONE],
    }),
  },
  {
    id: 'F20',
    title: 'all channels rest, and the one that is ready first cannot be reached: 503 that says when to come back',
    channels: [
      { letter: 'a', keys: 1 },
      { letter: 'b', keys: 1, place: 'closed' },
    ],
    answers: () => ({}),
    play: askWhileAllRest,
    expect: () => ({
      client: [{ saw: 'our-error', status: 503, retryAfterS: 200 }],
      calls: {},
      rests: [
        { what: 'a', status: 0, seconds: 300 },
        { what: 'b', status: 502, seconds: 200 },
      ],
      rows: ['b0 502', '- 503'],
      money: [NONE, NONE],
    }),
  },
  {
    id: 'F20',
    title: 'all channels rest, no last resort: 503 that says when to come back',
    world: 'narrow',
    answers: () => ({}),
    play: askWhileAllRest,
    expect: () => ({
      client: [{ saw: 'our-error', status: 503, retryAfterS: 99 }],
      calls: {},
      rests: [
        { what: 'a', status: 0, seconds: 300 },
        { what: 'b', status: 0, seconds: 100 },
      ],
      rows: ['- 503'],
      money: [NONE],
    }),
  },
]
/** Requests in flight when two channels die; more than the retries that are free. */
const CROWD = 250
const ill: Behaviour = { kind: 'status', status: 500 }
const slowlyIll: readonly Behaviour[] = [ill, { kind: 'delay-headers', ms: 600 }]
