// Signs of life for clients that wait for a stream: what they see, byte for byte, and what becomes of the request.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import zlib from 'node:zlib'
import { requestOf } from '../faultlab/apis.ts'
import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type ChannelFields, type Program, startProgram } from './program.ts'
import { CALLERS } from './sdk-callers.ts'

setDefaultTimeout(20_000)

const PING = 'event: ping\ndata: {"type": "ping"}\n\n'
const COMMENT = ': keep-alive\n\n'
const BEARS = [
  ['messages', 'anthropic', PING],
  ['chat', 'openai', COMMENT],
  ['responses', 'codex', COMMENT],
] as const
const LATE: Behaviour = { kind: 'delay-headers', ms: 1_400 }
const ILL: Behaviour = { kind: 'status', status: 503, message: 'not now' }
const TEXT = 'said é🌍 in the end'
const SAID: Behaviour = { kind: 'ok', text: TEXT, pieces: 3 }

let program: Program
let token = ''

beforeAll(async () => {
  program = await startProgram()
  token = await program.token()
  await program.settings({ keep_alive_seconds: '1', retry_budget_min_requests: '100000' })
})
afterAll(async () => {
  await program.stop()
})

type Api = 'messages' | 'chat' | 'responses' | 'gemini'
type Seen = {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  readonly isCut: boolean
  /** From the request to the headers, ms. */
  readonly headMs: number
}

/** Two channels of its own for each test, so that many can wait at the same time. `a` is asked first. */
type Stage = { readonly model: string; readonly a: Mock; readonly b: Mock; [Symbol.dispose](): void }

let stages = 0

async function stage(type: NonNullable<ChannelFields['channel_type']>): Promise<Stage> {
  const model = `kept-${++stages}`
  const [a, b] = [await startMock(), await startMock()]
  for (const [mock, priority] of [
    [a, 10],
    [b, 1],
  ] as const)
    await program.channel({ url: mock.url, channel_type: type, priority, models: [model] })
  const close = (): void => {
    a.close()
    b.close()
  }
  return { model, a, b, [Symbol.dispose]: close }
}

async function ask({ model }: Pick<Stage, 'model'>, api: Api, form: 'stream' | 'whole' = 'stream'): Promise<Seen> {
  const { path, body } = requestOf(api, form, model)
  const startMs = performance.now()
  const answer = await fetch(`${program.url}${path}`, {
    method: 'POST',
    body,
    decompress: false,
    headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip, br' },
  })
  const headMs = performance.now() - startMs
  const chunks: Uint8Array[] = []
  let isCut = false
  try {
    for await (const chunk of answer.body ?? []) chunks.push(chunk)
  } catch {
    isCut = true
  }
  const { status, headers } = answer
  return { status, headers, body: Buffer.concat(chunks).toString(), isCut, headMs }
}

const DECODE = {
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
}

const sent = (mock: Mock): string => Buffer.from(mock.calls[0]?.answerBody ?? []).toString()
const running = async ({ model }: Stage): Promise<number> => {
  const { json } = await program.admin<readonly { readonly model: string }[]>('GET', '/active-requests')
  return json.data.filter((one) => one.model === model).length
}

