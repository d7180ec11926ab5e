// One named test, at least, for each attack that can be made on proxy and admin API from outside.

import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { HOSTILE_HEADERS } from '../mock-upstream/behaviour.ts'
import { RawClient, readAnswer } from '../mock-upstream/raw-client.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { PASSWORD, type Program, startProgram } from './program.ts'

setDefaultTimeout(30_000)

const KEY = 'canary-key-0123456789abcdef'
const GOOD = '{"model":"m","messages":[]}'
const folder = mkdtempSync(join(tmpdir(), 'ccload-attacks-'))
const database = join(folder, 'ccload.db')
let program: Program
let token = ''
let channelId = 0
let mock: Mock
/** Nobody may ever call it. */
let lure: Mock
let slowHeads: readonly RawClient[] = []

beforeAll(async () => {
  program = await startProgram({ sqlitePath: database })
  token = await program.token()
  mock = await startMock()
  lure = await startMock()
  slowHeads = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(program.port)))
  for (const client of slowHeads) client.send('POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Slow: ')
})
beforeEach(async () => {
  await program.reset()
  mock.reset()
  channelId = await program.channel({ url: mock.url, api_keys: [KEY] })
})
afterAll(async () => {
  const code = await program.stop()
  const wasCalled = lure.count()
  mock.close()
  lure.close()
  for (const client of slowHeads) client.leave()
  rmSync(folder, { recursive: true })
  expect([code, wasCalled]).toEqual([0, 0])
  for (const secret of [KEY, token, PASSWORD]) expect(program.stderr()).not.toContain(secret)
})

type Headers = Readonly<Record<string, string>>

async function ask(headers: Headers = {}, body: string | Uint8Array = GOOD, path = '/v1/messages'): Promise<Response> {
  return fetch(`${program.url}${path}`, {
    method: 'POST',
    headers: { 'x-api-key': token, ...headers },
    body: body as string, // bytes too, whatever the type says
    redirect: 'manual',
  })
}

async function raw(
  text: string,
  isEnough: (received: Buffer) => boolean = (received) => received.includes('\r\n\r\n'),
): Promise<Buffer> {
  const client = await RawClient.connect(program.port)
  client.send(text)
  await client.until(isEnough).catch(() => {}) // it was cut off; what came before is the answer
  client.leave()
  return client.received
}

