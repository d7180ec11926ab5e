import { describe, expect, test } from 'bun:test'
import { tokenListAnswer } from '@ccload/contract/auth-tokens.ts'
import { metricsAnswer, statsAnswer, summaryAnswer } from '@ccload/contract/statistics.ts'
import type { StoredLogRow } from '../ports/attempt-log.ts'
import { START_MS, testDesk } from './test-desk.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const MIDNIGHT_MS = Date.UTC(2026, 0, 22)
const SECONDS_OF_TODAY = (START_MS - MIDNIGHT_MS) / 1000

const BASE = {
  id: 1,
  attemptId: 'a',
  requestId: 'r',
  attemptNo: 0,
  timeMs: START_MS - 90 * MINUTE_MS,
  model: 'm',
  actualModel: '',
  channelId: 1,
  statusCode: 200,
  message: '',
  durationMs: 2_000,
  streaming: true,
  firstByteMs: 500,
  apiKeyUsed: '',
  tokenId: 1,
  clientIp: '',
  inputTokens: 10,
  outputTokens: 20,
  cacheReadTokens: 3,
  cacheWriteTokens: 4,
  cacheWrite5mTokens: 4,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
  usageState: 'seen',
  costNanoUsd: 1_500_000,
  path: '/v1/messages',
  bytesSent: 1,
} as const satisfies StoredLogRow

const row = (changes: Partial<StoredLogRow> = {}): StoredLogRow => ({ ...BASE, ...changes })

async function open(rows: readonly StoredLogRow[] = []) {
  const desk = testDesk()
  for (const [name, channel_type] of [
    ['claude', 'anthropic'],
    ['gpt', 'openai'],
  ]) {
    const body = { name, channel_type, url: 'https://x.test', api_key: 'k', models: ['m'], priority: 7 }
    await desk.send('POST', '/admin/channels', { token: desk.token, body })
  }
  const [claude = 0, gpt = 0] = desk.state.channels.map(({ id }) => id)
  desk.state.rows = rows.map((one) => ({
    ...one,
    channelId: one.channelId === 1 ? claude : one.channelId === 2 ? gpt : one.channelId,
  }))
  const get = async (path: string) => (await desk.send('GET', path, { token: desk.token })).json.data
  return {
    desk,
    claude,
    gpt,
    get,
    stats: async (query = '') => statsAnswer.parse(await get(`/admin/stats?${query}`)),
    metrics: async (query = '') => metricsAnswer.parse(await get(`/admin/metrics?${query}`)),
    summary: async (query = '') => summaryAnswer.parse((await desk.send('GET', `/public/summary?${query}`)).json.data),
  }
}

