import { describe, expect, test } from 'bun:test'
import { activeRequestsAnswer } from '@ccload/contract/active-requests.ts'
import { loggedModelsAnswer, logPageAnswer } from '@ccload/contract/logs.ts'
import type { CostParts } from '../core/cost-parts.ts'
import type { StoredLogRow } from '../ports/attempt-log.ts'
import { START_MS, testDesk } from './test-desk.ts'

const DAY_MS = 86_400_000
const MIDNIGHT_MS = Date.UTC(2026, 0, 22)

const ROW: StoredLogRow = {
  id: 5,
  attemptId: 'a5',
  requestId: 'r5',
  attemptNo: 1,
  timeMs: START_MS - 1_234,
  model: 'm1',
  actualModel: '',
  channelId: 1,
  statusCode: 200,
  message: 'ok',
  durationMs: 1_500,
  streaming: true,
  firstByteMs: 250,
  apiKeyUsed: 'sk-a...wxyz',
  tokenId: 3,
  clientIp: '192.0.2.8',
  inputTokens: 10,
  outputTokens: 20,
  cacheReadTokens: 1,
  cacheWriteTokens: 5,
  cacheWrite5mTokens: 2,
  cacheWrite1hTokens: 3,
  reasoningTokens: 7,
  usageState: 'seen',
  costNanoUsd: 1_234_567,
  path: '/v1/messages',
  bytesSent: 99,
}

async function open() {
  const desk = testDesk()
  const { token } = desk
  const send = (method: string, path: string, body?: unknown) => desk.send(method, path, { token, body })
  for (const [name, channel_type] of [
    ['one', 'anthropic'],
    ['two 100%', 'openai'],
    ['three', 'openai'],
  ]) {
    await send('POST', '/admin/channels', {
      name,
      channel_type,
      url: 'https://x.test',
      api_key: 'k',
      models: [`${name}-m`],
    })
  }
  const ids = desk.state.channels.map(({ id }) => id)
  const asked = async (query: string) => {
    const { status } = await send('GET', `/admin/logs?${query}`)
    return status === 200 ? desk.state.queries.at(-1) : status
  }
  return { desk, send, asked, ids }
}

