import { describe, expect, test } from 'bun:test'
import { priceAnswer, priceListAnswer, priceLookupAnswer } from '@ccload/contract/prices.ts'
import { BASE_BOOK } from '../core/price-book.ts'
import type { StoredLogRow } from '../ports/attempt-log.ts'
import { START_MS, testDesk } from './test-desk.ts'

const PATH = '/admin/prices'

function open() {
  const desk = testDesk()
  const { token } = desk
  const send = (method: string, path: string, body?: unknown) => desk.send(method, `${PATH}${path}`, { token, body })
  const prices = async () => priceListAnswer.parse((await send('GET', '')).json.data)
  const of = async (model: string) =>
    priceLookupAnswer.parse((await send('GET', `/${encodeURIComponent(model)}`)).json.data)
  return { desk, token, send, prices, of }
}

describe('reading prices', () => {
  test('every known model is there with its source, and the date of the data', async () => {
    const { prices } = open()
    const { feed, prices: all } = await prices()
    expect(feed).toEqual({ date: BASE_BOOK.dataDate, imported_at: 0, models: 0 })
    expect(all.length).toBe(BASE_BOOK.rows.size)
    expect(all.find(({ model }) => model === 'claude-sonnet-4-5')).toMatchObject({
      source: 'builtin',
      rates: { input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 },
      long_context: [{ above_tokens: 200_000, rates: { input: 6, output: 22.5 } }],
      tiers: { batch: { input: 1.5 } },
    })
  })

  test('models of channels come first, those without a price too', async () => {
    const { desk, token, prices } = open()
    const models = [{ model: 'of-nobody', redirect_model: 'gpt-5' }, 'claude-haiku-4-5', '*']
    const channel = { name: 'c', url: 'https://c.test', api_key: 'sk-1', models }
    await desk.send('POST', '/admin/channels', { token, body: channel })
    const { prices: all } = await prices()
    expect(all.slice(0, 3).map(({ model, source }) => [model, source])).toEqual([
      ['claude-haiku-4-5', 'builtin'],
      ['gpt-5', 'builtin'],
      ['of-nobody', 'none'],
    ])
    expect(all.filter(({ is_offered }) => is_offered)).toHaveLength(3)
  })

  test('models that were asked for this month are there too', async () => {
    const { desk, prices } = open()
    const row = { timeMs: START_MS, model: 'asked-for', channelId: 1, statusCode: 200 } as StoredLogRow
    desk.state.rows = [row, { ...row, model: 'gpt-5' }]
    const { prices: all } = await prices()
    expect(all.find(({ model }) => model === 'asked-for')).toMatchObject({ source: 'none', is_offered: false })
    expect(all.filter(({ model }) => model === 'gpt-5')).toHaveLength(1)
  })

  test.each([
    ['anthropic/claude-sonnet-4.5', 'claude-sonnet-4-5'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5'],
    ['models/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['GPT-5', 'gpt-5'],
  ])('%s is charged as %s', async (model, row) => {
    const { of } = open()
    const found = await of(model)
    expect(found.priced_as).toBe(row)
    expect(found.names).toContain(row)
  })

  test('a name that nobody has a price for says what was looked for', async () => {
    const { of } = open()
    expect(await of('vendor/of-nobody-high')).toMatchObject({
      source: 'none',
      names: ['vendor/of-nobody-high', 'of-nobody-high'],
      families: expect.arrayContaining(['of-nobody']),
    })
  })
})

describe('setting a price', () => {
  test('it is in force when it is answered, and until it is taken back', async () => {
    const { send, of } = open()
    const { json } = await send('PUT', '/gpt-5', { input: 2, output: 20, web_search: 0.02 })
    expect(priceAnswer.parse(json.data)).toMatchObject({
      source: 'override',
      rates: { input: 2, output: 20, cache_read: 0.2 },
      web_search: 0.02,
    })
    expect((await of('openai/gpt-5-2025-08-07')).rates?.output).toBe(20)
    await send('PUT', '/GPT-5', { input: 3, output: 30 })
    expect((await of('gpt-5')).rates?.input).toBe(3)
    expect((await send('DELETE', '/gpt-5')).json.data).toMatchObject({ source: 'builtin', rates: { input: 1.25 } })
    expect((await send('DELETE', '/gpt-5')).status).toBe(404)
  })

  test('a new model with a slash in its name, free of charge', async () => {
    const { send, of } = open()
    await send('PUT', `/${encodeURIComponent('house/model one')}`, { input: 0, output: 0 })
    expect(await of('house/model one')).toMatchObject({ source: 'override', rates: { input: 0, output: 0 } })
  })

  test('one for long prompts', async () => {
    const { send } = open()
    const long_context = { above_tokens: 100_000, input: 2.5, output: 15 }
    const { json } = await send('PUT', '/gpt-5', { input: 1.25, output: 10, long_context })
    expect(json.data).toMatchObject({ long_context: [{ above_tokens: 100_000, rates: { input: 2.5, output: 15 } }] })
  })

  test('one that is far from the known one is a slip, unless it is meant', async () => {
    const { send, of } = open()
    const refused = await send('PUT', '/gpt-5', { input: 1250, output: 10_000 })
    expect([refused.status, refused.json.error]).toEqual([400, expect.stringContaining('instead of 1.25 USD')])
    expect((await of('gpt-5')).source).toBe('builtin')
    expect((await send('PUT', '/gpt-5', { input: 1250, output: 10_000, force: true })).status).toBe(200)
    expect((await of('gpt-5')).rates?.input).toBe(1250)
    expect((await send('PUT', '/gpt-5', { input: 20_000, output: 10, force: true })).status).toBe(400)
  })

  test.each([
    [{}, 'input is missing'],
    [{ input: 1 }, 'output is missing'],
    [{ input: -1, output: 1 }, 'input must not be negative'],
    [{ input: '1', output: 1 }, 'input must be a number'],
    [{ input: 1, output: null }, 'output must be a number'],
    [{ input: 1, output: 1, cost: 5 }, 'unknown field "cost"'],
    [{ input: 1, output: 1, long_context: { above_tokens: 0, input: 1, output: 1 } }, 'long_context.above_tokens'],
    [{ input: 1, output: 1, force: 'yes' }, 'force must be true or false'],
  ])('%j is refused: %s', async (body, why) => {
    const { desk, send } = open()
    const { status, json } = await send('PUT', '/gpt-5', body)
    expect([status, json.error]).toEqual([400, expect.stringContaining(why)])
    expect(desk.state.priceRows).toEqual([])
  })

  test.each([' ', 'x'.repeat(257), 'a\nb'])('the name %j is none', async (model) => {
    const { send } = open()
    expect((await send('PUT', `/${encodeURIComponent(model)}`, { input: 1, output: 1 })).status).toBe(400)
  })

  test('what cannot be stored is not in force', async () => {
    const { desk, send, of } = open()
    desk.state.failWith = new Error('disk')
    expect((await send('PUT', '/gpt-5', { input: 2, output: 20 })).status).toBe(500)
    desk.state.failWith = undefined
    expect((await of('gpt-5')).source).toBe('builtin')
  })
})

describe('importing a feed', () => {
  const feed = {
    date: '2026-11-20',
    prices: [
      { model: 'gpt-5', input: 1, output: 8 },
      { model: 'new-model', input: 2, output: 4 },
    ],
  }

  test('is in force at once, under what the administrator has set', async () => {
    const { send, of, prices } = open()
    await send('PUT', '/new-model', { input: 3, output: 4 })
    expect((await send('POST', '/feed', feed)).status).toBe(200)
    expect(await of('gpt-5')).toMatchObject({ source: 'feed', rates: { input: 1 } })
    expect(await of('new-model')).toMatchObject({ source: 'override', rates: { input: 3 } })
    expect((await prices()).feed).toMatchObject({ date: '2026-11-20', models: 2 })
    await send('DELETE', '/new-model')
    expect(await of('new-model')).toMatchObject({ source: 'feed', rates: { input: 2 } })
  })

  test.each<[string, unknown, string]>([
    ['empty', { prices: [] }, 'is empty'],
    ['no list', { prices: {} }, 'not a list'],
    ['nothing', {}, 'not a list'],
    ['no JSON', 'hello', 'not JSON'],
    ['a list alone', [], 'must be a JSON object'],
    [
      'a hundredfold',
      { prices: [{ model: 'gpt-5', input: 125, output: 1_000 }] },
      'would cost 125 instead of 1.25 USD',
    ],
    ['a hundredth', { prices: [{ model: 'gpt-5', input: 0.0125, output: 10 }] }, 'would cost 0.0125'],
    ['all free', { prices: [{ model: 'gpt-5', input: 0, output: 0 }] }, 'would cost 0'],
    ['negative', { prices: [{ model: 'gpt-5', input: -1, output: 1 }] }, 'price 1: input must not be negative'],
    ['without a price', { prices: [{ model: 'gpt-5' }] }, 'input is missing'],
    ['a name twice', { prices: [...feed.prices, { model: 'GPT-5', input: 1, output: 8 }] }, 'named twice'],
    ['unknown fields', { ...feed, more: 1 }, 'more is not known'],
    ['a strange date', { ...feed, date: 'yesterday' }, 'date'],
  ])('%s is refused, with what is wrong, and told to the log', async (_what, body, why) => {
    const { desk, token, send, of } = open()
    await send('POST', '/feed', { prices: [{ model: 'good', input: 1, output: 1 }] })
    const raw = typeof body === 'string' ? body : JSON.stringify(body)
    const refused = await desk.send('POST', `${PATH}/feed`, { token, raw })
    expect([refused.status, refused.json.error]).toEqual([400, expect.stringContaining(why)])
    expect((await of('good')).source).toBe('feed') // the last good one stays
    expect(JSON.stringify([...desk.lines, ...desk.state.logged])).toContain('refused')
  })
})
