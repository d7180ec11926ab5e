import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, spyOn, test } from 'bun:test'
import type Anthropic from '@anthropic-ai/sdk'
import type OpenAI from 'openai'
import type { Behaviour, Rule } from '../mock-upstream/behaviour.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type ChannelFields, type Program, startProgram } from './program.ts'
import { anthropicAt, type Base, CALLERS, type Caller, collect, geminiAt, openAiAt } from './sdk-callers.ts'

setDefaultTimeout(20_000)

let program: Program
let token: string
let base: Base
const mocks: Mock[] = []

beforeAll(async () => {
  program = await startProgram()
  token = await program.token()
  base = { url: program.url, key: token }
})
afterAll(async () => {
  await program.stop()
  for (const mock of mocks) mock.close()
})

type Pair = { readonly model: string; readonly a: Mock; readonly b: Mock; readonly aId: number; readonly bId: number }

let models = 0

/** Two channels for a model of their own: `a` is asked first, with as many keys as wished; `b` second. */
async function pair(type: NonNullable<ChannelFields['channel_type']>, aKeys = 1): Promise<Pair> {
  const model = `model-${++models}`
  const [a, b] = [await startMock(), await startMock()]
  mocks.push(a, b)
  const keys = Array.from({ length: aKeys }, (_, index) => `sk-a-${index}`)
  const fields = { channel_type: type, models: [model] }
  const aId = await program.channel({ ...fields, url: a.url, api_keys: keys, priority: 10 })
  const bId = await program.channel({ ...fields, url: b.url, api_keys: ['sk-b'], priority: 1 })
  return { model, a, b, aId, bId }
}

/** What the SDK's user would see, had the second upstream been asked without us. Not counted. */
async function askedDirectly(caller: Caller, { b, model }: Pair): Promise<unknown> {
  const answer = await caller.call({ url: b.url, key: 'direct' }, model)
  return plain(answer)
}

function plain(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (key, value) => (key === '_request_id' ? undefined : value)))
}

type Attempt = { readonly channel: 'a' | 'b' | 'none'; readonly status: number }

/** The log rows of the one request that was made through this pair, oldest first. */
async function attempts({ aId, bId }: Pair): Promise<readonly Attempt[]> {
  const [last] = await program.logs(`channel_id=${bId}`)
  const [first] = await program.logs(`channel_id=${aId}`)
  const requestId = (last ?? first)?.request_id
  const rows = (await program.logs(`request_id=${requestId}`)).toSorted((one, two) => one.attempt_no - two.attempt_no)
  expect(rows.map((row) => row.attempt_no)).toEqual(rows.map((_, index) => index))
  const names: Readonly<Record<number, Attempt['channel']>> = { [aId]: 'a', [bId]: 'b' }
  return rows.map((row) => ({ channel: names[row.channel_id] ?? 'none', status: row.status_code }))
}

type Rest = { readonly scope: string; readonly channel: 'a' | 'b'; readonly key?: number }

async function rests({ aId, bId }: Pair): Promise<readonly Rest[]> {
  const all = (await program.rests()).filter((rest) => rest.channel_id === aId || rest.channel_id === bId)
  return all.map((rest) => ({
    scope: rest.scope,
    channel: rest.channel_id === aId ? 'a' : 'b',
    ...(rest.key_index === undefined ? {} : { key: rest.key_index }),
  }))
}

describe('an SDK sees what the upstream said, as if nothing stood between', () => {
  test.each(CALLERS)('$name', async (caller) => {
    const both = await pair(caller.type)
    const want = await caller.call({ url: both.a.url, key: 'direct' }, both.model)
    expect(plain(await caller.call(base, both.model))).toEqual(plain(want))
    expect([both.a.count({ key: 'sk-a-0' }), both.b.count()]).toEqual([1, 0])
    expect(await attempts(both)).toEqual([{ channel: 'a', status: 200 }])
    expect(await rests(both)).toEqual([])
  })
})