describe('GET /admin/stats', () => {
  test('has an entry for each channel and model, with means of what was measured', async () => {
    const { stats, claude, gpt } = await open([
      row(),
      row({ statusCode: 500, durationMs: 4_000, firstByteMs: 0, costNanoUsd: 0 }),
      row({ channelId: 2, model: 'b', streaming: false, firstByteMs: 0 }),
    ])
    const { stats: entries, ...rest } = await stats()
    expect(entries.map(({ health_timeline, ...entry }) => entry)).toEqual([
      {
        channel_id: claude,
        channel_name: 'claude',
        channel_priority: 7,
        model: 'm',
        success: 1,
        error: 1,
        total: 2,
        avg_first_byte_time_seconds: 0.5,
        avg_duration_seconds: 3,
        total_input_tokens: 20,
        total_output_tokens: 40,
        total_cache_read_input_tokens: 6,
        total_cache_creation_input_tokens: 8,
        total_cost: 0.0015,
        peak_rpm: 2,
        avg_rpm: (2 * 60) / SECONDS_OF_TODAY,
      },
      expect.objectContaining({ channel_id: gpt, model: 'b', success: 1, error: 0, avg_duration_seconds: 2 }),
    ])
    expect(entries[1]).not.toHaveProperty('avg_first_byte_time_seconds')
    expect(rest).toMatchObject({ duration_seconds: SECONDS_OF_TODAY, is_today: true, rpm_stats: { peak_rpm: 3 } })
  })

  test('a model that nobody has a price for is flagged, one that is free is not', async () => {
    const { stats } = await open([
      row({ model: 'of-nobody', costNanoUsd: 0 }),
      row({ model: 'glm-4.5-flash', costNanoUsd: 0 }),
    ])
    const flags = (await stats()).stats.map(({ model, unpriced }) => [model, unpriced])
    expect(flags).toEqual([
      ['glm-4.5-flash', undefined],
      ['of-nobody', true],
    ])
  })

  test('a channel that is gone stays in it, without a name or priority', async () => {
    const { stats } = await open([row({ channelId: 99 })])
    expect((await stats()).stats).toMatchObject([{ channel_id: 99, channel_name: '未知渠道', success: 1 }])
    expect((await stats()).stats[0]).not.toHaveProperty('channel_priority')
  })

  test('clients that left and requests without a channel are not in it', async () => {
    const { stats } = await open([row({ statusCode: 499 }), row({ channelId: 0, statusCode: 503 })])
    expect((await stats()).stats).toEqual([])
  })

  test('recent requests are those of the last 60 seconds, not of two minutes of the clock', async () => {
    const { stats } = await open([
      row({ timeMs: START_MS - 61_000 }),
      row({ timeMs: START_MS - 59_000 }),
      row({ timeMs: START_MS, channelId: 2, tokenId: 2 }),
    ])
    const { rpm_stats, stats: entries } = await stats()
    expect(rpm_stats).toMatchObject({ recent_rpm: 2, recent_qps: 2 / 60, peak_rpm: 2 })
    expect(entries.map(({ recent_rpm }) => recent_rpm)).toEqual([1, 1])
    expect((await stats('auth_token_id=2')).rpm_stats.recent_rpm).toBe(1)
    expect((await stats('range=this_week')).rpm_stats.recent_rpm).toBe(0)
    expect((await stats('range=this_week')).stats[0]).not.toHaveProperty('recent_rpm')
  })

  const filters: readonly (readonly [string, number])[] = [
    ['channel_name=claude', 2],
    ['channel_name_like=GP', 1],
    ['channel_type=openai', 1],
    ['channel_type=gemini', 0],
    ['model=b', 1],
    ['model_like=B', 1],
    ['auth_token_id=2', 1],
    ['status_code=500', 1],
    ['channel_name=claude&status_code=200', 1],
    ['', 3],
  ]
  test.each(filters)('the filter %s holds for totals, rates and timelines alike', async (filter, wanted) => {
    const recent = { timeMs: START_MS - MINUTE_MS * 6 }
    const { stats } = await open([
      row(recent),
      row({ ...recent, statusCode: 500 }),
      row({ ...recent, channelId: 2, model: 'b', tokenId: 2 }),
    ])
    const { stats: entries } = await stats(filter)
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
    expect(sum(entries.map(({ total }) => total))).toBe(wanted)
    const points = entries.flatMap(({ health_timeline = [] }) => health_timeline)
    expect(sum(points.map(({ success, error }) => success + error))).toBe(wanted)
  })

  test.each(['channel_id=x', 'auth_token_id=-1', 'status_code=2xx', 'channel_type=azure'])(
    'the unreadable filter %s is refused by name',
    async (filter) => {
      const { desk } = await open()
      const { status, json } = await desk.send('GET', `/admin/stats?${filter}`, { token: desk.token })
      expect(status).toBe(400)
      expect(json.error).toContain(filter.split('=')[0] ?? '?')
    },
  )

  test('nobody sees it without a session', async () => {
    const { desk } = await open()
    for (const path of ['/admin/stats', '/admin/metrics', '/admin/models', '/admin/auth-tokens?range=today'])
      expect((await desk.send('GET', path)).status).toBe(401)
  })
})

