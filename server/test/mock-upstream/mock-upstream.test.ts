import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { type Behaviour, HOSTILE_HEADERS, SOFT_ERROR_FORMS } from './behaviour.ts'
import { dechunk, type Ending, postBytes, RawClient, readAnswer } from './raw-client.ts'
import { type Mock, startMock } from './start-mock.ts'

let mock: Mock

beforeAll(async () => {
  mock = await startMock()
})
beforeEach(() => mock.reset())
afterAll(() => mock.close())

const API_ASKS = {
  messages: ['/v1/messages', { model: 'm', messages: [{ role: 'user', content: 'hi' }] }],
  chat: ['/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hi' }] }],
  completions: ['/v1/completions', { model: 'm', prompt: 'hi' }],
  responses: ['/v1/responses', { model: 'm', input: 'hi' }],
} as const
const GEMINI = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }
const [CHAT_PATH, CHAT] = API_ASKS.chat
const WHOLE = postBytes(CHAT_PATH, CHAT)
const STREAM = postBytes(CHAT_PATH, { ...CHAT, stream: true })

type Seen = { readonly received: Buffer; readonly ending: Ending; readonly client: RawClient }

/** Sends a request and reads until the mock ends the connection. */
async function askUntilEnd(request: Uint8Array | string, port = mock.port): Promise<Seen> {
  const client = await RawClient.connect(port)
  client.send(request)
  const ending = await client.ended
  return { received: client.received, ending, client }
}

/** Sends a request, reads until `isSo`, and leaves. */
async function askUntil(request: Uint8Array | string, isSo: (received: Buffer) => boolean): Promise<RawClient> {
  const client = await RawClient.connect(mock.port)
  client.send(request)
  await client.until(isSo)
  client.leave()
  return client
}

const hasLastChunk = (received: Buffer) => received.includes('0\r\n\r\n')
const has = (text: string) => (received: Buffer) => received.includes(text)

function say(...behaviours: [Behaviour, ...Behaviour[]]): void {
  mock.set({ do: behaviours })
}

function post(path: string, body: unknown, init: BunFetchRequestInit = {}): Promise<Response> {
  return fetch(`${mock.url}${path}`, { method: 'POST', body: JSON.stringify(body), ...init })
}

const streamText = async (path: string, body: object) => (await post(path, { ...body, stream: true })).text()

