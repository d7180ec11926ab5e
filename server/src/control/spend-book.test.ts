import { beforeEach, describe, expect, test } from 'bun:test'
import { plainPage } from '../link/page-file.ts'
import type { SharedPage } from '../link/shared-page.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { StoredChannel } from '../ports/channel-store.ts'
import type { Store } from '../ports/store.ts'
import type { StoredToken } from '../ports/token-store.ts'
import { Registry } from './registry.ts'
import { SpendBook } from './spend-book.ts'

const TOKEN = 1
const CHANNEL = 7
const MICRO = 1_000

let nowMs: number
let zone: string
let page: SharedPage
let registry: Registry
let book: SpendBook
/** What the store has, as it answers. */
let stored: { days: number; months: number; gone: number; channel: number; used: number }
let asked: { fromMs: number; toMs: number }[]

const at = (iso: string): number => Date.parse(`${iso}Z`)

beforeEach(() => {
  nowMs = at('2026-01-22T10:00:00')
  zone = 'UTC'
  stored = { days: 0, months: 0, gone: 0, channel: 0, used: 0 }
  asked = []
  open()
})

function open(): void {
  page = plainPage(nowMs)
  registry = new Registry(page)
  registry.putToken(token({ dailyCostLimitMicroUsd: 10 }))
  registry.channels.set(CHANNEL, channel({ dailyCostLimitUsd: 0.00001 }))
  book = new SpendBook({ registry, meters: page.meters, nowMs: () => nowMs, zone: () => zone })
}

function token(over: Partial<StoredToken>): StoredToken {
  const none = {
    costLimitMicroUsd: 0,
    dailyCostLimitMicroUsd: 0,
    monthlyCostLimitMicroUsd: 0,
    rpmLimit: 0,
    maxConcurrency: 0,
  }
  const base = {
    id: TOKEN,
    hash: 'h',
    active: true,
    expiresAtMs: 0,
    allowedModels: [],
    allowedChannelIds: [],
    allowedAddresses: [],
  }
  return { ...base, ...none, ...over } as unknown as StoredToken
}

function channel(over: Partial<StoredChannel>): StoredChannel {
  return {
    id: CHANNEL,
    rpmLimit: 0,
    maxConcurrency: 0,
    dailyCostLimitUsd: 0,
    keys: [],
    models: [],
    ...over,
  } as unknown as StoredChannel
}

function row(over: Partial<LogRow> = {}): LogRow {
  const base = { tokenId: TOKEN, channelId: CHANNEL, statusCode: 200, timeMs: nowMs, costNanoUsd: 1_000 }
  return { ...base, ...over } as LogRow
}

function store(): Store {
  return {
    tokens: { list: async () => [{ id: TOKEN, costUsedMicroUsd: stored.used, totalCostUsd: 0.5, successCount: 10 }] },
    statistics: {
      read: async ({ fromMs, toMs }: { fromMs: number; toMs: number }) => {
        asked.push({ fromMs, toMs })
        const isMonth = new Date(fromMs).getTime() <= at('2026-01-02T00:00:00')
        return [{ tokenId: TOKEN, sums: { costNanoUsd: isMonth ? stored.months : stored.days } }]
      },
    },
    logs: {
      goneCostByToken: async () => [{ tokenId: TOKEN, costNanoUsd: stored.gone }],
      costByChannel: async () => [{ channelId: CHANNEL, costUsd: stored.channel }],
    },
  } as unknown as Store
}

/** What proxies see of the token. */
const spend = () => page.meters.spend(registry.tokens.get(TOKEN)?.limits?.meter ?? -1)
const typical = () => page.meters.typical(registry.tokens.get(TOKEN)?.limits?.meter ?? -1)