describe('the health timeline', () => {
  const timeline = async (rows: readonly StoredLogRow[], query = '') =>
    (await (await open(rows)).stats(query)).stats[0]?.health_timeline ?? []

  test('of today is the last four hours in steps of five minutes, in seconds', async () => {
    const points = await timeline([
      row({ timeMs: START_MS - 1 }),
      row({ timeMs: START_MS - 3 * HOUR_MS, statusCode: 500 }),
    ])
    expect(points).toHaveLength(48)
    expect(Date.parse(points[1]?.ts ?? '') - Date.parse(points[0]?.ts ?? '')).toBe(5 * MINUTE_MS)
    const filled = points.filter(({ rate }) => rate !== -1)
    expect(filled.map(({ rate, avg_first_byte_time, cost }) => [rate, avg_first_byte_time, cost])).toEqual([
      [0, 0, 0.0015],
      [1, 0.5, 0.0015],
    ])
    expect(points.at(-2)?.rate).toBe(1)
  })

  test('of a young day has empty points before midnight', async () => {
    const { desk, stats } = await open([
      row({ timeMs: MIDNIGHT_MS + MINUTE_MS }),
      row({ timeMs: MIDNIGHT_MS - MINUTE_MS }),
    ])
    desk.clock.nowMs = MIDNIGHT_MS + 12 * MINUTE_MS
    const points = (await stats()).stats[0]?.health_timeline ?? []
    expect(points).toHaveLength(48)
    expect(points.map(({ success }) => success).slice(-4)).toEqual([0, 1, 0, 0])
    expect(points.filter(({ rate }) => rate >= 0)).toHaveLength(1)
    expect(points.find(({ rate }) => rate >= 0)?.ts).toBe(new Date(MIDNIGHT_MS).toISOString())
  })

  test('of another range begins with it and has no cut buckets', async () => {
    const points = await timeline(
      [row({ timeMs: MIDNIGHT_MS - DAY_MS }), row({ timeMs: MIDNIGHT_MS - 1 })],
      'range=yesterday',
    )
    expect(points).toHaveLength(48)
    expect([points[0]?.success, points[47]?.success]).toEqual([1, 1])
    expect(Date.parse(points[0]?.ts ?? '')).toBe(MIDNIGHT_MS - DAY_MS)
  })
})

describe('GET /admin/metrics', () => {
  test('has every bucket from the beginning of the range on, empty ones too, and its own headers', async () => {
    const { desk, metrics } = await open([
      row(),
      row({ channelId: 2, statusCode: 500, durationMs: 9_000 }),
      row({ channelId: 99 }),
    ])
    const points = await metrics('bucket_min=60')
    expect(points).toHaveLength(11)
    expect(points.map(({ success, error }) => success + error)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0])
    expect(points[8]).toMatchObject({
      success: 2,
      error: 1,
      avg_first_byte_time_seconds: 0.5,
      avg_duration_seconds: 2, // of successes alone
      first_byte_count: 2,
      duration_count: 2,
      channels: { claude: { success: 1, error: 0 }, gpt: { success: 0, error: 1 }, 未知渠道: { success: 1 } },
    })
    expect(points[0]).toEqual({ ts: expect.any(String), success: 0, error: 0 })
    const { headers } = await desk.send('GET', '/admin/metrics?bucket_min=60', { token: desk.token })
    expect([headers.get('x-debug-points'), headers.get('x-debug-total')]).toEqual(['11', '3'])
    expect(Date.parse(headers.get('x-debug-since') ?? '')).toBe(MIDNIGHT_MS)
  })

  test.each(['', 'bucket_min=', 'bucket_min=x', 'bucket_min=0', 'bucket_min=-5', 'bucket_min=1.5'])(
    'with "%s" the buckets are of five minutes',
    async (query) => {
      const [first, second] = await (await open()).metrics(query)
      expect(Date.parse(second?.ts ?? '') - Date.parse(first?.ts ?? '')).toBe(5 * MINUTE_MS)
    },
  )

  test('odd widths begin with the range as well', async () => {
    const { metrics } = await open([
      row({ timeMs: MIDNIGHT_MS + 6 * MINUTE_MS }),
      row({ timeMs: MIDNIGHT_MS + 7 * MINUTE_MS }),
    ])
    const points = await metrics('bucket_min=7')
    expect(points.slice(0, 3).map(({ success }) => success)).toEqual([1, 1, 0])
  })

  test('percentiles come when they are asked for', async () => {
    const { metrics } = await open([row()])
    const filled = (await metrics('percentiles=1')).filter(({ success }) => success > 0)
    expect(filled[0]?.first_byte_percentiles).toEqual({ p50: 0.001, p90: 0.002, p99: 0.003 })
    expect((await metrics()).some((point) => 'duration_percentiles' in point)).toBe(false)
  })
})

