import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { newTokenAnswer, removedAnswer, tokenAnswer, tokenListAnswer } from '@ccload/contract/auth-tokens.ts'
import { type Desk, type Sent, START_MS, testDesk } from './test-desk.ts'

const PATH = '/admin/auth-tokens'

async function open() {
  const desk = testDesk()
  const { token } = desk
  const send = (method: string, path: string, body?: unknown) => desk.send(method, path, { token, body })
  const created = async (body: object = {}) => (await send('POST', PATH, { description: 'client', ...body })).json.data
  return { desk, send, created }
}

const only = (desk: Desk) => desk.state.tokens[0]

describe('a new API token', () => {
  test('is shown once in plain and stored as its SHA-256 with the ends of the plain text', async () => {
    const { desk, send } = await open()
    const { status, json } = await send('POST', PATH, { description: ' my client ' })
    expect(status).toBe(200)
    const token = newTokenAnswer.parse(json.data)
    expect(token).toMatchObject({
      description: 'my client',
      expires_at: null,
      is_active: true,
      allowed_models: [],
      created_at: new Date(START_MS).toISOString(),
    })
    expect(only(desk)).toMatchObject({
      hash: createHash('sha256').update(token.token).digest('hex'),
      hint: `${token.token.slice(0, 4)}...${token.token.slice(-4)}`,
      costLimitMicroUsd: 0,
      expiresAtMs: 0,
    })
    const later = await send('GET', PATH)
    expect(later.text).not.toContain(token.token)
    expect(later.text).not.toContain(String(only(desk)?.hash))
    expect(JSON.stringify(desk.lines)).not.toContain(token.token)
  })

  test('is never the same twice', async () => {
    const { created } = await open()
    const tokens = new Set<string>()
    for (let n = 0; n < 50; n++) tokens.add((await created()).token)
    expect(tokens.size).toBe(50)
  })

  test.each([
    [0.29, 290_000],
    [1.005, 1_005_000],
    [0.1 + 0.2, 300_000],
    [0.0000001, 1],
    [1e9, 1e15],
    [0, 0],
    [null, 0],
  ])('a limit of $%p is %i millionths of a dollar', async (cost_limit_usd, microUsd) => {
    const { desk, created } = await open()
    await created({ cost_limit_usd })
    expect(only(desk)?.costLimitMicroUsd).toBe(microUsd)
  })

  test('names of models are trimmed, and repeated ones count once whatever their case', async () => {
    const { created } = await open()
    const { allowed_models } = await created({ allowed_models: [' gpt-4o ', 'GPT-4o', 'claude-x'] })
    expect(allowed_models).toEqual(['gpt-4o', 'claude-x'])
  })

  test.each([
    [{}, 'description is missing'],
    [{ description: '  ' }, 'description must not be blank'],
    [{ description: null }, 'description must be a text'],
    [{ description: 'x'.repeat(513) }, 'description must not be longer than 512'],
    [{ description: 'a\r\nb' }, 'line breaks'],
    [{ description: 'x', cost_limit_usd: -1 }, 'cost_limit_usd must be >= 0'],
    [{ description: 'x', cost_limit_usd: '5' }, 'cost_limit_usd'],
    [{ description: 'x', cost_limit_usd: 1e10 }, 'cost_limit_usd must be at most'],
    [{ description: 'x', expires_at: -1 }, 'expires_at must not be negative'],
    [{ description: 'x', expires_at: 1.5 }, 'expires_at'],
    [{ description: 'x', expires_at: '2026-01-01' }, 'expires_at'],
    [{ description: 'x', expires_at: 1_800_000_000 }, 'milliseconds, not in seconds'],
    [{ description: 'x', expires_at: 9e15 }, 'too far'],
    [{ description: 'x', is_active: 'yes' }, 'is_active must be true or false'],
    [{ description: 'x', allowed_models: null }, '[] allows every model'],
    [{ description: 'x', allowed_models: 'gpt-4o' }, 'must be a list'],
    [{ description: 'x', allowed_models: [''] }, 'allowed_models[0] must not be blank'],
    [{ description: 'x', allowed_models: ['m'.repeat(192)] }, 'allowed_models[0]'],
    [{ description: 'x', allowed_models: Array(1_001).fill('m') }, '1000 models'],
    [{ description: 'x', daily_cost_limit_usd: -1 }, 'daily_cost_limit_usd must be >= 0'],
    [{ description: 'x', monthly_cost_limit_usd: 'a lot' }, 'monthly_cost_limit_usd must be a number'],
    [{ description: 'x', rpm_limit: 1.5 }, 'rpm_limit must be a whole number'],
    [{ description: 'x', rpm_limit: -1 }, 'rpm_limit must be >= 0'],
    [{ description: 'x', max_concurrency: '4' }, 'max_concurrency must be a whole number'],
    [{ description: 'x', max_concurrency: 1_000_001 }, 'max_concurrency must be at most'],
    [{ description: 'x', allowed_channel_ids: null }, '[] allows every channel'],
    [{ description: 'x', allowed_channel_ids: ['1'] }, 'allowed_channel_ids[0] must be a channel id'],
    [{ description: 'x', allowed_channel_ids: [0] }, 'allowed_channel_ids[0] must be a channel id'],
    [{ description: 'x', allowed_channel_ids: [7] }, 'there is no channel 7'],
    [{ description: 'x', allowed_addresses: null }, '[] allows every address'],
    [{ description: 'x', allowed_addresses: '10.0.0.0/8' }, 'allowed_addresses must be a list'],
    [{ description: 'x', allowed_addresses: ['10.0.0.1', 'home'] }, 'allowed_addresses[1] must be an IP address'],
    [{ description: 'x', allowed_addresses: ['10.0.0.0/33'] }, 'allowed_addresses[0] must be an IP address'],
    [{ description: 'x', allowed_addresses: [' '] }, 'allowed_addresses[0] must not be blank'],
    [{ description: 'x', hash: 'a'.repeat(64) }, 'unknown field "hash"'],
    [{ description: 'x', hint: 'abcd' }, 'unknown field "hint"'],
    [{ description: 'x', costLimitMicroUsd: 1 }, 'unknown field "costLimitMicroUsd"'],
    [{ description: 'x', role: 'admin' }, 'unknown field "role"'],
  ])('%j is refused and nothing is made', async (body, why) => {
    const { desk, send } = await open()
    const { status, json } = await send('POST', PATH, body)
    expect(status).toBe(400)
    expect(json.error).toContain(why)
    expect(desk.state.tokens).toHaveLength(0)
  })

  test('an infinite limit (1e309) is no number', async () => {
    const { desk } = await open()
    const raw = '{"description":"x","cost_limit_usd":1e309}'
    expect((await desk.send('POST', PATH, { token: desk.token, raw })).status).toBe(400)
  })

  test('nobody can choose the value or the counters of a token', async () => {
    const { desk, created } = await open()
    const chosen = 'f'.repeat(64)
    const { token } = await created({ id: 77, token: chosen, cost_used_usd: -5, success_count: 9 })
    expect(token).not.toBe(chosen)
    expect(only(desk)).toMatchObject({ costUsedMicroUsd: 0, successCount: 0 })
  })
})

