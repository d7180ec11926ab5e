// A recorded stream of each API is cut at every byte. Whatever the place: the client has one whole answer, or sees that
// it has none.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { LogRow } from '@ccload/contract/logs.ts'
import type { Behaviour, Rule } from '../mock-upstream/behaviour.ts'
import type { Call } from '../mock-upstream/call.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type ChannelFields, type Program, startProgram } from './program.ts'

type Stream = {
  readonly name: string
  readonly type: NonNullable<ChannelFields['channel_type']>
  readonly target: (model: string, n: string) => string
  readonly body: (model: string) => object
  /** True for the data of the event that says that all has been said. */
  readonly isLast: (data: Json) => boolean
}

type Json = { readonly [name: string]: unknown }

const isChatEnd = (data: Json): boolean => JSON.stringify(data['choices'] ?? []).includes('"finish_reason":"stop"')
const isGeminiEnd = (data: Json): boolean => JSON.stringify(data).includes('"finishReason":"STOP"')
const contents = [{ role: 'user', parts: [{ text: 'x' }] }]

const STREAMS: readonly Stream[] = [
  {
    name: 'messages',
    type: 'anthropic',
    target: (_, n) => `/v1/messages?n=${n}`,
    body: (model) => ({ model, stream: true, max_tokens: 9, messages: [] }),
    isLast: (data) =>
      data['type'] === 'message_stop' ||
      (data['type'] === 'message_delta' && JSON.stringify(data).includes('end_turn')),
  },
  {
    name: 'chat',
    type: 'openai',
    target: (_, n) => `/v1/chat/completions?n=${n}`,
    body: (model) => ({ model, stream: true, stream_options: { include_usage: true }, messages: [] }),
    isLast: isChatEnd,
  },
  {
    name: 'completions',
    type: 'openai',
    target: (_, n) => `/v1/completions?n=${n}`,
    body: (model) => ({ model, stream: true, stream_options: { include_usage: true }, prompt: 'x' }),
    isLast: isChatEnd,
  },
  {
    name: 'responses',
    type: 'codex',
    target: (_, n) => `/v1/responses?n=${n}`,
    body: (model) => ({ model, stream: true, input: 'x' }),
    isLast: (data) => data['type'] === 'response.completed',
  },
  {
    name: 'gemini',
    type: 'gemini',
    target: (model, n) => `/v1beta/models/${model}:streamGenerateContent?alt=sse&n=${n}`,
    body: () => ({ contents }),
    isLast: isGeminiEnd,
  },
  {
    name: 'gemini as an array',
    type: 'gemini',
    target: (model, n) => `/v1beta/models/${model}:streamGenerateContent?n=${n}`,
    body: () => ({ contents }),
    isLast: isGeminiEnd,
  },
]

const WAYS = [
  { how: 'fin', framing: 'chunked' },
  { how: 'rst', framing: 'eof' },
  { how: 'rst', framing: 'chunked' },
  { how: 'fin', framing: 'eof' },
] as const

/** The same text everywhere, with characters of two and four bytes. */
const SAID = {
  kind: 'ok',
  text: 'é🌍',
  pieces: 2,
  usage: { inputTokens: 20, outputTokens: 9 },
} as const satisfies Behaviour
/** Rules in force at once: the mock looks through them one by one. */
const BATCH = 400
const AT_ONCE = 60
const MODELS_PER_CHANNEL = 5_000

setDefaultTimeout(20_000)

let program: Program
let token = ''
let a: Mock
let b: Mock

beforeAll(async () => {
  // Only the model rests, and each request has a model of its own: so each finds the first channel well.
  program = await startProgram({ env: { GIN_LOG: 'false' } })
  await program.settings({ cooldown_scope: 'model', affinity_enabled: 'false' })
  token = await program.token()
  a = await startMock()
  b = await startMock()
})
afterAll(async () => {
  await program.stop()
  a.close()
  b.close()
})

/** One request and where its answer is cut. */
type Case = { readonly model: string; readonly target: string; readonly cut: Behaviour; readonly name: string }

type Seen = {
  readonly isComplete: boolean
  readonly bytes: Buffer
  readonly requestId: string
}

