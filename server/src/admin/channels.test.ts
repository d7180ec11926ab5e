import { describe, expect, test } from 'bun:test'
import { channelAnswer, channelListAnswer, keysAnswer } from '@ccload/contract/channels.ts'
import { START_MS, testDesk } from './test-desk.ts'

const PATH = '/admin/channels'
const GOOD = { name: 'one', url: 'https://one.test', api_key: 'sk-canary-one,sk-canary-two', models: ['m1', 'm2'] }

async function open() {
  const desk = testDesk()
  const { token } = desk
  const send = (method: string, path: string, body?: unknown) => desk.send(method, path, { token, body })
  const created = async (body: object = {}): Promise<number> =>
    (await send('POST', PATH, { ...GOOD, ...body })).json.data.id
  const keysOf = (id: number) => desk.deps.control.channel(id)?.keys.map((key) => key.apiKey)
  return { desk, send, created, keysOf }
}

describe('a new channel', () => {
  test('works at once with what everybody must give, and keeps the order of its models', async () => {
    const { send, keysOf } = await open()
    const { status, json } = await send('POST', PATH, { ...GOOD, name: ' one ', url: 'https://one.test/' })
    expect(status).toBe(201)
    const channel = channelAnswer.parse(json.data)
    expect(channel).toMatchObject({
      name: 'one',
      url: 'https://one.test',
      enabled: true,
      channel_type: 'anthropic',
      key_strategy: 'sequential',
      priority: 0,
      daily_cost_limit: 0,
      key_count: 2,
      cooldown_until: 0,
      models: [
        { model: 'm1', redirect_model: 'm1' },
        { model: 'm2', redirect_model: 'm2' },
      ],
    })
    expect(keysOf(channel.id)).toEqual(['sk-canary-one', 'sk-canary-two'])
  })

  test('takes every field, texts with blanks and capitals too', async () => {
    const { desk, send } = await open()
    const { status } = await send('POST', PATH, {
      name: 'full',
      url: 'http://192.168.0.9:8000/relay/',
      api_keys: ['k1', ' ', 'k2', 'k1'],
      models: [
        'a',
        { model: ' b ', redirect_model: 'c' },
        { model: 'd', redirect_model: 'd' },
        { model: 'e', redirect_model: '' },
      ],
      channel_type: ' OpenAI ',
      key_strategy: 'ROUND_ROBIN',
      priority: -5,
      enabled: false,
      daily_cost_limit: 12.5,
      cost_multiplier: 0.35,
      rpm_limit: 60,
      max_concurrency: 4,
      ask_for_usage: true,
    })
    expect(status).toBe(201)
    expect(desk.state.channels[0]).toMatchObject({
      url: 'http://192.168.0.9:8000/relay',
      type: 'openai',
      keyStrategy: 'round_robin',
      priority: -5,
      enabled: false,
      dailyCostLimitUsd: 12.5,
      costMultiplier: 0.35,
      rpmLimit: 60,
      maxConcurrency: 4,
      askForUsage: true,
      models: [
        { name: 'a', redirect: '' },
        { name: 'b', redirect: 'c' },
        { name: 'd', redirect: '' },
        { name: 'e', redirect: '' },
      ],
    })
  })

  test.each([
    [{ name: undefined }, 'name is missing'],
    [{ name: '  ' }, 'name must not be blank'],
    [{ name: 'n'.repeat(192) }, 'name must not be longer than 191'],
    [{ name: 'a\nb' }, 'name must not contain line breaks'],
    [{ name: 'a\u0000' }, 'name must not contain'],
    [{ name: 'a\u202eb' }, 'name must not contain'],
    [{ name: 5 }, 'name must be a text'],
    [{ url: undefined }, 'url is missing'],
    [{ url: 'one.test' }, 'url must begin with http'],
    [{ url: 'https://u:p@one.test' }, 'user name'],
    [{ url: 'https://one.test?x=1' }, 'query'],
    [{ url: 'http://169.254.169.254/latest' }, 'metadata'],
    [{ url: `https://one.test/${'x'.repeat(512)}` }, 'url must not be longer than 512'],
    [{ api_key: undefined }, 'api_key is missing'],
    [{ api_key: ' , ' }, 'api_key must not be blank'],
    [{ api_key: 'sk-a...wxyz' }, 'masked'],
    [{ api_key: '****' }, 'masked'],
    [{ api_key: 'sk-1\u0000' }, 'key 1'],
    [{ api_key: ['sk-1'] }, 'api_key must be a text'],
    [{ api_keys: ['sk-1'] }, 'either api_key or api_keys'],
    [{ models: undefined }, 'models is missing'],
    [{ models: [] }, 'at least one model'],
    [{ models: 'm1' }, 'must be a list of models'],
    [{ models: ['m1', ' '] }, 'models[1].model must not be blank'],
    [{ models: [{ redirect_model: 'x' }] }, 'models[0].model is missing'],
    [{ models: [7] }, 'models[0] must be a model name'],
    [{ models: ['m\r\nx-evil: 1'] }, 'line breaks'],
    [{ models: [{ model: 'm', redirect_model: 'a\nb' }] }, 'models[0].redirect_model'],
    [{ models: [{ model: 'm', role: 1 }] }, 'unknown field "models[0].role"'],
    [{ models: ['m1', 'm2', { model: 'm1' }] }, '"m1" is listed twice'],
    [{ models: ['m'.repeat(192)] }, 'models[0].model must not be longer'],
    [{ channel_type: 'azure' }, 'channel_type must be one of'],
    [{ key_strategy: 'random' }, 'key_strategy must be one of'],
    [{ cost_multiplier: -0.1 }, 'cost_multiplier must be >= 0'],
    [{ cost_multiplier: '2' }, 'cost_multiplier must be a number'],
    [{ cost_multiplier: 1_001 }, 'cost_multiplier must be at most 1000'],
    [{ rpm_limit: 0.5 }, 'rpm_limit must be a whole number'],
    [{ max_concurrency: -1 }, 'max_concurrency must be >= 0'],
    [{ ask_for_usage: 'yes' }, 'ask_for_usage must be true or false'],
    [{ priority: 1.5 }, 'priority must be a whole number'],
    [{ priority: 100_000 }, 'priority must be at most'],
    [{ priority: '5' }, 'priority must be a whole number'],
    [{ enabled: 1 }, 'enabled must be true or false'],
    [{ daily_cost_limit: -0.01 }, 'daily_cost_limit must be >= 0'],
    [{ is_admin: true }, 'unknown field "is_admin"'],
    [{ keyTurn: 3 }, 'unknown field "keyTurn"'],
  ])('%j is refused and nothing is stored', async (wrong, why) => {
    const { desk, send } = await open()
    const answer = await send('POST', PATH, { ...GOOD, ...wrong })
    expect(answer.status).toBe(400)
    expect(answer.json.error).toStartWith('invalid request: ')
    expect(answer.json.error).toContain(why)
    expect(answer.text).not.toContain('sk-canary')
    expect(desk.state.writes).toBe(0)
  })

  test('a wrong type is named before a wrong strategy', async () => {
    const { send } = await open()
    const { json } = await send('POST', PATH, { ...GOOD, key_strategy: 'x', channel_type: 'y' })
    expect(json.error.indexOf('channel_type')).toBeLessThan(json.error.indexOf('key_strategy'))
  })

  test('an address that ends in an API path is refused with the better one', async () => {
    const { send } = await open()
    const { status, json } = await send('POST', PATH, { ...GOOD, url: 'https://one.test/relay/v1/messages' })
    expect(status).toBe(400)
    expect(json.data).toEqual({ suggested_url: 'https://one.test/relay' })
    expect((await send('POST', PATH, { ...GOOD, url: json.data.suggested_url })).status).toBe(201)
  })

  test('a name that is taken is 409 in plain words', async () => {
    const { send, created } = await open()
    await created()
    const { status, json } = await send('POST', PATH, GOOD)
    expect([status, json.error]).toEqual([409, 'a channel named "one" already exists; choose another name'])
  })

  test('models that differ in case are two models', async () => {
    const { send } = await open()
    expect((await send('POST', PATH, { ...GOOD, models: ['M1', 'm1'] })).status).toBe(201)
  })
})

