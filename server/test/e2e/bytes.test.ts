// What the client sent is what the upstream gets; what the upstream answered is what the client gets. By hash, and every
// accepted difference by name.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { dechunk, RawClient, readAnswer } from '../mock-upstream/raw-client.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type Program, startProgram } from './program.ts'

setDefaultTimeout(20_000)

let program: Program
let token = ''
let mock: Mock

beforeAll(async () => {
  program = await startProgram()
  token = await program.token()
  mock = await startMock()
  const redirect = { model: 'alias', redirect_model: 'real "name" 名' }
  for (const channel_type of ['anthropic', 'openai', 'codex', 'gemini'] as const) {
    await program.channel({ channel_type, url: mock.url, models: ['m', redirect] })
  }
})
beforeEach(() => mock.reset())
afterAll(async () => {
  await program.stop()
  mock.close()
})

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

type Headers = Readonly<Record<string, string>>

async function post(path: string, body: Uint8Array | string, headers: Headers = {}): Promise<Response> {
  return fetch(`${program.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: body as string, // bytes too, whatever the type says
    decompress: false,
  })
}

/** Nine megabytes that do not repeat, so that nothing lost or doubled goes unseen. */
function large(): string {
  let text = ''
  for (let block = 0; text.length < 9 * 1024 * 1024; block++) text += `${sha256(String(block))} 你好\\u0000 `
  return `{"model":"m","messages":[{"role":"user","content":"${text}"}]}`
}

describe('a request body reaches the upstream as it was', () => {
  const bodies: Readonly<Record<string, string>> = {
    compact: '{"model":"m","messages":[]}',
    'with odd white space': ' \r\n\t{ "model"\t:\n "m" ,\r\n"messages" : [ ] }\n\n',
    'with names that repeat': '{"temperature":1,"model":"m","temperature":2,"messages":[],"messages":[]}',
    'with escapes': '{"m\\u006fdel":"\\u006d","messages":[{"role":"user","content":"\\ud83c\\udf0d\\/\\u00e9"}]}',
    'with numbers that no double holds':
      '{"model":"m","seed":123456789012345678901234567890,"top_p":1e-400,"n":1.0,"messages":[]}',
    'with the model last':
      '{"messages":[{"role":"user","content":"say \\"model\\":\\"x\\""}],"metadata":{"model":"y"},"model":"m"}',
    'with __proto__': '{"__proto__":{"model":"x"},"constructor":{"prototype":1},"model":"m","messages":[]}',
    'of nine megabytes': large(),
  }
  const encodings = {
    identity: (body: string) => Buffer.from(body),
    gzip: (body: string) => gzipSync(body),
    deflate: (body: string) => deflateSync(body),
    br: (body: string) => brotliCompressSync(body),
    zstd: (body: string) => zstdCompressSync(body),
  } as const

  test.each(Object.keys(bodies))('%s', async (name) => {
    const body = bodies[name] ?? ''
    mock.set({ do: { kind: 'ok', text: 'short' } })
    const answer = await post('/v1/messages', body, { 'content-type': 'application/json' })
    expect(answer.status).toBe(200)
    expect(mock.calls.map((call) => call.sha256)).toEqual([sha256(body)])
    expect(sha256(await answer.bytes())).toBe(sha256(mock.calls[0]?.answerBody ?? ''))
  })

  test.each(Object.entries(encodings))('encoded: %s', async (name, encode) => {
    const body = encode(bodies['with odd white space'] ?? '')
    const answer = await post('/v1/messages', body, name === 'identity' ? {} : { 'content-encoding': name })
    expect(answer.status).toBe(200)
    expect(mock.calls.map((call) => call.sha256)).toEqual([sha256(body)])
    const sent = new Map(mock.calls[0]?.headers.map(([header, value]) => [header.toLowerCase(), value]))
    expect(sent.get('content-encoding')).toBe(name === 'identity' ? undefined : name)
  })

  test('chunked, in pieces of one byte', async () => {
    const client = await RawClient.connect(program.port)
    client.send(
      `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    const body = bodies['compact'] ?? ''
    for (const byte of body) client.send(`1\r\n${byte}\r\n`)
    client.send('0\r\n\r\n')
    await client.until((received) => received.includes('end_turn'))
    client.leave()
    expect(mock.calls.map((call) => call.sha256)).toEqual([sha256(body)])
  })

  test('and again, to the byte, at the second channel', async () => {
    const second = await startMock()
    const id = await program.channel({ channel_type: 'openai', models: ['twice'], url: mock.url, priority: 2 })
    const other = await program.channel({ channel_type: 'openai', models: ['twice'], url: second.url, priority: 1 })
    mock.set({ do: { kind: 'status', status: 500 } })
    const body = gzipSync(large().replace('"m"', '"twice"'))
    expect((await post('/v1/chat/completions', body, { 'content-encoding': 'gzip' })).status).toBe(200)
    expect([...mock.calls, ...second.calls].map((call) => call.sha256)).toEqual([sha256(body), sha256(body)])
    second.close()
    for (const channel of [id, other]) await program.admin('DELETE', `/channels/${channel}`)
  })
})