test.each(STREAMS)(
  '$name: one whole answer, or a failure that can be seen',
  async (stream) => {
    await program.reset()
    a.reset()
    b.reset()
    const { length: lengthBytes } = await recorded(stream)
    const cases = casesOf(stream, lengthBytes)
    const ids = await channels(stream, cases)
    b.set({ do: SAID })
    const seen: Seen[] = []
    for (let from = 0; from < cases.length; from += BATCH) {
      const batch = cases.slice(from, from + BATCH)
      a.set(...batch.map(({ target, cut }): Rule => ({ path: target, do: [SAID, cut] })))
      seen.push(...(await askAll(stream, batch)))
    }
    const [ofA, ofB] = [byTarget(a), byTarget(b)]
    const rows = await rowsByRequest(ids)
    const faults = cases.flatMap((given, index) => {
      const saw = seen[index]
      const first = ofA.get(given.target)
      if (!saw || !first) return [`${given.name}: never asked`]
      const fault =
        faultOf(stream, saw, first, ofB.get(given.target)) ??
        faultOfRows(rows.get(saw.requestId) ?? [], saw, ofB.has(given.target))
      return fault === undefined ? [] : [`${given.name}: ${fault}`]
    })
    expect(faults).toEqual([])
    expect([a.count(), b.count()]).toEqual([
      cases.length,
      seen.filter((_, index) => ofB.has(cases[index]?.target ?? '')).length,
    ])
  },
  60_000,
)

const TWICE: Behaviour = { ...SAID, text: 'é🌍é🌍' }
const EVENTS = STREAMS.filter(({ name }) => name !== 'gemini as an array')
const CUT_HALFWAY = EVENTS.flatMap((stream) => WAYS.map((way) => ({ ...way, stream, name: stream.name })))

test.each(CUT_HALFWAY)(
  '$name, cut in the middle ($how, $framing): an error event of its own API comes last',
  async ({ stream, how, framing }) => {
    await program.reset()
    a.reset()
    const whole = await recorded(stream, TWICE)
    const bytes = whole.indexOf('é', whole.indexOf('é') + 20) + 2 // in the middle of the second words
    const model = modelOf(0)
    await program.channel({ channel_type: stream.type, models: [model], url: a.url })
    a.set({ do: [TWICE, { kind: 'cut-after-bytes', bytes, how, framing }] })
    const saw = await ask(stream, { model, target: stream.target(model, '00000'), cut: SAID, name: '' })
    expect(saw.isComplete).toBe(false)
    const sent = Buffer.from(a.calls[0]?.answerBody ?? [])
    expect(saw.bytes.subarray(0, sent.length).equals(sent)).toBe(true)
    expect(saw.bytes.toString('utf8', sent.length)).toMatch(ERROR_EVENT)
  },
)

async function recorded(stream: Stream, said: Behaviour = SAID): Promise<Buffer> {
  b.set({ do: said })
  const model = modelOf(0)
  const answer = await fetch(`${b.url}${stream.target(model, '00000')}`, {
    method: 'POST',
    body: JSON.stringify(stream.body(model)),
  })
  const bytes = Buffer.from(await answer.bytes())
  b.reset()
  return bytes
}

function modelOf(index: number): string {
  return `m${String(index).padStart(5, '0')}`
}

/** Each offset in one of the four ways, in turn; with CCLOAD_TEST_ALL=1 in all of them. */
function casesOf(stream: Stream, lengthBytes: number): readonly Case[] {
  const cases: Case[] = []
  for (let bytes = 0; bytes <= lengthBytes; bytes++) {
    for (const [index, way] of WAYS.entries()) {
      if (process.env['CCLOAD_TEST_ALL'] !== '1' && index !== bytes % WAYS.length) continue
      const model = modelOf(cases.length)
      const name = `after ${bytes} bytes, ${way.how}, ${way.framing}`
      cases.push({
        model,
        name,
        target: stream.target(model, model.slice(1)),
        cut: { kind: 'cut-after-bytes', bytes, ...way },
      })
    }
  }
  return cases
}

type Ids = { readonly all: readonly number[] }

async function channels(stream: Stream, cases: readonly Case[]): Promise<Ids> {
  const all: number[] = []
  for (let from = 0; from < cases.length; from += MODELS_PER_CHANNEL) {
    const models = cases.slice(from, from + MODELS_PER_CHANNEL).map(({ model }) => model)
    const fields = { channel_type: stream.type, models }
    const id = await program.channel({ ...fields, url: a.url, api_keys: ['sk-a'], priority: 2 })
    all.push(id, await program.channel({ ...fields, url: b.url, api_keys: ['sk-b'], priority: 1 }))
  }
  return { all }
}