describe('at the start', () => {
  test('today and this month are what the statistics say and what clients that left have cost', async () => {
    stored = { days: 3_000, months: 9_000, gone: 500, channel: 0, used: 20 }
    await book.load(store())
    expect(spend()).toEqual({ totalNanoUsd: 20_000, dayNanoUsd: 3_500, monthNanoUsd: 9_500 })
    expect(asked.map(({ fromMs }) => fromMs).sort()).toEqual([at('2026-01-01T00:00:00'), at('2026-01-22T00:00:00')])
    expect(asked.every(({ toMs }) => toMs > nowMs)).toBe(true) // the minute that runs is in it
    expect(book.tokenSpend(TOKEN)).toEqual({ todayMicroUsd: 3, monthMicroUsd: 9 })
  })

  test('what is typical is known from the past', async () => {
    await book.load(store())
    expect(typical()).toBe(50_000_000)
  })

  test('a channel over its limit is marked before any proxy is told', async () => {
    stored.channel = 0.00001
    expect(await book.load(store())).toEqual([CHANNEL])
    expect(registry.overDailyLimit.has(CHANNEL)).toBe(true)
  })

  test('days and months begin in the zone', async () => {
    zone = 'Asia/Kolkata'
    open()
    await book.load(store())
    expect(asked.map(({ fromMs }) => fromMs).sort()).toEqual([at('2025-12-31T18:30:00'), at('2026-01-21T18:30:00')])
    expect(page.meters.periods()).toMatchObject({
      dayEndsAtMs: at('2026-01-22T18:30:00'),
      monthEndsAtMs: at('2026-01-31T18:30:00'),
    })
  })
})

describe('charging', () => {
  test('counts in all, today and this month, and small requests add up', () => {
    for (let count = 0; count < 10; count++) book.note([row({ costNanoUsd: 101 }), row({ costNanoUsd: 101 })])
    expect(spend()).toEqual({ totalNanoUsd: 2_020, dayNanoUsd: 2_020, monthNanoUsd: 2_020 })
    expect(book.tokenSpend(TOKEN)).toEqual({ todayMicroUsd: 2, monthMicroUsd: 2 })
    expect(typical()).toBe(101)
  })

  test('an attempt belongs to the day on which it began', () => {
    const yesterday = at('2026-01-21T23:59:00')
    book.note([row({ timeMs: yesterday, costNanoUsd: 5 }), row({ timeMs: at('2025-12-31T23:59:00'), costNanoUsd: 7 })])
    expect(spend()).toEqual({ totalNanoUsd: 12, dayNanoUsd: 0, monthNanoUsd: 5 })
  })

  test('clients that left and streams that broke are charged, but are not typical', () => {
    book.note([row({ costNanoUsd: 1_000 })])
    book.note([row({ statusCode: 499, costNanoUsd: 9_000 }), row({ statusCode: 599, costNanoUsd: 9_000 })])
    expect([spend().totalNanoUsd, typical()]).toEqual([19_000, 1_000])
  })

  test('failures that cost nothing do not make requests look cheap; free answers do', () => {
    book.note([row({ costNanoUsd: 1_600 }), row({ statusCode: 500, costNanoUsd: 0 })])
    expect(typical()).toBe(1_600)
    book.note([row({ costNanoUsd: 0 })])
    expect(typical()).toBe(1_500)
  })

  test('tokens and channels that are gone, and requests without them, are nobody’s', () => {
    expect(book.note([row({ tokenId: 99, channelId: 98 }), row({ tokenId: 0, channelId: 0 })])).toEqual([])
    expect([spend().totalNanoUsd, book.tokenSpend(99).todayMicroUsd]).toEqual([0, 0])
  })

  test('the channel that passes its limit is named once, at the very cent', () => {
    expect(book.note([row({ costNanoUsd: 9_999 })])).toEqual([])
    expect(book.note([row({ costNanoUsd: 1 })])).toEqual([CHANNEL])
    expect(book.note([row({ costNanoUsd: 1 })])).toEqual([])
  })

  test('a token that gets its first limit later starts with what it has spent', () => {
    registry.putToken(token({}))
    book.note([row({ costNanoUsd: 4_000 })])
    registry.putToken(token({ costLimitMicroUsd: 5 }))
    book.showToken(TOKEN)
    expect(spend()).toEqual({ totalNanoUsd: 4_000, dayNanoUsd: 4_000, monthNanoUsd: 4_000 })
  })
})

