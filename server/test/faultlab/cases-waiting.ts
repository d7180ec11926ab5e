import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { type Cell, type ClientSaw, type Expected, type FaultCase, FULL, NONE } from './fault-case.ts'

const ILL: Behaviour = { kind: 'status', status: 503, message: 'not now' }
const silence: Behaviour = { kind: 'hang', when: 'before-headers' }
const late = (ms: number): Behaviour => ({ kind: 'delay-headers', ms })

const ill = (what: 'a' | 'b') => ({ what, status: 503, class: 'server' }) as const

/** The first channel fails late, the second answers. */
function lateFailover(saw: ClientSaw): Expected {
  return {
    client: [saw],
    calls: { a0: 1, b0: 1 },
    rests: [ill('a')],
    rows: ['a0 503', 'b0 200'],
    money: [NONE, FULL],
  }
}

const wellFrom = (saw: ClientSaw): Expected => ({
  client: [saw],
  calls: { a0: 1 },
  rests: [],
  rows: ['a0 200'],
  money: [FULL],
})

const SIGNED = ['messages', 'chat', 'responses'] as const
const ABORT_WITHIN_MS = 100

/** F7: signs of life for who waits. */
const KEPT: readonly FaultCase[] = [
  {
    id: 'F7',
    title: 'kept alive while channels are tried: signs of life, then the bytes of the answer',
    world: 'patient',
    apis: SIGNED,
    forms: ['stream'],
    answers: () => ({ a0: { always: [ILL, late(1_400)] } }),
    expect: () => lateFailover({ saw: 'kept', from: 'b0', atLeastSigns: 1 }),
  },
  {
    id: 'F7',
    title: 'kept alive, and nobody answers: the last error as an event, and a cut',
    world: 'patient',
    apis: SIGNED,
    forms: ['stream'],
    answers: () => ({ a0: { always: [ILL, late(1_400)] }, b0: { always: ILL } }),
    expect: () => ({
      client: [{ saw: 'kept-break', says: 'not now' }],
      calls: { a0: 1, b0: 1 },
      rests: [ill('a'), ill('b')],
      rows: ['a0 503', 'b0 503', '- 503'],
      money: [NONE, NONE, NONE],
    }),
  },
  {
    id: 'F7',
    title: 'kept alive, and the client leaves: the upstream is left, nobody else is asked',
    world: 'patient',
    apis: SIGNED,
    forms: ['stream'],
    answers: () => ({ a0: { always: silence } }),
    play: (hands) => hands.askAndLeave('first-bytes', 60),
    expect: () => ({
      client: [{ saw: 'left', upstreamLeftWithinMs: ABORT_WITHIN_MS }],
      calls: { a0: 1 },
      rests: [],
      rows: ['a0 499'],
      money: [NONE],
    }),
  },
  {
    id: 'F7',
    title: 'Google’s clients break on signs of life: they get none',
    world: 'patient',
    apis: ['gemini'],
    answers: () => ({ a0: { always: [ILL, late(1_400)] } }),
    expect: () => lateFailover({ saw: 'answer', from: 'b0', atLeastMs: 1_350 }),
  },
  {
    id: 'F7',
    title: 'who asked for a whole answer gets no signs of life',
    world: 'patient',
    apis: SIGNED,
    forms: ['whole'],
    answers: () => ({ a0: { always: [ILL, late(1_400)] } }),
    expect: () => lateFailover({ saw: 'answer', from: 'b0', atLeastMs: 1_350 }),
  },
  {
    id: 'F7',
    title: 'an answer in time needs no signs of life',
    world: 'patient',
    answers: () => ({ a0: { always: late(300) } }),
    expect: () => wellFrom({ saw: 'answer', from: 'a0' }),
  },
]

/** Ends the request, rests nothing: it was the client's limit, or that of the whole request. */
const overtime = (withinMs: number): Expected => ({
  client: [{ saw: 'our-error', status: 504, withinMs }],
  calls: { a0: 1 },
  rests: [],
  rows: ['a0 504', '- 504'],
  money: [NONE, NONE],
})

const inTime = (title: string, does: Behaviour, more: Partial<FaultCase> = {}): FaultCase => ({
  id: 'F6',
  title,
  world: 'hasty',
  answers: () => ({ a0: { always: does } }),
  expect: () => wellFrom({ saw: 'answer', from: 'a0' }),
  ...more,
})