async function askAll(stream: Stream, cases: readonly Case[]): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < cases.length; at = next++) {
      const given = cases[at]
      if (given) seen[at] = await ask(stream, given)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return seen
}

async function ask(stream: Stream, { model, target }: Case): Promise<Seen> {
  const answer = await fetch(`${program.url}${target}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(stream.body(model)),
  })
  const requestId = answer.headers.get('x-ccload-request-id') ?? ''
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of answer.body ?? []) chunks.push(chunk)
  } catch {
    return { isComplete: false, bytes: Buffer.concat(chunks), requestId } // the connection broke, as it should
  }
  return { isComplete: true, bytes: Buffer.concat(chunks), requestId }
}

function byTarget(mock: Mock): ReadonlyMap<string, Call> {
  return new Map(mock.calls.map((call) => [call.path, call]))
}

/** An error event, for Google's client followed by (or, inside a half event, replaced by) the piece that it hears. */
const ERROR_EVENT =
  /^[\r\n]*(?:(?:event: error\n)?data: \{.*"The upstream [^"]*".*\}\n\n)?(?:\{"error":\{.*"The upstream [^"]*".*\}\})?$/

function faultOf(stream: Stream, saw: Seen, first: Call, second: Call | undefined): string | undefined {
  const sent = Buffer.from(first.answerBody ?? [])
  if (second) {
    if (!saw.isComplete) return 'broken, although the second channel answered'
    return saw.bytes.equals(second.answerBody ?? Buffer.of()) ? undefined : 'not just the answer of the second channel'
  }
  if (saw.isComplete) {
    if (!saw.bytes.equals(sent)) return 'complete, but not what the upstream sent'
    return isWhole(stream, sent) ? undefined : 'SILENTLY CUT'
  }
  const same = commonBytes(saw.bytes, sent)
  const added = saw.bytes.toString('utf8', same)
  const isArray = stream.name === 'gemini as an array'
  return added === '' || (ERROR_EVENT.test(added) && !isArray)
    ? undefined
    : `what was added is no error event: ${added}`
}

function isWhole({ name, isLast }: Stream, bytes: Buffer): boolean {
  const text = bytes.toString()
  if (name === 'gemini as an array') return parsed(text) !== undefined
  return text.split(/\r?\n/).some((line) => {
    if (line === 'data: [DONE]') return true
    const data = line.startsWith('data: ') ? parsed(line.slice(6)) : undefined
    return data !== undefined && isLast(data)
  })
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function commonBytes(one: Buffer, other: Buffer): number {
  let at = 0
  while (at < one.length && at < other.length && one[at] === other[at]) at++
  return at
}

/** One row for each attempt; what was used up stands in it once. */
function faultOfRows(rows: readonly LogRow[], saw: Seen, hasSecond: boolean): string | undefined {
  const statuses = rows.map((row) => row.status_code)
  const want = hasSecond ? [502, 200] : [saw.isComplete ? 200 : 599]
  if (!Bun.deepEquals(statuses, want)) return `rows ${statuses.join(', ')} instead of ${want.join(', ')}`
  const last = rows.at(-1)
  if (hasSecond && (last?.input_tokens !== 20 || last.output_tokens !== 9))
    return `usage ${last?.input_tokens}/${last?.output_tokens}`
  const tooMuch = rows.find((row) => row.input_tokens > 20 || row.output_tokens > 9)
  return tooMuch ? `more usage than was: ${tooMuch.input_tokens}/${tooMuch.output_tokens}` : undefined
}

async function rowsByRequest({ all }: Ids): Promise<ReadonlyMap<string, readonly LogRow[]>> {
  const rows: LogRow[] = []
  for (const id of all) {
    let before = ''
    for (;;) {
      const page = await program.logs(`channel_id=${id}${before}`)
      rows.push(...page)
      const last = page.at(-1)
      if (!last) break
      before = `&before=${last.time_ms},${last.id}`
    }
  }
  rows.sort((one, two) => one.attempt_no - two.attempt_no)
  return Map.groupBy(rows, (row) => row.request_id)
}