describe('an answer that an upstream keeps', () => {
  // The request names no model, so that every channel of the type could be asked.
  beforeEach(() => program.reset())

  test('is asked for again where it was made, also when another channel would come first', async () => {
    const both = await pair('codex')
    both.a.set({ times: 1, do: { kind: 'status', status: 503 } })
    const { responses } = openAiAt(base)
    const made = await responses.create({ model: both.model, input: 'hi' })
    await program.admin('POST', `/channels/${both.aId}/cooldown/clear`)
    expect((await responses.retrieve(made.id)).output_text).toBe(made.output_text)
    const next = await responses.create({ model: both.model, input: 'and?', previous_response_id: made.id })
    expect(next.output_text).toContain('and?')
    expect([both.a.count(), both.b.count()]).toEqual([1, 3])
  })

  test('that was streamed is found too', async () => {
    const both = await pair('codex')
    both.a.set({ times: 1, do: { kind: 'status', status: 503 } })
    const { responses } = openAiAt(base)
    const made = await responses.stream({ model: both.model, input: [{ role: 'user', content: 'hi' }] }).finalResponse()
    await program.admin('POST', `/channels/${both.aId}/cooldown/clear`)
    expect((await responses.retrieve(made.id)).output_text).toBe(made.output_text)
    expect([both.a.count(), both.b.count()]).toEqual([1, 2])
  })
})

describe('what an upstream can do wrong before its answer', () => {
  type Fault = {
    readonly name: string
    readonly do: Behaviour | readonly Behaviour[]
    readonly logged: number
    readonly only?: readonly Caller['type'][]
    readonly form?: Caller['form']
  }
  const status = (code: number, headers?: Readonly<Record<string, string>>): Fault => ({
    name: `status ${code}`,
    do: { kind: 'status', status: code, ...(headers && { headers: { ...headers } }) },
    logged: code,
  })
  const soft = (form: Extract<Behaviour, { kind: 'soft-error' }>['form'], logged = 597): Fault => ({
    name: `soft error ${form}`,
    do: { kind: 'soft-error', form },
    logged,
  })
  const encodings = ['gzip', 'br', 'zstd'] as const
  const FAULTS: readonly Fault[] = [
    ...[500, 503, 529, 429, 401, 402, 403].map((code) => status(code)),
    { ...status(429, { 'Retry-After': '7' }), name: 'status 429 with Retry-After' },
    { name: 'redirect', do: { kind: 'redirect', status: 302, location: '/v1/elsewhere' }, logged: 302 },
    { name: 'reset before headers', do: { kind: 'reset-before-headers' }, logged: 502 },
    { name: 'closed before headers', do: { kind: 'close-before-headers' }, logged: 502 },
    { name: 'reset after headers', do: { kind: 'reset-after-headers' }, logged: 502 },
    soft('error-json'),
    soft('type-error-json'),
    soft('error-event'),
    soft('error-data'),
    { ...soft('response-failed'), only: ['codex'] },
    { ...soft('created-then-failed'), only: ['codex'] },
    { ...soft('gemini-chunk'), only: ['gemini'] },
    { ...soft('gemini-array'), only: ['gemini'] },
    soft('plain-chinese'),
    soft('plain-english'),
    soft('html'),
    soft('empty-length-0', 502),
    soft('empty-chunked', 502),
    soft('zero-events', 502),
    soft('ping-only', 502),
    { ...soft('meta-then-error'), form: 'stream' },
    ...(['fin', 'rst'] as const).flatMap((how): readonly Fault[] => [
      { name: `cut (${how}) after 30 bytes`, do: { kind: 'cut-after-bytes', bytes: 30, how }, logged: 502 },
      {
        name: `a whole answer cut (${how}) in its middle, of unknown length`,
        do: { kind: 'cut-after-bytes', bytes: 90, how, framing: 'eof' },
        logged: 502,
        form: 'whole',
      },
      {
        name: `a whole answer cut (${how}) in its middle, chunked`,
        do: { kind: 'cut-after-bytes', bytes: 90, how, framing: 'chunked' },
        logged: 502,
        form: 'whole',
      },
      {
        name: `a whole answer cut (${how}) in its middle, with its length`,
        do: { kind: 'cut-after-bytes', bytes: 90, how },
        logged: 502,
        form: 'whole',
      },
    ]),
    ...encodings.map((coding) => ({
      ...status(500),
      name: `status 500, ${coding}`,
      do: [status(500).do, { kind: 'encoding', coding }] as Behaviour[],
    })),
    ...encodings.map((coding) => ({
      ...soft('error-json'),
      name: `soft error, ${coding}`,
      do: [soft('error-json').do, { kind: 'encoding', coding }] as Behaviour[],
    })),
    ...encodings.map((coding) => ({
      ...soft('error-data'),
      name: `soft error event, ${coding}`,
      do: [soft('error-data').do, { kind: 'encoding', coding }] as Behaviour[],
    })),
  ]

  /** Completions and embeddings go the way of chat: for them one fault of each kind. */
  const EACH_KIND = [
    'status 500',
    'status 401',
    'reset before headers',
    'soft error error-json',
    'soft error html',
    'soft error empty-chunked',
    'cut (fin) after 30 bytes',
  ]
  const isLikeChat = ({ name }: Caller): boolean => name.startsWith('completions') || name === 'embeddings'
  const fits = (fault: Fault, caller: Caller): boolean =>
    (fault.only ?? [caller.type]).includes(caller.type) &&
    (fault.form ?? caller.form) === caller.form &&
    (!isLikeChat(caller) || EACH_KIND.includes(fault.name))
  const cases = CALLERS.flatMap((caller) =>
    FAULTS.filter((fault) => fits(fault, caller)).map((fault) => ({
      caller,
      fault,
      name: `${caller.name}: ${fault.name}`,
    })),
  )

  test.concurrent.each(cases)(
    '$name: the answer of the second channel, and nothing else',
    async ({ caller, fault }) => {
      const both = await pair(caller.type)
      const want = await askedDirectly(caller, both)
      both.a.set(ruleOf(fault.do))
      expect(plain(await caller.call(base, both.model))).toEqual(want)
      expect([both.a.count(), both.b.count({ key: 'sk-b' })]).toEqual([1, 1])
      expect(await attempts(both)).toEqual([
        { channel: 'a', status: fault.logged },
        { channel: 'b', status: 200 },
      ])
      expect(await rests(both)).toEqual([{ scope: 'channel', channel: 'a' }])
    },
  )
})