describe.each(BEARS)('%s', (api, type, sign) => {
  test.concurrent('a client that waits over two channels gets signs of life, then the bytes of the answer as they came', async () => {
    using on = await stage(type)
    on.a.set({ do: [ILL, LATE] })
    on.b.set({ do: [SAID, { kind: 'delay-headers', ms: 900 }] })
    const seen = await ask(on, api)
    expect([seen.status, seen.isCut, seen.body]).toEqual([200, false, `${sign}${sign}${sent(on.b)}`])
    expect(seen.headers.get('content-type')).toStartWith('text/event-stream')
    expect(seen.headers.get('x-ccload-request-id')).toBeTruthy()
    expect(seen.headMs).toBeWithin(950, 1_300)
    expect(on.a.count() + on.b.count()).toBe(2)
    const rows = await program.logs(`request_id=${seen.headers.get('x-ccload-request-id')}`)
    expect(rows.map((row) => row.status_code).toSorted()).toEqual([200, 503])
  })

  test.concurrent('what fails after the first sign is an error event and a cut, and the rows say what it was', async () => {
    using on = await stage(type)
    on.a.set({ do: [ILL, LATE] })
    on.b.set({ do: ILL })
    const seen = await ask(on, api)
    expect([seen.status, seen.isCut]).toEqual([200, true])
    expect(seen.body.startsWith(`${sign}`)).toBe(true)
    const data: unknown = JSON.parse(/data: (\{.*"error".*\})\n\n$/.exec(seen.body)?.[1] ?? 'null')
    expect(JSON.stringify(data)).toContain('not now')
    const rows = await program.logs(`request_id=${seen.headers.get('x-ccload-request-id')}`)
    expect(rows.map((row) => row.status_code).toSorted()).toEqual([503, 503, 503])
    expect(await running(on)).toBe(0)
  })

  test.concurrent('an answer in time is untouched: status, headers and bytes', async () => {
    using on = await stage(type)
    on.a.set({ do: { kind: 'ok', headers: { 'x-from-upstream': 'yes' } } })
    const seen = await ask(on, api)
    expect([seen.status, seen.body, seen.headers.get('x-from-upstream')]).toEqual([200, sent(on.a), 'yes'])
  })

  test.concurrent('an error in time keeps its status', async () => {
    using on = await stage(type)
    on.a.set({ do: ILL })
    on.b.set({ do: ILL })
    const seen = await ask(on, api)
    expect([seen.status, seen.isCut, seen.body]).toEqual([503, false, sent(on.b)])
  })

  test.concurrent('who asked for a whole answer gets no sign', async () => {
    using on = await stage(type)
    on.a.set({ do: [SAID, LATE] })
    const seen = await ask(on, api, 'whole')
    expect([seen.status, seen.body]).toEqual([200, sent(on.a)])
    expect(seen.headMs).toBeGreaterThan(1_350)
  })

  test.concurrent('an answer that breaks off after the signs breaks off visibly', async () => {
    using on = await stage(type)
    const bytes = { messages: 800, chat: 700, responses: 2_300 }[api]
    on.a.set({ do: [SAID, LATE, { kind: 'cut-after-bytes', bytes }] })
    const seen = await ask(on, api)
    expect([seen.status, seen.isCut]).toEqual([200, true])
    expect(seen.body.startsWith(sign)).toBe(true)
    expect(seen.body).toContain('The upstream broke off')
  })

  test.concurrent('an answer that is no stream cannot follow: an error event and a cut, nothing is converted', async () => {
    using on = await stage(type)
    on.a.set({ do: [SAID, { kind: 'swap-streaming' }, LATE] })
    const seen = await ask(on, api)
    expect([seen.status, seen.isCut]).toEqual([200, true])
    expect(seen.body).toContain('no stream')
    expect(seen.body).not.toContain('in the end')
  })

  test.concurrent('the upstream is asked for an answer without encoding', async () => {
    using on = await stage(type)
    on.a.set({ do: SAID })
    await ask(on, api)
    expect(on.a.calls[0]?.headers.find(([name]) => name.toLowerCase() === 'accept-encoding')?.[1]).toBe('identity')
  })

  test.concurrent.each(Object.entries(DECODE))(
    'one that encodes all the same, %s, is decoded',
    async (coding, decode) => {
      using on = await stage(type)
      on.a.set({ do: [SAID, { kind: 'encoding', coding: coding as keyof typeof DECODE }, LATE] })
      const seen = await ask(on, api)
      const plain = decode(on.a.calls[0]?.answerBody ?? new Uint8Array()).toString()
      expect(plain).toContain('é')
      expect([seen.isCut, seen.headers.get('content-encoding'), seen.body]).toEqual([false, null, `${sign}${plain}`])
    },
  )

  test.concurrent('who leaves after a sign: the upstream is left within 100 ms, nothing runs on', async () => {
    using on = await stage(type)
    on.a.set({ do: { kind: 'hang', when: 'before-headers' } })
    const { path, body } = requestOf(api, 'stream', on.model)
    const stop = new AbortController()
    const answer = await fetch(`${program.url}${path}`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${token}` },
      signal: stop.signal,
    })
    const first = await answer.body?.getReader().read()
    expect(Buffer.from(first?.value ?? []).toString()).toBe(sign)
    const leftAtMs = Date.now()
    stop.abort()
    await on.a.until((calls) => calls[0]?.closedEarlyAtMs !== undefined)
    expect((on.a.calls[0]?.closedEarlyAtMs ?? Number.POSITIVE_INFINITY) - leftAtMs).toBeLessThanOrEqual(300)
    expect(on.b.count()).toBe(0)
    expect(await running(on)).toBe(0)
    const [row] = await program.logs(`request_id=${answer.headers.get('x-ccload-request-id')}`)
    expect(row?.status_code).toBe(499)
  })
})

describe('Gemini', () => {
  test.concurrent('never gets a sign: its clients break on one', async () => {
    using on = await stage('gemini')
    on.a.set({ do: [SAID, { kind: 'delay-headers', ms: 2_300 }] })
    const seen = await ask(on, 'gemini')
    expect([seen.status, seen.body]).toEqual([200, sent(on.a)])
    expect(seen.headMs).toBeGreaterThan(2_200)
  })

  test.concurrent('so its errors keep their status', async () => {
    using on = await stage('gemini')
    on.a.set({ do: [ILL, LATE] })
    on.b.set({ do: ILL })
    const seen = await ask(on, 'gemini')
    expect([seen.status, seen.body]).toEqual([503, sent(on.b)])
  })
})

describe("the vendors' own SDKs", () => {
  const streams = CALLERS.filter(({ form, type }) => form === 'stream' && type !== 'gemini')

  test.concurrent.each(streams.map((caller) => [caller.name, caller] as const))(
    '%s: see the answer alone',
    async (_, caller) => {
      using on = await stage(caller.type)
      on.a.set({ do: [SAID, { kind: 'delay-headers', ms: 2_300 }] })
      const answer = await caller.call({ url: program.url, key: token }, on.model)
      expect(JSON.stringify(answer)).toContain('é🌍')
    },
  )

  test.concurrent.each(streams.map((caller) => [caller.name, caller] as const))(
    '%s: see the error as one',
    async (_, caller) => {
      using on = await stage(caller.type)
      on.a.set({ do: [ILL, LATE] })
      on.b.set({ do: ILL })
      await expect(caller.call({ url: program.url, key: token }, on.model)).rejects.toThrow(/not now/)
    },
  )
})

describe('the setting', () => {
  test('off, which it is as installed, a waiting client hears nothing and an error keeps its status', async () => {
    await program.settings({ keep_alive_seconds: '0' })
    try {
      using on = await stage('anthropic')
      on.a.set({ do: [ILL, LATE] })
      on.b.set({ do: ILL })
      const seen = await ask(on, 'messages')
      expect([seen.status, seen.body]).toEqual([503, sent(on.b)])
      expect(on.a.calls[0]?.headers.find(([name]) => name.toLowerCase() === 'accept-encoding')?.[1]).toBe('gzip, br')
    } finally {
      await program.settings({ keep_alive_seconds: '1' })
    }
  })

  test('on, who waits for a free place gets signs too', async () => {
    await program.settings({ max_concurrency: '1' })
    try {
      using on = await stage('anthropic')
      on.a.set({ do: [SAID, { kind: 'delay-headers', ms: 1_600 }] })
      const [first, second] = await Promise.all([ask(on, 'messages'), ask(on, 'messages')])
      const signs = [first, second].map(({ body }) => body.split(PING).length - 1).toSorted()
      expect(signs[0]).toBe(1)
      expect(signs[1]).toBeGreaterThanOrEqual(2)
      expect([first, second].map(({ body }) => body.endsWith(sent(on.a)))).toEqual([true, true])
      expect(await running(on)).toBe(0)
    } finally {
      await program.settings({ max_concurrency: '0' })
    }
  })
})

test('a stop waits for a client that has had signs only, and it has its answer', async () => {
  const mock = await startMock({ rules: [{ do: [SAID, { kind: 'delay-headers', ms: 2_500 }] }] })
  const stopping = await startProgram({ env: { CCLOAD_SHUTDOWN_GRACE: '10' } })
  await stopping.settings({ keep_alive_seconds: '1' })
  await stopping.channel({ url: mock.url })
  const with_ = await stopping.token()
  const { path, body } = requestOf('messages', 'stream', 'm')
  const answer = await fetch(`${stopping.url}${path}`, { method: 'POST', body, headers: { 'x-api-key': with_ } })
  const stopped = stopping.stop()
  expect(await answer.text()).toBe(`${PING}${PING}${sent(mock)}`)
  expect(await stopped).toBe(0)
  mock.close()
})
