// What clients do wrong comes back to them at once, in the dialect of the API they asked, and costs nobody else anything.

import { Database } from 'bun:sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { RawClient, readAnswer } from '../mock-upstream/raw-client.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type Program, startProgram } from './program.ts'

setDefaultTimeout(20_000)

const MAX_BODY_BYTES = 100_000
const KEY = 'sk-canary-of-the-upstream'
const folder = mkdtempSync(join(tmpdir(), 'ccload-bad-input-'))
let program: Program
let mock: Mock
/** In plain text. `restricted` may use `m` only, `spent` has no money left, `both` is both. */
let tokens: Readonly<Record<'good' | 'restricted' | 'spent' | 'both' | 'expired' | 'inactive' | 'gone', string>>

beforeAll(async () => {
  mock = await startMock()
  const options = { sqlitePath: join(folder, 'ccload.db'), env: { CCLOAD_MAX_BODY_BYTES: String(MAX_BODY_BYTES) } }
  program = await startProgram(options)
  const limit = { cost_limit_usd: 0.5 }
  tokens = {
    good: await program.token(),
    restricted: await program.token({ allowed_models: ['m'] }),
    spent: await program.token(limit),
    both: await program.token({ ...limit, allowed_models: ['m'] }),
    expired: await program.token({ expires_at: Date.now() - 1 }),
    inactive: await program.token({ is_active: false }),
    gone: await program.token({ description: 'gone' }),
  }
  const { json } = await program.admin<{ tokens: { id: number; description: string }[] }>('GET', '/auth-tokens')
  await program.admin(
    'DELETE',
    `/auth-tokens/${json.data.tokens.find(({ description }) => description === 'gone')?.id}`,
  )
  for (const channel_type of ['anthropic', 'openai', 'codex', 'gemini'] as const) {
    await program.channel({ channel_type, url: mock.url, models: ['m', 'other'], api_keys: [KEY] })
  }
  await program.stop()
  spendAll(options.sqlitePath)
  program = await startProgram(options)
})
beforeEach(() => mock.reset())
afterEach(async () => {
  expect(await program.rests()).toEqual([]) // nobody rests for what a client did
})
afterAll(async () => {
  const rows = await program.logs()
  await program.stop()
  mock.close()
  rmSync(folder, { recursive: true })
  const seen = program.stderr() + JSON.stringify(rows)
  for (const secret of [KEY, ...Object.values(tokens), 'canary']) expect(seen).not.toContain(secret)
})

/** Nothing here costs anything, so what was spent is written down from outside. */
function spendAll(path: string): void {
  const database = new Database(path)
  database.run('UPDATE auth_tokens SET cost_used_microusd = cost_limit_microusd')
  database.close()
}

type Dialect = 'anthropic' | 'openai' | 'gemini'
const PATHS = [
  ['/v1/messages', 'anthropic'],
  ['/v1/chat/completions', 'openai'],
  ['/v1/completions', 'openai'],
  ['/v1/embeddings', 'openai'],
  ['/v1/responses', 'openai'],
  ['/v1beta/models/m:generateContent', 'gemini'],
  ['/v1/models/m:generateContent', 'gemini'],
] as const satisfies readonly (readonly [string, Dialect])[]
const MODEL_IN_BODY = PATHS.filter(([, dialect]) => dialect !== 'gemini')
const GOOD = '{"model":"m","messages":[]}'

type Ask = {
  readonly path?: string
  readonly token?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

async function ask({
  path = '/v1/messages',
  token = tokens.good,
  body = GOOD,
  headers = {},
}: Ask): Promise<{ status: number; json: unknown; headers: Headers }> {
  const answer = await fetch(`${program.url}${path}`, {
    method: 'POST',
    headers: { ...(token === '' ? {} : { 'x-api-key': token }), ...headers },
    body: body as string, // bytes too, whatever the type says
  })
  return { status: answer.status, json: await answer.json(), headers: answer.headers }
}

/** The error object of a vendor, with the words of its message that matter. */
function errorOf(dialect: Dialect, kind: string, words: RegExp | string): unknown {
  const message = typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words)
  if (dialect === 'anthropic') return { type: 'error', error: { type: kind, message } }
  if (dialect === 'gemini') return { error: { code: expect.any(Number), status: kind, message } }
  return { error: expect.objectContaining({ type: kind, message, param: null }) }
}

