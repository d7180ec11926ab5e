// What an answer cost, by the running program: large, unreported, hostile, and by prices that change while it runs.
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { LogRow } from '@ccload/contract/logs.ts'
import type { PriceAnswer, PriceList } from '@ccload/contract/prices.ts'
import { type ChannelFields, type Program, startProgram } from './program.ts'

setDefaultTimeout(60_000)

const MB = 1024 * 1024
const SONNET = 'claude-sonnet-4-5'

let program: Program
let token: string
beforeAll(async () => {
  program = await startProgram()
  token = await program.token()
})
afterAll(() => program.stop())
const upstreams: { close(): void }[] = []
afterEach(async () => {
  await program.reset()
  await program.settings({ unpriced_policy: 'allow' })
  for (const one of upstreams.splice(0)) one.close()
})

type Asked = { readonly body: string; readonly headers: Headers }

/** An upstream that answers everything in one way, and remembers what it was asked. */
function upstream(answer: (asked: Asked) => Response) {
  const asked: Asked[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      const one = { body: await request.text(), headers: request.headers }
      asked.push(one)
      return answer(one)
    },
  })
  upstreams.push({ close: () => server.stop(true) })
  return { url: `http://127.0.0.1:${server.port}`, asked }
}

type Channel = Omit<ChannelFields, 'url'> & { readonly cost_multiplier?: number; readonly ask_for_usage?: boolean }

async function channel(url: string, fields: Channel): Promise<void> {
  await program.channel({ url, models: [SONNET], ...fields } as ChannelFields)
}

const PATHS = { anthropic: '/v1/messages', openai: '/v1/chat/completions', codex: '/v1/responses' } as const

type Asking = { readonly path?: string; readonly signal?: AbortSignal; readonly auth?: string }

function ask(body: object, { path = PATHS.anthropic, signal, auth = token }: Asking = {}): Promise<Response> {
  return fetch(`${program.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${auth}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: SONNET, messages: [{ role: 'user', content: 'Say hello to the world.' }], ...body }),
    ...(signal && { signal }),
  })
}

async function rowOf(answer: Response): Promise<LogRow> {
  const id = answer.headers.get('x-ccload-request-id')
  for (let left = 100; left > 0; left--) {
    const [row] = await program.logs(`request_id=${id}`)
    if (row) return row
    await Bun.sleep(20)
  }
  throw new Error('no row')
}

function message(text: string, usage: object = { input_tokens: 1_000, output_tokens: 500 }): object {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: SONNET,
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage,
  }
}

function events(...data: readonly (object | string)[]): Response {
  const lines = data.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`)
  return new Response(lines.join(''), { headers: { 'content-type': 'text/event-stream' } })
}

describe('an answer of 20 MB', () => {
  const CODINGS = {
    identity: (bytes: Uint8Array) => bytes,
    gzip: (bytes: Uint8Array) => gzipSync(bytes, { level: 1 }),
    br: (bytes: Uint8Array) => brotliCompressSync(bytes, { params: { 1: 1 } }),
    zstd: (bytes: Uint8Array) => zstdCompressSync(bytes),
  } as const

  test.each(Object.keys(CODINGS) as (keyof typeof CODINGS)[])(
    '%s: goes through untouched, and its usage is known',
    async (coding) => {
      const noise = crypto
        .getRandomValues(new Uint8Array(64 * 1024))
        .toBase64()
        .replaceAll('A', '\\"')
      const plain = new TextEncoder().encode(JSON.stringify(message(noise.repeat(Math.ceil((20 * MB) / noise.length)))))
      const wire = CODINGS[coding](plain)
      const headers = { 'content-type': 'application/json', 'content-encoding': coding }
      const { url } = upstream(() => new Response(wire as Uint8Array<ArrayBuffer>, { headers }))
      await channel(url, { channel_type: 'anthropic' })
      const answer = await ask({})
      expect(await answer.bytes()).toEqual(plain)
      expect(await rowOf(answer)).toMatchObject({
        ...{
          status_code: 200,
          input_tokens: 1_000,
          output_tokens: 500,
          usage_state: 'seen',
          cost: 0.0105,
          message: 'ok',
        },
      })
    },
  )

  test('a JSON array that Gemini streams, with an image in it', async () => {
    const text = 'x'.repeat(1_000)
    const piece = (n: number) => ({
      candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }],
      usageMetadata: { promptTokenCount: 2_000, candidatesTokenCount: n, totalTokenCount: 2_000 + n },
    })
    const image = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo'.repeat(400_000) } }
    const last = { ...piece(90_000), candidates: [{ content: { parts: [image] }, finishReason: 'STOP', index: 0 }] }
    const pieces = [...Array.from({ length: 14_000 }, (_, n) => piece(n)), last]
    const body = `[${pieces.map((one) => JSON.stringify(one)).join(',\r\n')}]`
    const { url } = upstream(() => new Response(body, { headers: { 'content-type': 'application/json' } }))
    await channel(url, { channel_type: 'gemini', models: ['gemini-2.5-flash'] })
    const answer = await ask({}, { path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent' })
    expect(await answer.text()).toBe(body)
    // 2,000 in at 0.30 USD a million, 90,000 out at 2.50.
    expect(await rowOf(answer)).toMatchObject({
      input_tokens: 2_000,
      output_tokens: 90_000,
      cost: 0.2256,
      message: 'ok',
    })
  })

  test('one that breaks off never looks whole', async () => {
    const text = JSON.stringify(message('y'.repeat(6 * MB))).slice(0, -100)
    const { url } = upstream(() => new Response(text, { headers: { 'content-type': 'application/json' } }))
    await channel(url, { channel_type: 'anthropic' })
    const answer = await ask({})
    expect(await answer.text().catch(() => 'cut')).toBe('cut')
    expect(await rowOf(answer)).toMatchObject({ usage_state: 'estimated', message: expect.stringContaining('end') })
  })
})

