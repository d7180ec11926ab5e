import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Candidate, earliestReadyInMs, type OrderInput, orderChannels } from './order-channels.ts'
import { newSwrrCache } from './smooth-turn.ts'

const NOW_MS = 1_768_989_600_000

function channel(id: number, over: Partial<Candidate> = {}): Candidate {
  return {
    id,
    effectivePriority: 10,
    weight: 1,
    keyCount: 1,
    overDailyLimit: false,
    channelRestUntilMs: 0,
    modelRestUntilMs: 0,
    keyRestUntilMs: 0,
    ...over,
  }
}

/** Turn counters as the shared page keeps them: one for each group, from 0. */
function counters(): { ticket: (group: number) => number; taken: number[] } {
  const turns = new Map<number, number>()
  const taken: number[] = []
  const ticket = (group: number): number => {
    const turn = turns.get(group) ?? 0
    turns.set(group, turn + 1)
    taken.push(group)
    return turn
  }
  return { ticket, taken }
}

function input(candidates: readonly Candidate[], over: Partial<OrderInput<Candidate>> = {}): OrderInput<Candidate> {
  return { candidates, nowMs: NOW_MS, fallback: 'earliest', ticket: () => 0, cache: newSwrrCache(), ...over }
}

function ids(over: OrderInput<Candidate>): number[] {
  return [...orderChannels(over).order].map((candidate) => candidate.id)
}

describe('priority', () => {
  test('a higher priority goes first, whatever the weights', () => {
    const low = channel(1, { effectivePriority: 5, weight: 100 })
    expect(ids(input([low, channel(2, { effectivePriority: -3 }), channel(3)]))).toEqual([3, 1, 2])
  })

  test('priorities that differ by less than a tenth share a level, and 72.3 is not 72.2', () => {
    const near = [channel(1, { effectivePriority: 72.31 }), channel(2, { effectivePriority: 72.39 })]
    expect(ids(input(near))).toEqual([1, 2])
    const far = [channel(1, { effectivePriority: 72.29 }), channel(2, { effectivePriority: 72.3 })]
    expect(ids(input(far))).toEqual([2, 1])
  })

  test('health-adjusted priorities of the promise order A, C, D, B', () => {
    const [a, b, c, d] = [95, 60, 72, 70].map((effectivePriority, at) => channel(at + 1, { effectivePriority }))
    expect(ids(input([a, b, c, d] as Candidate[]))).toEqual([1, 3, 4, 2])
  })

  test('a winner moves to the front and the others follow by id, in whatever order they came', () => {
    expect(ids(input([channel(30), channel(10), channel(20)], { ticket: () => 1 }))).toEqual([20, 10, 30])
  })
})

describe('turns', () => {
  test('weights 3:1 give 75 and 25 of 100 requests, evenly mixed', () => {
    const { ticket } = counters()
    const cache = newSwrrCache()
    const firsts = Array.from({ length: 100 }, () => {
      return ids(input([channel(1, { weight: 3 }), channel(2, { weight: 1 })], { ticket, cache }))[0]
    })
    expect(firsts.filter((id) => id === 1)).toHaveLength(75)
    expect(firsts.slice(0, 8)).toEqual([1, 1, 2, 1, 1, 1, 2, 1])
  })

  test('ten keys of which eight rest and two keys get half each', () => {
    const { ticket } = counters()
    const pair = [channel(1, { weight: 2, keyCount: 10 }), channel(2, { weight: 2, keyCount: 2 })]
    const firsts = Array.from({ length: 10 }, () => ids(input(pair, { ticket }))[0])
    expect(firsts.filter((id) => id === 1)).toHaveLength(5)
  })

  test('a single channel takes no turn', () => {
    const { ticket, taken } = counters()
    expect(ids(input([channel(1), channel(2, { effectivePriority: 1 })], { ticket }))).toEqual([1, 2])
    expect(taken).toHaveLength(0)
  })

  test('a level that is not reached takes no turn', () => {
    const { ticket, taken } = counters()
    const two = [channel(1), channel(2), channel(3, { effectivePriority: 1 }), channel(4, { effectivePriority: 1 })]
    const { order, count } = orderChannels(input(two, { ticket }))
    expect(count).toBe(4)
    expect(taken).toHaveLength(0)
    order.next()
    order.next()
    expect(taken).toHaveLength(1)
    order.next()
    expect(taken).toHaveLength(2)
  })

  test('each set of channels has its own turn, the same in whatever order it comes', () => {
    const { ticket, taken } = counters()
    ids(input([channel(10), channel(36)], { ticket }))
    ids(input([channel(36), channel(10)], { ticket }))
    ids(input([channel(10), channel(37)], { ticket }))
    expect(taken[0]).toBe(taken[1] as number)
    expect(taken[2]).not.toBe(taken[0] as number)
    expect(taken.every((group) => Number.isInteger(group) && group >= 0 && group < 2 ** 32)).toBe(true)
  })
})