describe('the limits of an API token', () => {
  const LIMITS = {
    cost_limit_usd: 9,
    daily_cost_limit_usd: 1.5,
    monthly_cost_limit_usd: 8,
    rpm_limit: 60,
    max_concurrency: 4,
    allowed_models: ['m'],
    allowed_addresses: ['10.0.0.0/8', '::1'],
  }

  test('are answered as they were given, and are accepted back as they were answered', async () => {
    const { desk, send, created } = await open()
    const made = await created({ ...LIMITS, allowed_addresses: ['10.0.0.0/8', ' ::1 ', '10.0.0.0/8'] })
    expect(made).toMatchObject({ ...LIMITS, allowed_channel_ids: [] })
    expect(only(desk)).toMatchObject({ dailyCostLimitMicroUsd: 1_500_000, monthlyCostLimitMicroUsd: 8_000_000 })
    const [shown] = (await send('GET', PATH)).json.data.tokens
    const before = only(desk)
    const { status, json } = await send('PUT', `${PATH}/${made.id}`, shown)
    expect([status, json.data, only(desk)]).toEqual([200, shown, before])
  })

  test('are changed one by one, stay when left out, and go with 0 and []', async () => {
    const { desk, send, created } = await open()
    const { id } = await created(LIMITS)
    await send('PUT', `${PATH}/${id}`, { rpm_limit: 5 })
    expect(only(desk)).toMatchObject({ rpmLimit: 5, maxConcurrency: 4, allowedAddresses: ['10.0.0.0/8', '::1'] })
    await send('PUT', `${PATH}/${id}`, { rpm_limit: null, max_concurrency: null, daily_cost_limit_usd: null })
    expect(only(desk)).toMatchObject({ rpmLimit: 5, maxConcurrency: 4, dailyCostLimitMicroUsd: 1_500_000 })
    const none = { rpm_limit: 0, max_concurrency: 0, daily_cost_limit_usd: 0, allowed_addresses: [] }
    await send('PUT', `${PATH}/${id}`, none)
    expect(only(desk)).toMatchObject({
      rpmLimit: 0,
      maxConcurrency: 0,
      dailyCostLimitMicroUsd: 0,
      monthlyCostLimitMicroUsd: 8_000_000,
      allowedAddresses: [],
    })
  })

  test('may name channels that there are; one that is gone since is forgiven', async () => {
    const { desk, send, created } = await open()
    const channel = { name: 'c', url: 'https://c.test', api_key: 'k', models: ['m'] }
    const { id: channelId } = (await send('POST', '/admin/channels', channel)).json.data
    const { id, allowed_channel_ids } = await created({ allowed_channel_ids: [channelId, channelId] })
    expect(allowed_channel_ids).toEqual([channelId])
    await send('DELETE', `/admin/channels/${channelId}`)
    expect((await send('PUT', `${PATH}/${id}`, { allowed_channel_ids: [channelId] })).status).toBe(200)
    expect((await send('PUT', `${PATH}/${id}`, { allowed_channel_ids: [channelId, 99] })).status).toBe(400)
    expect(only(desk)?.allowedChannelIds).toEqual([channelId])
  })

  test('come with what has been spent against them', async () => {
    const { desk, send, created } = await open()
    const { id } = await created(LIMITS)
    desk.state.spends.set(id, { todayMicroUsd: 1_234, monthMicroUsd: 5_000_000 })
    const [shown] = tokenListAnswer.parse((await send('GET', PATH)).json.data).tokens
    expect(shown).toMatchObject({ cost_used_today_usd: 0.001234, cost_used_this_month_usd: 5 })
  })
})