const CHAT = { stream: true, model: 'gpt-4o' }
const piece = (content: string) => ({
  ...{ id: 'c', object: 'chat.completion.chunk', model: 'gpt-4o', usage: null },
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})
const finish = { ...piece(''), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
const usageChunk = {
  ...piece(''),
  choices: [],
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
}

describe('a chat that streams without usage', () => {
  test('is estimated, input and output, and says so', async () => {
    const { url } = upstream(() =>
      events(...'Hello to the whole wide world!'.split(/(?= )/).map(piece), finish, '[DONE]'),
    )
    await channel(url, { channel_type: 'openai', models: ['gpt-4o'] })
    const answer = await ask(CHAT, { path: PATHS.openai })
    await answer.text()
    const row = await rowOf(answer)
    expect(row).toMatchObject({ usage_state: 'estimated', cost_parts: { estimated: true, unpriced: false } })
    expect(row.input_tokens).toBeWithin(5, 30)
    expect(row.output_tokens).toBeWithin(5, 13)
    expect(row.cost).toBeGreaterThan(0)
  })

  test('is asked for its usage by a channel that is told to, and the client sees nothing of it', async () => {
    const parts = [piece('Hel'), piece('lo'), finish]
    const { url, asked } = upstream(() => events(...parts, usageChunk, '[DONE]'))
    await channel(url, { channel_type: 'openai', models: ['gpt-4o'], ask_for_usage: true })
    const answer = await ask(CHAT, { path: PATHS.openai })
    expect(await answer.text()).toBe(await events(...parts, '[DONE]').text())
    expect(asked[0]?.body).toStartWith('{"stream_options":{"include_usage":true},"model":"gpt-4o"')
    expect(asked[0]?.headers.get('accept-encoding')).toBe('identity')
    expect(await rowOf(answer)).toMatchObject({
      input_tokens: 100,
      output_tokens: 20,
      usage_state: 'seen',
      cost: 0.00045,
    })
  })

  test('that asks itself gets what it asked for', async () => {
    const parts = [piece('Hello'), finish, usageChunk, '[DONE]']
    const { url, asked } = upstream(() => events(...parts))
    await channel(url, { channel_type: 'openai', models: ['gpt-4o'], ask_for_usage: true })
    const answer = await ask({ ...CHAT, stream_options: { include_usage: true } }, { path: PATHS.openai })
    expect(await answer.text()).toBe(await events(...parts).text())
    expect(asked[0]?.body).not.toStartWith('{"stream_options"')
  })
})

describe('a stream that ends early', () => {
  test('that the client leaves is charged by what was seen', async () => {
    const words = Array.from({ length: 40 }, (_, n) => ({
      type: 'response.output_text.delta',
      delta: ` word number ${n}`,
    }))
    const head = await events(
      { type: 'response.created', response: { id: 'r', status: 'in_progress' } },
      ...words,
    ).text()
    const endless = () =>
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(head)),
      })
    const { url } = upstream(() => new Response(endless(), { headers: { 'content-type': 'text/event-stream' } }))
    await channel(url, { channel_type: 'codex', models: ['gpt-5'] })
    const stop = new AbortController()
    const answer = await ask({ model: 'gpt-5', stream: true }, { path: PATHS.codex, signal: stop.signal })
    await answer.body?.getReader().read()
    stop.abort()
    const row = await rowOf(answer)
    expect(row).toMatchObject({ status_code: 499, usage_state: 'estimated' })
    expect(row.output_tokens).toBeWithin(80, 200) // 40 times " word number n"
    expect(row.input_tokens).toBeGreaterThan(3)
  })
})

describe('hostile counts', () => {
  test.each([-1, '"NaN"', 1e308, 2 ** 63].map(String).concat('1e309'))(
    '%s costs what is possible, and is flagged',
    async (count) => {
      const body = JSON.stringify(message('hello there')).replace('"input_tokens":1000', `"input_tokens":${count}`)
      const { url } = upstream(() => new Response(body, { headers: { 'content-type': 'application/json' } }))
      await channel(url, { channel_type: 'anthropic' })
      const answer = await ask({})
      await answer.text()
      const row = await rowOf(answer)
      expect(row.cost_parts?.clamped).toBe(true)
      expect(row.input_tokens).toBeWithin(1, 2 ** 31)
      expect(Number.isFinite(row.cost) && row.cost >= 0).toBe(true)
    },
  )
})

