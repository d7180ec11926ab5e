import { beforeEach, describe, expect, test } from 'bun:test'
import { BASE_BOOK, type PriceBook } from '../core/price-book.ts'
import type { UseLimits } from '../core/snapshot.ts'
import { plainPage } from '../link/page-file.ts'
import { bookInForce } from '../link/price-texts.ts'
import type { SharedPage } from '../link/shared-page.ts'
import { enterChannel } from './channel-limits.ts'
import { type Entry, enterLimits } from './enter-limits.ts'
import { enterToken, mayComeFrom } from './token-limits.ts'

const NOW_MS = 1_790_000_000_000
const METER = 3
const NONE: UseLimits = {
  meter: METER,
  costMicroUsd: 0,
  dailyCostMicroUsd: 0,
  monthlyCostMicroUsd: 0,
  rpm: 0,
  maxConcurrency: 0,
}
const TOKEN = { ...NONE, channelIds: [], addresses: [] }
const ASKING = { model: 'claude-sonnet-4-5', bodyBytes: 400, unknown: 'held' } as const
const client = { gone: () => new AbortController().signal }

let nowMs: number
let page: SharedPage
let closed: number[]
let book: PriceBook

beforeEach(() => {
  nowMs = NOW_MS
  page = plainPage(NOW_MS)
  closed = []
  book = BASE_BOOK
})

const deps = () => ({
  shared: page,
  clock: { nowMs: () => nowMs, monoMs: () => nowMs },
  view: () => ({ book: () => book }),
  report: { ended() {}, closed: (meter: number) => void closed.push(meter), rested() {}, cleared() {} },
})
const enter = (limits: Partial<UseLimits>): Entry => enterLimits(deps(), { ...NONE, ...limits }, ASKING)
/** What was let in, or why it was not, and what is taken. */
const seen = (entry: Entry) => (entry.ok ? 'in' : `${entry.why} ${entry.waitMs}`)
const taken = () => [page.meters.inside(METER), page.meters.held(METER)]

/** As control does: charges, then releases. */
function charge(costNano: number): void {
  const { totalNanoUsd, dayNanoUsd, monthNanoUsd } = page.meters.spend(METER)
  page.meters.setSpend(METER, {
    totalNanoUsd: totalNanoUsd + costNano,
    dayNanoUsd: dayNanoUsd + costNano,
    monthNanoUsd: monthNanoUsd + costNano,
  })
  page.meters.setTypical(METER, costNano)
  page.meters.release(METER, page.meters.row)
}

describe('requests in a minute', () => {
  test('as many as the limit get in, the next is told when, and then it is right', () => {
    const entries = Array.from({ length: 4 }, () => seen(enter({ rpm: 3 })))
    expect(entries).toEqual(['in', 'in', 'in', 'rpm 60000'])
    nowMs += 59_000
    expect(seen(enter({ rpm: 3 }))).toBe('rpm 1000')
    nowMs += 1_000
    expect(seen(enter({ rpm: 3 }))).toBe('in')
  })

  test('who is refused holds neither a place nor money', () => {
    const limits = { rpm: 1, maxConcurrency: 5, costMicroUsd: 1e9 }
    expect([seen(enter(limits)), seen(enter(limits)), seen(enter(limits))]).toEqual(['in', 'rpm 60000', 'rpm 60000'])
    expect(taken()).toEqual([1, 1])
  })
})

describe('requests at once', () => {
  test('a place is free when one leaves', () => {
    const first = enter({ maxConcurrency: 2 })
    expect([seen(enter({ maxConcurrency: 2 })), seen(enter({ maxConcurrency: 2 }))]).toEqual(['in', 'concurrency 1000'])
    if (first.ok) first.leave()
    expect(seen(enter({ maxConcurrency: 2 }))).toBe('in')
    expect(closed).toEqual([]) // no money was held, so nobody need be told
  })

  test('who is refused a place is not counted in the minute, and holds no money', () => {
    const limits = { rpm: 2, maxConcurrency: 1, costMicroUsd: 1e9 }
    const first = enter(limits)
    for (let at = 0; at < 5; at++) expect(seen(enter(limits))).toBe('concurrency 1000')
    expect(taken()).toEqual([1, 1])
    if (first.ok) first.leave()
    expect(seen(enter(limits))).toBe('in')
  })
})