function ruleOf(behaviours: Behaviour | readonly Behaviour[]): Rule {
  return { do: Array.isArray(behaviours) ? [...behaviours] : (behaviours as Behaviour) }
}

describe('an upstream that never answers', () => {
  const waits: readonly { name: string; setting: string; fault: Behaviour; form: Caller['form']; logged: number }[] = [
    {
      name: 'no headers',
      setting: 'upstream_first_byte_timeout',
      fault: { kind: 'hang', when: 'before-headers' },
      form: 'stream',
      logged: 598,
    },
    {
      name: 'headers, no body',
      setting: 'upstream_first_byte_timeout',
      fault: { kind: 'hang', when: 'after-headers' },
      form: 'stream',
      logged: 598,
    },
    {
      name: 'no content',
      setting: 'upstream_first_content_timeout',
      fault: { kind: 'hang', when: 'mid-stream', afterEvents: 0 },
      form: 'stream',
      logged: 598,
    },
    {
      name: 'no headers',
      setting: 'non_stream_timeout',
      fault: { kind: 'hang', when: 'before-headers' },
      form: 'whole',
      logged: 504,
    },
    {
      name: 'half a body',
      setting: 'non_stream_timeout',
      fault: { kind: 'hang', when: 'mid-stream' },
      form: 'whole',
      logged: 504,
    },
  ]
  test.each(waits)(
    '$form, $name: after one second the second channel is asked',
    async ({ setting, fault, form, logged }) => {
      await program.settings({ [setting]: '1' })
      const asked = CALLERS.filter((caller) => caller.form === form).map(async (caller) => {
        const both = await pair(caller.type)
        const want = await askedDirectly(caller, both)
        both.a.set({ do: fault })
        const startedMs = performance.now()
        expect(plain(await caller.call(base, both.model))).toEqual(want)
        expect(performance.now() - startedMs).toBeGreaterThan(950)
        expect([both.a.count(), both.b.count({ key: 'sk-b' })]).toEqual([1, 1])
        await both.a.until(([call]) => call?.closedEarlyAtMs !== undefined) // nothing of it is left behind
        expect(await attempts(both)).toEqual([
          { channel: 'a', status: logged },
          { channel: 'b', status: 200 },
        ])
        expect(await rests(both)).toEqual([{ scope: 'channel', channel: 'a' }])
      })
      await Promise.all(asked)
      await program.admin('POST', `/settings/${setting}/reset`)
    },
  )
})