describe('changing an API token', () => {
  test('what is left out stays, the restriction to models above all', async () => {
    const { desk, send, created } = await open()
    const { id } = await created({ allowed_models: ['m'], cost_limit_usd: 5, expires_at: START_MS + 1_000 })
    const { status, json } = await send('PUT', `${PATH}/${id}`, { description: 'renamed' })
    expect(status).toBe(200)
    expect(tokenAnswer.parse(json.data)).toMatchObject({
      description: 'renamed',
      allowed_models: ['m'],
      cost_limit_usd: 5,
    })
    expect(only(desk)).toMatchObject({ allowedModels: ['m'], costLimitMicroUsd: 5e6, expiresAtMs: START_MS + 1_000 })
  })

  test.each([null, 0])('expires_at %p means never', async (expires_at) => {
    const { desk, send, created } = await open()
    const { id } = await created({ expires_at: START_MS + 1_000 })
    await send('PUT', `${PATH}/${id}`, { expires_at })
    expect(only(desk)?.expiresAtMs).toBe(0)
  })

  test('an empty list of models lifts the restriction, null does not', async () => {
    const { desk, send, created } = await open()
    const { id } = await created({ allowed_models: ['m'] })
    expect((await send('PUT', `${PATH}/${id}`, { allowed_models: null })).status).toBe(400)
    expect(only(desk)?.allowedModels).toEqual(['m'])
    await send('PUT', `${PATH}/${id}`, { allowed_models: [] })
    expect(only(desk)?.allowedModels).toEqual([])
  })

  test('null for the other fields is as if they were not there', async () => {
    const { desk, send, created } = await open()
    const { id } = await created({ cost_limit_usd: 5, is_active: false })
    const before = only(desk)
    await send('PUT', `${PATH}/${id}`, { cost_limit_usd: null, is_active: null, description: null })
    expect(only(desk)).toEqual(before!)
  })

  test('read, edit, send back works, and the mask never becomes the token', async () => {
    const { desk, send, created } = await open()
    await created({ allowed_models: ['m'], expires_at: START_MS - 5 })
    const before = only(desk)
    const [listed] = (await send('GET', PATH)).json.data.tokens
    const { status } = await send('PUT', `${PATH}/${listed.id}`, { ...listed, description: 'edited' })
    expect(status).toBe(200)
    expect(only(desk)).toEqual({ ...before!, description: 'edited' })
  })

  test.each([
    ['PUT', `${PATH}/999`, 404, 'token not found'],
    ['DELETE', `${PATH}/999`, 404, 'token not found'],
    ['PUT', `${PATH}/0`, 400, 'invalid token id'],
    ['PUT', `${PATH}/x`, 400, 'invalid token id'],
    ['DELETE', `${PATH}/-1`, 400, 'invalid token id'],
    ['DELETE', `${PATH}/1e3`, 400, 'invalid token id'],
    ['DELETE', `${PATH}/99999999999999999999`, 400, 'invalid token id'],
    ['DELETE', `${PATH}/1%20OR%201=1`, 400, 'invalid token id'],
  ])('%s %s is %i', async (method, path, status, error) => {
    const { send } = await open()
    const answer = await send(method, path, method === 'PUT' ? { description: 'x' } : undefined)
    expect([answer.status, answer.json.error]).toEqual([status, error])
  })

  test('a token is deleted once, the second time it is not there', async () => {
    const { send, created } = await open()
    const { id } = await created()
    const first = await send('DELETE', `${PATH}/${id}`)
    expect(removedAnswer.parse(first.json.data)).toEqual({ id })
    expect((await send('DELETE', `${PATH}/${id}`)).status).toBe(404)
  })
})

