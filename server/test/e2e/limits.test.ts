// Limits of tokens and channels over two proxy processes: each holds exactly, whoever comes at once, and each lets through
// what it should. A fresh connection for each request, so that both processes take part.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Token, TokenList } from '@ccload/contract/auth-tokens.ts'
import { ask, type Call, tally } from '../drills/client.ts'
import { type PacedUpstream, pacedUpstream } from '../drills/paced-upstream.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type Program, type ProgramOptions, startProgram } from './program.ts'

setDefaultTimeout(60_000)

const MODEL = 'claude-sonnet-4-5'
/** What one answer of `charging` costs: 1,000 tokens in, 500 out, at 3 and 15 USD a million. */
const ONE_USD = 0.0105
const NANO = 1e-9

let program: Program
beforeAll(async () => {
  program = await startProgram({ workers: 2 })
})
afterAll(() => program.stop())
afterEach(async () => {
  await program.reset()
  for (const one of others.splice(0)) await one.stop()
})

const others: Program[] = []

/** One for a test alone, stopped after it however it ends. */
async function another(options: ProgramOptions): Promise<Program> {
  const one = await startProgram(options)
  others.push(one)
  return one
}

/** Answers each call well, after a moment, and says what it has used up. */
function charging(delayMs = 20) {
  const state = { calls: 0 }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch() {
      state.calls++
      await Bun.sleep(delayMs)
      return Response.json({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: MODEL,
        content: [{ type: 'text', text: 'hi' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 1_000, output_tokens: 500 },
      })
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, state, close: () => server.stop(true) }
}

const BROKEN = (): Response => Response.json({ error: { message: 'broken' } }, { status: 500 })

type Asking = { readonly token: string; readonly model?: string; readonly path?: string; readonly at?: Program }

function call({ token, model = MODEL, path = '/v1/messages', at = program }: Asking): Call {
  return ask({ port: at.port, token, path, body: JSON.stringify({ model, max_tokens: 5, messages: [] }) })
}

async function many(count: number, asking: Asking): Promise<readonly Call[]> {
  return Promise.all(Array.from({ length: count }, () => call(asking).over))
}

function statuses(calls: readonly Call[]): Record<number, number> {
  return Object.fromEntries(tally(calls.map(({ status }) => status)))
}

function retryAfterS(one: Call | undefined): number {
  return Number(one?.headers.get('retry-after') ?? Number.NaN)
}

async function tokenOf(description: string, at = program): Promise<Token> {
  const { json } = await at.admin<TokenList>('GET', '/auth-tokens')
  const found = json.data.tokens.find((token) => token.description === description)
  if (found === undefined) throw new Error(`no token ${description}`)
  return found
}

describe('money', () => {
  test('a thousand at once cannot spend more than the limit and one request', async () => {
    const upstream = charging()
    await program.channel({ url: upstream.url, models: [MODEL] })
    const limitUsd = 0.3
    const token = await program.token({ description: 'race', cost_limit_usd: limitUsd })
    const first = await many(1_000, { token })
    expect(Object.keys(statuses(first)).sort()).toEqual(['200', '429'])
    // Who is refused while others hold the rest may come again: until all of it is spent.
    for (let wave = 0; wave < 30; wave++) {
      const calls = await many(100, { token })
      if (calls.every(({ status }) => status === 429)) break
    }
    const { cost_used_usd: used } = await tokenOf('race')
    expect(used).toBeCloseTo(upstream.state.calls * ONE_USD, 9)
    expect(used).toBeGreaterThanOrEqual(limitUsd)
    expect(used).toBeLessThanOrEqual(limitUsd + ONE_USD + NANO)
    const refused = await call({ token }).over
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, undefined as never])
    expect(JSON.parse(refused.text)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
    expect(refused.text).toContain('Cost limit exceeded')
    await upstream.close()
  })

  test.each([
    ['daily_cost_limit_usd', 'Daily cost limit exceeded'],
    ['monthly_cost_limit_usd', 'Monthly cost limit exceeded'],
  ])('%s: spent is spent, with the time when it is back; a raised limit lets in at once', async (field, words) => {
    const upstream = charging(0)
    await program.channel({ url: upstream.url, models: [MODEL] })
    const description = `spends ${field}`
    const token = await program.token({ description, [field]: 2 * ONE_USD })
    expect(statuses([await call({ token }).over, await call({ token }).over])).toEqual({ 200: 2 })
    await until(async () => (await call({ token }).over).status === 429)
    const refused = await call({ token, path: '/v1/chat/completions' }).over
    expect(refused.status).toBe(429)
    expect(JSON.parse(refused.text)).toMatchObject({
      error: { type: 'insufficient_quota', code: 'cost_limit_exceeded' },
    })
    expect(refused.text).toContain(words)
    expect(retryAfterS(refused)).toBeWithin(1, 31 * 86_400 + 1)
    const { id, ...shown } = await tokenOf(description)
    expect(shown.cost_used_today_usd).toBeCloseTo(upstream.state.calls * ONE_USD, 9)
    expect(shown.cost_used_this_month_usd).toBeGreaterThanOrEqual(shown.cost_used_today_usd)
    await program.admin('PUT', `/auth-tokens/${id}`, { ...shown, [field]: 1 }) // an answer is taken back as it is
    expect((await call({ token }).over).status).toBe(200)
    await upstream.close()
  })

  test('what was spent today and this month is known after a restart, also for clients that left', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'limits-'))
    const paced = pacedUpstream()
    const upstream = charging(0)
    const sqlitePath = join(dir, 'ccload.db')
    const before = await another({ workers: 1, sqlitePath })
    await before.channel({ url: upstream.url, models: [MODEL] })
    await before.channel({ url: paced.url, models: ['claude-opus-4-5'] })
    const token = await before.token({ description: 'kept', daily_cost_limit_usd: 5 })
    await many(3, { token, at: before })
    const left = call({ token, at: before, model: 'claude-opus-4-5' })
    await left.shows('word')
    left.leave()
    await until(async () => (await before.logs('status_code=499')).length === 1)
    const spent = await tokenOf('kept', before)
    expect(spent.cost_used_today_usd).toBeGreaterThan(3 * ONE_USD)
    await before.stop()

    const after = await another({ workers: 1, sqlitePath })
    const again = await tokenOf('kept', after)
    expect(again.cost_used_today_usd).toBeCloseTo(spent.cost_used_today_usd, 6)
    expect(again.cost_used_this_month_usd).toBeCloseTo(spent.cost_used_this_month_usd, 6)
    await after.admin('PUT', `/auth-tokens/${again.id}`, { daily_cost_limit_usd: again.cost_used_today_usd })
    expect((await call({ token, at: after }).over).status).toBe(429)
    await paced.close()
    await upstream.close()
    rmSync(dir, { recursive: true, force: true })
  })

  test('a hundred at once are all served where there is money for them, though nobody knew what they would cost', async () => {
    const upstream = charging(100)
    await program.channel({ url: upstream.url, models: [MODEL] })
    const token = await program.token({ cost_limit_usd: 1.5 }) // the guess has room for half of them
    expect(statuses(await many(100, { token }))).toEqual({ 200: 100 })
    await upstream.close()
  })

  test('requests one after the other are served until the money is spent, and not one less', async () => {
    const upstream = charging(0)
    await program.channel({ url: upstream.url, models: [MODEL] })
    const token = await program.token({ cost_limit_usd: 4.5 * ONE_USD })
    const seen: number[] = []
    for (let at = 0; at < 7; at++) seen.push((await call({ token }).over).status)
    expect(seen).toEqual([200, 200, 200, 200, 200, 429, 429])
    await upstream.close()
  })

  test('what a killed process held is free again, and what its requests have used is charged', async () => {
    const paced = pacedUpstream()
    const own = await another({ workers: 2 })
    await own.channel({ url: paced.url, models: [MODEL] })
    const token = await own.token({ description: 'held', cost_limit_usd: 0.05 }) // two guesses
    const body = JSON.stringify({ model: MODEL, max_tokens: 5, stream: true, messages: [] })
    const open = () => ask({ port: own.port, token, body })
    const running = [open(), open()]
    await Promise.all(running.map((one) => one.shows('word')))
    const refused = await open().over
    expect([refused.status, retryAfterS(refused)]).toEqual([429, 1])
    expect(refused.text).toContain('the rest is held for requests that are running')
    await Bun.sleep(1_100) // so that they have been reported as running
    const dead = own.pids()
    for (const pid of dead) process.kill(pid, 'SIGKILL')
    await until(() => own.pids().length === 2 && !own.pids().some((pid) => dead.includes(pid)))
    await until(async () => (await tokenOf('held', own)).cost_used_usd > 0)
    const again = [open(), open()]
    await Promise.all(again.map((one) => one.shows('word')))
    for (const one of again) one.leave()
    await paced.close()
  })

  test('a client that leaves while it waits for what others hold is not asked for, and not charged', async () => {
    const upstream = charging(600)
    await program.channel({ url: upstream.url, models: [MODEL] })
    const token = await program.token({ cost_limit_usd: 0.05 }) // room for two, as long as nobody knows what they cost
    const running = [call({ token }), call({ token })]
    await until(() => upstream.state.calls === 2)
    const waiting = call({ token })
    await Bun.sleep(200)
    waiting.leave()
    expect(statuses(await Promise.all(running.map(({ over }) => over)))).toEqual({ 200: 2 })
    await Bun.sleep(300) // charged by now: there is room for another
    expect(upstream.state.calls).toBe(2)
    expect((await call({ token }).over).status).toBe(200)
    await upstream.close()
  })

  test('a channel’s daily limit is not passed by more than one request either; the next channel takes over', async () => {
    const [dear, cheap] = [charging(), charging()]
    const limited = { url: dear.url, models: [MODEL], priority: 10, daily_cost_limit: 0.1 }
    await program.channel(limited)
    await program.channel({ url: cheap.url, models: [MODEL], priority: 1 })
    const token = await program.token()
    await call({ token }).over // what it costs is known from here on
    await Bun.sleep(100)
    for (let wave = 0; wave < 4; wave++) expect(statuses(await many(100, { token }))).toEqual({ 200: 100 })
    expect(dear.state.calls * ONE_USD).toBeWithin(0.1, 0.1 + ONE_USD + NANO)
    expect(cheap.state.calls).toBe(401 - dear.state.calls)
    await dear.close()
    await cheap.close()
  })
})