/** Resident memory of the proxy, bytes. */
function residentBytes(): number {
  const status = readFileSync(`/proc/${program.pids()[0]}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

test('A1: SQL in every place that takes text changes nothing', async () => {
  const corpus = [
    "' OR '1'='1",
    "'; DROP TABLE channels; --",
    '" OR 1=1 --',
    "1' UNION SELECT api_key FROM api_keys --",
    "\\'; DELETE FROM auth_tokens; --",
    '%27%20OR%201=1',
    "admin'/*",
    "');VACUUM;--",
  ]
  const { json: before } = await program.admin('GET', '/auth-tokens')
  for (const text of corpus) {
    for (const headers of [
      { 'x-api-key': text },
      { authorization: `Bearer ${text}`, 'x-api-key': '' },
      { 'x-goog-api-key': text, 'x-api-key': '' },
    ]) {
      expect((await ask(headers)).status).toBe(401)
    }
    expect((await ask({ 'x-api-key': '' }, GOOD, `/v1/messages?key=${encodeURIComponent(text)}`)).status).toBe(401)
    expect((await ask({ 'user-agent': text, session_id: text }, JSON.stringify({ model: text }))).status).toBe(503)
    for (const name of ['model', 'model_like', 'channel_name', 'channel_name_like', 'request_id']) {
      const answer = await program.admin('GET', `/logs?${name}=${encodeURIComponent(text)}`)
      expect([answer.status, answer.json.success]).toEqual([200, true])
    }
    const made = await program.channel({ url: mock.url, name: text, models: [text] })
    const { json } = await program.admin<{ name: string }>('GET', `/channels/${made}`)
    expect(json.data.name).toBe(text)
    await program.admin('DELETE', `/channels/${made}`)
    for (const id of [text, `${channelId} OR 1=1`]) {
      expect((await program.admin('DELETE', `/channels/${encodeURIComponent(id)}`)).status).toBe(400)
    }
  }
  const { json: after } = await program.admin('GET', '/auth-tokens')
  expect(after).toEqual(before)
  expect((await ask()).status).toBe(200)
})

describe('A3: addresses that only an attacker wants', () => {
  const own = () => program.port
  const addresses: readonly (() => string)[] = [
    () => 'http://169.254.169.254',
    () => 'http://2852039166',
    () => 'http://0xa9fea9fe',
    () => 'http://0251.0376.0251.0376',
    () => 'http://169.254.43518',
    () => 'http://[::ffff:169.254.169.254]',
    () => 'http://[::ffff:a9fe:a9fe]',
    () => 'http://[2002:a9fe:a9fe::]',
    () => 'http://[64:ff9b::a9fe:a9fe]',
    () => 'http://[fe80::1]',
    () => 'http://[fd00:ec2::254]',
    () => 'http://100.100.100.200',
    () => `http://0.0.0.0:${mock.port}`,
    () => `http://[::]:${mock.port}`,
    () => 'http://255.255.255.255',
    () => 'http://224.0.0.1',
    () => `http://127.0.0.1:${own()}`,
    () => `http://127.1:${own()}`,
    () => `http://[::1]:${own()}`,
    () => `http://[::ffff:127.0.0.1]:${own()}`,
    () => `http://localhost:${own()}`,
    () => `http://user:pass@169.254.169.254`,
    () => `http://127.0.0.1:${mock.port}@169.254.169.254`,
    () => 'http://169。254。169。254',
    () => 'file:///etc/passwd',
    () => 'gopher://127.0.0.1:70',
    () => 'data:text/plain,x',
  ]
  test.each(addresses.map((address) => ({ name: address.toString().slice(6), address })))(
    '$name',
    async ({ address }) => {
      await program.reset()
      const made = await program.admin<{ id: number }>('POST', '/channels', {
        name: 'ssrf',
        url: address(),
        models: ['m'],
        api_key: KEY,
      })
      if (made.status !== 201) {
        expect(made.status).toBe(400)
        return
      }
      const startedMs = performance.now()
      expect((await ask()).status).toBe(502)
      expect(performance.now() - startedMs).toBeLessThan(1_000)
      const [row] = await program.logs(`channel_id=${made.json.data.id}`)
      expect(row?.message).toContain('blocked')
      expect(mock.count()).toBe(0)
    },
  )
})

describe('A4: ways around', () => {
  test.each([301, 302, 303, 307, 308] as const)(
    'a redirect (%i) is followed nowhere and shown to nobody',
    async (status) => {
      for (const location of [
        `${lure.url}/v1/messages`,
        'http://169.254.169.254/latest/meta-data/',
        '//169.254.169.254/',
        '/v1/messages',
      ]) {
        mock.set({ do: { kind: 'redirect', status, location } })
        const answer = await ask()
        expect([answer.status, answer.headers.get('location')]).toEqual([502, null])
        expect(await answer.text()).not.toContain('169.254')
        await program.admin('POST', `/channels/${channelId}/cooldown/clear`)
      }
      expect([mock.count(), lure.count()]).toEqual([4, 0])
    },
  )

  test('a name in front of the host leads nowhere else', async () => {
    for (const url of [
      `http://${lure.url.slice(7)}@127.0.0.1:${mock.port}`,
      `http://127.0.0.1:${mock.port}\\@${lure.url.slice(7)}`,
      `http://127.0.0.1:${mock.port}#@${lure.url.slice(7)}`,
    ]) {
      const { status } = await program.admin('POST', '/channels', {
        name: 'userinfo',
        url,
        models: ['m'],
        api_key: KEY,
      })
      expect(status).toBe(400)
    }
  })
})

