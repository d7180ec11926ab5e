// How an operator finds out why: each request with its whole decision, a dry run, rules of one's own, and rests that say
// how high they are. Two proxy processes over real sockets.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FailureRuleTested, failureRuleTestAnswer } from '@ccload/contract/failure-rules.ts'
import { type RequestExplained, requestAnswer } from '@ccload/contract/requests.ts'
import { type Simulation, simulateAnswer } from '@ccload/contract/simulate.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type Program, startProgram } from './program.ts'

setDefaultTimeout(30_000)

const HOUR_MS = 3_600_000
const DAY_S = 86_400
/** Rests are kept in ticks of 10 ms, both ends rounded. */
const TICKS_MS = 20

let program: Program
let token = ''
let a: Mock
let b: Mock

beforeAll(async () => {
  program = await startProgram({ workers: 2 })
  token = await program.token()
  a = await startMock()
  b = await startMock()
})
beforeEach(async () => {
  await program.reset()
  await program.settings({ failure_rules: '', max_attempts: '8', cooldown_fallback_enabled: 'true' })
  a.reset()
  b.reset()
})
afterAll(async () => {
  await program.stop()
  a.close()
  b.close()
})

type Ask = { readonly model?: string; readonly token?: string; readonly body?: object; readonly at?: Program }