describe('changing a channel', () => {
  test('enabled alone is a switch and touches nothing else', async () => {
    const { desk, send, created } = await open()
    const id = await created()
    await send('POST', `${PATH}/${id}/cooldown`, { duration_ms: 60_000 })
    const before = desk.deps.control.channel(id)!
    const { status, json } = await send('PUT', `${PATH}/${id}`, { enabled: false })
    expect([status, json.data.enabled]).toEqual([200, false])
    expect(desk.deps.control.channel(id)).toEqual({ ...before, enabled: false })
    expect(desk.state.rests).toHaveLength(1)
  })

  test('what is left out stays: priority, limit, keys, models, state', async () => {
    const { desk, send, created } = await open()
    const id = await created({
      priority: 7,
      daily_cost_limit: 3,
      enabled: false,
      models: [{ model: 'a', redirect_model: 'b' }],
    })
    const before = desk.deps.control.channel(id)!
    await send('PUT', `${PATH}/${id}`, { name: 'renamed' })
    expect(desk.deps.control.channel(id)).toEqual({ ...before, name: 'renamed' })
  })

  test.each(['one', 'list'])('read (%s), edit, send back works and keeps the keys', async (how) => {
    const { desk, send, created, keysOf } = await open()
    const id = await created({ models: [{ model: 'a' }, { model: 'b', redirect_model: 'c' }] })
    await send('POST', `${PATH}/${id}/cooldown`, { duration_ms: 60_000 })
    await send('POST', `${PATH}/${id}/keys/0/cooldown`, { duration_ms: 60_000 })
    const read = how === 'one' ? (await send('GET', `${PATH}/${id}`)).json.data : (await send('GET', PATH)).json.data[0]
    const { status } = await send('PUT', `${PATH}/${id}`, {
      ...read,
      priority: 42,
      effective_priority: 1.5,
      success_rate: 0.5,
    })
    expect(status).toBe(200)
    expect(keysOf(id)).toEqual(['sk-canary-one', 'sk-canary-two'])
    expect(desk.deps.control.channel(id)).toMatchObject({
      priority: 42,
      models: [
        { name: 'a', redirect: '' },
        { name: 'b', redirect: 'c' },
      ],
    })
  })

  test('a masked key sent back is refused and the real one stays', async () => {
    const { send, created, keysOf } = await open()
    const id = await created()
    for (const api_key of ['sk-c...-two', '****', '***', 'sk-new,sk-c...-two']) {
      const { status, json } = await send('PUT', `${PATH}/${id}`, { api_key })
      expect(status).toBe(400)
      expect(json.error).toContain('leave the field out to keep the stored keys')
    }
    expect(keysOf(id)).toEqual(['sk-canary-one', 'sk-canary-two'])
  })

  test('a key that stays keeps its identity', async () => {
    const { desk, send, created } = await open()
    const id = await created()
    const second = desk.deps.control.channel(id)?.keys[1]?.id
    await send('PUT', `${PATH}/${id}`, { api_key: 'sk-canary-two\nsk-new' })
    expect(desk.deps.control.channel(id)?.keys.map((key) => key.id)[0]).toBe(second!)
  })

  test('what may have healed a channel ends its rest, a new name or priority does not', async () => {
    const { desk, send, created } = await open()
    const id = await created()
    for (const [body, rests] of [
      [{ priority: 3 }, 1],
      [{ name: 'x' }, 1],
      [{ url: 'https://two.test' }, 0],
      [{ api_key: 'sk-new' }, 0],
      [{ models: ['m9'] }, 0],
      [{ channel_type: 'codex' }, 0],
    ] as const) {
      desk.deps.control.setRest({ scope: 'channel', channelId: id }, START_MS + 60_000)
      await send('PUT', `${PATH}/${id}`, body)
      expect([body, desk.state.rests.length]).toEqual([body, rests])
    }
  })

  test.each([
    ['GET', `${PATH}/99`, undefined, 404, 'channel not found'],
    ['PUT', `${PATH}/99`, { priority: 1 }, 404, 'channel not found'],
    ['DELETE', `${PATH}/99`, undefined, 404, 'channel not found'],
    ['GET', `${PATH}/99/keys`, undefined, 404, 'channel not found'],
    ['DELETE', `${PATH}/99/keys/0`, undefined, 404, 'channel not found'],
    ['POST', `${PATH}/99/models`, { models: ['m'] }, 404, 'channel not found'],
    ['DELETE', `${PATH}/99/models`, { models: ['m'] }, 404, 'channel not found'],
    ['GET', `${PATH}/x`, undefined, 400, 'invalid channel id'],
    ['PUT', `${PATH}/0`, { priority: 1 }, 400, 'invalid channel id'],
    ['DELETE', `${PATH}/-1`, undefined, 400, 'invalid channel id'],
    ['GET', `${PATH}/1.5`, undefined, 400, 'invalid channel id'],
    ['GET', `${PATH}/1'%20OR%20'1'='1`, undefined, 400, 'invalid channel id'],
    ['GET', `${PATH}/constructor`, undefined, 400, 'invalid channel id'],
    ['GET', `${PATH}/%E0%A4%A`, undefined, 400, 'invalid channel id'],
  ])('%s %s is refused', async (method, path, body, status, error) => {
    const { send, created } = await open()
    await created()
    const answer = await send(method, path, body)
    expect([answer.status, answer.json.error]).toEqual([status, error])
  })

  test('taking the name of another channel is 409 and changes nothing', async () => {
    const { desk, send, created } = await open()
    await created()
    const id = await created({ name: 'two' })
    const { status, json } = await send('PUT', `${PATH}/${id}`, { name: 'one', priority: 9 })
    expect([status, json.error]).toEqual([409, 'a channel named "one" already exists; choose another name'])
    expect(desk.deps.control.channel(id)).toMatchObject({ name: 'two', priority: 0 })
  })

  test('a channel is deleted once, the second time it is not there', async () => {
    const { send, created } = await open()
    const id = await created()
    expect((await send('DELETE', `${PATH}/${id}`)).json.data).toEqual({ id })
    expect((await send('DELETE', `${PATH}/${id}`)).status).toBe(404)
  })

  test('the models cannot be emptied by mistake, but a channel without any can be sent back', async () => {
    const { send, created } = await open()
    const id = await created({ models: ['m1'] })
    expect((await send('PUT', `${PATH}/${id}`, { models: [] })).status).toBe(400)
    await send('DELETE', `${PATH}/${id}/models`, { models: ['m1'] })
    const { json } = await send('GET', `${PATH}/${id}`)
    expect((await send('PUT', `${PATH}/${id}`, { ...json.data, priority: 1 })).status).toBe(200)
  })
})