describe('a redirected model', () => {
  const written = JSON.stringify('real "name" 名')

  test('changes the value of "model" and no other byte', async () => {
    const around = [
      '{ "messages" : [ "alias" ],\n "model" :\t',
      ' , "metadata":{"model":"alias"}, "x":"\\u0061lias" }\n',
    ] as const
    await post('/v1/messages', around.join('"alias"'))
    expect(Buffer.from(mock.calls[0]?.body ?? []).toString()).toBe(around.join(written))
  })

  test('is found when it is escaped', async () => {
    await post('/v1/messages', '{"m\\u006fdel":"\\u0061lias","messages":[]}')
    expect(Buffer.from(mock.calls[0]?.body ?? []).toString()).toBe(`{"m\\u006fdel":${written},"messages":[]}`)
  })

  test.each(['gzip', 'zstd', 'br'])('of a body in %s is sent plain', async (coding) => {
    const body = '{"messages":[],"model":"alias" }'
    const encoded =
      coding === 'gzip' ? gzipSync(body) : coding === 'br' ? brotliCompressSync(body) : zstdCompressSync(body)
    await post('/v1/messages', encoded, { 'content-encoding': coding })
    expect(Buffer.from(mock.calls[0]?.body ?? []).toString()).toBe(body.replace('"alias"', written))
    expect(mock.calls[0]?.headers.some(([name]) => name.toLowerCase() === 'content-encoding')).toBe(false)
  })

  test('of Gemini stands in the path; the body stays', async () => {
    const body = ' {"contents":[],"model":"alias"} '
    await post('/v1beta/models/alias:generateContent?alt=json&x=%2F', body)
    expect(mock.calls.map((call) => call.path)).toEqual([
      `/v1beta/models/${encodeURIComponent('real "name" 名')}:generateContent?alt=json&x=%2F`,
    ])
    expect(mock.calls[0]?.sha256).toBe(sha256(body))
  })
})