describe('GET /admin/logs', () => {
  test('a row says how its cost came about, if it was charged', async () => {
    const { desk, send } = await open()
    const costParts: CostParts = {
      parts: [
        { what: 'input', count: 2_000, usdPerUnit: 3 },
        { what: 'web-search', count: 2, usdPerUnit: 0.01 },
      ],
      multiplier: 0.5,
      tier: 'batch',
      ...{ isLongContext: true, pricedAs: 'row', isClamped: true },
      ...{ isEstimated: true, isUnpriced: false },
    }
    desk.state.rows = [{ ...ROW, costParts }, ROW]
    const [first, second] = logPageAnswer.parse((await send('GET', '/admin/logs')).json.data)
    expect(first?.cost_parts).toEqual({
      parts: [
        { what: 'input', count: 2_000, price: 3, cost: 0.003 },
        { what: 'web-search', count: 2, price: 0.01, cost: 0.01 },
      ],
      ...{ multiplier: 0.5, tier: 'batch', long_context: true, priced_as: 'row' },
      ...{ clamped: true, estimated: true, unpriced: false },
    })
    expect(second).not.toHaveProperty('cost_parts')
  })

  test('rows come in the known shape: seconds, dollars, the name of the channel', async () => {
    const { desk, send, ids } = await open()
    desk.state.rows = [
      { ...ROW, channelId: ids[0]! },
      { ...ROW, id: 4, channelId: 999, actualModel: 'm1-real' },
    ]
    const { json } = await send('GET', '/admin/logs')
    expect(json.count).toBe(2)
    const [first, second] = logPageAnswer.parse(json.data)
    expect(first).toEqual({
      id: 5,
      time: Math.floor((START_MS - 1_234) / 1000),
      time_ms: START_MS - 1_234,
      model: 'm1',
      channel_id: ids[0]!,
      channel_name: 'one',
      status_code: 200,
      message: 'ok',
      duration: 1.5,
      is_streaming: true,
      first_byte_time: 0.25,
      api_key_used: 'sk-a...wxyz',
      auth_token_id: 3,
      client_ip: '192.0.2.8',
      input_tokens: 10,
      output_tokens: 20,
      cache_read_input_tokens: 1,
      cache_creation_input_tokens: 5,
      cache_5m_input_tokens: 2,
      cache_1h_input_tokens: 3,
      reasoning_tokens: 7,
      usage_state: 'seen',
      cost: 0.001234567,
      request_id: 'r5',
      attempt_no: 1,
      path: '/v1/messages',
      bytes_sent: 99,
    })
    expect(second).toMatchObject({ actual_model: 'm1-real' })
    expect(second).not.toHaveProperty('channel_name')
  })

  test.each([
    ['', MIDNIGHT_MS, START_MS + 1],
    ['range=today', MIDNIGHT_MS, START_MS + 1],
    ['range=%20yesterday%20', MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS],
    ['range=last_month', Date.UTC(2025, 11, 1), Date.UTC(2026, 0, 1)],
    ['range=whatever', MIDNIGHT_MS, START_MS + 1],
  ])('the query "%s" means the right time', async (query, fromMs, toMs) => {
    expect(await (await open()).asked(query)).toMatchObject({ fromMs, toMs })
  })

  test('a day begins where the setting says', async () => {
    const { desk, asked } = await open()
    desk.state.settings = { ...desk.state.settings, reset_time_zone: 'Asia/Shanghai' }
    expect(await asked('')).toMatchObject({ fromMs: Date.UTC(2026, 0, 21, 16) })
  })

  test.each([
    ['', 200, 0],
    ['limit=50&offset=100', 50, 100],
    ['limit=5000', 1_000, 0],
    ['limit=0', 200, 0],
    ['limit=-5&offset=-1', 200, 0],
    ['limit=abc&offset=x', 200, 0],
    ['limit=1e3', 200, 0],
  ])('the page of "%s" has %i rows from %i', async (query, limit, offset) => {
    expect(await (await open()).asked(query)).toMatchObject({ limit, offset })
  })

  test('every filter reaches the log, and blank ones do not', async () => {
    const { asked, ids } = await open()
    const query = `channel_id=${ids[1]}&model=m&model_like=100%25_&status_code=429&auth_token_id=3&request_id=r1&before=123,45`
    expect(await asked(query)).toEqual({
      fromMs: MIDNIGHT_MS,
      toMs: START_MS + 1,
      channelIds: [ids[1]!],
      model: 'm',
      modelLike: '100%_',
      statusCode: 429,
      tokenId: 3,
      requestId: 'r1',
      before: { timeMs: 123, id: 45 },
      limit: 200,
      offset: 0,
    })
    expect(await asked('channel_id=&model=%20&status_code=&channel_type=&before=')).toEqual({
      fromMs: MIDNIGHT_MS,
      toMs: START_MS + 1,
      limit: 200,
      offset: 0,
    })
  })

  test('filters on channels must all agree; a percent sign means itself', async () => {
    const { asked, ids } = await open()
    const idsOf = async (query: string) => {
      const found = await asked(query)
      return typeof found === 'object' ? found.channelIds : found
    }
    expect(await idsOf('channel_type=openai')).toEqual([ids[1]!, ids[2]!])
    expect(await idsOf('channel_type=all')).toBeUndefined()
    expect(await idsOf('channel_name=one')).toEqual([ids[0]!])
    expect(await idsOf('channel_name_like=100%25')).toEqual([ids[1]!])
    expect(await idsOf('channel_name_like=T&channel_type=openai')).toEqual([ids[1]!, ids[2]!])
    expect(await idsOf(`channel_type=openai&channel_id=${ids[2]}`)).toEqual([ids[2]!])
    expect(await idsOf('channel_id=999')).toEqual([999])
  })

  test('a filter that fits no channel gives no rows instead of all', async () => {
    const { desk, send } = await open()
    desk.state.rows = [ROW]
    for (const query of [
      'channel_name=nobody',
      'channel_type=gemini',
      'channel_name_like=%25',
      'channel_name_like=_',
    ]) {
      const { json } = await send(
        'GET',
        `/admin/logs?${query === 'channel_name_like=%25' ? 'channel_name_like=%25%25' : query}`,
      )
      expect([query, json.data, json.count]).toEqual([query, [], 0])
    }
    expect(desk.state.queries).toEqual([])
  })

  test.each([
    'channel_id=x',
    'channel_id=0',
    'channel_id=-1',
    'channel_id=1%20OR%201=1',
    'status_code=abc',
    'status_code=2e2',
    'auth_token_id=1.5',
    'channel_type=azure',
    'before=5',
    'before=a,b',
    'before=1,2,3',
    'before=-1,2',
    `model=${'m'.repeat(256)}`,
    `model_like=${'%25_'.repeat(200)}`,
    'channel_id=99999999999999999999',
  ])('an unreadable filter is refused by name, not ignored: %s', async (query) => {
    const { desk, send } = await open()
    const { status, json } = await send('GET', `/admin/logs?${query}`)
    expect(status).toBe(400)
    expect(json.error).toContain(query.split('=')[0]!)
    expect(desk.state.queries).toEqual([])
  })

  test.each([
    "' OR '1'='1",
    '"; DROP TABLE logs; --',
    "%' UNION SELECT * FROM api_keys --",
    '\\',
    '\u0000',
    '${x}',
    '{{x}}',
  ])('the text %j is only ever a value', async (text) => {
    const { asked } = await open()
    expect(await asked(`model=${encodeURIComponent(text)}&request_id=${encodeURIComponent(text)}`)).toMatchObject({
      model: text,
      requestId: text,
    })
  })
})