describe('the list of channels', () => {
  test('is ordered by priority, then id, and can be narrowed to a type', async () => {
    const { send, created } = await open()
    await created({ name: 'a', priority: 1 })
    await created({ name: 'b', priority: 9, channel_type: 'openai' })
    await created({ name: 'c', priority: 1 })
    const names = async (query: string) =>
      channelListAnswer.parse((await send('GET', PATH + query)).json.data).map(({ name }) => name)
    expect(await names('')).toEqual(['b', 'a', 'c'])
    expect(await names('?type=all')).toEqual(['b', 'a', 'c'])
    expect(await names('?type=%20OpenAI')).toEqual(['b'])
    expect(await names('?type=gemini')).toEqual([])
    expect((await send('GET', `${PATH}?type=azure`)).status).toBe(400)
  })

  test('shows what rests, until when and why, and only while it does', async () => {
    const { desk, send, created } = await open()
    const id = await created()
    const keyId = desk.deps.control.channel(id)!.keys[1]!.id
    const why = { reason: 'rate limit', statusCode: 429, requestId: 'r1' }
    const times = { sinceMs: START_MS - 1_000, untilMs: START_MS + 59_000, why }
    desk.state.rests = [
      { scope: 'channel', channelId: id, ...times },
      { scope: 'key', channelId: id, keyId, ...times },
      { scope: 'model', channelId: id, model: 'm2', ...times },
    ]
    const rest = {
      cooldown_until: '2026-01-22T10:00:59.000Z',
      cooldown_remaining_ms: 59_000,
      cooldown_reason: 'rate limit',
    }
    const read = async () => channelListAnswer.parse((await send('GET', PATH)).json.data)[0]
    expect(await read()).toMatchObject({
      ...rest,
      cooldown_duration_ms: 60_000,
      key_cooldowns: [{ key_index: 0 }, { key_index: 1, ...rest }],
      model_cooldowns: [{ model: 'm2', ...rest }],
    })
    const one = channelAnswer.parse((await send('GET', `${PATH}/${id}`)).json.data)
    expect(one.cooldown_until).toBe((START_MS + 59_000) / 1000)

    desk.clock.nowMs = START_MS + 59_000
    const after = await read()
    expect(after).toMatchObject({ key_cooldowns: [{ key_index: 0 }, { key_index: 1 }], model_cooldowns: [] })
    expect(after).not.toHaveProperty('cooldown_until')
    expect(after).not.toHaveProperty('cooldown_remaining_ms')
    expect((await send('GET', `${PATH}/${id}`)).json.data.cooldown_until).toBe(0)
  })

  test('no answer but the reveal contains a key', async () => {
    const { desk, send } = await open()
    const answers = [
      await send('POST', PATH, GOOD),
      await send('POST', PATH, GOOD),
      await send('GET', PATH),
      await send('PUT', `${PATH}/1`, { api_key: 'sk-canary-three' }),
      await send('GET', `${PATH}/1`),
      await send('POST', `${PATH}/1/models`, { models: ['x'] }),
      await send('DELETE', `${PATH}/1/keys/0`),
      await send('GET', '/admin/cooldowns'),
    ]
    for (const { text } of answers) expect(text).not.toContain('sk-canary')
    expect(JSON.stringify(desk.lines)).not.toContain('sk-canary')
  })
})