describe('calls', () => {
  test('are noted exactly as they came: target, casing and order of headers, bytes of the body', async () => {
    const body = '{"model":"m", "messages":[]}'
    const client = await RawClient.connect(mock.port)
    client.send(
      `POST /v1/messages?beta=true&x=%2F HTTP/1.1\r\nhOST: a\r\nX-Api-Key: sk-1\r\nX-Twice: 1\r\nX-Twice:2\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await client.until(has('stop_reason'))
    client.leave()
    const [call] = mock.calls
    expect(call).toMatchObject({ method: 'POST', path: '/v1/messages?beta=true&x=%2F', key: 'sk-1' })
    expect(call?.headers.slice(0, 4)).toEqual([
      ['hOST', 'a'],
      ['X-Api-Key', 'sk-1'],
      ['X-Twice', '1'],
      ['X-Twice', '2'],
    ])
    expect(call?.rawHead).toContain('X-Twice:2\r\n')
    expect(Buffer.from(call?.body ?? []).toString()).toBe(body)
    expect(call?.sha256).toBe(createHash('sha256').update(body).digest('hex'))
    expect(Math.abs(Date.now() - (call?.atMs ?? 0))).toBeLessThan(5_000)
  })

  test('have their chunked coding taken off, wherever the network cuts them', async () => {
    const client = await RawClient.connect(mock.port)
    const text =
      'POST /v1/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n{"mod\r\n9\r\nel":"m"}\n\r\n0\r\nX-T: 1\r\n\r\n'
    for (const byte of Buffer.from(text)) client.send(Uint8Array.of(byte))
    await client.until(has('stop_reason'))
    client.leave()
    expect(Buffer.from(mock.calls[0]?.body ?? []).toString()).toBe('{"model":"m"}\n')
  })

  test.each([
    ['authorization', { Authorization: 'Bearer k1' }, ''],
    ['x-api-key', { 'x-api-key': 'k1' }, ''],
    ['x-goog-api-key', { 'x-goog-api-key': 'k1' }, ''],
    ['the query', {}, '?key=k1&alt=sse'],
  ])('tell the key from %s', async (_where, headers, query) => {
    await (await post(`/v1/messages${query}`, {}, { headers })).text()
    expect(mock.calls[0]?.key).toBe('k1')
  })

  test('are counted by key and by path', async () => {
    const bearer = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } })
    await (await post('/v1/messages', {}, bearer('a'))).text()
    await (await post('/v1/messages', {}, bearer('b'))).text()
    await (await post('/v1/embeddings', { input: 'x' }, bearer('b'))).text()
    expect([mock.count(), mock.count({ key: 'b' }), mock.count({ path: '/v1/messages' })]).toEqual([3, 2, 2])
    expect(mock.count({ key: 'b', path: '/v1/messages' })).toBe(1)
    mock.reset()
    expect([mock.count(), mock.count({ key: 'b' })]).toEqual([0, 0])
  })

  test('name the connection, so that its reuse can be seen; pipelined requests are answered in order', async () => {
    const client = await RawClient.connect(mock.port)
    client.send(Buffer.concat([WHOLE, WHOLE]))
    await client.until((received) => received.toString().split('chat.completion').length === 3)
    client.leave()
    expect(new Set(mock.calls.map((call) => call.connection)).size).toBe(1)
    expect(mock.count()).toBe(2)
  })

  test('tell when the client hung up before the answer was complete, and only then', async () => {
    say({ kind: 'hang', when: 'mid-stream' })
    await askUntil(STREAM, has('content'))
    await mock.until(([call]) => call?.closedEarlyAtMs !== undefined)
    mock.reset()
    await askUntil(STREAM, hasLastChunk)
    await mock.until(([call]) => call?.answeredAtMs !== undefined)
    expect(mock.calls[0]?.closedEarlyAtMs).toBeUndefined()
  })

  test('keep the body of the answer as the client should have it', async () => {
    say({ kind: 'encoding', coding: 'br' })
    const answer = await post(CHAT_PATH, { ...CHAT, stream: true }, { decompress: false })
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(mock.calls[0]?.answerBody ?? []))
  })

  test('show how much was sent: a client that does not read stops the mock', async () => {
    say({ kind: 'ok', text: 'x'.repeat(30_000_000), pieces: 30 })
    const client = await RawClient.connect(mock.port)
    client.pause()
    client.send(STREAM)
    await mock.until(([call]) => (call?.wireBytes ?? 0) > 100_000)
    expect(mock.calls[0]?.wireBytes).toBeLessThan(29_000_000)
    client.resume()
    await client.untilBytes(30_000_000)
    client.leave()
  })

  test('that are no HTTP are refused', async () => {
    const { received, ending } = await askUntilEnd('HELLO\r\n\r\n')
    expect([readAnswer(received).status, ending, mock.count()]).toEqual([400, 'fin', 0])
  })
})

describe('happy answers', () => {
  test('are the same for the same question, another for another, and differ between mocks', async () => {
    const [other, ask] = [await startMock(), { ...CHAT, stream: true }]
    const first = await (await post(CHAT_PATH, ask, { headers: { Authorization: 'Bearer a' } })).text()
    const again = await (await post(CHAT_PATH, ask, { headers: { Authorization: 'Bearer b' } })).text()
    const elsewhere = await fetch(`${other.url}${CHAT_PATH}`, { method: 'POST', body: JSON.stringify(ask) })
    expect(again).toBe(first)
    expect(await elsewhere.text()).not.toBe(first)
    expect(await streamText(CHAT_PATH, { ...CHAT, model: 'n' })).not.toBe(first)
    other.close()
  })

  test('of a Gemini stream are events with ?alt=sse, and an array without', async () => {
    const path = '/v1beta/models/g:streamGenerateContent'
    const sse = await post(`${path}?alt=sse`, GEMINI)
    expect(sse.headers.get('content-type')).toStartWith('text/event-stream')
    expect(await sse.text()).toStartWith('data: {"candidates"')
    const array = await post(path, GEMINI)
    expect(array.headers.get('content-type')).toStartWith('application/json')
    const chunks = (await array.json()) as { candidates: { content: { parts: { text: string }[] } }[] }[]
    expect(chunks.map((chunk) => chunk.candidates[0]?.content.parts[0]?.text).join('')).toBe('Echo 你好 🌍: hi')
  })

  test('never call a tool that was not offered', async () => {
    say({ kind: 'tool', name: 'weather' })
    expect(await (await post(CHAT_PATH, CHAT)).text()).not.toContain('tool_calls')
  })

  test('of unknown paths and methods are errors in the dialect of the path', async () => {
    const unknown = await post('/v1/nothing', {})
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { type: 'invalid_request_error' } }])
    const get = await fetch(`${mock.url}/v1/messages`)
    expect([get.status, await get.json()]).toMatchObject([405, { type: 'error' }])
  })
})

describe('rules', () => {
  const statusOf = async (key: string, path = '/v1/messages') => {
    const answer = await post(path, {}, { headers: { Authorization: `Bearer ${key}` } })
    await answer.text()
    return answer.status
  }

  test('fit by key and path, in order, and are spent after `times`', async () => {
    mock.set(
      { key: 'a', times: 2, do: { kind: 'status', status: 500 } },
      { key: 'a', times: 1, do: { kind: 'status', status: 429 } },
      { path: '/v1/resp', do: { kind: 'status', status: 403 } },
    )
    const seen = [
      await statusOf('a'),
      await statusOf('b'),
      await statusOf('a'),
      await statusOf('a'),
      await statusOf('a'),
    ]
    expect(seen).toEqual([500, 200, 500, 429, 200])
    expect(await statusOf('a', '/v1/responses')).toBe(403)
  })

  test('with `every` hit each n-th call', async () => {
    mock.set({ every: 3, do: { kind: 'status', status: 500 } })
    const seen: number[] = []
    for (let call = 0; call < 6; call++) seen.push(await statusOf('a'))
    expect(seen).toEqual([200, 200, 500, 200, 200, 500])
  })

  test('that name an unknown behaviour or field are refused in words', () => {
    expect(() => mock.set({ do: { kind: 'nap' } } as never)).toThrow(/do/)
    expect(() => mock.set({ do: { kind: 'stall', ms: 1, mss: 2 } } as never)).toThrow(/mss/)
  })

  test('compose from left to right', async () => {
    say(
      { kind: 'ok', text: '好'.repeat(500), pieces: 9 },
      { kind: 'encoding', coding: 'gzip' },
      { kind: 'cut-after-bytes', bytes: 60, how: 'rst' },
    )
    const { received, ending } = await askUntilEnd(STREAM)
    expect([dechunk(readAnswer(received).rest).body.length, ending]).toEqual([60, 'rst'])
  })
})

describe('status', () => {
  test('comes with any code, body and headers', async () => {
    say({
      kind: 'status',
      status: 429,
      body: { a: 1 },
      headers: { 'Retry-After': '7', 'Content-Type': 'application/x' },
    })
    const answer = await post(CHAT_PATH, CHAT)
    expect([answer.status, await answer.json()]).toEqual([429, { a: 1 }])
    expect([answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual(['7', 'application/x'])
  })

  test.each([
    ['/v1/messages', { type: 'error', error: { type: 'overloaded_error' } }],
    ['/v1/chat/completions', { error: { type: 'server_error' } }],
    ['/v1/responses', { error: { type: 'server_error' } }],
    ['/v1beta/models/g:generateContent', { error: { code: 529 } }],
  ])('speaks the dialect of %s by default', async (path, body) => {
    say({ kind: 'status', status: 529 })
    expect((await (await post(path, {})).json()) as object).toMatchObject(body)
  })

  test('as a redirect names any place', async () => {
    for (const status of [301, 302, 307] as const) {
      say({ kind: 'redirect', status, location: 'http://127.0.0.1:1/elsewhere' })
      const answer = await post(CHAT_PATH, CHAT, { redirect: 'manual' })
      expect([answer.status, answer.headers.get('location')]).toEqual([status, 'http://127.0.0.1:1/elsewhere'])
    }
  })
})

describe('delays', () => {
  /** Ms from the request to the first byte, and from there to the last. */
  async function timing(request: Uint8Array, isSo = hasLastChunk): Promise<readonly [number, number]> {
    const sentAtMs = performance.now()
    const { reads } = await askUntil(request, isSo)
    const firstAtMs = reads[0]?.atMs ?? 0
    return [firstAtMs - sentAtMs, (reads.at(-1)?.atMs ?? 0) - firstAtMs]
  }

  test('before the headers', async () => {
    say({ kind: 'delay-headers', ms: 60 })
    expect((await timing(STREAM))[0]).toBeGreaterThanOrEqual(55)
  })

  test('between headers and body', async () => {
    say({ kind: 'delay-body', ms: 60 })
    expect((await timing(WHOLE, has('chat.completion')))[1]).toBeGreaterThanOrEqual(55)
  })

  test('before the first token: what says nothing comes at once, pings meanwhile', async () => {
    say({ kind: 'first-token-delay', ms: 70, pingEveryMs: 20 })
    const [path, ask] = API_ASKS.messages
    const { reads } = await askUntil(postBytes(path, { ...ask, stream: true }), hasLastChunk)
    const timeOf = (text: string) => reads.find((read) => read.bytes.includes(text))?.atMs ?? 0
    expect(timeOf('content_block_start') - timeOf('message_start')).toBeGreaterThanOrEqual(60)
    expect(
      Buffer.concat(reads.map((read) => read.bytes))
        .toString()
        .split('event: ping').length - 1,
    ).toBe(4)
  })

  test('between all events, or once after some content', async () => {
    say({ kind: 'stall', ms: 15 })
    expect((await timing(STREAM))[1]).toBeGreaterThanOrEqual(7 * 13)
    say({ kind: 'stall', ms: 60, afterEvents: 2 })
    const { reads } = await askUntil(STREAM, hasLastChunk)
    const timeOf = (text: string) => reads.find((read) => read.bytes.includes(text))?.atMs ?? 0
    expect(timeOf('"content":"好 🌍"') - timeOf('"content":"o 你"')).toBeGreaterThanOrEqual(55)
  })

  test.each([
    ['before-headers', ''],
    ['after-headers', 'HTTP/1.1 200 OK'],
    ['mid-stream', '"content":"Ech'],
  ] as const)('without end: hang %s', async (when, last) => {
    say({ kind: 'hang', when })
    const client = await RawClient.connect(mock.port)
    client.send(STREAM)
    await client.until(has(last))
    await mock.until(([call]) => call?.bodyAtMs !== undefined)
    await Bun.sleep(40)
    expect([client.isOpen, hasLastChunk(client.received), client.received.includes('finish_reason":"stop')]).toEqual([
      true,
      false,
      false,
    ])
    client.leave()
    await mock.until(([call]) => call?.closedEarlyAtMs !== undefined)
  })

  test('in the middle of a whole answer, its length announced', async () => {
    say({ kind: 'hang', when: 'mid-stream' })
    const client = await askUntil(WHOLE, has('chat.completion'))
    const { headerLines, rest } = readAnswer(client.received)
    const lengthBytes = Number(headerLines.find((line) => line.startsWith('Content-Length'))?.slice(16))
    expect(rest.length / lengthBytes).toBeWithin(0.4, 0.6)
  })

  test('after the end marker: everything is said, but the body does not end', async () => {
    say({ kind: 'terminal-without-eof' })
    const client = await RawClient.connect(mock.port)
    client.send(STREAM)
    await client.until(has('[DONE]'))
    await Bun.sleep(30)
    expect([client.isOpen, hasLastChunk(client.received)]).toEqual([true, false])
    client.leave()
  })
})

describe('connections that end', () => {
  test.each([
    ['reset-before-headers', 'rst', ''],
    ['close-before-headers', 'fin', ''],
    ['reset-after-headers', 'rst', 'HTTP/1.1 200 OK'],
  ] as const)('%s', async (kind, how, first) => {
    say({ kind })
    const { received, ending } = await askUntilEnd(STREAM)
    expect(ending).toBe(how)
    expect(received.toString().split('\r\n')[0]).toBe(first)
    if (first !== '') expect(received.toString()).toEndWith('\r\n\r\n')
    expect(mock.calls[0]?.closedEarlyAtMs).toBeUndefined()
  })

  test('cut-after-bytes cuts at every offset, in every framing, either way', async () => {
    say({ kind: 'ok', text: '好 🌍', pieces: 2 })
    const whole = Buffer.from(await (await post(CHAT_PATH, { ...CHAT, stream: true })).arrayBuffer())
    for (let bytes = 0; bytes < whole.length; bytes += 61) {
      for (const framing of ['chunked', 'length', 'eof'] as const) {
        const how = bytes % 2 === 0 ? 'fin' : 'rst'
        say({ kind: 'ok', text: '好 🌍', pieces: 2 }, { kind: 'cut-after-bytes', bytes, how, framing })
        const { received, ending } = await askUntilEnd(STREAM)
        const { rest, statusLine, headerLines } = readAnswer(received)
        const body = framing === 'chunked' ? dechunk(rest).body : rest
        expect([body.equals(whole.subarray(0, bytes)), ending]).toEqual([true, how])
        expect(statusLine).toStartWith(framing === 'eof' ? 'HTTP/1.0' : 'HTTP/1.1')
        if (framing === 'length') expect(headerLines).toContain(`Content-Length: ${whole.length}`)
      }
    }
  })

  test('a body that ends with the connection is whole', async () => {
    say({ kind: 'framing', framing: 'eof' })
    const answer = await post(CHAT_PATH, CHAT)
    expect(((await answer.json()) as { object: string }).object).toBe('chat.completion')
  })

  test('keepalive-race closes the kept connection when its second request comes, and spares fresh ones', async () => {
    mock.set({ times: 1, do: { kind: 'keepalive-race', how: 'rst' } })
    const client = await RawClient.connect(mock.port)
    client.send(WHOLE)
    await client.until(has('chat.completion'))
    const before = client.received.length
    client.send(WHOLE)
    expect([await client.ended, client.received.length]).toEqual(['rst', before])
    expect((await post(CHAT_PATH, CHAT)).status).toBe(200)
  })

  test('connection-close says so, and does', async () => {
    say({ kind: 'connection-close' })
    const { received, ending } = await askUntilEnd(WHOLE)
    expect([readAnswer(received).headerLines.includes('Connection: close'), ending]).toEqual([true, 'fin'])
  })
})

describe('requests that are not read', () => {
  const HEAD = `POST ${CHAT_PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n`

  test('an early 413 comes before the body, of which the rest is drained', async () => {
    say({ kind: 'early-413' })
    const client = await RawClient.connect(mock.port)
    client.send(`${HEAD}half`)
    await client.until(has('\r\n\r\n'))
    expect([readAnswer(client.received).status, client.isOpen]).toEqual([413, true])
    client.send('x'.repeat(96))
    expect(await client.ended).toBe('fin')
  })

  test('any answer may come early, and close with the body unread', async () => {
    say({ kind: 'status', status: 503 }, { kind: 'early', then: 'close' })
    const { received } = await askUntilEnd(`${HEAD}half`)
    expect([readAnswer(received).status, mock.calls[0]?.bodyAtMs]).toEqual([503, undefined])
  })

  test('slow-read takes no more than the kernel does, for a while or for good', async () => {
    say({ kind: 'slow-read', ms: 60 })
    const sentAtMs = performance.now()
    expect((await post(CHAT_PATH, CHAT)).status).toBe(200)
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(55)
    say({ kind: 'slow-read' })
    const client = await RawClient.connect(mock.port)
    client.send(WHOLE)
    await mock.until((calls) => calls.length === 2)
    await Bun.sleep(30)
    expect([client.received.length, mock.calls[1]?.bodyAtMs]).toEqual([0, undefined])
    client.leave()
  })

  test('Expect: 100-continue is answered when the body is wanted', async () => {
    const client = await RawClient.connect(mock.port)
    client.send(HEAD.replace('Host', 'Expect: 100-continue\r\nHost'))
    await client.until(has('HTTP/1.1 100 Continue\r\n\r\n'))
    client.send(JSON.stringify(CHAT).padEnd(100))
    await client.until(has('HTTP/1.1 200 OK'))
    client.leave()
  })
})

describe('errors inside a 200', () => {
  const EXPECTED: Readonly<Record<(typeof SOFT_ERROR_FORMS)[number], readonly [type: string, body: RegExp]>> = {
    'error-json': ['application/json', /^\{"error":\{"message":.*\}\}$/],
    'type-error-json': ['application/json', /^\{"type":"error","error":\{"type":"overloaded_error"/],
    'error-event': ['text/event-stream', /^event: error\ndata: \{"type":"error"/],
    'error-data': ['text/event-stream', /^data: \{"error":/],
    'response-failed': ['text/event-stream', /^event: response\.failed\n.*"status":"failed".*"error":\{"code"/],
    'created-then-failed': ['text/event-stream', /^event: response\.created\n[\s\S]*event: response\.failed\n/],
    'gemini-chunk': ['text/event-stream', /^data: \{"error":\{"code":503,.*"status":"UNAVAILABLE"/],
    'gemini-array': ['application/json', /^\[\{"error":\{"code":503/],
    'plain-chinese': ['text/plain; charset=utf-8', /^当前模型负载过高，请稍后再试$/],
    'plain-english': ['text/plain', /^Current model load too high$/],
    html: ['text/html; charset=utf-8', /^<!DOCTYPE html>/],
    'empty-length-0': ['text/event-stream; charset=utf-8', /^$/],
    'empty-chunked': ['text/event-stream; charset=utf-8', /^$/],
    'zero-events': ['text/event-stream', /^$/],
    'ping-only': ['text/event-stream', /^(?:: PROCESSING\n\n)+$/],
    'meta-then-error': ['text/event-stream; charset=utf-8', /^data: .*"role":"assistant".*\n\ndata: \{"error":/],
  }

  test.each(SOFT_ERROR_FORMS)('%s', async (form) => {
    say({ kind: 'soft-error', form })
    const answer = await post(CHAT_PATH, { ...CHAT, stream: true })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, EXPECTED[form][0]])
    expect(await answer.text()).toMatch(EXPECTED[form][1])
  })

  test('an empty body is empty in its own framing', async () => {
    say({ kind: 'soft-error', form: 'empty-length-0' })
    expect((await askUntil(STREAM, has('Content-Length: 0\r\n'))).received.toString()).toEndWith('\r\n\r\n')
    say({ kind: 'soft-error', form: 'empty-chunked' })
    expect((await askUntil(STREAM, hasLastChunk)).received.toString()).toEndWith('\r\n\r\n0\r\n\r\n')
  })

  test.each([
    [
      'messages',
      /message_start[\s\S]*event: ping[\s\S]*event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/,
    ],
    ['chat', /"role":"assistant"[\s\S]*data: \{"error":\{"message"/],
    ['responses', /response\.in_progress[\s\S]*event: error\ndata: \{"type":"error","code"/],
  ] as const)('after what says nothing, in the dialect of %s', async (api, body) => {
    const [path, ask] = API_ASKS[api]
    say({ kind: 'soft-error', form: 'meta-then-error' })
    const text = await streamText(path, ask)
    expect(text).toMatch(body)
    expect(text).not.toMatch(/content_block|output_item|"content":"E/)
  })
})

describe('streams that go wrong', () => {
  test.each([
    ['messages', /text_delta[\s\S]*text_delta[\s\S]*event: error\n.*\n\n$/, 'message_stop'],
    ['chat', /"content":"[\s\S]*"content":"[\s\S]*data: \{"error":.*\n\n$/, '[DONE]'],
    ['completions', /"text":"[\s\S]*data: \{"error":.*\n\n$/, '[DONE]'],
    ['responses', /output_text\.delta[\s\S]*event: error\n.*\n\n$/, 'response.completed'],
  ] as const)('error-mid-stream: content, then the error of %s, and a clean end', async (api, body, marker) => {
    const [path, ask] = API_ASKS[api]
    say({ kind: 'error-mid-stream' })
    const text = await streamText(path, ask)
    expect(text).toMatch(body)
    expect(text).not.toContain(marker)
  })

  test('error-mid-stream of Gemini, as an event and as an element of the array', async () => {
    say({ kind: 'error-mid-stream', message: 'boom' })
    const path = '/v1beta/models/g:streamGenerateContent'
    expect(await (await post(`${path}?alt=sse`, GEMINI)).text()).toMatch(/"text":"E[\s\S]*data: \{"error":\{"code":503/)
    const array = (await (await post(path, GEMINI)).json()) as object[]
    expect(array.at(-1)).toMatchObject({ error: { message: 'boom' } })
    say({ kind: 'error-mid-stream', afterEvents: 0 })
    expect((await (await post(path, GEMINI)).json()) as object[]).toMatchObject([{ error: { code: 503 } }])
  })

  test.each([
    ['messages', 'message_stop', 'message_delta'],
    ['chat', '[DONE]', '"finish_reason":"stop"'],
    ['responses', 'response.completed', 'response.output_text.done'],
  ] as const)('no-end-marker leaves %s without its end, though the body ends cleanly', async (api, marker, kept) => {
    const [path, ask] = API_ASKS[api]
    say({ kind: 'no-end-marker' })
    const text = await streamText(path, ask)
    expect([text.includes(marker), text.includes(kept)]).toEqual([false, true])
  })

  test('no-end-marker may drop reason and usage too, and leaves Gemini without a finishReason', async () => {
    say({ kind: 'no-end-marker', alsoFinish: true })
    expect(await streamText(CHAT_PATH, CHAT)).not.toContain('"finish_reason":"stop"')
    const text = await (await post('/v1/models/g:streamGenerateContent?alt=sse', GEMINI)).text()
    expect([text.includes('candidates'), text.includes('finishReason')]).toEqual([true, false])
  })

  test('malformed-event sits between good ones, malformed-chunk breaks the framing', async () => {
    say({ kind: 'malformed-event' })
    expect(await streamText(CHAT_PATH, CHAT)).toMatch(/"content":"[\s\S]*data: \{"broken":\n\n[\s\S]*\[DONE\]/)
    say({ kind: 'malformed-chunk' })
    const client = await askUntil(STREAM, has('zz-not-a-size\r\n'))
    expect(dechunk(readAnswer(client.received).rest).body.toString()).toContain('"content":"')
  })

  test('a whole answer to a stream request, and a stream to a whole one', async () => {
    say({ kind: 'swap-streaming' })
    const whole = await post(CHAT_PATH, { ...CHAT, stream: true })
    expect([whole.headers.get('content-type'), await whole.json()]).toMatchObject([
      'application/json',
      { object: 'chat.completion' },
    ])
    const stream = await post(CHAT_PATH, CHAT)
    expect([stream.headers.get('content-type'), await stream.text()]).toEqual([
      expect.stringContaining('event-stream'),
      expect.stringContaining('[DONE]'),
    ])
  })

  test('huge-event is one event of that many megabytes', async () => {
    say({ kind: 'huge-event', megabytes: 2 })
    const events = (await streamText(CHAT_PATH, CHAT)).split('\n\n')
    expect(events.filter((event) => event.length > 2_097_152).length).toBe(1)
  })
})

describe('bytes', () => {
  test('tiny-chunks: one byte per chunk, characters and lines split, and the same text', async () => {
    const calm = await streamText(CHAT_PATH, CHAT)
    say({ kind: 'tiny-chunks' })
    const client = await askUntil(STREAM, hasLastChunk)
    const { chunks, body, isComplete } = dechunk(readAnswer(client.received).rest)
    expect([isComplete, chunks.every((chunk) => chunk.length === 1), body.toString()]).toEqual([true, true, calm])
    expect(calm).toMatch(/你[\s\S]*🌍/)
  })

  test('tiny-chunks: small writes, which reach the client in many pieces', async () => {
    say({ kind: 'tiny-chunks', per: 'write', bytes: 7 }, { kind: 'framing', framing: 'length' })
    const client = await askUntil(WHOLE, has('"system_fingerprint":"fp_mock"}'))
    expect(client.reads.length).toBeGreaterThan(10)
  })

  test('crlf and cr line ends', async () => {
    const calm = await streamText(CHAT_PATH, CHAT)
    say({ kind: 'crlf' })
    expect(await streamText(CHAT_PATH, CHAT)).toBe(calm.replaceAll('\n', '\r\n'))
    say({ kind: 'crlf', lineEnd: 'cr' })
    expect(await streamText(CHAT_PATH, CHAT)).toBe(calm.replaceAll('\n', '\r'))
    expect(await (await post('/v1/models/g:streamGenerateContent?alt=sse', GEMINI)).text()).not.toContain('\n')
  })

  const DECODERS = {
    gzip: zlib.gunzipSync,
    deflate: zlib.inflateSync,
    br: zlib.brotliDecompressSync,
    zstd: zlib.zstdDecompressSync,
  }

  test.each(['gzip', 'deflate', 'br', 'zstd'] as const)(
    '%s bodies decode to the same bytes, whole and streamed',
    async (coding) => {
      for (const ask of [CHAT, { ...CHAT, stream: true }]) {
        mock.reset()
        const calm = Buffer.from(await (await post(CHAT_PATH, ask)).arrayBuffer())
        say({ kind: 'encoding', coding })
        const answer = await post(CHAT_PATH, ask, { decompress: false })
        expect(answer.headers.get('content-encoding')).toBe(coding)
        expect(DECODERS[coding](Buffer.from(await answer.arrayBuffer())).equals(calm)).toBe(true)
        expect(Buffer.from(await (await post(CHAT_PATH, ask)).arrayBuffer()).equals(calm)).toBe(true)
      }
    },
  )

  test.each(['gzip', 'deflate', 'br', 'zstd'] as const)('%s streams are flushed with each event', async (coding) => {
    say({ kind: 'encoding', coding }, { kind: 'hang', when: 'mid-stream', afterEvents: 2 })
    const answer = await post(CHAT_PATH, { ...CHAT, stream: true })
    const reader = answer.body?.getReader()
    let text = ''
    while (text.split('"content":"').length < 4) text += Buffer.from((await reader?.read())?.value ?? []).toString()
    expect(text).not.toContain('finish_reason":"stop')
    await reader?.cancel()
  })
})

describe('heads', () => {
  const HEADS: Readonly<Record<(typeof HOSTILE_HEADERS)[number], readonly string[]>> = {
    'set-cookie': ['Set-Cookie: sid=evil; Path=/', 'Set-Cookie: track=1; Domain=.example.com'],
    'connection-named': ['Connection: keep-alive, X-Hop, X-Secret', 'X-Hop: 1', 'Keep-Alive: timeout=5'],
    many: ['X-Filler-0: v', 'X-Filler-299: v'],
    huge: [`X-Huge: ${'h'.repeat(65_536)}`],
    'duplicate-content-type': ['Content-Type: application/json', 'Content-Type: text/html'],
    accel: ['X-Accel-Redirect: /internal/secret', 'X-Sendfile: /etc/passwd'],
    'length-and-chunked': ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    'te-gzip-chunked': ['Transfer-Encoding: gzip, chunked'],
    'te-unknown': ['Transfer-Encoding: xchunked'],
    'te-twice': ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    'two-lengths': ['Content-Length: 5', 'Content-Length: 7'],
    'chunk-extensions': [],
    trailers: ['Trailer: X-Sum'],
    'bare-lf': [],
    'space-before-colon': ['X-Spaced : v'],
    folded: ['X-Folded: one', ' two'],
    'not-latin': ['X-Bell: a\u0007b'],
  }

  test.each(HOSTILE_HEADERS)('hostile: %s', async (what) => {
    say({ kind: 'hostile-headers', what })
    const client = await askUntil(WHOLE, has('"system_fingerprint":"fp_mock"}'))
    const { headerLines } = readAnswer(client.received)
    for (const line of HEADS[what]) expect(headerLines).toContain(line)
    if (what === 'chunk-extensions') expect(client.received.toString()).toMatch(/\r\n[\da-f]+;name="va;lue"\r\n/)
    if (what === 'bare-lf') expect(client.received.toString()).toStartWith('HTTP/1.1 200 OK\nContent-Type')
    if (what === 'not-latin') expect(client.received.toString()).toContain('X-Text: 你好\r\n')
  })

  test('trailers come behind the last chunk', async () => {
    say({ kind: 'hostile-headers', what: 'trailers' })
    const client = await askUntil(WHOLE, has('\r\n0\r\nX-Sum: abc\r\nSet-Cookie: late=1\r\n\r\n'))
    expect(dechunk(readAnswer(client.received).rest).isComplete).toBe(true)
  })

  test('interim answers come before the real one', async () => {
    say({ kind: 'informational' })
    const client = await askUntil(WHOLE, has('chat.completion'))
    const lines = client.received.toString().split('\r\n')
    expect(lines.filter((line) => line.startsWith('HTTP/'))).toEqual([
      'HTTP/1.1 100 Continue',
      'HTTP/1.1 103 Early Hints',
      'HTTP/1.1 200 OK',
    ])
    expect((await post(CHAT_PATH, CHAT)).status).toBe(200)
  })
})

describe('several mocks', () => {
  test('in one process know nothing of each other, and end every connection when closed', async () => {
    const other = await startMock({ rules: [{ do: { kind: 'status', status: 500 } }] })
    const [mine, theirs] = await Promise.all([
      post(CHAT_PATH, CHAT),
      fetch(`${other.url}/v1/messages`, { method: 'POST' }),
    ])
    expect([mine.status, theirs.status, mock.count(), other.count()]).toEqual([200, 500, 1, 1])
    const client = await RawClient.connect(other.port)
    other.close()
    await client.ended
    expect(await fetch(`${other.url}/v1/models`).catch((error: { code?: string }) => error.code)).toBe('ECONNREFUSED')
  })

  test.skipIf(Bun.which('openssl') === null)('speak TLS with a certificate made for the occasion', async () => {
    const { cert, key } = await selfSigned()
    const secure = await startMock({ tls: { cert, key } })
    const init = { method: 'POST', body: JSON.stringify({ ...CHAT, stream: true }) }
    const answer = await fetch(`${secure.url}${CHAT_PATH}`, { ...init, tls: { ca: cert } })
    expect(await answer.text()).toEndWith('data: [DONE]\n\n')
    const refused = await fetch(`${secure.url}${CHAT_PATH}`, init).catch((error: { code?: string }) => error.code)
    expect(refused).toMatch(/CERT/)
    secure.set({ do: { kind: 'reset-before-headers' } })
    const lost = fetch(`${secure.url}${CHAT_PATH}`, { ...init, tls: { ca: cert } })
    expect(await lost.catch((error: { code?: string }) => error.code)).toBe('ECONNRESET')
    expect(secure.count()).toBe(2)
    secure.close()
  })
})

/** A certificate for 127.0.0.1, good for a day. Needs the `openssl` program. */
async function selfSigned(): Promise<{ readonly cert: string; readonly key: string }> {
  const args =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout - -out -'
  const made = await new Response(Bun.spawn(['openssl', ...args.split(' ')], { stderr: 'ignore' }).stdout).text()
  const block = (name: string) =>
    new RegExp(`-----BEGIN ${name}-----[\\s\\S]*?-----END ${name}-----\n`).exec(made)?.[0] ?? ''
  return { cert: block('CERTIFICATE'), key: block('PRIVATE KEY') }
}