const KINDS: Readonly<Record<number, Readonly<Record<Dialect, string>>>> = {
  400: { anthropic: 'invalid_request_error', openai: 'invalid_request_error', gemini: 'INVALID_ARGUMENT' },
  401: { anthropic: 'authentication_error', openai: 'invalid_request_error', gemini: 'UNAUTHENTICATED' },
  403: { anthropic: 'permission_error', openai: 'permission_error', gemini: 'PERMISSION_DENIED' },
  404: { anthropic: 'not_found_error', openai: 'invalid_request_error', gemini: 'NOT_FOUND' },
  413: { anthropic: 'request_too_large', openai: 'invalid_request_error', gemini: 'INVALID_ARGUMENT' },
  429: { anthropic: 'rate_limit_error', openai: 'insufficient_quota', gemini: 'RESOURCE_EXHAUSTED' },
  503: { anthropic: 'overloaded_error', openai: 'server_error', gemini: 'UNAVAILABLE' },
}

/** Asserts status, dialect and words, and that nobody was asked. */
async function refused(given: Ask, status: number, dialect: Dialect, words: RegExp | string): Promise<Headers> {
  const answer = await ask(given)
  expect({ status: answer.status, json: answer.json }).toEqual({
    status,
    json: errorOf(dialect, KINDS[status]?.[dialect] ?? '?', words),
  })
  expect(answer.headers.get('content-type')).toContain('application/json')
  expect(mock.count()).toBe(0)
  return answer.headers
}

describe('a token', () => {
  test.each(PATHS)('%s: none, an unknown one, one that was deleted or switched off', async (path, dialect) => {
    for (const token of [
      '',
      'canary-wrong',
      tokens.gone,
      tokens.inactive,
      `${tokens.good} `.slice(1),
      tokens.good.toUpperCase(),
      tokens.good.slice(0, -1),
      KEY,
    ]) {
      await refused({ path, token }, 401, dialect, 'invalid or missing authorization')
    }
  })

  test.each(PATHS)('%s: one that has expired is told so', async (path, dialect) => {
    await refused({ path, token: tokens.expired }, 401, dialect, 'expired')
  })

  test.each(PATHS)('%s: of another model', async (path, dialect) => {
    const other = path.replace('models/m', 'models/other')
    await refused(
      { path: other, token: tokens.restricted, body: '{"model":"other"}' },
      403,
      dialect,
      "'other' is not allowed",
    )
  })

  test.each(PATHS)('%s: without money', async (path, dialect) => {
    await refused({ path, token: tokens.spent }, 429, dialect, '$0.50 used of $0.50')
  })

  test.each([
    ['authorization', 'Basic dTpw'],
    ['authorization', 'canary-bare'],
    ['authorization', 'Bearer'],
    ['authorization', 'Bearer  '],
    ['cookie', 'token=canary'],
  ])('in %s: %s is none', async (name, value) => {
    await refused({ token: '', headers: { [name]: value } }, 401, 'anthropic', 'authorization')
  })

  test('in the query is taken, and never logged', async () => {
    const answer = await ask({
      path: `/v1beta/models/m:generateContent?key=${tokens.good}`,
      token: '',
      body: '{"contents":[]}',
    })
    expect(answer.status).toBe(200)
    expect((await ask({ path: '/v1beta/models/m:generateContent?key=canary-wrong', token: '' })).status).toBe(401)
  })
})