describe('the keys of a channel', () => {
  test('are revealed in plain, by index, and the log says to whom', async () => {
    const { desk, send, created } = await open()
    const id = await created({ key_strategy: 'round_robin' })
    const keys = keysAnswer.parse((await send('GET', `${PATH}/${id}/keys`)).json.data)
    expect(keys.map((key) => [key.key_index, key.api_key, key.channel_id, key.key_strategy])).toEqual([
      [0, 'sk-canary-one', id, 'round_robin'],
      [1, 'sk-canary-two', id, 'round_robin'],
    ])
    const line = desk.lines.find(({ event }) => event === 'channel keys revealed')
    expect(line?.fields).toEqual({ channelId: id, count: 2, ip: '192.0.2.1' })
  })

  test('go one by one; those above move down', async () => {
    const { send, created, keysOf } = await open()
    const id = await created({ api_key: 'k0,k1,k2' })
    expect((await send('DELETE', `${PATH}/${id}/keys/1`)).json.data).toEqual({ remaining_keys: 2 })
    expect(keysOf(id)).toEqual(['k0', 'k2'])
    expect((await send('DELETE', `${PATH}/${id}/keys/2`)).json.error).toBe('key not found')
    await send('DELETE', `${PATH}/${id}/keys/0`)
    await send('DELETE', `${PATH}/${id}/keys/0`)
    const none = await send('DELETE', `${PATH}/${id}/keys/0`)
    expect([none.status, none.json.error]).toEqual([404, 'channel has no keys'])
  })

  test('two removals at once never bring a key back', async () => {
    const { send, created, keysOf } = await open()
    const id = await created({ api_key: 'k0,k1,k2,k3' })
    await Promise.all([send('DELETE', `${PATH}/${id}/keys/3`), send('DELETE', `${PATH}/${id}/keys/0`)])
    expect(keysOf(id)).toEqual(['k1', 'k2'])
  })

  test.each(['x', '-1', '1.5', '%20', '99999999'])('%s is no key index', async (index) => {
    const { send, created } = await open()
    const id = await created()
    const { status, json } = await send('DELETE', `${PATH}/${id}/keys/${index}`)
    expect([status, json.error]).toEqual([400, 'invalid key index'])
  })
})