test('A5: a client cannot choose where its request, and our key, goes', async () => {
  const host = lure.url.slice(7)
  const headers = {
    'x-forwarded-host': host,
    'x-host': host,
    'x-api-base': lure.url,
    'api-base': lure.url,
    'x-base-url': lure.url,
    'x-upstream': lure.url,
    'x-original-url': `${lure.url}/x`,
    'x-rewrite-url': '/x',
    'helicone-target-url': lure.url,
    'x-portkey-custom-host': lure.url,
    forwarded: `host=${host}`,
    via: host,
  }
  const body = JSON.stringify({ model: 'm', api_base: lure.url, base_url: lure.url, custom_host: host, messages: [] })
  expect((await ask(headers, body, `/v1/messages?api_base=${encodeURIComponent(lure.url)}`)).status).toBe(200)
  const head = `X-Api-Key: ${token}\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`
  await raw(`POST ${lure.url}/v1/messages HTTP/1.1\r\nHost: ${host}\r\n${head}`)
  await raw(`POST /v1/messages HTTP/1.1\r\nHost: ${host}\r\n${head}`)
  await raw(`POST @${host}/v1/messages HTTP/1.1\r\nHost: gw\r\n${head}`)
  await raw(`POST //${host}/v1/messages HTTP/1.1\r\nHost: gw\r\n${head}`)
  await raw(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\nX-Api-Key: ${token}\r\n\r\n`)
  const hosts = new Set(mock.calls.map((call) => call.headers.find(([name]) => name.toLowerCase() === 'host')?.[1]))
  expect([lure.count(), hosts]).toEqual([0, new Set([`127.0.0.1:${mock.port}`])])
})

describe('A6, A13: guessing', () => {
  let guarded: Program
  beforeAll(async () => {
    guarded = await startProgram()
  })
  afterAll(() => guarded.stop())

  test('five wrong passwords lock the address, whatever the headers say it is', async () => {
    const logIn = (password: string, at: number) =>
      fetch(`${guarded.url}/login`, {
        method: 'POST',
        headers: {
          'x-forwarded-for': `192.0.2.${at}`,
          'x-real-ip': `192.0.2.${at}`,
          forwarded: `for=192.0.2.${at}`,
          'cf-connecting-ip': `192.0.2.${at}`,
        },
        body: JSON.stringify({ password }),
      })
    const statuses: number[] = []
    for (let at = 0; at < 5; at++) statuses.push((await logIn(`guess-${at}`, at)).status)
    const locked = await logIn(PASSWORD, 99)
    expect([statuses, locked.status]).toEqual([[401, 401, 401, 401, 401], 429])
    expect(Number(locked.headers.get('retry-after'))).toBeWithin(800, 901)
    expect((await guarded.admin('GET', '/settings')).status).toBe(200) // who is in stays in
  })

  test('a token that is wrong, one that was deleted and one that is off are told the same', async () => {
    const off = await program.token({ is_active: false })
    const answers = await Promise.all([
      ask({ 'x-api-key': 'wrong' }),
      ask({ 'x-api-key': off }),
      ask({ 'x-api-key': '' }),
    ])
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(texts).size).toBe(1)
    expect(answers.map((answer) => answer.status)).toEqual([401, 401, 401])
  })

  test('the address in the log is that of the connection, unless a trusted proxy says another', async () => {
    await (await ask({ 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.7' })).text()
    expect((await program.logs(`channel_id=${channelId}`))[0]?.client_ip).toBe('127.0.0.1')
    const trusting = await startProgram({ env: { TRUSTED_PROXIES: '127.0.0.1' } })
    const id = await trusting.channel({ url: mock.url })
    await fetch(`${trusting.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': await trusting.token(), 'x-forwarded-for': '6.6.6.6, 192.0.2.7' },
      body: GOOD,
    })
    expect((await trusting.logs(`channel_id=${id}`))[0]?.client_ip).toBe('192.0.2.7')
    await trusting.stop()
  })
})