describe('money', () => {
  test('the first of a new token is let in however little there is, the next waits for it', () => {
    expect([seen(enter({ costMicroUsd: 1 })), seen(enter({ costMicroUsd: 1 }))]).toEqual(['in', 'money 1000'])
  })

  test('a guess holds until the first true cost is known', () => {
    const limits = { costMicroUsd: 100_000 } // the guess is 30,300: four of them
    const entries = Array.from({ length: 6 }, () => seen(enter(limits)))
    expect(entries).toEqual(['in', 'in', 'in', 'in', 'money 1000', 'money 1000'])
    charge(1_000_000) // a thousandth of a dollar: there is room for 99 of them, of which 3 are held
    const more = Array.from({ length: 100 }, () => seen(enter(limits)))
    expect(more.filter((entry) => entry === 'in')).toHaveLength(96)
  })

  test('is guessed by the prices that are in force, also own ones', () => {
    const own = { model: 'claude-sonnet-4-5', inputUsdPerMTok: 6, outputUsdPerMTok: 30 } // twice as dear
    book = bookInForce({ price_overrides: JSON.stringify([own]), price_feed: '' })
    const entries = Array.from({ length: 3 }, () => seen(enter({ costMicroUsd: 100_000 })))
    expect(entries).toEqual(['in', 'in', 'money 1000'])
  })

  test('is held on until control has charged, though the request is over: nothing is promised twice in between', () => {
    page.meters.setTypical(METER, 6_000_000)
    const first = enter({ costMicroUsd: 6_000 })
    if (first.ok) first.leave()
    expect([closed, taken()]).toEqual([[METER], [0, 1]])
    expect(seen(enter({ costMicroUsd: 6_000 }))).toBe('money 1000')
    charge(6_000_000)
    expect(seen(enter({ costMicroUsd: 6_000 }))).toBe('money undefined') // spent, and no day brings it back
  })

  test('a day that is spent is back at midnight, a month on the first, to the millisecond', () => {
    page.meters.setPeriods({ dayEndsAtMs: NOW_MS + 5_000, monthEndsAtMs: NOW_MS + 9_000 })
    enter({ dailyCostMicroUsd: 1 })
    charge(1_000)
    expect([seen(enter({ dailyCostMicroUsd: 1 })), seen(enter({ monthlyCostMicroUsd: 1 }))]).toEqual([
      'money 5000',
      'money 9000',
    ])
    nowMs += 4_999
    expect(seen(enter({ dailyCostMicroUsd: 1 }))).toBe('money 1')
    nowMs += 1
    expect([seen(enter({ dailyCostMicroUsd: 1 })), seen(enter({ monthlyCostMicroUsd: 1 }))]).toEqual([
      'in',
      'money 4000',
    ])
  })

  test('free requests stop nobody', () => {
    page.meters.setTypical(METER, 1)
    for (let at = 0; at < 500; at++) expect(seen(enter({ costMicroUsd: 1 }))).toBe('in')
  })
})

describe('a token', () => {
  const failure = (limits: Partial<UseLimits>) => {
    const entry = enterToken(deps(), { ...TOKEN, ...limits }, { ...ASKING, client })
    if (entry instanceof Promise) throw new Error('nobody holds anything')
    return entry.ok ? undefined : entry.failure
  }

  test('without limits takes nothing', () => {
    expect(enterToken(deps(), undefined, { ...ASKING, client })).toMatchObject({ ok: true })
    expect(failure({})).toBeUndefined()
    expect(taken()).toEqual([0, 0])
  })

  test('is told which limit, how much of it is used, and when to come back', () => {
    page.meters.setPeriods({ dayEndsAtMs: NOW_MS + 5_000, monthEndsAtMs: NOW_MS + 9_000 })
    page.meters.setSpend(METER, { totalNanoUsd: 3_000_999, dayNanoUsd: 2_000_000, monthNanoUsd: 2_500_000 })
    expect(failure({ costMicroUsd: 3_000 })).toEqual({
      kind: 'cost-limit',
      period: 'total',
      usedMicroUsd: 3_000,
      limitMicroUsd: 3_000,
    })
    expect(failure({ dailyCostMicroUsd: 2_000, costMicroUsd: 9_000 })).toEqual({
      kind: 'cost-limit',
      period: 'day',
      usedMicroUsd: 2_000,
      limitMicroUsd: 2_000,
      retryAfterMs: 5_000,
    })
    expect([failure({ rpm: 1 }), failure({ rpm: 1 })]).toEqual([
      undefined,
      { kind: 'rate-limit', what: 'rpm', limit: 1, retryAfterMs: 60_000 },
    ])
    expect([failure({ maxConcurrency: 1 }), failure({ maxConcurrency: 1 })]).toEqual([
      undefined,
      { kind: 'rate-limit', what: 'concurrency', limit: 1, retryAfterMs: 1_000 },
    ])
  })
})