describe('requests in a minute', () => {
  test('exactly as many as the limit over both processes, and the rest is told when to come again', async () => {
    const upstream = charging(0)
    await program.channel({ url: upstream.url, models: [MODEL] })
    const token = await program.token({ rpm_limit: 20 })
    const other = await program.token()
    const calls = await many(100, { token })
    expect([statuses(calls), upstream.state.calls]).toEqual([{ 200: 20, 429: 80 }, 20])
    for (const one of calls.filter(({ status }) => status === 429)) expect(retryAfterS(one)).toBeWithin(1, 61)
    const refused = await call({ token, path: '/v1/chat/completions' }).over
    expect(JSON.parse(refused.text)).toMatchObject({
      error: {
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
        message: expect.stringContaining('20 requests a minute'),
      },
    })
    expect((await call({ token: other }).over).status).toBe(200)
    await upstream.close()
  })
})

describe('requests at once', () => {
  let paced: PacedUpstream
  beforeEach(() => {
    paced = pacedUpstream()
  })
  afterEach(() => paced.close())

  test('never more than the limit, and all places are used; a killed process gives its places back', async () => {
    const own = await another({ workers: 2 })
    await own.channel({ url: paced.url })
    const token = await own.token({ max_concurrency: 4 })
    const open = () => ask({ port: own.port, token })
    for (const victim of own.pids()) {
      const calls = Array.from({ length: 60 }, open)
      await until(() => calls.filter(({ ending }) => ending !== 'open').length === 56)
      expect(statuses(calls.filter(({ ending }) => ending !== 'open'))).toEqual({ 429: 56 })
      expect(retryAfterS(calls.find(({ status }) => status === 429))).toBe(1)
      await until(() => paced.open === 4)
      process.kill(victim, 'SIGKILL')
      await until(() => own.pids().length === 2 && !own.pids().includes(victim))
      await until(async () => (await fetch(`${own.url}/health`)).ok)
      const living = calls.filter(({ ending }) => ending === 'open').length
      let inside: Call[] = []
      await until(async () => {
        // The places of the dead are free, those of the living are not.
        inside = [...inside, ...Array.from({ length: 10 }, open)]
        await Bun.sleep(50)
        return inside.filter(({ ending, status }) => ending === 'open' && status === 200).length === 4 - living
      })
      expect(paced.open).toBe(4)
      for (const one of [...calls, ...inside]) one.leave()
      await until(() => paced.open === 0)
      await Bun.sleep(100)
    }
    expect(paced.mostOpen).toBeLessThanOrEqual(8) // the streams of a dead process are seen to end a little later
  })

  test('a place is free again whichever way a request ends', async () => {
    await program.channel({ url: paced.url })
    const bad = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('{}', { status: 400 }) })
    await program.channel({ url: `http://127.0.0.1:${bad.port}`, models: ['bad'] })
    const token = await program.token({ max_concurrency: 1 })
    const { port } = program
    for (let round = 0; round < 4; round++) {
      expect((await call({ token, model: 'bad' }).over).status).toBe(400)
      expect((await call({ token, model: 'nobody-has-it' }).over).status).toBe(503)
      expect((await ask({ port, token, path: '/v1/nothing' }).over).status).toBe(404)
      expect((await ask({ port, token, body: '{' }).over).status).toBe(400)
      const left = ask({ port, token })
      await left.shows('word')
      expect((await ask({ port, token }).over).status).toBe(429)
      left.leave()
      await until(() => paced.open === 0)
      await Bun.sleep(50)
    }
    await bad.stop(true)
  })
})

