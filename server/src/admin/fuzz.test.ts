import { expect, test } from 'bun:test'
import { pathOf, type Route } from '@ccload/contract/route.ts'
import fc from 'fast-check'
import { type Desk, testDesk } from './test-desk.ts'

/** Pages are no answers of the API: they have no envelope and take no input. */
const isPage = ({ path }: Route): boolean => path === '/' || path.startsWith('/web')
const ROUTES = testDesk()
  .app.endpoints.map(({ route }) => route)
  .filter((route) => !isPage(route))

/** Texts that have broken programs of this kind. */
const HOSTILE = [
  "' OR '1'='1' --",
  '"; DROP TABLE channels; --',
  '1) UNION SELECT api_key FROM api_keys --',
  '%_%_%_%_%',
  '../../../etc/passwd',
  '..%2f..%2f',
  '\u0000',
  '\r\nX-Injected: 1',
  '__proto__',
  'constructor',
  '<script>alert(1)</script>',
  '=cmd|calc',
  '${7*7}',
  '\ud800',
  '９９',
  '-0',
  '1e309',
  'NaN',
  'null',
  'true',
  ' ',
  'a'.repeat(5_000),
]

const FIELDS = ['name', 'url', 'models', 'api_key', 'api_keys', 'priority', 'enabled', 'channel_type', 'key_strategy']
const MORE_FIELDS = ['description', 'expires_at', 'allowed_models', 'cost_limit_usd', 'is_active', 'value', 'updates']
const REST_FIELDS = ['duration_ms', 'scope', 'channel_id', 'key_index', 'model', 'password', 'id', 'daily_cost_limit']
const hostile = fc.constantFrom(...HOSTILE)
const scalar = fc.oneof(
  hostile,
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
)
const field = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...FIELDS, ...MORE_FIELDS, ...REST_FIELDS) },
  { weight: 1, arbitrary: hostile },
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(field, tie('value'), { maxKeys: 6 }),
  ),
}))
const body = fc.oneof(
  fc.dictionary(field, value, { maxKeys: 8 }).map((record) => JSON.stringify(record)),
  value.map((any) => JSON.stringify(any)),
  fc.string(),
)
const part = fc.oneof(fc.constantFrom('1', '2', '0'), hostile, fc.string({ minLength: 1 })).filter(isEncodable)
const queryField = fc.constantFrom(
  'range',
  'type',
  'limit',
  'offset',
  'channel_id',
  'channel_name',
  'model_like',
  'status_code',
  'before',
  'channel_type',
)
const query = fc.dictionary(queryField, hostile.filter(isEncodable), { maxKeys: 4 })

function isEncodable(text: string): boolean {
  return text.isWellFormed()
}

const call = fc.record({
  route: fc.constantFrom(...ROUTES),
  body,
  id: part,
  keyIndex: part,
  key: part,
  model: part,
  query,
  ip: hostile,
})

type Call = {
  route: Route
  body: string
  id: string
  keyIndex: string
  key: string
  model: string
  query: Record<string, string>
  ip: string
}

async function freshDesk(): Promise<{ desk: Desk; token: string }> {
  const desk = testDesk()
  const { token } = desk
  const channel = { name: 'seed', url: 'https://seed.test', api_key: 'sk-canary-seed', models: ['m'] }
  await desk.send('POST', '/admin/channels', { token, body: channel })
  await desk.send('POST', '/admin/auth-tokens', { token, body: { description: 'seed' } })
  return { desk, token }
}

test('no body, path or query, however mad, gives a 5xx, leaves the envelope or moves a prototype', async () => {
  const { desk, token } = await freshDesk()
  await fc.assert(
    fc.asyncProperty(call, async ({ route, ip, body: raw, query: params, ...values }: Call) => {
      const path = `${pathOf(route, values)}?${new URLSearchParams(params)}`
      const more = route.method === 'GET' ? {} : { raw }
      if (route.path === '/logout') return
      const answer = await desk.send(route.method, path, { token, ip, ...more })
      expect(answer.status).toBeLessThan(500)
      expect(Object.keys(answer.json)).toEqual(expect.arrayContaining(['success', 'data', 'error', 'count']))
      expect(answer.json.success).toBe(answer.status < 400)
      expect(answer.json.success).toBe(answer.json.error === '')
      if (answer.status >= 400) expect(answer.text).not.toContain('sk-canary')
      expect(Object.keys(Object.prototype)).toEqual([])
    }),
    { numRuns: 1_500 },
  )
}, 60_000)

test('whatever was stored can be read, and fits the bounds of the database', async () => {
  const { desk, token } = await freshDesk()
  const text = fc.oneof(hostile, fc.string({ unit: 'binary' }), fc.string())
  const channel = fc.record({ name: text, model: text, redirect: text, key: text })
  await fc.assert(
    fc.asyncProperty(channel, async ({ name, model, redirect, key }) => {
      const wanted = { name, url: 'https://x.test', models: [{ model, redirect_model: redirect }], api_key: key }
      await desk.send('POST', '/admin/channels', { token, body: wanted })
    }),
    { numRuns: 500 },
  )
  expect((await desk.send('GET', '/admin/channels', { token })).status).toBe(200)
  for (const { name, models, keys } of desk.state.channels) {
    for (const stored of [name, ...models.flatMap((model) => [model.name, model.redirect])]) {
      expect(stored.length).toBeLessThanOrEqual(191)
      expect(stored).toBe(stored.trim())
      expect(stored).not.toMatch(/[\p{Cc}\p{Cs}]/u)
    }
    for (const { apiKey } of keys) expect(apiKey).toMatch(/^[\x21-\x7e]{1,4096}$/)
  }
}, 60_000)

test.each(HOSTILE.filter((text) => /^[\x21-\x7e]/.test(text) && !/[\r\n]/.test(text)))(
  'the credential %j opens nothing and is written nowhere',
  async (text) => {
    const { desk } = await freshDesk()
    const linesBefore = desk.lines.length
    for (const headers of [{ authorization: `Bearer ${text}` }, { authorization: text }, { 'x-api-key': text }]) {
      expect((await desk.send('GET', '/admin/channels', { headers })).status).toBe(401)
    }
    expect(desk.lines).toHaveLength(linesBefore)
  },
)