/** F6, F9: every limit has one case that passes it and one that stays below. The passing ones of F6 and F9 stand elsewhere. */
const LIMITS: readonly FaultCase[] = [
  inTime('upstream_first_byte_timeout: a first byte just in time is no fault', late(1_300), { forms: ['stream'] }),
  inTime(
    'upstream_first_content_timeout: content just in time is no fault',
    { kind: 'first-token-delay', ms: 2_200, pingEveryMs: 300 },
    { forms: ['stream'], apis: SIGNED },
  ),
  inTime(
    'stream_idle_timeout: a pause below the limit is no fault',
    { kind: 'stall', ms: 1_300, afterEvents: 2 },
    { id: 'F9', forms: ['stream'] },
  ),
  inTime(
    'non_stream_timeout: a slow whole answer is no fault',
    { kind: 'delay-body', ms: 2_200 },
    { forms: ['whole'] },
  ),
  inTime('upstream_connect_timeout: who is connected may think longer than that', late(1_700)),
  {
    id: 'F6',
    title: 'request_total_timeout: the request is over, nothing rests',
    world: 'short',
    answers: () => ({ a0: { always: silence } }),
    expect: () => overtime(4_500),
  },
  {
    id: 'F6',
    title: 'request_total_timeout: counts over channels',
    world: 'short',
    answers: () => ({ a0: { always: [ILL, late(1_000)] }, b0: { always: late(5_000) } }),
    expect: () => ({
      client: [{ saw: 'our-error', status: 504, withinMs: 4_500 }],
      calls: { a0: 1, b0: 1 },
      rests: [ill('a')],
      rows: ['a0 503', 'b0 504', '- 504'],
      money: [NONE, NONE, NONE],
    }),
  },
  {
    id: 'F6',
    title: 'request_total_timeout: never cuts a stream that has begun',
    world: 'short',
    forms: ['stream'],
    answers: () => ({ a0: { always: { kind: 'stall', ms: 2_600, afterEvents: 2 } } }),
    expect: () => wellFrom({ saw: 'answer', from: 'a0', atLeastMs: 2_500 }),
  },
  {
    id: 'F6',
    title: 'the client’s own limit (X-Timeout-Ms): the request is over, nothing rests',
    sends: () => ({ headers: { 'x-timeout-ms': '600' } }),
    answers: () => ({ a0: { always: silence } }),
    expect: () => overtime(3_000),
  },
  {
    id: 'F6',
    title: 'the client’s own limit (X-Timeout-Ms): an answer in time is one',
    sends: () => ({ headers: { 'x-timeout-ms': '5000' } }),
    answers: () => ({ a0: { always: late(300) } }),
    expect: () => wellFrom({ saw: 'answer', from: 'a0' }),
  },
  {
    id: 'F28',
    title: 'queue_max_wait: who waits too long for a free place is told to come back',
    world: 'door',
    answers: () => ({ a0: { always: late(2_900) } }),
    play: inTurn,
    expect: () => ({
      client: [
        { saw: 'answer', from: 'a0' },
        { saw: 'our-error', status: 503, code: 'gateway_busy', retryAfterS: 2, withinMs: 2_800 },
      ],
      calls: { a0: 1 },
      rests: [],
      rows: ['a0 200'],
      money: [FULL],
    }),
  },
  {
    id: 'F28',
    title: 'queue_max_wait: who waits less is served',
    world: 'door',
    answers: () => ({ a0: { always: late(700) } }),
    play: inTurn,
    expect: () => ({
      client: [
        { saw: 'answer', from: 'a0' },
        { saw: 'answer', from: 'a0', atLeastMs: 1_200 },
      ],
      calls: { a0: 2 },
      rests: [],
      rows: ['a0 200', 'a0 200'],
      money: [FULL, FULL],
    }),
  },
]

/** Two requests at once, the first of them a moment earlier. */
async function inTurn(hands: { ask(): Promise<void>; sleep(ms: number): Promise<void> }): Promise<void> {
  const first = hands.ask()
  await hands.sleep(100)
  await Promise.all([first, hands.ask()])
}

const BIG_CHARS = 10_000_000
const SMALL_ONES = 20

function bigFirst({ api }: Cell, body: string, index: number): { readonly body?: string } {
  if (index > 0) return {}
  const word = api === 'gemini' ? '"text":"hi"' : '"content":"hi"'
  return { body: body.replace(word, word.replace('hi', 'x'.repeat(BIG_CHARS))) }
}

/** F33: what one request costs must not be paid by others. */
const LARGE: readonly FaultCase[] = [
  {
    id: 'F33',
    title: 'a prompt of 10 MB: others are served meanwhile',
    world: 'crowd',
    forms: ['whole'],
    sends: bigFirst,
    answers: () => ({}),
    play: async (hands) => {
      const big = hands.ask()
      for (let asked = 0; asked < SMALL_ONES; asked++) await hands.ask()
      await big
    },
    expect: () => ({
      client: [
        { saw: 'answer', from: 'a0' },
        ...Array.from({ length: SMALL_ONES }, () => ({ saw: 'answer', from: 'a0', withinMs: 500 }) as const),
      ],
      calls: { a0: SMALL_ONES + 1 },
      rests: [],
      rows: Array.from({ length: SMALL_ONES + 1 }, () => 'a0 200' as const),
      money: Array.from({ length: SMALL_ONES + 1 }, () => FULL),
    }),
  },
]

export const WAITING_CASES: readonly FaultCase[] = [...KEPT, ...LIMITS, ...LARGE]