describe('a token for some channels', () => {
  let a: Mock
  let b: Mock
  beforeEach(async () => {
    a = await startMock()
    b = await startMock()
  })
  afterEach(() => {
    a.close()
    b.close()
  })

  test('is served by these alone, though others have priority; a list names only what they have', async () => {
    await program.channel({ url: a.url, models: [MODEL, 'only-a'], priority: 10 })
    const id = await program.channel({ url: b.url, models: [MODEL, 'only-b'], priority: 1 })
    const token = await program.token({ allowed_channel_ids: [id] })
    expect(statuses(await many(20, { token }))).toEqual({ 200: 20 })
    expect([a.count(), b.count()]).toEqual([0, 20])
    const answer = await fetch(`${program.url}/v1/models`, {
      headers: { 'x-api-key': token, 'anthropic-version': 'x' },
    })
    const { data } = (await answer.json()) as { data: readonly { id: string }[] }
    expect(data.map((model) => model.id)).toEqual([MODEL, 'only-b'])
    expect((await call({ token, model: 'only-a' }).over).status).toBe(503)
    expect(a.count()).toBe(0)
  })

  test('stays with these when all of them rest: the last resort is one of them, or none', async () => {
    await program.channel({ url: a.url, models: [MODEL], priority: 10 })
    const id = await program.channel({ url: b.url, models: [MODEL], priority: 1 })
    const token = await program.token({ allowed_channel_ids: [id] })
    b.set({ do: [{ kind: 'status', status: 500 }], times: 1 } as never)
    await call({ token }).over
    expect((await program.rests()).length).toBeGreaterThan(0)
    b.set()
    const asked = b.count()
    expect((await call({ token }).over).status).toBe(200)
    expect([a.count(), b.count()]).toEqual([0, asked + 1])
    await program.settings({ cooldown_fallback_enabled: 'false' })
    b.set({ do: [{ kind: 'status', status: 500 }] } as never)
    await call({ token }).over
    const refused = await call({ token }).over
    await program.settings({ cooldown_fallback_enabled: 'true' })
    expect(refused.status).toBe(503)
    expect(retryAfterS(refused)).toBeGreaterThan(0)
    expect(a.count()).toBe(0)
  })

  test('keeps its restriction when the channel is deleted, and names no channel that never was', async () => {
    await program.channel({ url: a.url, models: [MODEL] })
    const id = await program.channel({ url: b.url, models: [MODEL] })
    const token = await program.token({ description: 'bound', allowed_channel_ids: [id] })
    await program.admin('DELETE', `/channels/${id}`)
    expect((await call({ token }).over).status).toBe(503)
    const shown = await tokenOf('bound')
    expect((await program.admin('PUT', `/auth-tokens/${shown.id}`, shown)).status).toBe(200)
    const { status, json } = await program.admin('PUT', `/auth-tokens/${shown.id}`, { allowed_channel_ids: [999_999] })
    expect([status, json.error]).toEqual([
      400,
      expect.stringContaining('allowed_channel_ids: there is no channel 999999'),
    ])
    expect(a.count()).toBe(0)
  })
})

