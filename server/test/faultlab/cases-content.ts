import { type Behaviour, SOFT_ERROR_FORMS } from '../mock-upstream/behaviour.ts'
import type { ApiName, Form } from './apis.ts'
import { begun, type Cell, type Charge, type Does, type Expected, type FaultCase, FULL, NONE } from './fault-case.ts'

export const SOFT_FORMS = SOFT_ERROR_FORMS
type SoftForm = (typeof SOFT_FORMS)[number]
/** Content first, in a packet of its own: so it has reached the client before the fault comes. */
const PAUSE = { kind: 'stall', ms: 150, afterEvents: 1 } as const satisfies Behaviour

type Where = { readonly apis?: readonly ApiName[]; readonly forms?: readonly Form[]; readonly status: 597 | 502 }

// An empty answer is a broken one (502); everything that says something is an error inside a 200 (597).
const SOFT: Readonly<Record<SoftForm, Where>> = {
  'error-json': { status: 597 },
  'type-error-json': { status: 597 },
  'error-event': { status: 597, forms: ['stream'] },
  'error-data': { status: 597, forms: ['stream'] },
  'response-failed': { status: 597, apis: ['responses'], forms: ['stream'] },
  'created-then-failed': { status: 597, apis: ['responses'], forms: ['stream'] },
  'gemini-chunk': { status: 597, apis: ['gemini'], forms: ['stream'] },
  'gemini-array': { status: 597, apis: ['gemini'] },
  'plain-chinese': { status: 597 },
  'plain-english': { status: 597 },
  html: { status: 597 },
  'empty-length-0': { status: 502 },
  'empty-chunked': { status: 502 },
  'zero-events': { status: 502, forms: ['stream'] },
  'ping-only': { status: 502, forms: ['stream'] },
  'meta-then-error': { status: 597, forms: ['stream'] },
}

/** The channel rests, the next one answers, and the client sees one clean answer. */
export function unseen(status: number, charged: Charge = NONE): Expected {
  return {
    client: [{ saw: 'answer', from: 'b0' }],
    calls: { a0: 1, b0: 1 },
    rests: [{ what: 'a', status, class: status === 597 || status === 598 ? 'timeout' : 'server' }],
    rows: [`a0 ${status}`, 'b0 200'],
    money: [charged, FULL],
  }
}

/** Only the first event of Anthropic tells of tokens before any content. */
function beforeContent({ api }: Cell): Charge {
  return api === 'messages' ? [20, 1] : NONE
}

/** @param coding  Of the body; absent = plain. */
export function softCase(form: SoftForm, coding?: 'gzip' | 'br' | 'zstd'): FaultCase {
  const soft: Behaviour = { kind: 'soft-error', form }
  const { apis, forms, status } = SOFT[form]
  return {
    id: 'F17',
    title: coding === undefined ? `200 that is none: ${form}` : `200 that is none, inside ${coding}: ${form}`,
    ...(apis && { apis }),
    ...(forms && { forms }),
    answers: () => ({ a0: { always: coding === undefined ? soft : [soft, { kind: 'encoding', coding }] } }),
    expect: (cell) => unseen(status, form === 'meta-then-error' ? beforeContent(cell) : NONE),
  }
}

const tooLong = {
  kind: 'soft-error',
  form: 'error-json',
  code: 'context_length_exceeded',
  message: 'prompt is too long',
} as const
const refusedKey = {
  kind: 'soft-error',
  form: 'error-json',
  type: 'authentication_error',
  message: 'invalid x-api-key',
} as const satisfies Behaviour

/** F16, F17: errors that come as a success. */
export const SOFT_CASES: readonly FaultCase[] = [
  ...SOFT_FORMS.map((form) => softCase(form)),
  {
    id: 'F17',
    title: 'the refusal of our key inside a 200: the next key',
    answers: () => ({ a0: { always: refusedKey } }),
    expect: () => ({
      client: [{ saw: 'answer', from: 'a1' }],
      calls: { a0: 1, a1: 1 },
      rests: [{ what: 'a0', status: 597, class: 'timeout' }],
      rows: ['a0 597', 'a1 200'],
      money: [NONE, FULL],
    }),
  },
  {
    id: 'F12',
    title: 'context too long inside a 200: straight back as 400',
    answers: () => ({ a0: { always: tooLong } }),
    expect: () => ({
      client: [{ saw: 'our-error', status: 400 }],
      calls: { a0: 1 },
      rests: [],
      rows: ['a0 400'],
      money: [NONE],
    }),
  },
  {
    id: 'F17',
    title: 'overload notices everywhere: 502 in the client’s dialect',
    answers: () => ({ a0: soft, b0: soft }),
    expect: () => ({
      client: [{ saw: 'our-error', status: 502, retryAfterS: 60 }],
      calls: { a0: 1, b0: 1 },
      rests: [
        { what: 'a', status: 597, class: 'timeout' },
        { what: 'b', status: 597, class: 'timeout' },
      ],
      rows: ['a0 597', 'b0 597', '- 502'],
      money: [NONE, NONE, NONE],
    }),
  },
  {
    id: 'F16',
    title: 'three attempts: each is charged for what it used, once',
    forms: ['stream'],
    answers: () => ({
      a0: { always: { kind: 'status', status: 429 } },
      a1: { always: { kind: 'soft-error', form: 'meta-then-error' } },
    }),
    expect: (cell) => ({
      client: [{ saw: 'answer', from: 'b0' }],
      calls: { a0: 1, a1: 1, b0: 1 },
      rests: [
        { what: 'a0', status: 429, class: 'rate-limit' },
        { what: 'a', status: 597, class: 'timeout' },
      ],
      rows: ['a0 429', 'a1 597', 'b0 200'],
      money: [NONE, beforeContent(cell), FULL],
    }),
  },
]
const soft = { always: { kind: 'soft-error', form: 'error-json' } } as const