describe('an answer reaches the client as it was', () => {
  const asks = {
    messages: ['/v1/messages', { model: 'm', messages: [] }],
    chat: ['/v1/chat/completions', { model: 'm', messages: [] }],
    responses: ['/v1/responses', { model: 'm', input: 'x' }],
    gemini: ['/v1beta/models/m:generateContent', { contents: [] }],
    'messages stream': ['/v1/messages', { model: 'm', stream: true, messages: [] }],
    'chat stream': ['/v1/chat/completions', { model: 'm', stream: true, messages: [] }],
    'responses stream': ['/v1/responses', { model: 'm', stream: true, input: 'x' }],
    'gemini stream': ['/v1beta/models/m:streamGenerateContent?alt=sse', { contents: [] }],
    'gemini array': ['/v1beta/models/m:streamGenerateContent', { contents: [] }],
  } as const
  const BROKEN_EVENT = 'with a broken event inside'
  const forms: Readonly<Record<string, Behaviour | readonly Behaviour[]>> = {
    plain: { kind: 'ok' },
    gzip: { kind: 'encoding', coding: 'gzip' },
    deflate: { kind: 'encoding', coding: 'deflate' },
    br: { kind: 'encoding', coding: 'br' },
    zstd: { kind: 'encoding', coding: 'zstd' },
    CRLF: { kind: 'crlf' },
    'CR alone': { kind: 'crlf', lineEnd: 'cr' },
    'chunks of one byte': { kind: 'tiny-chunks' },
    'gzip in chunks of three bytes': [
      { kind: 'encoding', coding: 'gzip' },
      { kind: 'tiny-chunks', bytes: 3 },
    ],
    'zstd in writes of five bytes': [
      { kind: 'encoding', coding: 'zstd' },
      { kind: 'tiny-chunks', bytes: 5, per: 'write' },
    ],
    'until the connection closes': { kind: 'framing', framing: 'eof' },
    'with its length': { kind: 'framing', framing: 'length' },
    [BROKEN_EVENT]: { kind: 'malformed-event', afterEvents: 2 },
    'of a megabyte in one event': { kind: 'huge-event', megabytes: 1.5 },
  }
  const cases = Object.entries(asks).flatMap(([name, [path, body]]) =>
    Object.entries(forms)
      .filter(([form]) => name !== 'gemini array' || form !== BROKEN_EVENT) // an array that is broken inside has no end
      .map(([form, behaviours]) => ({ name: `${name}, ${form}`, path, body, behaviours })),
  )

  test.each(cases)('$name', async ({ path, body, behaviours }) => {
    mock.set({ do: Array.isArray(behaviours) ? [...behaviours] : (behaviours as Behaviour) })
    const answer = await post(path, JSON.stringify(body))
    const bytes = await answer.bytes()
    expect(answer.status).toBe(200)
    expect(bytes.length).toBeGreaterThan(0)
    expect(sha256(bytes)).toBe(sha256(mock.calls[0]?.answerBody ?? ''))
    const coding = [behaviours].flat().find((behaviour) => behaviour.kind === 'encoding')
    expect(answer.headers.get('content-encoding')).toBe(coding?.kind === 'encoding' ? coding.coding : null)
  })

  test.each(['gzip', 'br', 'zstd', 'deflate'] as const)('an error of the client, in %s', async (coding) => {
    mock.set({
      do: [
        { kind: 'status', status: 400, message: 'prompt is too long: 9 tokens > 1 maximum' },
        { kind: 'encoding', coding },
      ],
    })
    const answer = await post('/v1/messages', '{"model":"m","messages":[]}')
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([400, coding])
    expect(sha256(await answer.bytes())).toBe(sha256(mock.calls[0]?.answerBody ?? ''))
  })

  test('piece by piece, each as soon as it comes', async () => {
    mock.set({
      do: [
        { kind: 'ok', text: 'one two three four', pieces: 4 },
        { kind: 'stall', ms: 60 },
      ],
    })
    const client = await RawClient.connect(program.port)
    const body = '{"model":"m","stream":true,"messages":[]}'
    client.send(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await client.until((received) => received.includes('[DONE]'))
    client.leave()
    const { chunks } = dechunk(readAnswer(client.received).rest)
    expect(chunks.length).toBeGreaterThanOrEqual(5)
    const [first, last] = [client.reads[0], client.reads.at(-1)]
    expect((last?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(180)
  })
})

describe('a query reaches the upstream as it was', () => {
  const KEY = '$KEY'
  const queries: readonly (readonly [sent: string, got: string])[] = [
    ['', ''],
    ['?beta=true', '?beta=true'],
    ['?b=2&a=1&b=1', '?b=2&a=1&b=1'],
    ['?x=%2F+%20%e4%BD%A0&y', '?x=%2F+%20%e4%BD%A0&y'],
    ['?x=%zz&&=&%=1', '?x=%zz&&=&%=1'],
    [`?key=${KEY}`, ''],
    [`?beta=true&key=${KEY}&x=1`, '?beta=true&x=1'],
    [`?k%65y=${KEY}&x=1`, '?x=1'],
    ['?monkey=1&keyboard=2&Key=3', '?monkey=1&keyboard=2&Key=3'],
    ['?timeout_ms=60000&x=1', '?x=1'],
    ['?x=1&timeout_s=60', '?x=1'],
    ['?my_timeout_ms=1&timeout_msx=2', '?my_timeout_ms=1&timeout_msx=2'],
  ]
  test.each(queries)('%s', async (sent, got) => {
    const client = await RawClient.connect(program.port)
    const body = '{"model":"m","messages":[]}'
    client.send(
      `POST /v1/messages${sent.replace(KEY, token)} HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await client.until((received) => received.includes('end_turn'))
    client.leave()
    expect(mock.calls.map((call) => call.path)).toEqual([`/v1/messages${got}`])
  })
})

/** Names lower-cased: casing and order are those of the platform, and no HTTP/1.1 server may mind them. */
function byName(lines: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(lines.map(([name, value]) => [name.toLowerCase(), value]))
}

function split(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

/** One row for each header: what is sent, and what arrives; `same` or `gone` or the new value. */
type Row = readonly [name: string, sent: string, arrives: string]

const BODY = '{"model":"m","messages":[]}'

describe('headers of a request', () => {
  const SAME: readonly Row[] = [
    ['Accept', 'application/json', 'same'],
    ['Accept-Encoding', 'gzip, deflate, br, zstd', 'same'],
    ['Accept-Language', '*', 'same'],
    ['User-Agent', 'claude-cli/2.1 (external, cli)', 'same'],
    ['Content-Type', 'application/json;charset=UTF-8', 'same'],
    ['anthropic-version', '2023-06-01', 'same'],
    ['anthropic-beta', 'a-2025-01-01,b-2025-02-02', 'same'],
    ['anthropic-dangerous-direct-browser-access', 'true', 'same'],
    ['X-Stainless-Lang', 'js', 'same'],
    ['x-app', 'cli', 'same'],
    ['OpenAI-Organization', 'org-1', 'same'],
    ['openai-beta', 'responses=v1', 'same'],
    ['x-goog-api-client', 'google-genai-sdk/1', 'same'],
    ['session_id', 'abc', 'same'],
    ['Idempotency-Key', 'once', 'same'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'same'],
    ['Origin', 'https://example.com', 'same'],
    ['Referer', 'https://example.com/', 'same'],
    ['X-Empty', '', 'same'],
    ['X-Inner-Spaces', 'a  b', 'same'],
  ]
  const CHANGED: readonly Row[] = [
    // said for ourselves
    ['Host', 'gateway.example', 'UPSTREAM'],
    ['Authorization', 'Bearer TOKEN', 'Bearer sk-1'],
    ['X-Api-Key', 'TOKEN', 'sk-1'],
    ['Content-Length', String(BODY.length), 'same'],
    ['Connection', 'keep-alive, X-Named', 'keep-alive'],
    // credentials and traces of the client
    ['X-Goog-Api-Key', 'TOKEN', 'gone'],
    ['Cookie', 'session=canary', 'gone'],
    ['Forwarded', 'for=192.0.2.1', 'gone'],
    ['Via', '1.1 proxy', 'gone'],
    ['X-Forwarded-For', '192.0.2.1', 'gone'],
    ['X-Forwarded-Host', 'gateway.example', 'gone'],
    ['X-Forwarded-Proto', 'https', 'gone'],
    ['X-Forwarded-Port', '443', 'gone'],
    ['X-Real-IP', '192.0.2.1', 'gone'],
    // of this hop only (RFC 9110 §7.6.1)
    ['X-Named', 'by Connection', 'gone'],
    ['Keep-Alive', 'timeout=5', 'gone'],
    ['Proxy-Connection', 'keep-alive', 'gone'],
    ['Proxy-Authorization', 'Basic Y2FuYXJ5', 'gone'],
    ['TE', 'trailers', 'gone'],
    ['Expect', '100-continue', 'gone'],
    // limits meant for us
    ['X-Timeout-Ms', '60000', 'gone'],
    ['X-Timeout-S', '60', 'gone'],
  ]

  test('each of them: the same, or in the table of differences', async () => {
    const rows = [...SAME, ...CHANGED]
    const lines = rows.map(([name, sent]) => `${name}: ${sent.replace('TOKEN', token)}\r\n`).join('')
    const client = await RawClient.connect(program.port)
    client.send(`POST /v1/messages HTTP/1.1\r\n${lines}\r\n${BODY}`)
    await client.until((received) => received.includes('end_turn'))
    client.leave()
    const want = rows.flatMap(([name, sent, arrives]): (readonly [string, string])[] => {
      if (arrives === 'gone') return []
      return [[name, arrives === 'same' ? sent : arrives.replace('UPSTREAM', `127.0.0.1:${mock.port}`)]]
    })
    expect(byName(mock.calls[0]?.headers ?? [])).toEqual(byName(want))
  })

  test('what a client does not say is said only where the platform cannot be silent', async () => {
    const client = await RawClient.connect(program.port)
    client.send(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    )
    await client.until((received) => received.includes('"stop"'))
    client.leave()
    expect(byName(mock.calls[0]?.headers ?? [])).toEqual({
      host: `127.0.0.1:${mock.port}`,
      authorization: 'Bearer sk-1',
      'content-length': String(BODY.length),
      connection: 'keep-alive',
      accept: '*/*', // the platform's own
      'user-agent': '', // the platform's own would name itself; an empty one is as near to none as can be
    })
  })

  test('a repeated header arrives as one line with commas, as RFC 9110 §5.3 allows', async () => {
    const client = await RawClient.connect(program.port)
    client.send(
      `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nanthropic-beta: a\r\nanthropic-beta: b\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    )
    await client.until((received) => received.includes('end_turn'))
    client.leave()
    expect(byName(mock.calls[0]?.headers ?? [])['anthropic-beta']).toBe('a, b')
  })

  test('characters beyond ASCII arrive as they were', async () => {
    const client = await RawClient.connect(program.port)
    client.send(
      `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nX-Title: 你好 é\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    )
    await client.until((received) => received.includes('end_turn'))
    client.leave()
    const line = mock.calls[0]?.headers.find(([name]) => name.toLowerCase() === 'x-title')?.[1] ?? ''
    expect([line, Buffer.from(line, 'latin1').toString()]).toContain('你好 é')
  })

  test('of each kind of channel carry the key where its API wants it', async () => {
    const asks = [
      ['/v1/messages', { authorization: 'Bearer sk-1', 'x-api-key': 'sk-1' }],
      ['/v1/responses', { authorization: 'Bearer sk-1', 'x-api-key': 'sk-1' }],
      ['/v1/chat/completions', { authorization: 'Bearer sk-1' }],
      ['/v1/embeddings', { authorization: 'Bearer sk-1' }],
      ['/v1beta/models/m:generateContent', { 'x-goog-api-key': 'sk-1' }],
    ] as const
    const secrets = ['authorization', 'x-api-key', 'x-goog-api-key']
    for (const [path, want] of asks) {
      mock.reset()
      const all = { authorization: `Bearer ${token}`, 'x-api-key': token, 'x-goog-api-key': token }
      await post(`${path}?key=${token}`, '{"model":"m","input":"x"}', all)
      const sent = Object.entries(byName(mock.calls[0]?.headers ?? [])).filter(([name]) => secrets.includes(name))
      expect([path, Object.fromEntries(sent)]).toEqual([path, want])
      expect(mock.calls[0]?.rawHead).not.toContain(token)
    }
  })
})

describe('headers of an answer', () => {
  const SAME: readonly Row[] = [
    ['Content-Type', 'application/json; charset=utf-8; x=1', 'same'],
    ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT', 'same'],
    ['Server', 'cloudflare', 'same'],
    ['request-id', 'req_011', 'same'],
    ['x-request-id', 'req-1', 'same'],
    ['openai-processing-ms', '12', 'same'],
    ['anthropic-ratelimit-tokens-reset', '2026-01-01T00:00:00Z', 'same'],
    ['x-ratelimit-remaining-requests', '9', 'same'],
    ['Retry-After', '3', 'same'],
    ['Cache-Control', 'no-cache, no-transform', 'same'],
    ['ETag', 'W/"x"', 'same'],
    ['CF-RAY', '1-FRA', 'same'],
    ['Access-Control-Allow-Origin', '*', 'same'],
    ['X-Accel-Buffering', 'no', 'same'],
  ]
  const CHANGED: readonly Row[] = [
    // claims about the host and the connection, which are ours and not the upstream's
    ['Set-Cookie', '__cf_bm=canary; Path=/', 'gone'],
    ['Alt-Svc', 'h3=":443"', 'gone'],
    ['Strict-Transport-Security', 'max-age=31536000', 'gone'],
    ['Connection', 'keep-alive, X-Named', 'gone'],
    ['X-Named', 'by Connection', 'gone'],
    ['Keep-Alive', 'timeout=5', 'gone'],
    ['Proxy-Authenticate', 'Basic', 'gone'],
    ['Upgrade', 'h2c', 'gone'],
    ['Trailer', 'X-Sum', 'gone'],
    ['x-ccload-request-id', 'forged', 'OURS'],
  ]

  test('each of them: the same, or in the table of differences', async () => {
    const rows = [...SAME, ...CHANGED]
    mock.set({ do: { kind: 'ok', headers: Object.fromEntries(rows) } })
    const client = await RawClient.connect(program.port)
    client.send(
      `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    )
    await client.until((received) => received.includes('end_turn'))
    client.leave()
    const got = byName(readAnswer(client.received).headerLines.map(split))
    const id = got['x-ccload-request-id'] ?? ''
    expect(id).toMatch(/^[0-9a-z]+-[0-9a-f]{10}-[0-9a-z]{4}$/)
    const kept = rows
      .filter(([, , arrives]) => arrives === 'same')
      .map(([name, sent]): readonly [string, string] => [name, sent])
    const length = String(mock.calls[0]?.answerBody?.length)
    expect(got).toEqual(byName([...kept, ['x-ccload-request-id', id], ['content-length', length]]))
  })

  test('a body that came in chunks and was held goes on with its length; a stream goes on in chunks', async () => {
    mock.set({ do: { kind: 'framing', framing: 'chunked' } })
    const held = await post('/v1/messages', BODY)
    expect([held.headers.get('content-length'), held.headers.get('transfer-encoding')]).toEqual([
      String((await held.bytes()).length),
      null,
    ])
    const stream = await post('/v1/messages', BODY.replace('{', '{"stream":true,'))
    await stream.bytes()
    expect([stream.headers.get('content-length'), stream.headers.get('transfer-encoding')]).toEqual([null, 'chunked'])
  })

  test('an upstream that does not tell the time: we do', async () => {
    const answer = await post('/v1/messages', BODY)
    expect(Math.abs(Date.parse(answer.headers.get('date') ?? '') - Date.now())).toBeLessThan(5_000)
  })
})