describe('the models of a channel', () => {
  test('new ones are added at the end, known ones stay as they are', async () => {
    const { desk, send, created } = await open()
    const id = await created()
    const models = ['m9', { model: 'm1', redirect_model: 'changed' }, { model: 'm8', redirect_model: 'z' }]
    expect((await send('POST', `${PATH}/${id}/models`, { models })).json.data).toEqual({ total: 4 })
    expect(desk.deps.control.channel(id)?.models).toEqual([
      { name: 'm1', redirect: '' },
      { name: 'm2', redirect: '' },
      { name: 'm9', redirect: '' },
      { name: 'm8', redirect: 'z' },
    ])
  })

  test('the last one may go', async () => {
    const { send, created } = await open()
    const id = await created()
    const remove = (models: string[]) => send('DELETE', `${PATH}/${id}/models`, { models })
    expect((await remove(['m1', 'never there'])).json.data).toEqual({ remaining: 1 })
    expect((await remove(['m2'])).json.data).toEqual({ remaining: 0 })
  })

  test.each([{}, { models: [] }, { models: [''] }, { models: ['a', 'a'] }, { models: ['a'], x: 1 }])(
    'adding %j is 400',
    async (body) => {
      const { send, created } = await open()
      const id = await created()
      expect((await send('POST', `${PATH}/${id}/models`, body)).status).toBe(400)
    },
  )

  test('additions at once are all kept', async () => {
    const { desk, send, created } = await open()
    const id = await created()
    await Promise.all(['a', 'b', 'c'].map((model) => send('POST', `${PATH}/${id}/models`, { models: [model] })))
    expect(desk.deps.control.channel(id)?.models.map(({ name }) => name)).toEqual(['m1', 'm2', 'a', 'b', 'c'])
  })
})