describe('a session stays where it was', () => {
  test('the last channel goes first inside its level and costs no turn', () => {
    const { ticket, taken } = counters()
    const { order } = orderChannels(input([channel(1), channel(2), channel(3)], { ticket, preferId: 3 }))
    expect(order.next().value?.id).toBe(3)
    expect(taken).toHaveLength(0)
    expect([...order].map(({ id }) => id)).toEqual([1, 2])
  })

  test('it does not jump over a higher priority', () => {
    const returned = [channel(1, { effectivePriority: 20 }), channel(2), channel(3)]
    expect(ids(input(returned, { preferId: 3 }))).toEqual([1, 3, 2])
  })

  test('a resting, full or vanished last channel is not preferred', () => {
    const resting = channel(3, { channelRestUntilMs: NOW_MS + 1 })
    expect(ids(input([channel(1), channel(2), resting], { preferId: 3 }))).toEqual([1, 2])
    expect(ids(input([channel(1), channel(2)], { preferId: 99 }))).toEqual([1, 2])
  })
})

describe('who is left out, and why', () => {
  test.each([
    ['cooling', { channelRestUntilMs: NOW_MS + 5 }, NOW_MS + 5],
    ['model-cooling', { modelRestUntilMs: NOW_MS + 6 }, NOW_MS + 6],
    ['all-keys-cooling', { keyRestUntilMs: NOW_MS + 7 }, NOW_MS + 7],
    ['cooling', { channelRestUntilMs: NOW_MS + 5, keyRestUntilMs: NOW_MS + 90 }, NOW_MS + 90],
  ] as const)('%s, with the time when it can be tried again', (why, over, untilMs) => {
    const { skipped } = orderChannels(input([channel(1), channel(2, over)]))
    expect(skipped).toEqual([{ channelId: 2, why, untilMs }])
  })

  test('daily limit and missing keys name no time, because waiting does not help', () => {
    const { skipped, count } = orderChannels(input([channel(1, { overDailyLimit: true }), channel(2, { keyCount: 0 })]))
    expect(count).toBe(0)
    expect(skipped).toEqual([
      { channelId: 1, why: 'daily-limit' },
      { channelId: 2, why: 'no-keys' },
    ])
    expect(earliestReadyInMs(skipped, NOW_MS)).toBeUndefined()
  })

  test('a rest that ends now is over', () => {
    expect(ids(input([channel(1, { channelRestUntilMs: NOW_MS })]))).toEqual([1])
  })

  test('no channels at all: nothing to try, nothing skipped', () => {
    const { order, skipped, count } = orderChannels(input([]))
    expect([[...order], skipped, count]).toEqual([[], [], 0])
  })
})