describe('a channel', () => {
  test.each([
    [{ rpm: 1 }, { why: 'rpm-limit', untilMs: NOW_MS + 60_000 }],
    [{ maxConcurrency: 1 }, { why: 'busy', untilMs: NOW_MS + 1_000 }],
    [{ dailyCostMicroUsd: 1 }, { why: 'daily-limit', untilMs: NOW_MS + 1_000 }],
  ] as const)('at its limit %j is passed over, with the time when it may be asked again', (limits, skip) => {
    const channel = { id: 7, limits: { ...NONE, ...limits } }
    page.meters.setTypical(METER, 1_000)
    expect(enterChannel(deps(), channel, ASKING).ok).toBe(true)
    expect(enterChannel(deps(), channel, ASKING)).toEqual({ ok: false, skip: { channelId: 7, ...skip } })
  })

  test('of which nobody knows what is typical counts a guess for those that run, not for those that are charged next', () => {
    const channel = { id: 7, limits: { ...NONE, dailyCostMicroUsd: 50_000 } } // the guess is 30,300
    const [first, second] = [enterChannel(deps(), channel, ASKING), enterChannel(deps(), channel, ASKING)]
    expect([first.ok, second.ok, enterChannel(deps(), channel, ASKING).ok]).toEqual([true, true, false])
    for (const entry of [first, second]) if (entry.ok) entry.leave()
    expect([page.meters.held(METER), enterChannel(deps(), channel, ASKING).ok]).toEqual([2, true])
  })
})

describe('money that others hold', () => {
  const limits = { ...TOKEN, costMicroUsd: 1_000 }
  const entering = (asker = client) => enterToken(realTime(), limits, { ...ASKING, client: asker })
  const realTime = () => ({ ...deps(), clock: { nowMs: () => nowMs, monoMs: () => performance.now() } })

  test('is waited for while they are charged: requests one after the other are never refused for a guess', async () => {
    const first = await entering()
    if (first.ok) first.leave()
    const second = entering()
    expect(second).toBeInstanceOf(Promise)
    setTimeout(() => charge(10_000), 10)
    expect(await second).toMatchObject({ ok: true })
    expect(page.meters.held(METER)).toBe(1)
  })

  test('is refused at once when it turns out to be spent', async () => {
    await entering()
    const second = entering()
    setTimeout(() => charge(1_000_000), 10)
    expect(await second).toMatchObject({ ok: false, failure: { kind: 'cost-limit', usedMicroUsd: 1_000 } })
  })

  test('is not waited for by a client that has left: nothing is asked, and charged, for nobody', async () => {
    const first = await entering()
    if (first.ok) first.leave()
    const leaving = new AbortController()
    const second = entering({ gone: () => leaving.signal })
    leaving.abort()
    charge(10_000)
    expect(await second).toMatchObject({ ok: false, failure: { kind: 'client-gone' } })
    expect(taken()).toEqual([0, 0])
  })

  test('is not waited for longer than two seconds', async () => {
    await entering()
    const startedMs = performance.now()
    expect(await entering()).toMatchObject({ ok: false, failure: { usedMicroUsd: 0, retryAfterMs: 1_000 } })
    expect(performance.now() - startedMs).toBeWithin(1_990, 2_500)
    expect(page.meters.held(METER)).toBe(1)
  })
})

describe('addresses', () => {
  const from = (addresses: readonly string[], address: string) => mayComeFrom({ ...TOKEN, addresses }, address)

  test.each([
    [[], '203.0.113.7', true],
    [['10.0.0.0/8'], '10.255.0.1', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['192.0.2.1'], '192.0.2.1', true],
    [['192.0.2.1'], '192.0.2.2', false],
    [['10.0.0.0/8', '2001:db8::/32'], '2001:db8:1::1', true],
    [['10.0.0.0/8'], '2001:db8::1', false],
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
    [['::/0'], '10.1.2.3', false],
    [['0.0.0.0/0'], '10.1.2.3', true],
    [['10.0.0.0/8'], '', false],
    [['10.0.0.0/8'], 'unknown', false],
    [['nonsense'], '10.0.0.1', false], // what cannot be read lets nobody in
  ])('with %j a client at %p may use it: %p', (addresses, address, expected) => {
    expect(from(addresses, address)).toBe(expected)
  })
})