test('A7: fields that nobody may set are refused by name', async () => {
  const extras: Readonly<Record<string, unknown>> = {
    role: 'admin',
    is_admin: true,
    owner_id: 1,
    health: 1,
    admin: true,
  }
  for (const [name, value] of Object.entries(extras)) {
    const channel = { name: 'x', url: mock.url, models: ['m'], api_key: KEY, [name]: value }
    const tries = [
      await program.admin('POST', '/channels', channel),
      await program.admin('PUT', `/channels/${channelId}`, { [name]: value }),
      await program.admin('POST', '/auth-tokens', { description: 'x', [name]: value }),
      await program.admin('POST', `/channels/${channelId}/cooldown`, { duration_ms: 1_000, [name]: value }),
      await program.admin('POST', '/settings/batch', { [name]: String(value) }),
    ]
    for (const { status, json } of tries) {
      expect(status).toBe(400)
      expect(json.error).toContain(name)
    }
  }
  const { json } = await program.admin<{ id: number }>('POST', '/auth-tokens', {
    description: 'x',
    id: 1,
    token: 'mine',
    cost_used_usd: -5,
  })
  expect(json.data.id).not.toBe(1)
  expect((await ask({ 'x-api-key': 'mine' })).status).toBe(401)
  expect(await program.rests()).toEqual([])
})

test('A9: no secret comes out anywhere', async () => {
  const quoting = `bad key ${KEY}, token ${token}`
  const shown: string[] = []
  const leaks: string[] = []
  const faults = [
    { kind: 'status', status: 400, message: `prompt is too long ${quoting}`, type: 'invalid_request_error' },
    { kind: 'status', status: 401, message: quoting },
    { kind: 'status', status: 422, message: quoting },
    { kind: 'status', status: 500, message: quoting },
    { kind: 'status', status: 500, body: `<html>${quoting}</html>` },
    { kind: 'status', status: 422, message: 'x', headers: { 'x-echo': KEY, 'www-authenticate': `Bearer ${KEY}` } },
    { kind: 'soft-error', form: 'error-json', message: quoting },
    { kind: 'soft-error', form: 'error-event', message: quoting },
    { kind: 'soft-error', form: 'meta-then-error', message: quoting },
  ] as const
  for (const fault of faults) {
    for (const coding of [undefined, 'gzip'] as const) {
      mock.set({ do: coding ? [fault, { kind: 'encoding', coding }] : fault })
      const answer = await ask({}, GOOD.replace('{', '{"stream":true,'))
      const text = JSON.stringify([...answer.headers]) + (await answer.text().catch(String))
      if (text.includes(KEY)) leaks.push(`${JSON.stringify(fault)} ${coding ?? ''}`)
      await program.admin('POST', `/channels/${channelId}/cooldown`, { duration_ms: 1 })
    }
  }
  await program.admin('POST', '/channels', { name: 'x', url: 'no address', models: ['m'], api_key: KEY })
  for (const path of [
    '/channels',
    `/channels/${channelId}`,
    '/auth-tokens',
    '/settings',
    '/logs?limit=1000',
    '/cooldowns',
    '/cooldown/stats',
    '/active-requests',
    '/models',
  ]) {
    const text = JSON.stringify(await program.admin('GET', path))
    shown.push(text)
    if (text.includes(KEY)) leaks.push(`/admin${path}`)
  }
  for (const path of [
    '/health',
    '/public/version',
    '/public/channel-types',
    '/public/summary',
    '/login',
    '/web/',
    '/',
    '/v1/models',
  ]) {
    shown.push(await (await fetch(`${program.url}${path}`)).text())
  }
  shown.push(program.stderr())
  const all = shown.join('\n')
  expect(leaks).toEqual([])
  for (const secret of [KEY, PASSWORD, createHash('sha256').update(token).digest('hex')])
    expect(all).not.toContain(secret)
  // What the upstream says of the token it cannot know: the client sent it, so it may read it; nobody else may.
  expect(program.stderr() + JSON.stringify(await program.logs())).not.toContain(token)
})