describe('GET /public/summary', () => {
  test('sums up by type of channel; those of channels that are gone are anthropic', async () => {
    const { summary } = await open([row(), row({ channelId: 2, statusCode: 500 }), row({ channelId: 99 })])
    const { by_type, ...rest } = await summary()
    expect(by_type).toEqual({
      anthropic: {
        channel_type: 'anthropic',
        total_requests: 2,
        success_requests: 2,
        error_requests: 0,
        total_input_tokens: 20,
        total_output_tokens: 40,
        total_cache_read_tokens: 6,
        total_cache_creation_tokens: 8,
        total_cost: 0.003,
      },
      openai: expect.objectContaining({ total_requests: 1, error_requests: 1, total_cost: 0.0015 }),
    })
    expect(by_type['openai']).not.toHaveProperty('total_cache_read_tokens')
    expect(rest).toMatchObject({
      total_requests: 3,
      success_requests: 2,
      error_requests: 1,
      range: 'today',
      is_today: true,
    })
  })

  test('names no channel, model, key or token', async () => {
    const { desk } = await open([row({ model: 'secret-model' })])
    const { text } = await desk.send('GET', '/public/summary')
    expect(text).not.toMatch(/claude|gpt|secret-model|token_id|channel_id/)
  })

  test('however many ask, the database is asked once a second', async () => {
    const { desk } = await open([row()])
    const asks = Array.from({ length: 50 }, () => desk.send('GET', '/public/summary?range=today'))
    expect(new Set((await Promise.all(asks)).map(({ status }) => status))).toEqual(new Set([200]))
    expect(desk.state.asked).toHaveLength(2)
    desk.clock.monoMs += 1_000
    await desk.send('GET', '/public/summary?range=today')
    expect(desk.state.asked).toHaveLength(4)
  })

  test('ranges that do not exist are today, and fill no memory', async () => {
    const { desk } = await open([row()])
    for (let n = 0; n < 50; n++) await desk.send('GET', `/public/summary?range=x${n}`)
    expect(desk.state.asked).toHaveLength(2)
  })

  test('a failure is not kept', async () => {
    const { desk, summary } = await open([row()])
    desk.state.failWith = new Error('broken')
    expect((await desk.send('GET', '/public/summary')).status).toBe(500)
    desk.state.failWith = undefined
    expect((await summary()).total_requests).toBe(1)
  })

  test('last_month on the 31st is the month before, whole', async () => {
    const { desk, summary } = await open([
      row({ timeMs: Date.UTC(2026, 1, 1) - 1 }),
      row({ timeMs: Date.UTC(2026, 1, 1) }),
      row({ timeMs: Date.UTC(2026, 2, 1) - 1 }),
      row({ timeMs: Date.UTC(2026, 2, 1) }),
    ])
    desk.clock.nowMs = Date.UTC(2026, 2, 31, 12)
    expect(await summary('range=last_month')).toMatchObject({ total_requests: 2, duration_seconds: 28 * 86_400 })
  })

  test('days are those of the configured zone', async () => {
    const { desk, summary } = await open([row({ timeMs: MIDNIGHT_MS - HOUR_MS })])
    expect((await summary()).total_requests).toBe(0)
    desk.state.settings = { ...desk.state.settings, reset_time_zone: 'Asia/Kolkata' }
    desk.clock.monoMs += 1_000
    expect((await summary()).total_requests).toBe(1)
  })
})