describe('priorities of many channels', () => {
  test('are set together; ids that are gone are passed over', async () => {
    const { desk, send, created } = await open()
    const [a, b] = [await created({ name: 'a' }), await created({ name: 'b' })]
    const updates = [
      { id: a, priority: 5 },
      { id: b, priority: 6 },
      { id: 999, priority: 7 },
    ]
    const { json } = await send('POST', `${PATH}/batch-priority`, { updates })
    expect(json.data).toEqual({ updated: 2, total: 3 })
    expect(desk.state.channels.map(({ priority }) => priority)).toEqual([5, 6])
    const writesBefore = desk.state.writes
    updates[0] = { id: a, priority: 9 }
    expect((await send('POST', `${PATH}/batch-priority`, { updates })).json.data).toEqual({ updated: 2, total: 3 })
    expect(desk.state.writes).toBe(writesBefore + 1)
  })

  test.each([
    [{ updates: [] }, 'updates cannot be empty'],
    [{}, 'updates is missing'],
    [{ updates: [{ id: 1 }] }, 'updates[0].priority is missing'],
    [{ updates: [{ id: 1, priority: 1e9 }] }, 'updates[0].priority'],
    [{ updates: [{ id: 1, priority: 1, name: 'x' }] }, 'unknown field "updates[0].name"'],
    [{ updates: { id: 1, priority: 1 } }, 'updates must be a list'],
  ])('%j is 400 and nothing changes', async (body, why) => {
    const { desk, send, created } = await open()
    await created()
    const { status, json } = await send('POST', `${PATH}/batch-priority`, body)
    expect(status).toBe(400)
    expect(json.error).toContain(why)
    expect(desk.state.channels[0]?.priority).toBe(0)
  })
})