describe('when everything rests (F20)', () => {
  const resting = [
    channel(1, { channelRestUntilMs: NOW_MS + 50 }),
    channel(2, { channelRestUntilMs: NOW_MS + 10, keyRestUntilMs: NOW_MS + 40 }),
    channel(3, { modelRestUntilMs: NOW_MS + 45 }),
  ]

  test('exactly one is tried: the one whose last timer ends first', () => {
    const { order, isFallback, skipped } = orderChannels(input(resting))
    expect([...order].map(({ id }) => id)).toEqual([2])
    expect(isFallback).toBe(true)
    expect(skipped.map(({ channelId }) => channelId)).toEqual([1, 3])
  })

  test('none is tried when the setting is off, and the client can be told how long to wait', () => {
    const { order, skipped } = orderChannels(input(resting, { fallback: 'none' }))
    expect([...order]).toEqual([])
    expect(earliestReadyInMs(skipped, NOW_MS)).toBe(40)
  })

  test('a daily limit names the end of the day when it is known, and is not the last resort for that', () => {
    const over = channel(1, { overDailyLimit: true })
    const dayEndsAtMs = () => NOW_MS + 5_000
    const { count, skipped, isFallback } = orderChannels(input([over], { dayEndsAtMs }))
    expect([count, isFallback]).toEqual([0, false])
    expect(skipped).toEqual([{ channelId: 1, why: 'daily-limit', untilMs: NOW_MS + 5_000 }])
    expect(earliestReadyInMs(skipped, NOW_MS)).toBe(5_000)
    expect(ids(input([over], { dayEndsAtMs: () => NOW_MS }))).toEqual([1]) // midnight has come, before anybody said so
    const never = orderChannels(input([over], { dayEndsAtMs: () => Number.POSITIVE_INFINITY }))
    expect(never.skipped).toEqual([{ channelId: 1, why: 'daily-limit' }])
    const resting = channel(2, { channelRestUntilMs: NOW_MS + 9_000 })
    expect(ids(input([over, resting], { dayEndsAtMs }))).toEqual([2])
  })

  test('a channel over its daily limit is not the last resort', () => {
    const over = channel(9, { overDailyLimit: true, channelRestUntilMs: NOW_MS + 1 })
    expect(ids(input([over]))).toEqual([])
    expect(ids(input([over, ...resting]))).toEqual([2])
  })

  test('equal times: the higher priority, then the smaller id', () => {
    const same = { channelRestUntilMs: NOW_MS + 9 }
    const three = [channel(5, same), channel(7, { ...same, effectivePriority: 11 }), channel(4, same)]
    expect(ids(input(three))).toEqual([7])
    expect(ids(input([channel(5, same), channel(4, same)]))).toEqual([4])
  })
})

describe('whatever the channels', () => {
  const rest = fc.constantFrom(0, NOW_MS, NOW_MS + 1, NOW_MS + 1_000)
  const arbitrary = fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 60 }),
      effectivePriority: fc.constantFrom(1, 1.04, 2, -1, 72.3),
      weight: fc.integer({ min: 0, max: 9 }),
      keyCount: fc.integer({ min: 0, max: 3 }),
      overDailyLimit: fc.boolean(),
      channelRestUntilMs: rest,
      modelRestUntilMs: rest,
      keyRestUntilMs: rest,
    }),
    { selector: ({ id }) => id, maxLength: 30 },
  )

  test('each is either tried or skipped, never both; a resting one is tried only alone, as the last resort', () => {
    fc.assert(
      fc.property(arbitrary, fc.integer(), fc.integer({ min: 1, max: 60 }), (candidates, turn, preferId) => {
        const ordering = orderChannels(input(candidates, { ticket: () => turn, preferId }))
        const tried = [...ordering.order]
        expect(tried).toHaveLength(ordering.count)
        const all = [...tried.map(({ id }) => id), ...ordering.skipped.map(({ channelId }) => channelId)]
        expect(all.toSorted((a, b) => a - b)).toEqual(candidates.map(({ id }) => id).toSorted((a, b) => a - b))
        const isResting = (one: Candidate): boolean =>
          Math.max(one.channelRestUntilMs, one.modelRestUntilMs, one.keyRestUntilMs) > NOW_MS
        expect(tried.some(isResting)).toBe(ordering.isFallback)
        if (ordering.isFallback) expect(tried).toHaveLength(1)
        expect(tried.some(({ overDailyLimit, keyCount }) => overDailyLimit || keyCount === 0)).toBe(false)
        for (let at = 1; at < tried.length; at++) {
          const [before, after] = [tried[at - 1] as Candidate, tried[at] as Candidate]
          expect(before.effectivePriority - after.effectivePriority).toBeGreaterThan(-0.1)
        }
      }),
    )
  })
})