describe('GET /admin/auth-tokens with a range', () => {
  test('has the numbers of the range, zero where there are none, and limits of all time', async () => {
    const { desk } = await open()
    const { token } = desk
    for (const description of ['busy', 'idle'])
      await desk.send('POST', '/admin/auth-tokens', { token, body: { description, cost_limit_usd: 5 } })
    const busy = desk.state.tokens[0]?.id ?? 0
    const used = { costUsedMicroUsd: 2_000_000, successCount: 1_000 }
    desk.state.tokens.splice(0, 2, ...desk.state.tokens.map((one) => ({ ...one, ...used })))
    desk.state.rows = [
      row({ tokenId: busy }),
      row({ tokenId: busy, statusCode: 500, streaming: false, timeMs: START_MS - 1_000 }),
      row({ tokenId: busy, timeMs: START_MS - 2 * DAY_MS }),
    ]
    const list = tokenListAnswer.parse((await desk.send('GET', '/admin/auth-tokens?range=today', { token })).json.data)
    const [idle, one] = list.tokens
    expect(one).toMatchObject({
      success_count: 1,
      failure_count: 1,
      stream_avg_ttfb: 0.5,
      non_stream_avg_rt: 2,
      total_cost_usd: 0.003,
      cost_used_usd: 2,
      cost_limit_usd: 5,
      peak_rpm: 1,
      recent_rpm: 1,
    })
    expect(idle).toMatchObject({ success_count: 0, failure_count: 0, total_cost_usd: 0, cost_used_usd: 2 })
    expect(idle).not.toHaveProperty('peak_rpm')
    expect(list).toMatchObject({ is_today: true, duration_seconds: SECONDS_OF_TODAY, rpm_stats: { recent_rpm: 1 } })
  })
})

// Thursday the 22nd of January 2026, ten in the morning.
const RANGES: readonly (readonly [string, number, number])[] = [
  ['today', MIDNIGHT_MS, 10],
  ['yesterday', MIDNIGHT_MS - DAY_MS, 24],
  ['day_before_yesterday', MIDNIGHT_MS - 2 * DAY_MS, 24],
  ['this_week', MIDNIGHT_MS - 3 * DAY_MS, 82],
  ['last_week', MIDNIGHT_MS - 10 * DAY_MS, 168],
  ['this_month', Date.UTC(2026, 0, 1), 21 * 24 + 10],
  ['last_month', Date.UTC(2025, 11, 1), 31 * 24],
]

describe('every range', () => {
  const marks = (fromMs: number, hours: number) => [
    fromMs - 1,
    fromMs,
    fromMs + hours * HOUR_MS - 1,
    fromMs + hours * HOUR_MS,
  ]

  test.each(RANGES)(
    '%s means the same to statistics, charts, the summary, models, tokens and the log',
    async (range, fromMs, hours) => {
      const { desk, get, stats, metrics, summary } = await open(
        marks(fromMs, hours).map((timeMs, n) => row({ timeMs: Math.min(timeMs, START_MS), model: `m${n}` })),
      )
      const inside = range === 'today' || range.startsWith('this') ? ['m1', 'm2', 'm3'] : ['m1', 'm2']
      const seconds = hours * 3_600
      const entries = await stats(`range=${range}`)
      expect(entries.stats.map(({ model }) => model)).toEqual(inside)
      expect(entries).toMatchObject({ duration_seconds: seconds, is_today: range === 'today' })
      expect(entries.rpm_stats.avg_rpm).toBeCloseTo((inside.length * 60) / seconds, 12)
      expect(entries.stats.every(({ health_timeline }) => health_timeline?.length === 48)).toBe(true)
      const points = await metrics(`range=${range}&bucket_min=60`)
      expect(points.length).toBe(
        Math.ceil((hours * HOUR_MS + (range === 'today' || range.startsWith('this') ? 1 : 0)) / HOUR_MS),
      )
      expect(points.reduce((sum, { success }) => sum + success, 0)).toBe(inside.length)
      expect(Date.parse(points[0]?.ts ?? '')).toBe(fromMs)
      expect(await summary(`range=${range}`)).toMatchObject({
        total_requests: inside.length,
        range,
        duration_seconds: seconds,
      })
      expect(await get(`/admin/models?range=${range}`)).toEqual(inside)
      const { token } = desk
      await desk.send('POST', '/admin/auth-tokens', { token, body: { description: 'one' } })
      expect(await get(`/admin/auth-tokens?range=${range}`)).toMatchObject({
        duration_seconds: seconds,
        is_today: range === 'today',
      })
    },
  )

  test.each(['', '%20today%20', 'tomorrow', 'TODAY', 'last_year'])('"%s" is today', async (range) => {
    const { stats, summary } = await open([
      row({ timeMs: MIDNIGHT_MS }),
      row({ timeMs: MIDNIGHT_MS - 1, channelId: 2 }),
    ])
    expect((await stats(`range=${range}`)).stats).toHaveLength(1)
    expect(await summary(`range=${range}`)).toMatchObject({ total_requests: 1, range: 'today', is_today: true })
  })
})