describe('midnight', () => {
  test.each([
    ['UTC', '2026-01-23T00:00:00', false],
    ['Asia/Kolkata', '2026-01-22T18:30:00', false],
    ['Asia/Kathmandu', '2026-01-22T18:15:00', false],
    ['America/New_York', '2026-01-23T05:00:00', false],
    ['Asia/Kathmandu', '2026-01-31T18:15:00', true],
    ['UTC', '2026-02-01T00:00:00', true],
  ])('in %s at %s a new day begins, to the millisecond; a new month: %p', (name, midnight, isNewMonth) => {
    zone = name
    nowMs = at(midnight) - 1
    open()
    expect(book.note([row({ costNanoUsd: 20 * MICRO })])).toEqual([CHANNEL])
    expect(page.meters.periods().dayEndsAtMs).toBe(Number.POSITIVE_INFINITY) // nothing was loaded
    expect(book.look()).toEqual([])
    nowMs++
    expect(book.look()).toEqual([CHANNEL])
    const monthNanoUsd = isNewMonth ? 0 : 20 * MICRO
    expect(spend()).toEqual({ totalNanoUsd: 20 * MICRO, dayNanoUsd: 0, monthNanoUsd })
    expect(registry.overDailyLimit.size).toBe(0)
    expect(page.meters.periods().dayEndsAtMs).toBeGreaterThan(nowMs + 22 * 3_600_000)
  })

  test.each([
    ['a day of 23 hours', '2026-03-08T05:00:00', '2026-03-09T04:00:00'],
    ['a day of 25 hours', '2026-11-01T04:00:00', '2026-11-02T05:00:00'],
  ])('%s ends when the clock says so', (_, from, to) => {
    zone = 'America/New_York'
    nowMs = at(from)
    open()
    book.note([row()])
    nowMs = at(to) - 1
    book.note([row()])
    expect(spend().dayNanoUsd).toBe(2_000)
    nowMs++
    book.note([row()])
    expect(spend().dayNanoUsd).toBe(1_000)
  })

  test('an ending that comes after midnight of an attempt from before it is not of the new day', () => {
    nowMs = at('2026-01-22T23:59:59')
    const before = row({ costNanoUsd: 5 })
    nowMs = at('2026-01-23T00:00:00')
    book.note([before])
    expect(spend()).toEqual({ totalNanoUsd: 5, dayNanoUsd: 0, monthNanoUsd: 5 })
  })

  test('another zone has another day: what it has cost is read anew, and nothing that comes meanwhile is lost', async () => {
    await book.load(store())
    book.note([row({ costNanoUsd: 4 })])
    zone = 'Asia/Kolkata'
    expect(book.isOutdated()).toBe(true)
    stored = { days: 100, months: 200, gone: 0, channel: 0, used: 0 }
    const loading = book.load(store())
    book.note([row({ costNanoUsd: 1 })])
    await loading
    expect(book.isOutdated()).toBe(false)
    expect(spend()).toMatchObject({ totalNanoUsd: 5, dayNanoUsd: 101 })
  })

  test('a clock that is set back over midnight does not make the day free: what it has cost is read anew', async () => {
    await book.load(store())
    book.note([row({ costNanoUsd: 10 * MICRO })])
    nowMs = at('2026-01-23T00:00:01')
    book.look()
    expect([spend().dayNanoUsd, book.isOutdated()]).toEqual([0, false])
    book.note([row({ costNanoUsd: 3 * MICRO })])
    nowMs = at('2026-01-22T23:59:58')
    book.look()
    expect([spend().dayNanoUsd, book.isOutdated()]).toEqual([3 * MICRO, true])
    stored = { days: 13 * MICRO, months: 13 * MICRO, gone: 0, channel: 0, used: 13 }
    await book.load(store())
    expect([spend().dayNanoUsd, book.isOutdated()]).toEqual([13 * MICRO, false])
    expect(page.meters.periods().dayEndsAtMs).toBe(at('2026-01-23T00:00:00'))
  })
})