test('A10: a masked key that is saved back is refused, and the real one stays', async () => {
  for (const masked of ['cana****cdef', '****', 'sk-****', 'cana...cdef', '***']) {
    for (const body of [{ api_key: masked }, { api_keys: [masked] }, { api_key: `${masked},other-key` }]) {
      expect([masked, (await program.admin('PUT', `/channels/${channelId}`, body)).status]).toEqual([masked, 400])
    }
  }
  expect((await ask()).status).toBe(200)
  expect(mock.calls.map((call) => call.key)).toEqual([KEY])
})

test('A14: what looks almost like a token is none', async () => {
  const almost = [
    token.slice(0, -1),
    token.slice(1),
    `${token}0`,
    token + token,
    token.toUpperCase(),
    `${token}\u00a0`,
    `${token}%00`,
    `"${token}"`,
    `${token},${token}`,
    ` x${token}`,
    token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a')),
    `Bearer ${token}`,
  ]
  for (const text of almost) expect([text, (await ask({ 'x-api-key': text })).status]).toEqual([text, 401])
  const header = await raw(
    `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\0\r\nContent-Length: 27\r\n\r\n${GOOD}`,
  )
  expect(readAnswer(header).status).toBe(400)
  expect(mock.count()).toBe(0)
})

test('A15: nothing that stands in the database opens anything', async () => {
  await (await ask()).text()
  const file = new Database(database, { readonly: true })
  const tables = file.query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'").all()
  const texts = new Set<string>()
  for (const { name } of tables) {
    for (const row of file.query<Record<string, unknown>, []>(`SELECT * FROM "${name}"`).all()) {
      for (const value of Object.values(row))
        if (typeof value === 'string' && value.length >= 16 && value.length <= 256) texts.add(value)
    }
  }
  file.close()
  expect(texts.size).toBeGreaterThan(2)
  expect(texts).not.toContain(token)
  for (const text of [...texts].slice(0, 300)) {
    if (/[^\x21-\x7e]/.test(text)) continue
    const admin = await fetch(`${program.url}/admin/settings`, { headers: { authorization: `Bearer ${text}` } })
    expect([admin.status, (await ask({ 'x-api-key': text })).status]).toEqual([401, 401])
  }
})

