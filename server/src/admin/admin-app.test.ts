import { describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { pathOf, type Route } from '@ccload/contract/route.ts'
import { StoreError } from '../ports/store.ts'
import { PASSWORD, type Sent, testDesk } from './test-desk.ts'

const ROUTES = testDesk().app.endpoints.map(({ route }) => route)
const ADMIN_ROUTES = ROUTES.filter(({ path }) => path.startsWith('/admin'))
const NAMES = { id: 1, keyIndex: 0, key: 'max_attempts', model: 'gpt-5' }
const named = (route: Route): [string, string] => [route.method, pathOf(route, NAMES)]

function expectEnvelope({ json }: Sent): void {
  expect(Object.keys(json).sort()).toEqual(['count', 'data', 'error', 'success'])
  expect(json.success).toBe(json.error === '')
}

describe('who may use /admin', () => {
  test('there are routes to judge', () => {
    expect(ADMIN_ROUTES.length).toBeGreaterThan(25)
  })

  test.each(ADMIN_ROUTES.map(named))('%s %s refuses everybody without a running session', async (method, path) => {
    const desk = testDesk()
    const session = desk.token
    const created = await desk.send('POST', '/admin/auth-tokens', { token: session, body: { description: 'client' } })
    const [sessionHash] = desk.state.sessions.keys()
    const writesBefore = desk.state.writes
    const strangers = {
      nobody: {},
      'an API token': { authorization: `Bearer ${created.json.data.token}` },
      'an API token as a key': { 'x-api-key': created.json.data.token },
      'the hash of an API token': { authorization: `Bearer ${desk.state.tokens[0]?.hash}` },
      'the hash of the session': { authorization: `Bearer ${sessionHash}` },
      'the plain hash of the session': {
        authorization: `Bearer ${createHash('sha256').update(session).digest('hex')}`,
      },
      'the password': { authorization: `Bearer ${PASSWORD}` },
      'basic auth': { authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}` },
      'the session as a cookie': { cookie: `ccload_token=${session}; token=${session}` },
      'the session in upper case': { authorization: `Bearer ${session.toUpperCase()}` },
      'part of the session': { authorization: `Bearer ${session.slice(0, 63)}` },
      'a guess': { authorization: `Bearer ${randomBytes(32).toString('hex')}` },
      'an address of the house': { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '::1', host: 'localhost' },
    }
    for (const [who, headers] of Object.entries(strangers)) {
      const answer = await desk.send(method, path, { headers, ...(method === 'GET' ? {} : { body: {} }) })
      expect([who, answer.status]).toEqual([who, 401])
      expect(answer.json).toEqual({ success: false, data: null, error: '未授权访问，请先登录', count: 0 })
    }
    desk.clock.nowMs += 86_400_000
    expect((await desk.send(method, path, { token: session })).status).toBe(401)
    expect(desk.state.writes).toBe(writesBefore)
  })

  test.each([
    '//admin/channels',
    '/./admin/channels',
    '/%2e%2e/admin/channels',
    '/v1/../admin/channels',
    '/%61dmin/channels',
    '/admin%2Fchannels',
    '/admin/channels/',
    '/admin//channels',
    '/admin/channels;x=1',
    '/admin/channels%00',
    '/ADMIN/channels',
    '/Admin/Channels',
    '/admin./channels',
    '/admin/channels.',
    '/admin/./channels',
    '/admin/x/../channels',
    '/admin\\channels',
    '/public/../admin/channels',
    '/login/../admin/channels',
    '/admin/channels?x=/public/version',
    '/admin/channels%3f',
    '/%E0%A4%A/admin/channels',
  ])('the path %s opens nothing without a session', async (path) => {
    const desk = testDesk()
    const { status, json } = await desk.send('GET', path)
    expect([401, 404]).toContain(status)
    expect(json.data).toBeNull()
  })

  test('a path under /admin that does not exist is not told to strangers', async () => {
    expect((await testDesk().send('GET', '/admin/nothing')).status).toBe(401)
  })

  test('the scheme is Bearer in any case', async () => {
    const desk = testDesk()
    const { token } = desk
    const statusFor = async (authorization: string) =>
      (await desk.send('GET', '/admin/channels', { headers: { authorization } })).status
    expect(await statusFor(`bearer ${token}`)).toBe(200)
    expect(await statusFor(`Bearer  ${token}`)).toBe(200)
    expect(await statusFor(`Bearer ${token} x`)).toBe(401)
    expect(await statusFor(token)).toBe(401)
  })

  test('while sessions cannot be read the answer is 503, not "log in again"', async () => {
    const before = testDesk()
    const token = before.token
    const after = testDesk({}, before.state)
    before.state.failWith = new StoreError('busy', 'locked')
    const answer = await after.send('GET', '/admin/channels', { token })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expectEnvelope(answer)
  })
})

describe('every answer', () => {
  test.each([
    ['GET', '/admin/nothing', 404],
    ['GET', '/public/nothing', 404],
    ['GET', '/nothing', 404],
    ['GET', '/admin', 404],
    ['GET', '/login', 405],
    ['DELETE', '/login', 405],
    ['POST', '/public/version', 405],
    ['PATCH', '/admin/channels/1', 405],
    ['OPTIONS', '/admin/channels', 405],
    ['POST', '/admin/channels/1', 405],
  ])('%s %s is %i in the envelope', async (method, path, status) => {
    const desk = testDesk()
    const answer = await desk.send(method, path, { token: desk.token })
    expect(answer.status).toBe(status)
    expectEnvelope(answer)
    expect(answer.json.data).toBeNull()
    expect(answer.headers.get('allow') !== null).toBe(status === 405)
  })

  test('405 names the methods that the path has', async () => {
    const desk = testDesk()
    const { headers } = await desk.send('PATCH', '/admin/channels/7', { token: desk.token })
    expect(headers.get('allow')).toBe('DELETE, GET, HEAD, PUT')
  })

  test.each([
    ['a good one', 'GET', '/public/version'],
    ['a refusal', 'GET', '/admin/channels'],
    ['an unknown path', 'GET', '/nowhere'],
    ['a bad login', 'POST', '/login'],
  ])('%s carries the security headers and no CORS header', async (_, method, path) => {
    const headers = { origin: 'https://evil.test', 'access-control-request-method': 'POST' }
    const answer = await testDesk().send(method, path, { headers })
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  test('HEAD has the headers of GET and no body', async () => {
    const { status, text } = await testDesk().send('HEAD', '/public/version')
    expect([status, text]).toEqual([200, ''])
  })

  test('a bug of ours is "internal error" outside and its detail in the log', async () => {
    const desk = testDesk()
    const { token } = desk
    desk.state.failWith = new Error('SELECT secret-canary FROM channels')
    const answer = await desk.send('DELETE', '/admin/channels/1', { token })
    expect(answer.status).toBe(500)
    expect(answer.json).toEqual({ success: false, data: null, error: 'internal error', count: 0 })
    const line = desk.lines.find(({ event }) => event === 'admin request failed')
    expect(line).toMatchObject({ level: 'error', fields: { error: desk.state.failWith } })
  })

  test.each([
    ['busy', 503],
    ['full', 503],
    ['broken', 500],
    ['conflict', 409],
  ] as const)('a database that is %s gives %i without its own words', async (kind, status) => {
    const desk = testDesk()
    const { token } = desk
    desk.state.failWith = new StoreError(kind, 'canary SQL text')
    const answer = await desk.send('DELETE', '/admin/auth-tokens/1', { token })
    expect(answer.status).toBe(status)
    expectEnvelope(answer)
    expect(answer.text).not.toContain('canary')
  })

  test('a change that some proxies have not taken over yet says which', async () => {
    const desk = testDesk()
    desk.state.laggingProxies = [1, 3]
    const body = { description: 'x' }
    const { headers } = await desk.send('POST', '/admin/auth-tokens', { token: desk.token, body })
    expect(headers.get('x-ccload-lagging-proxies')).toBe('1,3')
  })
})

describe('bodies', () => {
  const post = async (more: Parameters<ReturnType<typeof testDesk>['send']>[2]) => {
    const desk = testDesk()
    return desk.send('POST', '/admin/auth-tokens', { token: desk.token, ...more })
  }

  test.each([
    ['{', 'is not JSON'],
    ['', 'is empty'],
    ['null', 'must be a JSON object'],
    ['[]', 'must be a JSON object'],
    ['"text"', 'must be a JSON object'],
    ['{"description":"x"} trailing', 'is not JSON'],
    ["{'description':'x'}", 'is not JSON'],
    ['{"description":"x","__proto__":{"is_active":true}}', 'unknown field "__proto__"'],
    ['{"description":"x","constructor":{}}', 'unknown field "constructor"'],
    ['{"description":"x","allowed_models":[{"prototype":1}]}', 'unknown field "prototype"'],
    [`{"a":${'['.repeat(40)}${']'.repeat(40)}}`, 'nested deeper'],
    ['{"description":"x","role":"admin"}', 'unknown field "role"'],
    ['{}', 'description is missing'],
  ])('%s is 400 and says that it %s', async (raw, why) => {
    const answer = await post({ raw })
    expect(answer.status).toBe(400)
    expect(answer.json.error).toStartWith('invalid request: ')
    expect(answer.json.error).toContain(why)
  })

  test('text that is not UTF-8 is no JSON', async () => {
    const raw = Buffer.concat([Buffer.from('{"description":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
    expect((await post({ raw })).status).toBe(400)
  })

  test('a byte order mark is forgiven', async () => {
    expect((await post({ raw: '\ufeff{"description":"x"}' })).status).toBe(200)
  })

  test('a hundred thousand brackets are refused quickly', async () => {
    const startedMs = performance.now()
    expect((await post({ raw: `{"a":${'['.repeat(100_000)}` })).status).toBe(400)
    expect((await post({ raw: `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}` })).status).toBe(400)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })

  test('a message never repeats a value of the body', async () => {
    const { text } = await post({ body: { description: { canary: 'secret-value' }, cost_limit_usd: 'secret-value' } })
    expect(text).not.toContain('secret-value')
  })

  test('an endless name of a field is cut and cannot forge a line', async () => {
    const { json } = await post({ body: { description: 'x', [`${'n'.repeat(5_000)}\n`]: 1, 'a\r\n"b': 1 } })
    expect(json.error.length).toBeLessThan(400)
    expect(json.error).not.toMatch(/[\r\n]/)
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
  ])('JSON under content type %s is read all the same, as `curl -d` sends it', async (type) => {
    expect((await post({ body: { description: 'x' }, headers: { 'content-type': type } })).status).toBe(200)
  })

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/merge-patch+json',
  ])('content type %s is JSON', async (type) => {
    expect((await post({ body: { description: 'x' }, headers: { 'content-type': type } })).status).toBe(200)
  })

  test('a body without a content type is JSON', async () => {
    const desk = testDesk()
    const request = new Request('http://ccload.test/admin/auth-tokens', {
      method: 'POST',
      headers: { authorization: `Bearer ${desk.token}` },
      body: new Blob(['{"description":"x"}']),
    })
    request.headers.delete('content-type')
    expect((await desk.app.fetch(request, { ip: '192.0.2.1' })).status).toBe(200)
  })

  test('a body above 32 MB is 413, by its announced length and by its real one', async () => {
    const announced = await post({ raw: '{}', headers: { 'content-length': String(33 * 1024 * 1024) } })
    expect(announced.status).toBe(413)
    const desk = testDesk()
    const chunk = new Uint8Array(1024 * 1024).fill(0x20)
    let sent = 0
    const request = new Request('http://ccload.test/admin/auth-tokens', {
      method: 'POST',
      headers: { authorization: `Bearer ${desk.token}`, 'content-type': 'application/json' },
      body: new ReadableStream({
        pull(controller) {
          if (++sent > 1_000) controller.close()
          else controller.enqueue(chunk)
        },
      }),
    })
    const response = await desk.app.fetch(request, { ip: '192.0.2.1' })
    expect(response.status).toBe(413)
    expectEnvelope({ status: 413, headers: response.headers, text: '', json: await response.json() })
    expect(sent).toBeLessThan(40)
  })

  test('pages of other sites may change nothing, whatever they know', async () => {
    const { status } = await post({ body: { description: 'x' }, headers: { 'sec-fetch-site': 'cross-site' } })
    expect(status).toBe(403)
    expect((await post({ body: { description: 'x' }, headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(200)
  })
})

describe('what anybody may see', () => {
  test('the version', async () => {
    expect((await testDesk().send('GET', '/public/version')).json.data).toEqual({
      version: '1.2.3',
      has_update: false,
      latest_version: '',
      release_url: '',
    })
  })

  test('the four types of channel with the paths that belong to them', async () => {
    const { json } = await testDesk().send('GET', '/public/channel-types')
    expect(json.data.map((type: { value: string }) => type.value)).toEqual(['anthropic', 'codex', 'openai', 'gemini'])
    expect(json.data[2]).toEqual({
      value: 'openai',
      display_name: 'OpenAI',
      description: 'OpenAI API (GPT系列)',
      path_patterns: ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'],
      match_type: 'prefix',
    })
  })
})