describe('a body', () => {
  const broken = {
    'that is no JSON': 'hello',
    'that is empty': '',
    'that is only blanks': ' \n ',
    'that is a list': '[{"model":"m"}]',
    'that is a text': '"m"',
    'that is null': 'null',
    'that is cut': '{"model":"m","messages":[{"role":"us',
    'that is cut inside an escape': '{"model":"m","x":"\\u00',
    'with something behind it': '{"model":"m"} {"model":"m"}',
    'with a comma too many': '{"model":"m",}',
    'with single quotes': "{'model':'m'}",
    'with a control character in a text': '{"model":"m","x":"a\nb"}',
    'with NaN': '{"model":"m","x":NaN}',
    'without a model': '{"messages":[]}',
    'whose model is empty': '{"model":"","messages":[]}',
    'whose model is a number': '{"model":7}',
    'whose model is an object': '{"model":{"name":"m"}}',
    'whose model is null': '{"model":null}',
    'whose model stands deeper': '{"metadata":{"model":"m"}}',
    'that names the model twice': '{"model":"m","model":"other"}',
    'that names the model twice, once escaped': '{"model":"m","m\\u006fdel":"other"}',
    'that is too deep': `{"model":"m","x":${'['.repeat(50_000)}`,
  } as const
  test.each(Object.keys(broken))('%s: 400 from each API, with what is wrong', async (name) => {
    for (const [path, dialect] of MODEL_IN_BODY) {
      await refused({ path, body: broken[name as keyof typeof broken] }, 400, dialect, /JSON|model|deep|body/)
    }
  })

  test('with bytes that are no UTF-8 inside a text is not ours to judge', async () => {
    const body = Buffer.concat([Buffer.from('{"model":"m","x":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')])
    expect((await ask({ body })).status).toBe(200)
    expect(Buffer.from(mock.calls[0]?.body ?? []).equals(body)).toBe(true)
  })

  test.each(PATHS)('%s: over the limit, announced, in chunks, or packed: 413', async (path, dialect) => {
    const big = `{"model":"m","x":"${'x'.repeat(MAX_BODY_BYTES)}"}`
    await refused({ path, body: big }, 413, dialect, `limit is ${MAX_BODY_BYTES} bytes`)
    await refused({ path, body: gzipSync(big), headers: { 'content-encoding': 'gzip' } }, 413, dialect, 'limit')
    await refused({ path, body: zstdCompressSync(big), headers: { 'content-encoding': 'zstd' } }, 413, dialect, 'limit')
    const client = await RawClient.connect(program.port)
    client.send(`POST ${path} HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${tokens.good}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    client.send(`${(big.length).toString(16)}\r\n${big}\r\n`)
    await client.until((received) => received.includes('413'))
    client.leave()
    expect(mock.count()).toBe(0)
  })

  test('at the limit, to the byte, is taken', async () => {
    const body = `{"model":"m","x":"${'x'.repeat(MAX_BODY_BYTES - 20)}"}`
    expect(body.length).toBe(MAX_BODY_BYTES)
    expect((await ask({ body })).status).toBe(200)
    mock.reset()
    await refused({ body: `${body} ` }, 413, 'anthropic', 'limit')
  })

  test('of a thousandfold bomb is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 }).subarray(0, MAX_BODY_BYTES)
    const startedMs = performance.now()
    const { status } = await ask({ body: bomb, headers: { 'content-encoding': 'gzip' } })
    expect([400, 413]).toContain(status)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect(mock.count()).toBe(0)
  })

  test.each([
    ['gzip', GOOD],
    ['zstd', GOOD],
    ['br', GOOD],
    ['gzip, gzip', GOOD],
    ['compress', GOOD],
    ['x', GOOD],
  ])('that says it is in %s and is not: 400', async (coding, body) => {
    await refused({ body, headers: { 'content-encoding': coding } }, 400, 'anthropic', /gzip|data/)
  })

  test('that never comes to its end is given up by its client alone', async () => {
    const client = await RawClient.connect(program.port)
    client.send(
      `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${tokens.good}\r\nContent-Length: 1000\r\n\r\n{"model":`,
    )
    await Bun.sleep(50)
    client.leave()
    await Bun.sleep(50)
    expect(mock.count()).toBe(0)
    expect((await ask({})).status).toBe(200)
  })
})

describe('a path', () => {
  test.each(['/v1/unknown', '/v1/', '/v1/chat', '/v1/messagesx', '/v1/images/generations'])(
    '%s: 400 without a model, 404 with one',
    async (path) => {
      await refused({ path, body: '{}' }, 400, 'openai', 'model')
      await refused({ path }, 404, 'openai', '/v1/messages')
    },
  )

  test('of Gemini without a model: 400', async () => {
    await refused({ path: '/v1beta/models', body: '{"contents":[]}' }, 400, 'gemini', 'model')
  })

  test('below /v1 in another method is answered, never a crash', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']) {
      const answer = await fetch(`${program.url}/v1/unknown`, { method, headers: { 'x-api-key': tokens.good } })
      expect(answer.status).toBeOneOf([400, 404, 405])
    }
    expect(mock.count()).toBe(0)
  })
})

test('a model that nobody serves: 503 in each dialect, with a time to come back', async () => {
  for (const [path, dialect] of PATHS) {
    const headers = await refused(
      { path: path.replace('models/m', 'models/nobody'), body: '{"model":"nobody"}' },
      503,
      dialect,
      'no available upstream',
    )
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
})

describe('of several mistakes the first in this order is told: 401, 413, 400, 403, 429, 404, 503', () => {
  const big = 'x'.repeat(MAX_BODY_BYTES + 1)
  test.each([
    [401, { token: '', body: big, path: '/v1/unknown' }],
    [413, { token: 'both', body: big, path: '/v1/unknown' }],
    [400, { token: 'both', body: 'x', path: '/v1/unknown' }],
    [403, { token: 'both', body: '{"model":"nobody"}', path: '/v1/unknown' }],
    [429, { token: 'both', body: '{"model":"m"}', path: '/v1/unknown' }],
    [404, { token: 'good', body: '{"model":"nobody"}', path: '/v1/unknown' }],
    [503, { token: 'good', body: '{"model":"nobody"}', path: '/v1/messages' }],
  ] as const)('%i', async (status, { token, ...rest }) => {
    const answer = await ask({ ...rest, token: token === '' ? '' : tokens[token] })
    expect(answer.status).toBe(status)
    expect(mock.count()).toBe(0)
  })
})

describe('a head', () => {
  const first = 'POST /v1/messages HTTP/1.1\r\nHost: gw\r\n'
  const chunked = `1b\r\n${GOOD}\r\n0\r\n\r\n`
  const end = `\r\n\r\n${GOOD}`
  const length = `Content-Length: ${GOOD.length}`
  const smuggled: Readonly<Record<string, string>> = {
    'with length and chunks': `${first}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    'with chunks and length': `${first}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${chunked}`,
    'with two lengths': `${first}${length}\r\nContent-Length: 5${end}`,
    'with a list of lengths': `${first}Content-Length: 27, 27${end}`,
    'with a signed length': `${first}Content-Length: +27${end}`,
    'with a hexadecimal length': `${first}Content-Length: 0x1b${end}`,
    'with a negative length': `${first}Content-Length: -1${end}`,
    'with a length beyond all numbers': `${first}Content-Length: 99999999999999999999999${end}`,
    'with an unknown transfer coding': `${first}Transfer-Encoding: xchunked\r\n\r\n${chunked}`,
    'with chunked not last': `${first}Transfer-Encoding: chunked, identity\r\n\r\n${chunked}`,
    'with gzip as transfer coding': `${first}Transfer-Encoding: gzip, chunked\r\n\r\n${chunked}`,
    'with chunked twice': `${first}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    'with a blank before the colon': `${first}Transfer-Encoding : chunked\r\n${length}${end}`,
    'with chunks in HTTP/1.0': `POST /v1/messages HTTP/1.0\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    'with LF alone': `${first}${length}${end}`.replaceAll('\r\n', '\n'),
    'with LF inside': `${first}X-A: 1\nX-B: 2\r\n${length}${end}`,
    'with CR inside': `${first}X-A: 1\rX-B: 2\r\n${length}${end}`,
    'with NUL inside': `${first}X-A: 1\0\r\n${length}${end}`,
    'with a folded line': `${first}X-A: 1\r\n X-B: 2\r\n${length}${end}`,
    'with a line without colon': `${first}nonsense\r\n${length}${end}`,
    'with LF behind a chunk size': `${first}Transfer-Encoding: chunked\r\n\r\n1b;a\n${GOOD}\r\n0\r\n\r\n`,
    'with a chunk size that is none': `${first}Transfer-Encoding: chunked\r\n\r\nzz\r\n${GOOD}\r\n0\r\n\r\n`,
    'with a chunk size in C': `${first}Transfer-Encoding: chunked\r\n\r\n0x1b\r\n${GOOD}\r\n0\r\n\r\n`,
    'with a chunk size beyond 64 bits': `${first}Transfer-Encoding: chunked\r\n\r\n1000000000000001b\r\n${GOOD}\r\n0\r\n\r\n`,
    'with a chunk longer than it says': `${first}Transfer-Encoding: chunked\r\n\r\n1b\r\n${GOOD}0\r\n\r\n`,
    'with two hosts': `${first}Host: other\r\n${length}${end}`,
    'with one host twice': `${first}Host: gw\r\n${length}${end}`,
    'without a host': `POST /v1/messages HTTP/1.1\r\n${length}${end}`,
    'with a blank in its method': `PO ST /v1/messages HTTP/1.1\r\nHost: gw\r\n${length}${end}`,
    'of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
  }
  test.each(Object.keys(smuggled))('%s is refused and the connection closed', async (name) => {
    const client = await RawClient.connect(program.port)
    client.send((smuggled[name] ?? '').replace('Host: gw', `Host: gw\r\nX-Api-Key: ${tokens.good}`))
    await client.ended
    expect(readAnswer(client.received).status).toBeWithin(400, 506)
    expect(mock.count()).toBe(0)
  })

  test('of 100 KB: 431', async () => {
    const client = await RawClient.connect(program.port)
    client.send(`${first}X-Huge: ${'h'.repeat(100_000)}\r\n${length}${end}`)
    await client.ended
    expect(readAnswer(client.received).status).toBe(431)
  })

  test('with an address of 70 KB: refused', async () => {
    const client = await RawClient.connect(program.port)
    client.send(`POST /v1/messages?x=${'u'.repeat(70_000)} HTTP/1.1\r\nHost: gw\r\n${length}${end}`)
    await client.ended
    expect(readAnswer(client.received).status).toBeOneOf([414, 431])
  })

  test('that wants a WebSocket: 426, and says what to do', async () => {
    const client = await RawClient.connect(program.port)
    client.send(
      `GET /v1/responses HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer ${tokens.good}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    await client.until((received) => received.includes('"param"'))
    client.leave()
    const { status, rest } = readAnswer(client.received)
    expect(status).toBe(426)
    expect(rest.toString()).toContain('HTTP POST')
    expect(mock.count()).toBe(0)
  })

  test('that wants a WebSocket without a token: 401', async () => {
    const client = await RawClient.connect(program.port)
    client.send(`GET /v1/responses HTTP/1.1\r\nHost: gw\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    await client.until((received) => received.includes('authorization'))
    client.leave()
    expect(readAnswer(client.received).status).toBe(401)
  })

  test('of Expect: 100-continue is let go on, or refused before the body', async () => {
    const client = await RawClient.connect(program.port)
    client.send(`${first}X-Api-Key: canary-wrong\r\nExpect: 100-continue\r\n${length}\r\n\r\n`)
    await client.until((received) => received.includes('401 Unauthorized'))
    client.leave()
    expect(mock.count()).toBe(0)
  })
})