test('a page of the log is counted unless count=0 says that nobody needs it', async () => {
  const { asked } = await open()
  expect(await asked('count=0')).toMatchObject({ withTotal: false })
  expect(await asked('count=1')).not.toHaveProperty('withTotal')
})

describe('GET /admin/models', () => {
  test('lists what was asked for, by default in this month', async () => {
    const { desk, send } = await open()
    desk.state.rows = [ROW, { ...ROW, model: 'a' }]
    expect(loggedModelsAnswer.parse((await send('GET', '/admin/models')).json.data)).toEqual(['a', 'm1'])
    expect((await send('GET', '/admin/models?channel_type=azure')).status).toBe(400)
  })

  test('with a type only those that a channel of that type was tried for', async () => {
    const { desk, send } = await open()
    desk.state.rows = [
      { ...ROW, model: 'three-m', channelId: desk.state.channels[2]?.id ?? 0 },
      { ...ROW, model: 'three-m-20250101', channelId: desk.state.channels[1]?.id ?? 0 },
      { ...ROW, model: 'one-m', channelId: desk.state.channels[0]?.id ?? 0 },
      { ...ROW, model: 'nobody has it', channelId: 0, statusCode: 503 },
    ]
    const { json } = await send('GET', '/admin/models?channel_type=openai')
    expect(json.data).toEqual(['three-m', 'three-m-20250101'])
  })
})

describe('GET /admin/active-requests', () => {
  test('shows what is known of each request and leaves out what is not', async () => {
    const { desk, send } = await open()
    const base = {
      requestId: 'r1',
      model: 'm',
      clientIp: '192.0.2.1',
      startedAtMs: START_MS,
      streaming: true,
      row: ROW,
    }
    const nothing = {
      tokenId: 0,
      channelId: 0,
      channelName: '',
      channelType: '',
      keyUsed: '',
      bytesReceived: 0,
      clientFirstByteMs: 0,
    }
    const chosen = {
      tokenId: 3,
      channelId: 1,
      channelName: 'one',
      channelType: 'anthropic',
      keyUsed: 'sk-a...wxyz',
      bytesReceived: 10,
      clientFirstByteMs: 250,
    }
    desk.state.running = [
      { ...base, ...nothing },
      { ...base, ...chosen },
    ]
    const { json } = await send('GET', '/admin/active-requests')
    const shown = { id: 'r1', model: 'm', client_ip: '192.0.2.1', start_time: START_MS, is_streaming: true }
    expect(activeRequestsAnswer.parse(json.data)).toEqual([
      shown,
      {
        ...shown,
        channel_id: 1,
        channel_name: 'one',
        channel_type: 'anthropic',
        api_key_used: 'sk-a...wxyz',
        token_id: 3,
        bytes_received: 10,
        client_first_byte_time: 0.25,
      },
    ])
    expect(json.count).toBe(2)
  })
})