/** Bytes after which each API's stream has shown content and is not over. */
const MID_BYTES: Readonly<Record<ApiName, number>> = { messages: 800, chat: 700, responses: 2_300, gemini: 500 }

/** The client has a part, an error event and a cut; the channel rests; what was reported is charged once. */
function broken(cell: Cell, withinMs?: number): Expected {
  return {
    client: [{ saw: 'break', begins: 'a0', ...(withinMs !== undefined && { withinMs }) }],
    calls: { a0: 1 },
    rests: [{ what: 'a', status: 599, class: 'server' }],
    rows: ['a0 599'],
    money: [begun(cell)],
  }
}

function streamCase(id: string, title: string, does: (api: ApiName) => Does): FaultCase {
  return {
    id,
    title,
    world: 'calm',
    forms: ['stream'],
    answers: ({ api }) => ({ a0: { always: does(api) } }),
    expect: broken,
  }
}

const well: Expected = {
  client: [{ saw: 'answer', from: 'a0' }],
  calls: { a0: 1 },
  rests: [],
  rows: ['a0 200'],
  money: [FULL],
}

/** F8-F11, F18: streams that break, and whole answers that do. */
export const STREAM_CASES: readonly FaultCase[] = [
  streamCase('F8', 'stream cut in the middle, the connection closed', (api) => ({
    kind: 'cut-after-bytes',
    bytes: MID_BYTES[api],
  })),
  streamCase('F8', 'stream cut in the middle, the connection reset', (api) => ({
    kind: 'cut-after-bytes',
    bytes: MID_BYTES[api],
    how: 'rst',
  })),
  streamCase('F8', 'stream cut in the middle, and it looks like an end', (api) => ({
    kind: 'cut-after-bytes',
    bytes: MID_BYTES[api],
    framing: 'eof',
  })),
  {
    ...streamCase('F9', 'stream falls silent', () => ({ kind: 'hang', when: 'mid-stream', afterEvents: 2 })),
    world: 'hasty',
    expect: (cell) => broken(cell, 8_000),
  },
  {
    id: 'F10',
    title: 'a malformed event: passed on as it came',
    forms: ['stream'],
    answers: () => ({ a0: { always: { kind: 'malformed-event' } } }),
    expect: () => well,
  },
  streamCase('F10', 'a malformed chunk: a visible break', () => [{ kind: 'malformed-chunk', afterEvents: 2 }, PAUSE]),
  {
    id: 'F11',
    title: 'end marker missing: whole content, and the row says so',
    forms: ['stream'],
    apis: ['messages', 'chat'],
    answers: () => ({ a0: { always: { kind: 'no-end-marker' } } }),
    expect: () => ({ ...well, client: [{ saw: 'their-bytes', from: 'a0' }], says: { 0: 'end marker' } }),
  },
  streamCase('F11', 'end marker and reason missing: never looks whole', () => ({
    kind: 'no-end-marker',
    alsoFinish: true,
  })),
  {
    id: 'F17',
    title: 'an error event after content: the client has it, nobody else is asked',
    forms: ['stream'],
    answers: () => ({ a0: { always: [{ kind: 'error-mid-stream', afterEvents: 2 }, PAUSE] } }),
    expect: (cell) => ({
      // Google's client overlooks an error event: only a break of ours tells it.
      client: [{ saw: cell.api === 'gemini' ? 'break' : 'their-break', begins: 'a0' }],
      calls: { a0: 1 },
      rests: [{ what: 'a', status: 597, class: 'timeout' }],
      rows: ['a0 597'],
      money: [begun(cell)],
    }),
  },
  {
    id: 'F18',
    title: 'cut before any content: the next channel, unseen',
    answers: () => ({ a0: { always: { kind: 'cut-after-bytes', bytes: 30 } } }),
    expect: () => unseen(502),
  },
  {
    id: 'F18',
    title: 'a whole answer reset halfway: the next channel, unseen',
    forms: ['whole'],
    answers: () => ({ a0: { always: { kind: 'cut-after-bytes', bytes: 120, how: 'rst', framing: 'chunked' } } }),
    expect: () => unseen(502),
  },
  {
    id: 'F18',
    title: 'a whole answer that ends halfway as if it were over: the next channel, unseen',
    forms: ['whole'],
    answers: () => ({ a0: { always: { kind: 'cut-after-bytes', bytes: 120, framing: 'eof' } } }),
    expect: () => unseen(502),
  },
  {
    id: 'F18',
    title: 'a stream in single bytes with CR LF: one whole answer',
    answers: () => ({ a0: { always: [{ kind: 'crlf' }, { kind: 'tiny-chunks' }] } }),
    expect: () => well,
  },
]
