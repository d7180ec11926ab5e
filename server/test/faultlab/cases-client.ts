import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { type Cell, type Expected, type FaultCase, FULL, NONE } from './fault-case.ts'

const ILL: Behaviour = { kind: 'status', status: 503, message: 'not now' }

const SEALED: Behaviour = {
  kind: 'status',
  status: 400,
  body: {
    error: {
      message: 'The encrypted content gAAA could not be verified. Reason: it could not be decrypted.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_encrypted_content',
    },
  },
}

/** The conversation of a Codex client that has moved to another account. */
function withReasoning(_cell: Cell, body: string): { readonly body: string } {
  const item = '{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}'
  return { body: body.replace('"input":[', `"input":[${item},`) }
}

const sealed = (title: string, more: Pick<FaultCase, 'answers' | 'expect'> & Partial<FaultCase>): FaultCase => ({
  id: 'W',
  title: `400 invalid_encrypted_content: ${title}`,
  apis: ['responses'],
  sends: withReasoning,
  ...more,
})

/** Where the vendor's own client would be stuck. */
export const REPAIR_CASES: readonly FaultCase[] = [
  sealed('asked without it at the next channel, nothing rests', {
    answers: () => ({ a0: { always: SEALED } }),
    expect: () => ({
      client: [{ saw: 'answer', from: 'b0' }],
      calls: { a0: 1, b0: 1 },
      rests: [],
      rows: ['a0 400', 'b0 200'],
      money: [NONE, FULL],
      says: { 1: 'without the encrypted content' },
    }),
  }),
  sealed('asked without it at the same channel when there is no other', {
    channels: [{ letter: 'a', keys: 1 }],
    answers: () => ({ a0: { then: [SEALED] } }),
    expect: () => ({
      client: [{ saw: 'answer', from: 'a0' }],
      calls: { a0: 2 },
      rests: [],
      rows: ['a0 400', 'a0 200'],
      money: [NONE, FULL],
    }),
  }),
  sealed('once, then it is shown as it came', {
    answers: () => ({ a0: { always: SEALED }, b0: { always: SEALED } }),
    expect: () => ({
      client: [{ saw: 'their-error', status: 400, from: 'b0' }],
      calls: { a0: 1, b0: 1 },
      rests: [],
      rows: ['a0 400', 'b0 400'],
      money: [NONE, NONE],
    }),
  }),
  sealed('the repaired request fails over like any other', {
    channels: [
      { letter: 'a', keys: 1 },
      { letter: 'b', keys: 1 },
      { letter: 'c', keys: 1 },
    ],
    answers: () => ({ a0: { always: SEALED }, b0: { always: ILL } }),
    expect: () => ({
      client: [{ saw: 'answer', from: 'c0' }],
      calls: { a0: 1, b0: 1, c0: 1 },
      rests: [{ what: 'b', status: 503, class: 'server' }],
      rows: ['a0 400', 'b0 503', 'c0 200'],
      money: [NONE, NONE, FULL],
    }),
  }),
]

const refusedAtOnce = (client: Expected['client']): Expected => ({ client, calls: {}, rests: [], rows: [], money: [] })
const LONG_AGO_MS = 1_500_000_000_000

/** C: what is the client's own, said so that its SDK makes its own exception of it. Nobody is asked, nothing is logged. */
export const CLIENT_CASES: readonly FaultCase[] = [
  {
    id: 'C',
    title: 'a token that nobody has made: 401',
    sends: () => ({ headers: { authorization: 'Bearer sk-nobody' } }),
    answers: () => ({}),
    expect: () => refusedAtOnce([{ saw: 'our-error', status: 401 }]),
  },
  {
    id: 'C',
    title: 'a token that has expired: 401',
    token: { expires_at: LONG_AGO_MS },
    answers: () => ({}),
    expect: () => refusedAtOnce([{ saw: 'our-error', status: 401 }]),
  },
  {
    id: 'C',
    title: 'a model that the token may not use: 403',
    token: { allowed_models: ['another'] },
    answers: () => ({}),
    expect: () => refusedAtOnce([{ saw: 'our-error', status: 403 }]),
  },
  {
    id: 'C',
    title: 'a body that is no JSON: 400',
    sends: () => ({ body: '{"model":' }),
    answers: () => ({}),
    expect: () => refusedAtOnce([{ saw: 'our-error', status: 400 }]),
  },
  {
    id: 'C',
    title: 'a body larger than the limit: 413',
    world: 'short',
    sends: () => ({ body: `{"model":"m","x":"${'x'.repeat(70_000)}"}` }),
    answers: () => ({}),
    expect: () => refusedAtOnce([{ saw: 'our-error', status: 413 }]),
  },
  {
    id: 'C',
    title: 'a token that has spent its limit: 429, and what it had before stays charged',
    token: { cost_limit_usd: 0.000_1 },
    answers: () => ({}),
    play: async (hands) => {
      await hands.ask()
      await hands.sleep(400) // the charge goes round
      await hands.ask()
    },
    expect: () => ({
      client: [
        { saw: 'answer', from: 'a0' },
        { saw: 'our-error', status: 429 },
      ],
      calls: { a0: 1 },
      rests: [],
      rows: ['a0 200'],
      money: [FULL],
    }),
  },
  {
    id: 'C',
    title: 'a model that no channel has: 503 that says when to come back',
    channels: [],
    answers: () => ({}),
    expect: () => ({
      ...refusedAtOnce([{ saw: 'our-error', status: 503, retryAfterS: 60 }]),
      rows: ['- 503'],
      money: [NONE],
    }),
  },
]