describe('what users could not rely on before', () => {
  test('charts, totals and the log obey the same filters, model_like and status_code included', async () => {
    const { metrics } = await open([row(), row({ statusCode: 500 }), row({ model: 'other' }), row({ channelId: 2 })])
    const total = async (filter: string) =>
      (await metrics(filter)).reduce((sum, { success, error }) => sum + success + error, 0)
    expect(
      await Promise.all(
        ['', 'model_like=OTH', 'status_code=500', 'channel_type=openai', 'model=m', 'auth_token_id=9'].map(total),
      ),
    ).toEqual([4, 1, 1, 1, 3, 0])
  })

  test.each(['%', '_', '%25', 'm_'])('a search for %j finds what contains it, not everything', async (part) => {
    const { stats } = await open([row(), row({ model: '100%_m_x' })])
    expect(
      (await stats(`model_like=${encodeURIComponent(part === '%25' ? '%' : part)}`)).stats.map(({ model }) => model),
    ).toEqual(['100%_m_x'])
  })

  test('filters on channels that no channel passes together find nothing, instead of everything', async () => {
    const { stats, metrics, claude } = await open([row(), row({ channelId: 2 })])
    for (const filter of [
      'channel_name=claude&channel_type=openai',
      `channel_id=${claude}&channel_type=openai`,
      'channel_name=nobody',
    ]) {
      expect((await stats(filter)).stats).toEqual([])
      expect((await metrics(filter)).every(({ success }) => success === 0)).toBe(true)
    }
    expect((await stats(`channel_id=${claude}&channel_type=anthropic`)).stats).toHaveLength(1)
  })

  test('statistics of a deleted channel can still be asked for by its id', async () => {
    const { stats } = await open([row({ channelId: 99 }), row()])
    expect((await stats('channel_id=99')).stats).toMatchObject([{ channel_id: 99, success: 1 }])
  })

  test('no statistic but that of one status reads the log', async () => {
    const { desk, get } = await open([row()])
    const reads: string[] = []
    const { statistics, logs } = desk.deps.control
    for (const name of ['readByStatus'] as const) {
      const real = statistics[name]
      Object.assign(statistics, { [name]: (...args: Parameters<typeof real>) => reads.push(name) && real(...args) })
    }
    for (const name of ['page', 'models', 'costByChannel'] as const)
      Object.assign(logs, { [name]: () => reads.push(name) && Promise.reject(new Error('not from the log')) })
    for (const path of [
      '/admin/stats?range=this_month',
      '/admin/metrics?range=last_week',
      '/admin/models',
      '/public/summary',
    ])
      expect(await get(path)).toBeDefined()
    expect(reads).toEqual([])
    await get('/admin/stats?status_code=200')
    expect(new Set(reads)).toEqual(new Set(['readByStatus']))
  })
})