describe('a channel with two keys', () => {
  const [caller] = CALLERS
  if (!caller) throw new Error('no caller')
  const quota = '{"type":"error","error":{"type":"1308","message":"limit reached, resets at 2099-01-01 00:00:00"}}'
  const faults: readonly { name: string; do: Behaviour; tried: 'the next key' | 'the next channel' }[] = [
    { name: '401', do: { kind: 'status', status: 401 }, tried: 'the next key' },
    { name: '402', do: { kind: 'status', status: 402 }, tried: 'the next key' },
    { name: '403', do: { kind: 'status', status: 403 }, tried: 'the next key' },
    { name: '429', do: { kind: 'status', status: 429 }, tried: 'the next key' },
    {
      name: '429 for 7 s',
      do: { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
      tried: 'the next key',
    },
    {
      name: 'quota 1308 in a 200',
      do: { kind: 'soft-error', form: 'type-error-json', type: '1308', message: quota },
      tried: 'the next key',
    },
    {
      name: '429 for an hour',
      do: { kind: 'status', status: 429, headers: { 'retry-after': '3600' } },
      tried: 'the next channel',
    },
    {
      name: '429 of the account',
      do: { kind: 'status', status: 429, headers: { 'x-ratelimit-scope': 'account' } },
      tried: 'the next channel',
    },
    {
      name: '403, account banned',
      do: { kind: 'status', status: 403, message: 'This account has been suspended' },
      tried: 'the next channel',
    },
    { name: '500', do: { kind: 'status', status: 500 }, tried: 'the next channel' },
    { name: '529', do: { kind: 'status', status: 529 }, tried: 'the next channel' },
    { name: 'a reset', do: { kind: 'reset-before-headers' }, tried: 'the next channel' },
    { name: 'an error in a 200', do: { kind: 'soft-error', form: 'error-json' }, tried: 'the next channel' },
    { name: 'an empty answer', do: { kind: 'soft-error', form: 'empty-length-0' }, tried: 'the next channel' },
    { name: 'a page', do: { kind: 'soft-error', form: 'html' }, tried: 'the next channel' },
  ]
  test.each(faults)('$name leads to $tried', async ({ do: fault, tried }) => {
    const both = await pair(caller.type, 2)
    both.a.set({ key: 'sk-a-0', do: fault })
    expect(await caller.call(base, both.model)).toMatchObject({ role: 'assistant' })
    const isKey = tried === 'the next key'
    expect([both.a.count({ key: 'sk-a-0' }), both.a.count({ key: 'sk-a-1' }), both.b.count()]).toEqual(
      isKey ? [1, 1, 0] : [1, 0, 1],
    )
    expect(await rests(both)).toEqual([
      isKey ? { scope: 'key', channel: 'a', key: 0 } : { scope: 'channel', channel: 'a' },
    ])
  })

  test('with both keys refused leads to the next channel, and both keys rest', async () => {
    const both = await pair(caller.type, 2)
    both.a.set({ do: { kind: 'status', status: 401 } })
    expect(await caller.call(base, both.model)).toMatchObject({ role: 'assistant' })
    expect([both.a.count(), both.b.count()]).toEqual([2, 1])
    expect((await attempts(both)).map(({ status }) => status)).toEqual([401, 401, 200])
    const keys = (await rests(both)).toSorted((one, two) => (one.key ?? 0) - (two.key ?? 0))
    expect(keys).toEqual([
      { scope: 'key', channel: 'a', key: 0 },
      { scope: 'key', channel: 'a', key: 1 },
    ])
  })
})

test('the time that Retry-After names is kept to the second', async () => {
  const both = await pair('anthropic')
  both.a.set({ do: { kind: 'status', status: 429, headers: { 'Retry-After': '7' } } })
  const beforeMs = Date.now()
  await anthropicAt(base).messages.create({
    model: both.model,
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
  })
  const rest = (await program.rests()).find(({ channel_id }) => channel_id === both.aId)
  expect((rest?.until_ms ?? 0) - beforeMs).toBeWithin(7_000, 8_000)
  expect(rest).toMatchObject({ status_code: 429, reason: expect.stringContaining('429') })
})

describe('a stream that breaks after its first content', () => {
  // Anthropic's SDK tells the console about the event that was cut in half.
  const quiet = spyOn(console, 'error').mockImplementation(() => {})
  afterAll(() => quiet.mockRestore())

  // The pause makes sure that the content is with the client when the break comes; else the next channel would be asked.
  const pause: Behaviour = { kind: 'stall', ms: 40, afterEvents: 2 }
  const breaks: readonly { name: string; do: Behaviour; logged: number; idle?: true }[] = [
    { name: 'is reset', do: { kind: 'cut-after-bytes', bytes: 0, how: 'rst' }, logged: 599 },
    { name: 'ends too early (chunked)', do: { kind: 'cut-after-bytes', bytes: 0, how: 'fin' }, logged: 599 },
    {
      name: 'ends too early (until close)',
      do: { kind: 'cut-after-bytes', bytes: 0, how: 'fin', framing: 'eof' },
      logged: 599,
    },
    { name: 'has a chunk that is none', do: { kind: 'malformed-chunk', afterEvents: 3 }, logged: 599 },
    { name: 'reports an error', do: { kind: 'error-mid-stream', afterEvents: 3, message: 'boom' }, logged: 597 },
    { name: 'falls silent', do: { kind: 'hang', when: 'mid-stream', afterEvents: 3 }, logged: 599, idle: true },
    { name: 'ends cleanly without reason and marker', do: { kind: 'no-end-marker', alsoFinish: true }, logged: 599 },
  ]
  const streams = CALLERS.filter((caller) => caller.form === 'stream')
  const cases = breaks.flatMap((broken) =>
    streams.map((caller) => ({ broken, caller, name: `${caller.name} ${broken.name}` })),
  )

  test.each(cases)('$name: the SDK throws, nobody else is asked, the channel rests', async ({ broken, caller }) => {
    if (broken.idle) await program.settings({ stream_idle_timeout: '1' })
    const both = await pair(caller.type)
    both.a.set({ do: [pause, await placed(broken.do, caller, both)] })
    const failed = await caller.call(base, both.model).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    )
    expect(failed).toEqual({ error: expect.any(Error) })
    expect([both.a.count({ key: 'sk-a-0' }), both.b.count()]).toEqual([1, 0])
    expect(await attempts(both)).toEqual([{ channel: 'a', status: broken.logged }])
    expect(await rests(both)).toEqual([{ scope: 'channel', channel: 'a' }])
    if (broken.idle) await program.admin('POST', '/settings/stream_idle_timeout/reset')
  })

  /** Cuts after three quarters of the body: always behind the first content, always before the end. */
  async function placed(behaviour: Behaviour, caller: Caller, { a, model }: Pair): Promise<Behaviour> {
    if (behaviour.kind !== 'cut-after-bytes') return behaviour
    await caller.call({ url: a.url, key: 'direct' }, model)
    return { ...behaviour, bytes: Math.floor((a.calls.at(-1)?.answerBody?.length ?? 0) * 0.75) }
  }
})