describe('the list of API tokens', () => {
  const list = (answer: Sent) => tokenListAnswer.parse(answer.json.data).tokens

  test('shows the newest first and says which have expired', async () => {
    const { send, created, desk } = await open()
    await created({ description: 'old', expires_at: START_MS + 1_000 })
    await created({ description: 'new' })
    const before = list(await send('GET', PATH))
    expect(before.map(({ description }) => description)).toEqual(['new', 'old'])
    expect(before.map(({ is_expired }) => is_expired)).toEqual([false, false])
    desk.clock.nowMs += 1_000
    expect(list(await send('GET', PATH)).map(({ is_expired }) => is_expired)).toEqual([false, true])
  })

  test('a token of the earlier program, of which no end is known, is shown as stars', async () => {
    const { send, created, desk } = await open()
    await created()
    desk.state.tokens[0] = { ...desk.state.tokens[0]!, hint: '' }
    expect(list(await send('GET', PATH))[0]?.token).toBe('****')
  })

  test.each([Number.NaN, 1e300, -1e300])('one mad row (made at %p) does not hide the others', async (createdAtMs) => {
    const { send, created, desk } = await open()
    await created()
    await created()
    desk.state.tokens[0] = { ...desk.state.tokens[0]!, createdAtMs }
    expect(list(await send('GET', PATH))).toHaveLength(2)
  })

  test('without a range, or with all, the numbers are those of all time', async () => {
    const { send } = await open()
    for (const range of ['', '?range=', '?range=all'])
      expect((await send('GET', `${PATH}${range}`)).json.data).toEqual({ tokens: [], is_today: false })
  })
})