describe('a token for some addresses', () => {
  test.each([
    ['/v1/messages', { type: 'error', error: { type: 'permission_error' } }],
    ['/v1/chat/completions', { error: { type: 'permission_error', code: 'address_not_allowed' } }],
    ['/v1beta/models/m:generateContent', { error: { code: 403, status: 'PERMISSION_DENIED' } }],
  ])('from elsewhere %s is 403 in its dialect, and nothing is asked', async (path, body) => {
    const upstream = charging(0)
    await program.channel({ url: upstream.url })
    const token = await program.token({ allowed_addresses: ['10.0.0.0/8', '2001:db8::/32'] })
    const refused = await ask({ port: program.port, token, path }).over
    expect(refused.status).toBe(403)
    expect(JSON.parse(refused.text)).toMatchObject(body)
    expect((await fetch(`${program.url}/v1/models`, { headers: { 'x-api-key': token } })).status).toBe(403)
    expect(upstream.state.calls).toBe(0)
    await upstream.close()
  })

  test('from within it is served; a header of a stranger does not make him another', async () => {
    const upstream = charging(0)
    await program.channel({ url: upstream.url, models: [MODEL] })
    const token = await program.token({ allowed_addresses: ['127.0.0.0/8'] })
    expect((await call({ token }).over).status).toBe(200)
    const elsewhere = await program.token({ allowed_addresses: ['10.0.0.0/8'] })
    const answer = await fetch(`${program.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': elsewhere, 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.1' },
      body: JSON.stringify({ model: MODEL, messages: [] }),
    })
    expect(answer.status).toBe(403)
    await upstream.close()
  })

  test.each(['10.0.0.0/33', '1.2.3', 'example.com', '10.0.0.0/8,::1'])('%s is no address and refused', async (text) => {
    const { status, json } = await program.admin('POST', '/auth-tokens', {
      description: 'x',
      allowed_addresses: [text],
    })
    expect([status, json.error]).toEqual([400, expect.stringContaining('allowed_addresses[0] must be an IP address')])
  })
})

describe('a channel', () => {
  test('at its limit is no reason to come at once: when the others have failed, its own time is named', async () => {
    const [full, bad] = [charging(0), Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => BROKEN() })]
    await program.channel({ url: full.url, models: [MODEL], priority: 10, rpm_limit: 1 } as never)
    await program.channel({ url: `http://127.0.0.1:${bad.port}`, models: [MODEL] })
    const token = await program.token()
    expect((await call({ token }).over).status).toBe(200)
    const refused = await call({ token }).over
    expect(refused.status).toBe(500)
    expect(retryAfterS(refused)).toBeWithin(1, 61)
    await full.close()
    await bad.stop(true)
  })

  test('takes as many requests in a minute as it may, exactly; then the next one is asked', async () => {
    const [a, b] = [charging(0), charging(0)]
    await program.channel({ url: a.url, models: [MODEL], priority: 10, rpm_limit: 7 } as never)
    const id = await program.channel({ url: b.url, models: [MODEL], priority: 1 })
    const token = await program.token()
    expect(statuses(await many(50, { token }))).toEqual({ 200: 50 })
    expect([a.state.calls, b.state.calls]).toEqual([7, 43])
    await program.admin('PUT', `/channels/${id}`, { enabled: false })
    const refused = await call({ token }).over
    expect(refused.status).toBe(503)
    expect(retryAfterS(refused)).toBeWithin(1, 61)
    expect(await program.rests()).toEqual([]) // passed over, not failed
    await a.close()
    await b.close()
  })

  test('is asked by no more at once than it may; the others go on, and come back when it is free', async () => {
    const [a, b] = [pacedUpstream(), pacedUpstream()]
    await program.channel({ url: a.url, priority: 10, max_concurrency: 3 } as never)
    const id = await program.channel({ url: b.url, priority: 1 })
    const token = await program.token()
    const calls = Array.from({ length: 12 }, () => ask({ port: program.port, token }))
    await Promise.all(calls.map((one) => one.shows('word')))
    expect([a.open, b.open]).toEqual([3, 9])
    await program.admin('PUT', `/channels/${id}`, { enabled: false })
    const refused = await ask({ port: program.port, token }).over
    expect([refused.status, retryAfterS(refused)]).toEqual([503, 1])
    a.finish()
    await until(() => a.open === 0)
    await Bun.sleep(50)
    a.hold()
    const next = ask({ port: program.port, token })
    await next.shows('word')
    expect([a.open, a.mostOpen]).toEqual([1, 3])
    for (const one of [...calls, next]) one.leave()
    await a.close()
    await b.close()
  })
})

async function until(isSo: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const lastMs = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > lastMs) throw new Error(`waited ${limitMs} ms in vain`)
    await Bun.sleep(20)
  }
}