describe('what is no failure', () => {
  const streams = CALLERS.filter((caller) => caller.form === 'stream')
  const oddities: readonly { name: string; do: Behaviour | readonly Behaviour[]; only?: Caller['type'] }[] = [
    { name: 'no end marker', do: { kind: 'no-end-marker' }, only: 'openai' }, // elsewhere the SDKs themselves miss it
    { name: 'no end of the body after the end marker', do: { kind: 'terminal-without-eof' } },
    { name: 'one byte at a time', do: { kind: 'tiny-chunks', per: 'chunk', bytes: 1 } },
    { name: 'CRLF', do: { kind: 'crlf' } },
    { name: 'gzip', do: { kind: 'encoding', coding: 'gzip' } },
    { name: 'br', do: { kind: 'encoding', coding: 'br' } },
    { name: 'interim answers', do: { kind: 'informational' } },
    { name: 'silence before the first content', do: { kind: 'first-token-delay', ms: 200, pingEveryMs: 50 } },
  ]
  const cases = oddities.flatMap((oddity) =>
    streams
      .filter((caller) => caller.type === (oddity.only ?? caller.type))
      .map((caller) => ({ caller, oddity, name: `${caller.name}: ${oddity.name}` })),
  )

  test.concurrent.each(cases)('$name', async ({ caller, oddity }) => {
    const both = await pair(caller.type)
    const want = await caller.call({ url: both.a.url, key: 'direct' }, both.model)
    both.a.set(ruleOf(oddity.do))
    expect(plain(await caller.call(base, both.model))).toEqual(plain(want))
    expect([both.a.count({ key: 'sk-a-0' }), both.b.count()]).toEqual([1, 0])
    expect(await attempts(both)).toEqual([{ channel: 'a', status: 200 }])
    expect(await rests(both)).toEqual([])
  })

  test('messages: a whole stream without its last event is passed on, and its row says so', async () => {
    const both = await pair('anthropic')
    both.a.set({ do: { kind: 'no-end-marker' } })
    const body = JSON.stringify({ model: both.model, stream: true, messages: [{ role: 'user', content: 'x' }] })
    const answer = await fetch(`${base.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': base.key }, body })
    expect(Buffer.from(await answer.bytes()).equals(both.a.calls[0]?.answerBody ?? Buffer.of())).toBe(true)
    const [row] = await program.logs(`channel_id=${both.aId}`)
    expect(row).toMatchObject({ status_code: 200, message: 'ok, but the end marker was missing' })
  })

  test.each(['fin', 'rst'] as const)(
    'a kept-alive connection that is closed (%s) as the next request comes: asked once more, no trace',
    async (how) => {
      const both = await pair('anthropic')
      const ask = () =>
        anthropicAt(base).messages.create({
          model: both.model,
          max_tokens: 1,
          messages: [{ role: 'user', content: 'x' }],
        })
      await ask()
      both.a.set({ times: 1, do: { kind: 'keepalive-race', how } })
      await ask()
      expect([both.a.count(), both.b.count()]).toEqual([3, 0])
      expect((await program.logs(`channel_id=${both.aId}`)).map((row) => row.status_code)).toEqual([200, 200])
      expect(await rests(both)).toEqual([])
    },
  )
})

describe("a client's own mistake", () => {
  const mistakes = [400, 422] as const
  const cases = CALLERS.flatMap((caller) => mistakes.map((status) => ({ caller, status })))
  test.each(cases)(
    '$caller.name: $status of the upstream comes back at once, and nothing rests',
    async ({ caller, status }) => {
      const both = await pair(caller.type)
      both.a.set({
        do: {
          kind: 'status',
          status,
          message: 'prompt is too long: 250000 tokens > 200000 maximum',
          type: 'invalid_request_error',
          code: 'context_length_exceeded',
        },
      })
      const error: unknown = await caller.call(base, both.model).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Error)
      expect(error).toMatchObject({ status })
      expect(String(error)).toContain('prompt is too long')
      expect([both.a.count(), both.b.count()]).toEqual([1, 0])
      expect((await attempts(both)).filter(({ channel }) => channel !== 'none')).toEqual([{ channel: 'a', status }])
      expect(await rests(both)).toEqual([])
    },
  )
})

describe('when no channel can', () => {
  const statuses = [401, 503] as const
  const cases = CALLERS.flatMap((caller) => statuses.map((status) => ({ caller, status })))
  test.concurrent.each(cases)(
    '$caller.name: $status everywhere is an error of the service, never of the login',
    async ({ caller, status }) => {
      const both = await pair(caller.type)
      both.a.set({ do: { kind: 'status', status } })
      both.b.set({ do: { kind: 'status', status } })
      const error: unknown = await caller.call(base, both.model).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ status: status < 500 ? 503 : status })
      expect(String(error)).not.toContain('sk-')
      expect([both.a.count(), both.b.count()]).toEqual([1, 1])
    },
  )
})

describe('a tool round trip over a channel that fails', () => {
  const SAID = 'Tool said 👌: 21 °C'
  const args = { city: '上海', days: 2 }

  async function toolPair(type: NonNullable<ChannelFields['channel_type']>): Promise<Pair> {
    const both = await pair(type)
    both.a.set({ do: { kind: 'status', status: 529 } })
    both.b.set({ do: { kind: 'tool', name: 'weather', args } })
    return both
  }

  test.each(['whole', 'stream'])('messages, %s', async (form) => {
    const both = await toolPair('anthropic')
    const tools = [{ name: 'weather', input_schema: { type: 'object' as const } }]
    const send = (messages: Anthropic.MessageParam[]) => {
      const body = { model: both.model, max_tokens: 9, tools, messages }
      return form === 'whole'
        ? anthropicAt(base).messages.create(body)
        : anthropicAt(base).messages.stream(body).finalMessage()
    }
    const first = await send([{ role: 'user', content: 'hi' }])
    const call = first.content[0]
    if (call?.type !== 'tool_use') throw new Error('no tool call')
    expect(call).toMatchObject({ name: 'weather', input: args })
    const second = await send([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [call] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: '21 °C' }] },
    ])
    expect(second.content).toMatchObject([{ type: 'text', text: SAID }])
    expect([both.a.count(), both.b.count()]).toEqual([1, 2])
  })

  test.each(['whole', 'stream'])('chat, %s', async (form) => {
    const both = await toolPair('openai')
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }]
    const send = (messages: OpenAI.ChatCompletionMessageParam[]) => {
      const body = { model: both.model, messages, tools }
      const { completions } = openAiAt(base).chat
      return form === 'whole' ? completions.create(body) : completions.stream(body).finalChatCompletion()
    }
    const first = (await send([{ role: 'user', content: 'hi' }])).choices[0]
    const call = first?.message.tool_calls?.[0]
    if (call?.type !== 'function') throw new Error('no tool call')
    expect(JSON.parse(call.function.arguments)).toEqual(args)
    const second = await send([
      { role: 'user', content: 'hi' },
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', tool_call_id: call.id, content: '21 °C' },
    ])
    expect(second.choices[0]?.message.content).toBe(SAID)
    expect([both.a.count(), both.b.count()]).toEqual([1, 2])
  })

  test.each(['whole', 'stream'])('responses, %s', async (form) => {
    const both = await toolPair('codex')
    const tools = [{ type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: false }]
    const send = (input: OpenAI.Responses.ResponseInput) => {
      const body = { model: both.model, input, tools }
      const { responses } = openAiAt(base)
      return form === 'whole' ? responses.create(body) : responses.stream(body).finalResponse()
    }
    const first = (await send([{ role: 'user', content: 'hi' }])).output[0]
    if (first?.type !== 'function_call') throw new Error('no tool call')
    expect(JSON.parse(first.arguments)).toEqual(args)
    const second = await send([
      { role: 'user', content: 'hi' },
      first as OpenAI.Responses.ResponseInputItem,
      { type: 'function_call_output', call_id: first.call_id, output: '21 °C' },
    ])
    expect(second.output_text).toBe(SAID)
    expect([both.a.count(), both.b.count()]).toEqual([1, 2])
  })

  test.each(['whole', 'stream'])('gemini, %s', async (form) => {
    const both = await toolPair('gemini')
    const config = { tools: [{ functionDeclarations: [{ name: 'weather' }] }] }
    const send = async (contents: object[]) => {
      const { models } = geminiAt(base)
      const body = { model: both.model, contents, config }
      return form === 'whole' ? [await models.generateContent(body)] : collect(await models.generateContentStream(body))
    }
    const asked = { role: 'user', parts: [{ text: 'hi' }] }
    const [call] = (await send([asked])).flatMap((chunk) => chunk.functionCalls ?? [])
    expect(call).toMatchObject({ name: 'weather', args })
    const second = await send([
      asked,
      { role: 'model', parts: [{ functionCall: call ?? {} }] },
      { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: '21 °C' } } }] },
    ])
    const parts = second.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])
    expect(parts.map((part) => part.text ?? '').join('')).toBe(SAID)
    expect([both.a.count(), both.b.count()]).toEqual([1, 2])
  })
})

test('each SDK lists the models that its own API can use here', async () => {
  const both = await pair('gemini')
  const claude = await pair('anthropic')
  const gpt = await pair('openai')
  const gemini = (await collect(await geminiAt(base).models.list())).map((model) => model.name)
  expect(gemini).toContain(`models/${both.model}`)
  expect(gemini).not.toContain(`models/${claude.model}`)
  const anthropic = (await collect(await anthropicAt(base).models.list())).map((model) => model.id)
  expect(anthropic).toContain(claude.model)
  expect(anthropic).not.toContain(gpt.model)
  const openai = (await collect(await openAiAt(base).models.list())).map((model) => model.id)
  expect(openai).toContain(gpt.model)
  expect(openai).not.toContain(both.model)
})

test('the newest form of the Gemini SDK, which names no version in its address, is served too', async () => {
  const both = await pair('gemini')
  both.a.set({ do: { kind: 'status', status: 500 } })
  const { GoogleGenAI } = await import('@google/genai')
  const { models } = new GoogleGenAI({ apiKey: token, httpOptions: { baseUrl: program.url, apiVersion: 'v1' } })
  expect((await models.generateContent({ model: both.model, contents: 'hi' })).text).toContain('hi')
  const chunks = await collect(await models.generateContentStream({ model: both.model, contents: 'hi' }))
  expect(chunks.map((chunk) => chunk.text ?? '').join('')).toContain('hi')
  expect([both.a.count(), both.b.count()]).toEqual([1, 2])
})
