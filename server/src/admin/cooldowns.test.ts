import { describe, expect, test } from 'bun:test'
import { cooldownListAnswer, cooldownStatsAnswer } from '@ccload/contract/cooldowns.ts'
import { START_MS, testDesk } from './test-desk.ts'

async function open() {
  const desk = testDesk()
  const { token } = desk
  const send = (method: string, path: string, body?: unknown) => desk.send(method, path, { token, body })
  const body = { name: 'one', url: 'https://one.test', api_key: 'k0,k1', models: ['m/1', 'm2'] }
  const id: number = (await send('POST', '/admin/channels', body)).json.data.id
  const channel = `/admin/channels/${id}`
  const list = async () => cooldownListAnswer.parse((await send('GET', '/admin/cooldowns')).json.data)
  return { desk, send, id, channel, list }
}

describe('cooldowns by hand', () => {
  test('a channel and a key can be made to rest', async () => {
    const { send, channel, list, id } = await open()
    const first = await send('POST', `${channel}/cooldown`, { duration_ms: 60_000 })
    expect(first.json).toEqual({ success: true, data: { message: '渠道已冷却 60000 毫秒' }, error: '', count: 0 })
    const second = await send('POST', `${channel}/keys/1/cooldown`, { duration_ms: 1_000 })
    expect(second.json.data).toEqual({ message: 'Key #2 已冷却 1000 毫秒' })
    const shown = {
      channel_id: id,
      channel_name: 'one',
      reason: '',
      status_code: 0,
      request_id: '',
      since_ms: START_MS,
      capped: false,
    }
    expect(await list()).toEqual([
      { ...shown, scope: 'key', key_index: 1, until_ms: START_MS + 1_000, remaining_ms: 1_000, step_ms: 1_000 },
      { ...shown, scope: 'channel', until_ms: START_MS + 60_000, remaining_ms: 60_000, step_ms: 60_000 },
    ])
  })

  test.each([
    {},
    { duration_ms: 999 },
    { duration_ms: -1 },
    { duration_ms: 1_000.5 },
    { duration_ms: '1000' },
    { duration_ms: 7 * 86_400_000 + 1 },
    { duration_ms: 1_000, scope: 'x' },
  ])('%j is 400 and nothing rests', async (body) => {
    const { desk, send, channel } = await open()
    const { status, json } = await send('POST', `${channel}/cooldown`, body)
    expect(status).toBe(400)
    expect(json.error).toStartWith('invalid request: ')
    expect(desk.state.rests).toEqual([])
  })

  test('every kind of rest can be ended, each alone', async () => {
    const { desk, send, channel, id, list } = await open()
    const rests = ['channel', 'key', 'model'] as const
    const all = () => {
      const untilMs = START_MS + 60_000
      desk.deps.control.setRest({ scope: 'channel', channelId: id }, untilMs)
      desk.deps.control.setRest({ scope: 'key', channelId: id, keyId: desk.state.channels[0]!.keys[0]!.id }, untilMs)
      desk.deps.control.setRest({ scope: 'model', channelId: id, model: 'm/1' }, untilMs)
    }
    const left = async () => (await list()).map(({ scope }) => scope).sort()
    const without = (scope: string) => rests.filter((rest) => rest !== scope)
    for (const [gone, method, path, body] of [
      ['channel', 'DELETE', `${channel}/cooldown`, undefined],
      ['key', 'DELETE', `${channel}/keys/0/cooldown`, undefined],
      ['channel', 'POST', '/admin/cooldowns/clear', { scope: 'channel', channel_id: id }],
      ['key', 'POST', '/admin/cooldowns/clear', { scope: 'key', channel_id: id, key_index: 0 }],
      ['model', 'POST', '/admin/cooldowns/clear', { scope: 'model', channel_id: id, model: 'm/1' }],
    ] as const) {
      all()
      expect((await send(method, path, body)).status).toBe(200)
      expect([path, await left()]).toEqual([path, [...without(gone)]])
    }
    all()
    expect((await send('POST', `${channel}/cooldown/clear`)).status).toBe(200)
    expect(await left()).toEqual([])
  })

  test('ending a rest that does not run is no error', async () => {
    const { send, channel } = await open()
    expect((await send('DELETE', `${channel}/cooldown`)).status).toBe(200)
  })

  test.each([
    ['POST', '/admin/channels/99/cooldown', { duration_ms: 1_000 }, 404, 'channel not found'],
    ['DELETE', '/admin/channels/99/cooldown', undefined, 404, 'channel not found'],
    ['POST', '/admin/channels/99/cooldown/clear', undefined, 404, 'channel not found'],
    ['POST', '/admin/channels/1/keys/7/cooldown', { duration_ms: 1_000 }, 404, 'key not found'],
    ['DELETE', '/admin/channels/1/keys/7/cooldown', undefined, 404, 'key not found'],
    ['DELETE', '/admin/channels/99/keys/0/cooldown', undefined, 404, 'channel not found'],
    ['DELETE', '/admin/channels/1/keys/x/cooldown', undefined, 400, 'invalid key index'],
    ['POST', '/admin/channels/x/cooldown', { duration_ms: 1_000 }, 400, 'invalid channel id'],
    ['POST', '/admin/cooldowns/clear', { scope: 'channel', channel_id: 99 }, 404, 'channel not found'],
    ['POST', '/admin/cooldowns/clear', { scope: 'key', channel_id: 1, key_index: 9 }, 404, 'key not found'],
    ['POST', '/admin/cooldowns/clear', { scope: 'model', channel_id: 1, model: 'x' }, 404, 'model not found'],
    [
      'POST',
      '/admin/cooldowns/clear',
      { scope: 'all', channel_id: 1 },
      400,
      'invalid request: scope must be channel, key or model',
    ],
    ['POST', '/admin/cooldowns/clear', {}, 400, 'invalid request: scope must be channel, key or model'],
    ['POST', '/admin/cooldowns/clear', { scope: 'key', channel_id: 1 }, 400, 'invalid request: key_index is missing'],
  ])('%s %s %j is refused', async (method, path, body, status, error) => {
    const { send } = await open()
    const answer = await send(method, path, body)
    expect([answer.status, answer.json.error]).toEqual([status, error])
  })
})

describe('what rests now', () => {
  test('the list says why, and both count only what still runs', async () => {
    const { desk, send, id, list } = await open()
    const keyId = desk.state.channels[0]!.keys[1]!.id
    const why = { reason: 'the key is invalid', statusCode: 401, requestId: 'r7' }
    desk.state.rests = [
      { scope: 'channel', channelId: id, sinceMs: START_MS - 60_000, untilMs: START_MS },
      { scope: 'key', channelId: id, keyId, sinceMs: START_MS - 1_000, untilMs: START_MS + 299_000, why },
      { scope: 'model', channelId: id, model: 'm2', sinceMs: START_MS - 1_000, untilMs: START_MS + 9_000 },
      { scope: 'channel', channelId: 999, sinceMs: START_MS - 1_000, untilMs: START_MS + 9_000 },
    ]
    expect(await list()).toMatchObject([
      { scope: 'model', model: 'm2', reason: '' },
      {
        scope: 'key',
        key_index: 1,
        reason: 'the key is invalid',
        status_code: 401,
        request_id: 'r7',
        step_ms: 300_000,
        remaining_ms: 299_000,
      },
    ])
    desk.state.rests = desk.state.rests.slice(0, 3)
    const stats = cooldownStatsAnswer.parse((await send('GET', '/admin/cooldown/stats')).json.data)
    expect(stats).toEqual({ channel_cooldowns: 0, key_cooldowns: 1, model_cooldowns: 1 })
  })
})