test('A19: a request hidden in the body of another is never served', async () => {
  const hidden = `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`
  const head = `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\n`
  for (const text of [
    `${head}Content-Length: ${hidden.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding: xchunked\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    `${head}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding: identity\r\n\r\n${hidden}`,
    `GET /v1/models HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    `POST /health HTTP/1.1\r\nHost: gw\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  ]) {
    await raw(text)
    expect(mock.count()).toBe(0)
  }
  // A body that was refused unread must not be taken for the next request either.
  const long = `x${hidden}`.padEnd(11 * 1024 * 1024, 'x')
  await raw(`${head}Content-Length: ${long.length}\r\n\r\n${long}`)
  expect(mock.count()).toBe(0)
})

test('A20: bombs are not unpacked', async () => {
  const zeros = Buffer.alloc(300 * 1024 * 1024)
  const bombs: readonly (readonly [string, Uint8Array])[] = [
    ['gzip', gzipSync(zeros, { level: 9 })],
    ['zstd', zstdCompressSync(zeros)],
    ['gzip', gzipSync(gzipSync(zeros, { level: 9 }))],
  ]
  const before = residentBytes()
  for (const [coding, bomb] of bombs) {
    const statuses = await Promise.all(
      Array.from({ length: 4 }, async () => (await ask({ 'content-encoding': coding }, bomb)).status),
    )
    for (const status of statuses) expect(status).toBeOneOf([400, 413])
  }
  expect((await ask({ 'content-encoding': 'gzip, gzip' }, gzipSync(gzipSync(GOOD)))).status).toBe(400)
  expect(residentBytes() - before).toBeLessThan(150 * 1024 * 1024)
  expect(mock.count()).toBe(0)
})

test('A21: who reads slowly slows the upstream, and costs no memory', async () => {
  mock.set({ do: { kind: 'huge-event', megabytes: 48 } })
  const before = residentBytes()
  const client = await RawClient.connect(program.port)
  const body = GOOD.replace('{', '{"stream":true,')
  client.send(
    `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await client.until((received) => received.length > 0)
  client.pause()
  await Bun.sleep(500)
  const taken = mock.calls[0]?.wireBytes ?? 0
  expect(taken).toBeLessThan(30 * 1024 * 1024)
  expect(residentBytes() - before).toBeLessThan(60 * 1024 * 1024)
  client.leave()
  await mock.until(([call]) => call?.closedEarlyAtMs !== undefined) // who leaves costs nothing any more
})

test('A22: huge and odd input has its bounds', async () => {
  const head = `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\n`
  expect(readAnswer(await raw(`${head}X-Huge: ${'h'.repeat(100 * 1024)}\r\n\r\n`)).status).toBe(431)
  expect(readAnswer(await raw(`${head}${'X-Many: 1\r\n'.repeat(5_000)}\r\n`)).status).toBeOneOf([400, 431])
  mock.set({ do: { kind: 'huge-event', megabytes: 24 } })
  const before = residentBytes()
  const answer = await ask({}, GOOD.replace('{', '{"stream":true,'))
  expect((await answer.bytes()).length).toBe(mock.calls[0]?.answerBody?.length ?? -1)
  expect(residentBytes() - before).toBeLessThan(120 * 1024 * 1024)
  for (const text of [
    '\ufeffdata: {"type":"content_block_start"}\n\ndata: {"type":"message_stop"}\n\n',
    '\u0000\u0001',
    `data: ${'x'.repeat(100_000)}`,
  ]) {
    mock.set({ do: { kind: 'status', status: 200, body: text, headers: { 'content-type': 'text/event-stream' } } })
    await ask({}, GOOD.replace('{', '{"stream":true,'))
      .then((odd) => odd.bytes())
      .catch(() => {}) // whatever it is, it must not harm
    await program.admin('POST', `/channels/${channelId}/cooldown/clear`)
  }
  mock.reset()
  expect((await ask()).status).toBe(200)
})

describe('A26: a path cannot be written so that it opens a door', () => {
  const doors = [
    '/admin/channels',
    '//admin/channels',
    '/admin//channels',
    '/admin/./channels',
    '/./admin/channels',
    '/v1/../admin/channels',
    '/v1/%2e%2e/admin/channels',
    '/%2e%2e/admin/channels',
    '/v1/messages/../../admin/channels',
    '/v1beta/../admin/channels',
    '/%61dmin/channels',
    '/ADMIN/channels',
    '/admin/channels/',
    '/admin/channels.',
    '/admin/channels;x=1',
    '/admin;/channels',
    '/admin/channels%00',
    '/admin/channels%2f',
    '/admin%2fchannels',
    '/web/../admin/channels',
    '/web/..%2fadmin/channels',
    '/public/../admin/channels',
    '/health/../admin/channels',
    '\\admin\\channels',
    '/v1\\..\\admin/channels',
    '/admin/channels?x=/login',
    '/login/../admin/channels',
  ]
  test.each(doors)('%s', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'HEAD', 'get', 'TRACE']) {
      const answer = readAnswer(
        await raw(`${method} ${path} HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
      )
      expect([method, answer.status >= 200 && answer.status < 400]).toEqual([method, false])
      expect(answer.rest.toString()).not.toContain(mock.url)
    }
    // A client's token is no session either.
    const withToken = await raw(
      `GET ${path} HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    )
    expect(readAnswer(withToken).status).toBeWithin(400, 500)
    expect(mock.count()).toBe(0)
  })
})

describe('A27: no line can be put into a head', () => {
  test('by what an administrator saves', async () => {
    const evil = 'x\r\nX-Evil: 1'
    const tries = [
      await program.admin('PUT', `/channels/${channelId}`, { url: `${mock.url}/${evil}` }),
      await program.admin('PUT', `/channels/${channelId}`, { name: evil }),
      await program.admin('PUT', `/channels/${channelId}`, { models: [evil] }),
      await program.admin('PUT', `/channels/${channelId}`, { models: [{ model: 'm', redirect_model: evil }] }),
      await program.admin('PUT', `/channels/${channelId}`, { api_keys: ['a\u0000b'] }),
      await program.admin('PUT', `/channels/${channelId}`, { api_keys: ['a\u0007b'] }),
      await program.admin('POST', '/settings/batch', { strip_client_headers: 'x-a: 1\r\nx-b: 2' }),
      await program.admin('POST', '/auth-tokens', { description: evil }),
    ]
    expect(tries.map(({ status }) => status)).toEqual(tries.map(() => 400))
    // Line ends part keys; what is between them is a key, never a header.
    await program.admin('PUT', `/channels/${channelId}`, { api_keys: [evil] })
    await (await ask()).text()
    expect(mock.calls.every((call) => !/^x-evil:/im.test(call.rawHead))).toBe(true)
  })

  test.each(HOSTILE_HEADERS)('by an upstream (%s)', async (what) => {
    mock.set({
      do: [
        { kind: 'ok', headers: { 'X-Fine': '1' } },
        { kind: 'hostile-headers', what },
      ],
    })
    const head = `POST /v1/messages HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ${token}\r\nConnection: close\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`
    const client = await RawClient.connect(program.port)
    client.send(head)
    await client.ended
    const answer = readAnswer(client.received)
    expect(answer.status).toBeOneOf([200, 502])
    const names = answer.headerLines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
    expect(names.every((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))).toBe(true)
    for (const gone of [
      'set-cookie',
      'set-cookie2',
      'x-hop',
      'x-secret',
      'alt-svc',
      'strict-transport-security',
      'proxy-authenticate',
    ])
      expect(names).not.toContain(gone)
    const framing = names.filter((name) => name === 'content-length' || name === 'transfer-encoding')
    expect(framing.length).toBeLessThanOrEqual(1)
    if (answer.status === 200)
      expect(
        Buffer.from(answer.rest).includes('end_turn') || answer.headerLines.some((line) => /chunked/i.test(line)),
      ).toBe(true)
    mock.reset()
    await program.admin('POST', `/channels/${channelId}/cooldown/clear`)
    expect((await ask()).status).toBe(200)
  })
})

test('A28: names like __proto__ are names like others', async () => {
  const evil = [
    '{"__proto__":{"enabled":false,"admin":true}}',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"prototype":1}',
  ]
  for (const text of evil) {
    for (const [method, path] of [
      ['POST', '/channels'],
      ['PUT', `/channels/${channelId}`],
      ['POST', '/auth-tokens'],
      ['POST', '/settings/batch'],
      ['POST', '/cooldowns/clear'],
    ] as const) {
      const { status } = await program.admin(method, path, JSON.parse(text))
      expect([path, status]).toEqual([path, 400])
    }
  }
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    expect((await program.admin('GET', `/settings/${key}`)).status).toBe(404)
    expect((await program.admin('PUT', `/settings/${key}`, { value: 'true' })).status).toBe(404)
    expect((await ask({}, JSON.stringify({ model: key }))).status).toBe(503)
    expect((await program.admin('GET', `/logs?${key}=1`)).status).toBe(200)
  }
  const body = '{"__proto__":{"model":"x","stream":true},"constructor":{"model":"y"},"model":"m","messages":[]}'
  expect((await ask({}, body)).status).toBe(200)
  expect(Buffer.from(mock.calls.at(-1)?.body ?? []).toString()).toBe(body)
})

