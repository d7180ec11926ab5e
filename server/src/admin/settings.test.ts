import { describe, expect, test } from 'bun:test'
import { savedSettingAnswer, settingListAnswer } from '@ccload/contract/settings.ts'
import { SETTINGS } from '../config/settings-table.ts'
import { testDesk } from './test-desk.ts'

const PATH = '/admin/settings'

async function open() {
  const desk = testDesk()
  const { token } = desk
  const send = (method: string, path: string, body?: unknown) => desk.send(method, path, { token, body })
  return { desk, send }
}

describe('reading settings', () => {
  test('all are listed by key, as texts, with what the page needs to edit them', async () => {
    const { send } = await open()
    const list = settingListAnswer.parse((await send('GET', PATH)).json.data)
    expect(list.map(({ key }) => key)).toEqual(SETTINGS.map(({ key }) => key).sort())
    expect(list.find(({ key }) => key === 'log_retention_days')).toMatchObject({
      value: '7',
      default_value: '7',
      value_type: 'int',
      updated_at: 0,
      min: -1,
      max: 365,
      except: [0],
      unit: 'days',
    })
  })

  test('a change is read back at once, with its time', async () => {
    const { desk, send } = await open()
    await send('PUT', `${PATH}/max_attempts`, { value: '3' })
    const { json } = await send('GET', `${PATH}/max_attempts`)
    expect(json.data).toMatchObject({ value: '3', default_value: '8', updated_at: Math.floor(desk.clock.nowMs / 1000) })
  })

  test.each(['nothing', '__proto__', 'constructor', 'toString', "x' OR 1=1--", '%00'])(
    '%s is no setting',
    async (key) => {
      const { send } = await open()
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['PUT', '', { value: '1' }],
        ['POST', '/reset', undefined],
      ] as const) {
        const { status, json } = await send(method, `${PATH}/${encodeURIComponent(key)}${path}`, body)
        expect(status).toBe(404)
        expect(json.error).toStartWith('setting not found: ')
      }
    },
  )
})

describe('changing settings', () => {
  test.each([
    ['max_attempts', '3', '3', 3],
    ['max_attempts', 3, '3', 3],
    ['model_fuzzy_match', true, 'true', true],
    ['model_fuzzy_match', '1', 'true', true],
    ['log_retention_days', -1, '-1', -1],
    ['strip_client_headers', '', '', ''],
    ['cooldown_scope', 'model', 'model', 'model'],
  ])('%s can be set with %j', async (key, value, text, stored) => {
    const { desk, send } = await open()
    const { status, json } = await send('PUT', `${PATH}/${key}`, { value })
    expect(status).toBe(200)
    expect(savedSettingAnswer.parse(json.data)).toMatchObject({ key, value: text })
    expect(desk.state.settings[key]).toBe(stored)
  })

  test.each([
    ['max_attempts', { value: '' }, 'invalid value for max_attempts'],
    ['max_attempts', { value: '0' }, 'invalid value for max_attempts'],
    ['max_attempts', { value: 1.5 }, 'invalid value for max_attempts'],
    ['max_attempts', { value: true }, 'invalid value for max_attempts'],
    ['log_retention_days', { value: 0 }, 'but not 0'],
    ['channel_test_content', { value: '' }, 'must not be empty'],
    ['cooldown_scope', { value: 'key' }, 'must be one of'],
    ['reset_time_zone', { value: 'Mars/Base' }, 'time zone'],
    ['strip_client_headers', { value: 'x-a\nbad header' }, 'header'],
    ['max_attempts', {}, 'value is missing'],
    ['max_attempts', { value: null }, 'value must be'],
    ['max_attempts', { value: ['3'] }, 'value must be'],
    ['max_attempts', { value: '3', secret: 1 }, 'unknown field "secret"'],
  ])('%s with %j is 400 and keeps its value', async (key, body, why) => {
    const { desk, send } = await open()
    const before = desk.state.settings
    const { status, json } = await send('PUT', `${PATH}/${key}`, body)
    expect(status).toBe(400)
    expect(json.error).toContain(why)
    expect(desk.state.settings).toBe(before)
  })

  test('read, edit, send back works for every setting', async () => {
    const { send } = await open()
    for (const setting of (await send('GET', PATH)).json.data) {
      expect([setting.key, (await send('PUT', `${PATH}/${setting.key}`, setting)).status]).toEqual([setting.key, 200])
    }
  })

  test('a reset brings the default back', async () => {
    const { desk, send } = await open()
    await send('PUT', `${PATH}/max_attempts`, { value: 3 })
    const { json } = await send('POST', `${PATH}/max_attempts/reset`)
    expect(json.data).toMatchObject({ key: 'max_attempts', value: '8' })
    expect(desk.state.settings['max_attempts']).toBe(8)
  })

  test('no message says that the program restarts', async () => {
    const { send } = await open()
    const texts = [
      (await send('PUT', `${PATH}/max_attempts`, { value: 3 })).text,
      (await send('POST', `${PATH}/max_attempts/reset`)).text,
      (await send('POST', `${PATH}/batch`, { max_attempts: '5' })).text,
    ]
    for (const text of texts) expect(text).not.toContain('重启')
  })
})

describe('changing many settings at once', () => {
  test('all are saved in one write', async () => {
    const { desk, send } = await open()
    const writesBefore = desk.state.writes
    const { json } = await send('POST', `${PATH}/batch`, { max_attempts: '5', model_fuzzy_match: 'true' })
    expect(json.data.message).toContain('2')
    expect(desk.state.settings).toMatchObject({ max_attempts: 5, model_fuzzy_match: true })
    expect(desk.state.writes).toBe(writesBefore + 1)
  })

  test.each([
    [{}, 'no settings to update'],
    [{ max_attempts: '5', nothing: '1' }, 'unknown setting: nothing'],
    [{ max_attempts: '5', log_retention_days: '0' }, 'invalid value for log_retention_days: '],
    [{ max_attempts: '5', cooldown_scope: {} }, 'cooldown_scope must be'],
    [{ max_attempts: '5', toString: '1' }, 'unknown setting: toString'],
  ])('%j is 400 and none is saved', async (body, why) => {
    const { desk, send } = await open()
    const { status, json } = await send('POST', `${PATH}/batch`, body)
    expect(status).toBe(400)
    expect(json.error).toContain(why)
    expect(desk.state.settings['max_attempts']).toBe(8)
  })
})