describe('what a channel and a tier make of a price', () => {
  test.each([
    [0, 0],
    [0.5, 0.00525],
    [1.5, 0.01575],
  ])('a multiplier of %p makes 0.0105 USD %p', async (multiplier, cost) => {
    const { url } = upstream(() => Response.json(message('hi')))
    await channel(url, { channel_type: 'anthropic', cost_multiplier: multiplier })
    const answer = await ask({})
    await answer.text()
    expect(await rowOf(answer)).toMatchObject({ cost, cost_parts: { multiplier, unpriced: false } })
  })

  test('the tier and the searches that the upstream reports are charged', async () => {
    const usage = {
      input_tokens: 1_000,
      output_tokens: 0,
      service_tier: 'batch',
      server_tool_use: { web_search_requests: 2 },
    }
    const { url } = upstream(() => Response.json(message('hi', usage)))
    await channel(url, { channel_type: 'anthropic' })
    const answer = await ask({})
    await answer.text()
    const row = await rowOf(answer)
    expect(row).toMatchObject({ cost: 0.0215, cost_parts: { tier: 'batch' } })
    expect(row.cost_parts?.parts).toEqual([
      { what: 'input', count: 1_000, price: 1.5, cost: 0.0015 },
      { what: 'web-search', count: 2, price: 0.01, cost: 0.02 },
    ])
  })
})

describe('prices', () => {
  const unknown = 'house-model-1'

  async function askUnknown(auth = token): Promise<Response> {
    const { url } = upstream(() => Response.json(message('hi')))
    await channel(url, { channel_type: 'anthropic', models: [unknown] })
    const answer = await ask({ model: unknown }, { auth })
    await answer.text()
    return answer
  }

  test('a model without one is flagged, and costs what it is told to from the next request on', async () => {
    const before = await rowOf(await askUnknown())
    expect(before).toMatchObject({ cost: 0, cost_parts: { unpriced: true, parts: [] } })
    const saved = await program.admin<PriceAnswer>('PUT', `/prices/${unknown}`, { input: 1, output: 2 })
    expect(saved.json.data).toMatchObject({ source: 'override', rates: { input: 1, output: 2, cache_read: 0.1 } })
    await program.reset()
    expect(await rowOf(await askUnknown())).toMatchObject({ cost: 0.002, cost_parts: { unpriced: false } })
    expect((await program.admin('DELETE', `/prices/${unknown}`)).status).toBe(200)
    await program.reset()
    expect(await rowOf(await askUnknown())).toMatchObject({ cost: 0, cost_parts: { unpriced: true } })
  })

  test('that were set and imported are there after a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ccload-prices-'))
    try {
      const sqlitePath = join(folder, 'ccload.db')
      const first = await startProgram({ sqlitePath })
      const feed = { date: '2026-11-20', prices: [{ model: 'fed-model', input: 1, output: 2 }] }
      const imported = await first.admin('POST', '/prices/feed', feed)
      await first.admin('PUT', '/prices/set-model', { input: 3, output: 4 })
      await first.stop()
      const second = await startProgram({ sqlitePath })
      const { json } = await second.admin<PriceList>('GET', '/prices')
      await second.stop()
      expect(imported.status).toBe(200)
      expect(json.data.feed).toMatchObject({ date: '2026-11-20', models: 1 })
      expect(json.data.prices.filter(({ model }) => /^(fed|set)-model$/.test(model))).toMatchObject([
        { model: 'fed-model', source: 'feed' },
        { model: 'set-model', source: 'override' },
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('are all listed, those of offered models first', async () => {
    await channel('http://127.0.0.1:1', { models: [unknown, 'anthropic/claude-sonnet-4.5'] })
    const { json } = await program.admin<PriceList>('GET', '/prices')
    expect(json.data.prices.slice(0, 2)).toMatchObject([
      { model: 'anthropic/claude-sonnet-4.5', source: 'builtin', priced_as: SONNET, is_offered: true },
      { model: unknown, source: 'none', is_offered: true },
    ])
    expect(json.data.prices.length).toBeGreaterThan(500)
    const one = await program.admin('GET', `/prices/${encodeURIComponent('anthropic/claude-sonnet-4.5')}`)
    expect(one.json.data).toMatchObject({ priced_as: SONNET, names: expect.arrayContaining([SONNET]) })
  })

  test('where costs are limited a model without one is refused, if the operator wants it so', async () => {
    await program.settings({ unpriced_policy: 'refuse' })
    const limited = await program.token({ cost_limit_usd: 1 })
    const refused = await askUnknown(limited)
    expect(refused.status).toBe(403)
    await program.reset()
    expect((await askUnknown()).status).toBe(200) // nothing is limited
    await program.admin('PUT', `/prices/${unknown}`, { input: 1, output: 2 })
    await program.reset()
    expect((await askUnknown(limited)).status).toBe(200)
    await program.admin('DELETE', `/prices/${unknown}`)
  })
})