test('A33: a flood of unknown tokens does not slow the known one, nor fill anything', async () => {
  await (await ask()).text()
  const before = residentBytes()
  let isOver = false
  let refused = 0
  const flood = Array.from({ length: 24 }, async () => {
    while (!isOver) {
      const answer = await ask({ 'x-api-key': randomBytes(16).toString('hex') })
      await answer.bytes()
      if (answer.status === 401) refused++
    }
  })
  const times: number[] = []
  for (let asked = 0; asked < 60; asked++) {
    const startedMs = performance.now()
    expect((await ask()).status).toBe(200)
    times.push(performance.now() - startedMs)
  }
  isOver = true
  await Promise.all(flood)
  times.sort((one, two) => one - two)
  expect(times[30] ?? 0).toBeLessThan(100)
  expect(refused).toBeGreaterThan(300)
  expect(residentBytes() - before).toBeLessThan(60 * 1024 * 1024)
  const rows = await program.logs()
  expect(rows.filter((row) => row.auth_token_id === 0 && row.status_code === 401)).toEqual([]) // strangers do not fill the database
})

describe('A34: an upstream that means harm', () => {
  test('cannot make a front server serve a file, nor a browser forget this site', async () => {
    mock.set({ do: { kind: 'hostile-headers', what: 'accel' } })
    const { headers } = await ask()
    expect(
      [...headers.keys()].filter((name) => /^x-accel-redirect$|^x-sendfile$|^clear-site-data$/.test(name)),
    ).toEqual([])
  })

  test('sets no cookie, in no kind of answer, and gets none', async () => {
    const cookie = { 'Set-Cookie': 'canary=1', 'Set-Cookie2': 'canary=2' }
    for (const fault of [
      { kind: 'ok', headers: cookie },
      { kind: 'status', status: 422, headers: cookie },
      { kind: 'status', status: 503, headers: cookie },
    ] as const) {
      mock.set({ do: fault })
      for (const body of [GOOD, GOOD.replace('{', '{"stream":true,')]) {
        const answer = await ask({ cookie: 'canary=3' }, body)
        await answer.text()
        expect(answer.headers.getSetCookie()).toEqual([])
        expect(answer.headers.get('set-cookie2')).toBe(null)
        await program.admin('POST', `/channels/${channelId}/cooldown/clear`)
      }
    }
    expect(mock.calls.every((call) => !call.rawHead.includes('canary='))).toBe(true)
  })

  const usages: readonly unknown[] = [
    { input_tokens: -5, output_tokens: -1e9 },
    { input_tokens: 1e308, output_tokens: 9e15 },
    { input_tokens: '7', output_tokens: null },
    { input_tokens: 1.5, output_tokens: [1] },
    { input_tokens: { valueOf: 1 }, output_tokens: true },
    'nonsense',
    [],
    null,
  ]
  test.each(usages.map((usage) => ({ name: JSON.stringify(usage), usage })))(
    'reports usage $name: counted within bounds, never below nothing',
    async ({ usage }) => {
      mock.set({
        do: {
          kind: 'status',
          status: 200,
          body: JSON.parse(
            JSON.stringify({
              id: 'x',
              type: 'message',
              role: 'assistant',
              content: [{ type: 'text', text: 'x' }],
              stop_reason: 'end_turn',
              usage,
            }),
          ),
        },
      })
      expect((await ask()).status).toBe(200)
      const [row] = await program.logs(`channel_id=${channelId}`)
      for (const count of [row?.input_tokens, row?.output_tokens, row?.cost]) {
        expect(Number.isFinite(count)).toBe(true)
        expect(count).toBeGreaterThanOrEqual(0)
        expect(count).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER)
      }
    },
  )
})

test('A21: who never ends its head is shown out', async () => {
  const late = Bun.sleep(15_000).then(() => 'still open')
  const endings = await Promise.all(slowHeads.map((client) => Promise.race([client.ended, late])))
  expect(endings.filter((ending) => ending === 'still open')).toEqual([])
})