async function ask({ model = 'm', token: presented = token, body = {}, at = program }: Ask = {}): Promise<Response> {
  const answer = await fetch(`${at.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': presented, connection: 'close' },
    body: JSON.stringify({ model, messages: [], ...body }),
    keepalive: false,
  })
  return answer
}

function idOf(answer: Response): string {
  return answer.headers.get('x-ccload-request-id') ?? ''
}

async function explain(id: string, at = program): Promise<RequestExplained> {
  const { status, json } = await at.admin<RequestExplained>('GET', `/requests/${id}`)
  if (status !== 200) throw new Error(`${status} ${json.error}`)
  return requestAnswer.parse(json.data)
}

async function asked(given: Ask = {}): Promise<{ readonly status: number; readonly why: RequestExplained }> {
  const answer = await ask(given)
  await answer.bytes()
  return { status: answer.status, why: await explain(idOf(answer), given.at) }
}

async function simulate(body: object): Promise<Simulation> {
  const { status, json } = await program.admin<Simulation>('POST', '/simulate', body)
  if (status !== 200) throw new Error(`${status} ${json.error}`)
  return simulateAnswer.parse(json.data)
}

async function tryRules(body: object): Promise<FailureRuleTested> {
  const { status, json } = await program.admin<FailureRuleTested>('POST', '/failure-rules/test', body)
  if (status !== 200) throw new Error(`${status} ${json.error}`)
  return failureRuleTestAnswer.parse(json.data)
}

describe('every request explains itself', () => {
  test('a failover: who was tried, whose fault it was, who rests since then and how high, and what the client got', async () => {
    a.set({ do: { kind: 'status', status: 500, message: 'boom' } })
    const first = await program.channel({ url: a.url, name: 'first', priority: 10, api_keys: ['sk-aaaa-first-key'] })
    const second = await program.channel({ url: b.url, name: 'second', priority: 5 })
    const { status, why } = await asked()
    expect(status).toBe(200)
    expect(why).toMatchObject({ state: 'succeeded', client_status: 200, model: 'm', path: '/v1/messages' })
    expect(why.candidates).toEqual([
      { channel_id: first, channel_name: 'first', priority: 10, tried: true },
      { channel_id: second, channel_name: 'second', priority: 5, tried: true },
    ])
    expect(why.attempts).toHaveLength(2)
    const [failed, served] = why.attempts
    expect(failed).toMatchObject({
      attempt_no: 0,
      channel_id: first,
      api_key_used: 'sk-a...-key',
      asked_model: 'm',
      status_code: 500,
      verdict: { blame: 'channel', next: 'next-channel', client_status: 500 },
      cooldown: { scope: 'channel', step: 0, capped: false },
      passed_over: [],
    })
    const { since_ms: since = 0, until_ms: until = 0 } = failed?.cooldown ?? {}
    expect(until - since).toBeCloseTo(120_000, -2)
    expect(served).toMatchObject({ attempt_no: 1, channel_id: second, status_code: 200, usage_state: 'seen' })
    expect(served?.verdict).toBeUndefined()
    expect(why.cost).toBe(why.attempts.reduce((sum, { cost }) => sum + cost, 0))
    expect(why.story.join('\n')).toContain('Channel 1'.replace('1', String(first)))
    expect(why.story.at(-1)).toBe('The client has its answer.')
  })

  test('who was left out, why and until when; and the step climbs with the next failure', async () => {
    a.set({ do: { kind: 'status', status: 500 } })
    b.set({ do: { kind: 'status', status: 500 } })
    const first = await program.channel({ url: a.url, priority: 10 })
    const second = await program.channel({ url: b.url, priority: 5 })
    expect((await asked()).status).toBe(500)
    await Bun.sleep(2 * TICKS_MS) // a failure in the same tick of the clock of rests belongs to the same outage
    const { why } = await asked() // everybody rests: the first to be ready is asked all the same
    expect(why.last_resort).toBe(true)
    expect(why.attempts.map(({ channel_id }) => channel_id)).toEqual([first])
    expect(why.skipped).toMatchObject([{ channel_id: second, why: 'cooling' }])
    const rests = await program.rests()
    const untilMs = rests.find(({ channel_id }) => channel_id === second)?.until_ms ?? 0
    expect(Math.abs((why.skipped[0]?.until_ms ?? 0) - untilMs)).toBeLessThanOrEqual(TICKS_MS)
    expect(rests.find(({ channel_id }) => channel_id === first)).toMatchObject({ step: 1, capped: false })
    expect(why.attempts[0]?.cooldown?.step).toBe(1)
    expect(why).toMatchObject({ state: 'failed', client_status: 500, over: 'nobody-left' })
  })

  test('a 503 before any channel says who was left out, in the one row that it has', async () => {
    await program.settings({ cooldown_fallback_enabled: 'false' })
    a.set({ do: { kind: 'status', status: 500 } })
    const only = await program.channel({ url: a.url })
    await (await ask()).bytes()
    const { status, why } = await asked()
    expect([status, a.count()]).toEqual([503, 1])
    expect(why).toMatchObject({ state: 'failed', client_status: 503, attempts: [], candidates: [] })
    expect(why.skipped).toMatchObject([{ channel_id: only, why: 'cooling', reason: 'it rests after failures' }])
    expect(why.story[0]).toContain('was left out: it rests after failures, until ')
  })

  test('a model that nobody lists: it says so', async () => {
    await program.channel({ url: a.url })
    const { status, why } = await asked({ model: 'nobody-has-it' })
    expect(status).toBe(503)
    expect(why.story[0]).toBe('No enabled channel of this type lists the model nobody-has-it.')
  })

  test('a channel that is barred by the token, and one that is passed over when its turn comes', async () => {
    const barred = await program.channel({ url: a.url, priority: 10 })
    const full = await program.channel({ url: a.url, priority: 5, rpm_limit: 1 } as never)
    const free = await program.channel({ url: b.url, priority: 1 })
    const restricted = await program.token({ allowed_channel_ids: [full, free] })
    expect((await asked({ token: restricted })).why.attempts.map(({ channel_id }) => channel_id)).toEqual([full])
    const { why } = await asked({ token: restricted })
    expect(why.barred_by_token).toBe(1)
    expect(why.candidates.map(({ channel_id }) => channel_id)).not.toContain(barred)
    expect(why.attempts).toMatchObject([
      { channel_id: free, status_code: 200, passed_over: [{ channel_id: full, why: 'rpm-limit' }] },
    ])
  })

  test('the end of the attempts has its reason', async () => {
    await program.settings({ max_attempts: '1' })
    a.set({ do: { kind: 'status', status: 500 } })
    await program.channel({ url: a.url, priority: 10 })
    await program.channel({ url: b.url, priority: 5 })
    const limited = await asked()
    expect([limited.status, limited.why.over]).toEqual([500, 'max-attempts'])
    await program.reset()
    a.set({ do: { kind: 'status', status: 413, message: 'too large' } })
    await program.channel({ url: a.url })
    const refused = await asked()
    expect([refused.status, refused.why.over]).toEqual([413, 'verdict'])
    expect(refused.why.attempts[0]).toMatchObject({ verdict: { blame: 'client', next: 'stop' } })
    expect(refused.why.attempts[0]?.cooldown).toBeUndefined()
  })

  test('a stream that broke: the client had 200 and part of the answer', async () => {
    a.set({
      do: [
        { kind: 'ok', pieces: 50 },
        { kind: 'cut-after-bytes', bytes: 1_500 },
      ],
    })
    await program.channel({ url: a.url })
    const answer = await ask({ body: { stream: true } })
    await answer.text().catch(() => '') // cut, as it must be
    const why = await explain(idOf(answer))
    expect(why).toMatchObject({ state: 'failed', client_status: 200, streaming: true })
    expect(why.attempts).toMatchObject([{ status_code: 599, verdict: { blame: 'channel', next: 'stop' } }])
    expect(why.attempts[0]?.first_byte_ms).toBeGreaterThan(0)
  })

  test('while it runs', async () => {
    a.set({ do: { kind: 'delay-headers', ms: 1_500 } })
    const only = await program.channel({ url: a.url })
    const answer = ask()
    await a.until((calls) => calls.length === 1)
    const { json } = await program.admin<readonly { id: string }[]>('GET', '/active-requests')
    const why = await explain(json.data[0]?.id ?? '')
    expect(why).toMatchObject({ state: 'running', attempts: [{ running: true, channel_id: only, message: 'running' }] })
    expect(why.client_status).toBeUndefined()
    await (await answer).bytes()
    expect((await explain(why.request_id)).state).toBe('succeeded')
  })

  test('the usual request of one channel stores nothing for it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'explained-'))
    const sqlitePath = join(folder, 'c.db')
    const one = await startProgram({ sqlitePath, workers: 0 })
    try {
      await one.channel({ url: a.url })
      const own = await one.token()
      const { why } = await asked({ at: one, token: own })
      expect(why).toMatchObject({ state: 'succeeded', candidates: [{ tried: true }], skipped: [] })
    } finally {
      await one.stop()
    }
    const { Database } = await import('bun:sqlite')
    const database = new Database(sqlitePath)
    expect(database.query('select decision from logs').all()).toEqual([{ decision: null }])
    database.close()
    rmSync(folder, { recursive: true })
  })

  test.each(['nothing', '%00', 'x'.repeat(300), '..%2f..%2fadmin'])('an id that is none (%p) gets help', async (id) => {
    const { status, json } = await program.admin('GET', `/requests/${id}`)
    expect(status).toBe(404)
    expect(json.error).toContain('x-ccload-request-id')
    expect(json.error).toContain('log_retention_days')
  })

  test('needs a session', async () => {
    for (const [method, path] of [
      ['GET', '/admin/requests/x'],
      ['POST', '/admin/simulate'],
      ['POST', '/admin/failure-rules/test'],
    ] as const) {
      expect((await fetch(`${program.url}${path}`, { method })).status).toBe(401)
    }
  })
})

describe('a dry run', () => {
  test('says the order that the next request will take, and takes no turn', async () => {
    const ids = [await program.channel({ url: a.url }), await program.channel({ url: b.url })]
    for (let turn = 0; turn < 4; turn++) {
      const first = (await simulate({ path: '/v1/messages', model: 'm' })).order
      const again = (await simulate({ type: 'anthropic', model: 'm' })).order
      expect(again).toEqual(first)
      expect(first.map(({ channel_id }) => channel_id).toSorted((x, y) => x - y)).toEqual(ids)
      const { why } = await asked()
      expect(why.attempts[0]?.channel_id).toBe(first[0]?.channel_id ?? 0)
    }
    expect(a.count() + b.count()).toBe(4)
  })

  test('says the key, with rotation, and sends nothing', async () => {
    await program.channel({ url: a.url, api_keys: ['sk-key-number-0', 'sk-key-number-1'], key_strategy: 'round_robin' })
    for (let turn = 0; turn < 3; turn++) {
      const [first] = (await simulate({ type: 'anthropic', model: 'm' })).order
      expect(first?.keys).toHaveLength(2)
      const { why } = await asked()
      expect(why.attempts[0]?.api_key_used).toBe(first?.keys[0]?.api_key ?? '')
    }
    expect(a.count()).toBe(3)
  })

  test('says who is left out and why', async () => {
    a.set({ do: { kind: 'status', status: 500 } })
    const resting = await program.channel({ url: a.url, priority: 10 })
    const able = await program.channel({ url: b.url, models: [{ model: 'm', redirect_model: 'other' }] })
    const off = await program.channel({ url: b.url, enabled: false })
    const without = await program.channel({ url: b.url, models: ['x'] })
    const barred = await program.channel({ url: b.url })
    const { json } = await program.admin<{ id: number }>('POST', '/auth-tokens', {
      description: 'dry',
      allowed_channel_ids: [resting, able, off, without],
    })
    await (await ask()).bytes()
    const said = await simulate({ type: 'anthropic', model: 'm', token_id: json.data.id })
    expect(said.order).toMatchObject([{ channel_id: able, asked_model: 'other', has_seat: false, is_full: false }])
    expect(said.skipped).toMatchObject([{ channel_id: resting, why: 'cooling' }])
    expect(said.skipped[0]?.until_ms).toBeGreaterThan(Date.now())
    expect(said.left_out.map(({ channel_id, why }) => [channel_id, why])).toEqual([
      [off, 'disabled'],
      [without, 'wrong-model'],
      [barred, 'not-for-token'],
    ])
  })

  test('knows where a session sits', async () => {
    await program.channel({ url: a.url })
    await program.channel({ url: b.url })
    const made = await program.admin<{ id: number; token: string }>('POST', '/auth-tokens', { description: 'sits' })
    const body = { metadata: { user_id: 'user_1_session_2' } }
    const { why } = await asked({ token: made.json.data.token, body })
    const seat = why.attempts[0]?.channel_id ?? 0
    for (let turn = 0; turn < 3; turn++) {
      const said = await simulate({
        type: 'anthropic',
        model: 'm',
        token_id: made.json.data.id,
        session: 'user_1_session_2',
      })
      expect(said.order[0]).toMatchObject({ channel_id: seat, has_seat: true })
      await (await ask()).bytes() // the turn of others moves on, the seat does not
    }
    const again = await asked({ token: made.json.data.token, body })
    expect(again.why).toMatchObject({ seat_channel_id: seat, attempts: [{ channel_id: seat }] })
  })

  test.each([
    [{}, 'type'],
    [{ type: 'anthropic' }, 'model'],
    [{ type: 'grok', model: 'm' }, 'type'],
    [{ path: '/v1/nothing', model: 'm' }, 'path'],
    [{ path: '/v1/messages', type: 'gemini', model: 'm' }, 'anthropic'],
    [{ type: 'anthropic', model: 'm', session: 's' }, 'token_id'],
    [{ type: 'anthropic', model: 'm', extra: 1 }, 'extra'],
  ])('%j is 400 and says what is wrong', async (body, word) => {
    const { status, json } = await program.admin('POST', '/simulate', body)
    expect([status, json.error.includes(word)]).toEqual([400, true])
  })

  test('takes the model out of a path of Gemini; an unknown token is 404, one that is refused says why', async () => {
    const path = '/v1beta/models/gemini-3:generateContent?alt=sse'
    expect(await simulate({ path })).toMatchObject({ channel_type: 'gemini', model: 'gemini-3', order: [] })
    expect((await program.admin('POST', '/simulate', { path, token_id: 999_999 })).status).toBe(404)
    const { json } = await program.admin<{ id: number }>('POST', '/auth-tokens', {
      description: 'narrow',
      allowed_models: ['other'],
    })
    expect(await simulate({ path, token_id: json.data.id })).toMatchObject({ token_refused: 'model-forbidden' })
  })
})

describe('rules of one’s own', () => {
  const rules = (...list: readonly object[]) => program.settings({ failure_rules: JSON.stringify(list) })

  test('decide before the table: who pays, for how long, and by which rule; both in row and rest', async () => {
    a.set({
      do: { kind: 'status', status: 500, body: { error: { message: 'pool is empty, come back in 90 minutes' } } },
    })
    await program.channel({ url: a.url, name: 'x', api_keys: ['k-1111-2222', 'k-3333-4444'], priority: 10 })
    await program.channel({ url: b.url })
    await rules(
      { name: 'never', status: 418, scope: 'channel' },
      { name: 'pool', status: '500-599', body_regex: 'come back in (?P<n>\\d+) minutes', scope: 'key', duration: 77 },
    )
    const { status, why } = await asked()
    expect(status).toBe(200)
    // the next key is asked, not the next channel
    expect(why.attempts.map(({ api_key_used, status_code }) => [api_key_used, status_code])).toEqual([
      ['k-11...2222', 500],
      ['k-33...4444', 500],
      ['****', 200],
    ])
    expect(why.attempts[0]).toMatchObject({
      verdict: { blame: 'key', next: 'next-key', rule: 'pool' },
      cooldown: { scope: 'key' },
    })
    const rests = await program.rests()
    expect(rests).toMatchObject([
      { scope: 'key', status_code: 500 },
      { scope: 'key', status_code: 500 },
    ])
    expect(rests.every(({ step_ms }) => Math.abs(step_ms - 77_000) <= TICKS_MS)).toBe(true)
    expect(rests.every(({ step, reason }) => step === undefined && reason.startsWith('[rule pool] '))).toBe(true)
  })

  test('take the time out of the answer, to the second; beyond seven days it is cut, and everybody says so', async () => {
    const at = Math.floor(Date.now() / 1_000) + 5 * 3_600
    a.set({ do: { kind: 'status', status: 403, body: { detail: `quota resets at ${at}` } } })
    await program.channel({ url: a.url, priority: 10 })
    await program.channel({ url: b.url })
    await rules({ status: [401, 403], body_regex: 'resets at (?P<when>\\d+)', scope: 'channel', reset_capture: 'when' })
    await (await ask()).bytes()
    const [rest] = await program.rests()
    expect(rest).toMatchObject({ scope: 'channel', capped: false })
    expect(Math.abs((rest?.until_ms ?? 0) - at * 1_000)).toBeLessThanOrEqual(TICKS_MS)
    await program.reset()
    const far = Math.floor(Date.now() / 1_000) + 30 * DAY_S
    a.set({ do: { kind: 'status', status: 403, body: { detail: `quota resets at ${far}` } } })
    await program.channel({ url: a.url, priority: 10 })
    await program.channel({ url: b.url })
    const { why } = await asked()
    const [cut] = await program.rests()
    expect(cut).toMatchObject({ capped: true })
    expect(Math.abs((cut?.step_ms ?? 0) - 7 * DAY_S * 1_000)).toBeLessThanOrEqual(TICKS_MS)
    expect(why.attempts[0]).toMatchObject({ cooldown: { capped: true } })
    expect(why.attempts[0]?.message).toStartWith('[the reset time named lies beyond 7 days')
  })

  test('can call a failure the client’s own: it goes straight back, nobody rests', async () => {
    a.set({ do: { kind: 'status', status: 500, body: { error: { message: 'your tool schema is broken' } } } })
    await program.channel({ url: a.url, priority: 10 })
    await program.channel({ url: b.url })
    await rules({ name: 'schema', status: 500, body_regex: '(?i)tool SCHEMA', scope: 'client' })
    const answer = await ask()
    expect([answer.status, await answer.text()]).toEqual([500, '{"error":{"message":"your tool schema is broken"}}'])
    expect([a.count(), b.count(), (await program.rests()).length]).toEqual([1, 0, 0])
  })

  test('can rest nobody and still go on; speak of one type or channel; and are gone when they are taken away', async () => {
    a.set({ do: { kind: 'status', status: 500 } })
    const first = await program.channel({ url: a.url, priority: 10 })
    await program.channel({ url: b.url })
    await rules(
      { status: 500, scope: 'client', channel_types: ['gemini'] },
      { status: 500, scope: 'client', channel_ids: [first + 1] },
      { name: 'soft', status: 500, scope: 'channel', duration: 0, channel_ids: [first] },
    )
    const { status, why } = await asked()
    expect([status, (await program.rests()).length]).toEqual([200, 0])
    expect(why.attempts[0]).toMatchObject({ verdict: { rule: 'soft' } })
    await program.settings({ failure_rules: '' })
    await (await ask()).bytes()
    expect(await program.rests()).toMatchObject([{ scope: 'channel', step: 0 }])
  })

  test('after the first byte a rule may rest, but nobody else is asked', async () => {
    a.set({
      do: [
        { kind: 'ok', pieces: 50 },
        { kind: 'cut-after-bytes', bytes: 1_500 },
      ],
    })
    await program.channel({ url: a.url, priority: 10 })
    await program.channel({ url: b.url })
    await rules({ name: 'cut', status: 599, scope: 'model', duration: 60 })
    const answer = await ask({ body: { stream: true } })
    await answer.text().catch(() => '') // cut, as it must be
    const why = await explain(idOf(answer))
    expect(why.attempts).toMatchObject([{ verdict: { blame: 'model', next: 'stop', rule: 'cut' } }])
    const [rest] = await program.rests()
    expect(rest).toMatchObject({ scope: 'model', model: 'm' })
    expect(Math.abs((rest?.step_ms ?? 0) - 60_000)).toBeLessThanOrEqual(TICKS_MS)
    expect(b.count()).toBe(0)
  })

  test.each([
    [
      '[{"status":500,"scope":"key"},{"status":500,"body_regex":"a(b","scope":"key"}]',
      'rule 2: body_regex: missing closing ) at offset 3',
    ],
    [
      '[{"name":"x","body_regex":"a(?=b)","scope":"key"}]',
      'rule 1 ("x"): body_regex: invalid or unsupported Perl syntax at offset 1',
    ],
    ['[{"status":500,"scope":"everything"}]', 'rule 1: scope: must be one of key, model, channel, client'],
    ['not json', 'must be JSON'],
  ])('%s is refused with the place, and what was in force stays', async (text, words) => {
    await rules({ name: 'kept', status: 500, scope: 'client' })
    for (const [method, path, body] of [
      ['PUT', '/settings/failure_rules', { value: text }],
      ['POST', '/settings/batch', { failure_rules: text, max_attempts: '3' }],
    ] as const) {
      const { status, json } = await program.admin(method, path, body)
      expect([status, json.error.includes(words)]).toEqual([400, true])
    }
    const kept = await program.admin<{ value: string }>('GET', '/settings/failure_rules')
    expect(kept.json.data.value).toContain('kept')
    expect((await program.admin<{ value: string }>('GET', '/settings/max_attempts')).json.data.value).toBe('8')
  })

  test('can be tried before they are saved, beside what the table says', async () => {
    const list = [{ name: 'wait', status: 429, body_regex: 'in (?P<n>\\d+) s', scope: 'channel', reset_capture: 'n' }]
    const tried = await tryRules({ rules: list, status: 429, body: 'slow down, in 300 s', channel_type: 'openai' })
    expect(tried).toMatchObject({
      rule: { index: 0, name: 'wait', captures: { n: '300' } },
      verdict: { blame: 'channel', next: 'next-channel', rest_by: 'named', rest_ms: 300_000 },
      table: { blame: 'key', next: 'next-key', rest_by: 'rate-limit' },
    })
    await rules({ name: 'saved', status: 429, scope: 'client' })
    const saved = await tryRules({ status: 429, channel_type: 'openai' })
    expect(saved).toMatchObject({ rule: { name: 'saved' }, verdict: { blame: 'client', next: 'stop' } })
    const none = await tryRules({ status: 500, headers: { 'retry-after': '3600' }, channel_type: 'openai' })
    expect(none).toMatchObject({ rule: null, verdict: { blame: 'channel', rest_by: 'named', rest_ms: HOUR_MS } })
    const bad = await program.admin('POST', '/failure-rules/test', { rules: [{}], status: 500, channel_type: 'openai' })
    expect([bad.status, bad.json.error]).toEqual([400, expect.stringContaining('rules: rule 1: ') as never])
  })

  test('a time named by the upstream itself, beyond seven days, is cut and flagged without any rule', async () => {
    a.set({ do: { kind: 'status', status: 429, headers: { 'retry-after': String(30 * DAY_S) } } })
    await program.channel({ url: a.url, priority: 10 })
    await program.channel({ url: b.url })
    const { why } = await asked()
    expect(await program.rests()).toMatchObject([{ capped: true, reason: expect.stringContaining('status 429') }])
    expect(why.attempts[0]?.message).toContain('beyond 7 days')
  })
})
