import { beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mayClear, remainingMs } from '../core/cooldown.ts'
import type { RestReason } from '../link/messages.ts'
import { plainPage } from '../link/page-file.ts'
import type { SharedPage } from '../link/shared-page.ts'
import type { CooldownTarget, StoredChannel, StoredCooldown, StoredReason } from '../ports/channel-store.ts'
import { type Store, StoreError } from '../ports/store.ts'
import { channelCell } from './cells.ts'
import { CooldownBook } from './cooldown-book.ts'
import { Registry } from './registry.ts'

const NOW_MS = 1_790_000_000_000
const MINUTE_MS = 60_000
const NONE: StoredCooldown = { untilMs: 0, durationMs: 0 }
const CHANNEL: CooldownTarget = { scope: 'channel', channelId: 1 }
const KEY: CooldownTarget = { scope: 'key', channelId: 1, keyId: 11 }
const MODEL: CooldownTarget = { scope: 'model', channelId: 1, model: 'm' }

let nowMs = NOW_MS
let monoMs = 0
let page: SharedPage
let registry: Registry
let book: CooldownBook
beforeEach(() => {
  nowMs = NOW_MS
  page = plainPage(NOW_MS)
  registry = new Registry(page)
  registry.channels.set(1, channel())
  monoMs = 0
  book = new CooldownBook(registry, page, { nowMs: () => nowMs, monoMs: () => monoMs })
})

function channel(cooldown = NONE, keyCooldown = NONE, keyTurn = 0): StoredChannel {
  return {
    id: 1,
    keys: [{ id: 11, cooldown: keyCooldown }],
    models: [{ name: 'm', redirect: '' }],
    cooldown,
    keyTurn,
  } as unknown as StoredChannel
}

function store(
  models: readonly { channelId: number; model: string; cooldown: StoredCooldown }[] = [],
  reasons: readonly StoredReason[] = [],
) {
  const state = { saved: [] as object[], turns: [] as object[], fail: undefined as Error | undefined }
  const channels = {
    cooldownReasons: async () => reasons,
    modelCooldowns: async () => models,
    async saveCooldowns(rows: readonly object[]) {
      if (state.fail) throw state.fail
      state.saved.push(...rows)
    },
    async saveKeyTurns(turns: readonly object[]) {
      if (state.fail) throw state.fail
      state.turns.push(...turns)
    },
  }
  return { store: { channels } as unknown as Store, state }
}

const reason = (target: CooldownTarget, untilMs: number, text = 'why'): RestReason => ({
  ...target,
  reason: text,
  statusCode: 503,
  requestId: 'r',
  sinceMs: nowMs,
  untilMs,
})
const running = () => book.running().map(({ scope, untilMs, why }) => [scope, untilMs, why?.reason])

describe('after a start', () => {
  test('everything that was resting rests on, to the same instant, and for the same length', async () => {
    const cooldown = { untilMs: NOW_MS + 5 * MINUTE_MS, durationMs: 8 * MINUTE_MS }
    registry.channels.set(1, channel(cooldown, cooldown, 7))
    await book.restore(store([{ channelId: 1, model: 'm', cooldown }]).store)
    const rests = book.running()
    expect(rests.map((rest) => [rest.scope, rest.untilMs, rest.untilMs - rest.sinceMs])).toEqual([
      ['channel', cooldown.untilMs, cooldown.durationMs],
      ['key', cooldown.untilMs, cooldown.durationMs],
      ['model', cooldown.untilMs, cooldown.durationMs],
    ])
    expect(page.keyTurn(1)).toBe(7)
  })

  test('a rest whose length nobody stored rests all the same', async () => {
    registry.channels.set(1, channel({ untilMs: NOW_MS + MINUTE_MS, durationMs: 0 }))
    await book.restore(store().store)
    expect(running()).toEqual([['channel', NOW_MS + MINUTE_MS, undefined]])
  })

  test('what is over, or was cleared, or belongs to a channel that is gone, rests nobody', async () => {
    registry.channels.set(1, channel({ untilMs: NOW_MS - 1, durationMs: MINUTE_MS }))
    await book.restore(
      store([{ channelId: 99, model: 'm', cooldown: { untilMs: NOW_MS + MINUTE_MS, durationMs: MINUTE_MS } }]).store,
    )
    expect(running()).toEqual([])
  })
})

describe('how high a rest is', () => {
  test('stands with its reason, and survives the database; by hand it has no step', async () => {
    const { store: there, state } = store()
    const untilMs = NOW_MS + MINUTE_MS
    const written = page.changeRest(registry.cellOf(channelCell(1)), () => ({ sinceMs: NOW_MS, untilMs }))
    book.rested({ ...reason(CHANNEL, untilMs), ...written, step: 3, capped: true })
    book.set(KEY, untilMs)
    await book.save(there)
    expect(state.saved).toMatchObject([{ why: { step: 3, capped: true } }, { why: { reason: 'set by hand' } }])
    expect(book.running().map(({ why }) => why?.step)).toEqual([3, undefined])
  })
})

describe('while running', () => {
  test('set and cleared by hand: true at once, with why', () => {
    expect(book.set(KEY, NOW_MS + MINUTE_MS)).toBe(true)
    expect(running()).toEqual([['key', NOW_MS + MINUTE_MS, 'set by hand']])
    expect(book.clear(KEY)).toBe(true)
    expect(running()).toEqual([])
  })

  test.each([
    { scope: 'channel', channelId: 2 },
    { scope: 'key', channelId: 1, keyId: 12 },
    { scope: 'key', channelId: 2, keyId: 11 },
    { scope: 'model', channelId: 1, model: 'M' },
  ] as const)('%o does not exist, and is neither set nor cleared', (target) => {
    expect([book.set(target, NOW_MS + MINUTE_MS), book.clear(target)]).toEqual([false, false])
    expect(running()).toEqual([])
  })

  test('a reason that came late, for a rest that is another by now, is not shown with it', () => {
    book.set(CHANNEL, NOW_MS + MINUTE_MS)
    book.rested(reason(CHANNEL, NOW_MS + 2 * MINUTE_MS, 'older'))
    expect(running()).toEqual([['channel', NOW_MS + MINUTE_MS, undefined]])
  })

  test('a rest is over when its time is', () => {
    book.set(CHANNEL, NOW_MS + MINUTE_MS)
    nowMs += MINUTE_MS
    expect(running()).toEqual([])
  })
})

describe('when the clock is set (F21)', () => {
  const HOUR_MS = 3_600_000
  const cell = () => registry.cellOf(channelCell(1))
  const advance = (ms: number): void => {
    nowMs += ms
    monoMs += ms
  }
  const tick = () => book.save(store().store)
  const leftMs = () => remainingMs(page.rest(cell()), nowMs)

  test('a rest made while it was an hour ahead ends when it should, and does not come back half an hour later', async () => {
    nowMs += HOUR_MS
    await tick()
    const untilMs = nowMs + 30 * MINUTE_MS
    page.changeRest(cell(), () => ({ sinceMs: nowMs, untilMs }))
    book.rested(reason(CHANNEL, untilMs))
    advance(5 * MINUTE_MS)
    nowMs -= HOUR_MS
    await tick()
    expect(leftMs()).toBeCloseTo(25 * MINUTE_MS, -2)
    expect(book.running()).toMatchObject([{ scope: 'channel', why: { reason: 'why' } }])
    advance(25 * MINUTE_MS + 1_000)
    for (let minutes = 0; minutes < 90; minutes++) {
      expect(leftMs()).toBe(0)
      advance(MINUTE_MS)
      await tick()
    }
  })

  test('an attempt may judge and a success may clear at once after it was set back', async () => {
    book.set(CHANNEL, nowMs + 30 * MINUTE_MS)
    advance(1_000)
    nowMs -= HOUR_MS
    await tick()
    expect(leftMs()).toBeGreaterThan(0)
    advance(50)
    expect(page.clearRest(cell(), (rest) => mayClear(rest, nowMs))).toBe(true)
  })

  test('whatever jumps there are, a rest ends after its length, and once more for each time the clock was set back', async () => {
    const AHEAD_MS = 1_020 // a rest may begin so far in the future and count as of now
    const jump = fc.record({
      afterMs: fc.integer({ min: 1_000, max: 20 * MINUTE_MS }),
      byMs: fc.constantFrom(-HOUR_MS, HOUR_MS),
    })
    const run = fc.asyncProperty(
      fc.array(jump, { maxLength: 6 }),
      fc.integer({ min: 1_000, max: 30 * MINUTE_MS }),
      fc.nat(6),
      async (jumps, lengthMs, at) => {
        page.clearRest(cell(), () => true)
        await tick()
        let endedAtMs = monoMs + lengthMs
        for (const [place, { afterMs, byMs }] of jumps.entries()) {
          if (place === at) {
            const restMs = nowMs
            page.changeRest(cell(), () => ({ sinceMs: restMs, untilMs: restMs + lengthMs }))
            endedAtMs = monoMs + lengthMs
          }
          advance(afterMs)
          nowMs += byMs
          await tick()
          expect(leftMs()).toBeLessThanOrEqual(lengthMs + 20)
          if (byMs < 0) endedAtMs = Math.max(endedAtMs, monoMs) + lengthMs // one that is long over may come back, once
        }
        const lateMs = Math.max(endedAtMs - monoMs, 0) + AHEAD_MS
        for (let step = 0; step < 4; step++) {
          advance(step === 0 ? lateMs : HOUR_MS / 2)
          await tick()
          expect(leftMs()).toBe(0)
        }
      },
    )
    await fc.assert(run, { numRuns: 200 })
  })

  test('what was stored by a clock that ran ahead does not wait in the future after a start', async () => {
    const untilMs = NOW_MS + 2 * HOUR_MS
    registry.channels.set(1, channel({ untilMs, durationMs: MINUTE_MS }))
    await book.restore(store().store)
    expect(leftMs()).toBeCloseTo(MINUTE_MS, -2)
    advance(MINUTE_MS + 20)
    expect(leftMs()).toBe(0)
  })
})

describe('into the database', () => {
  test('goes why a rest is, and comes back with it to the millisecond', async () => {
    const { store: there, state } = store()
    book.set(CHANNEL, NOW_MS + MINUTE_MS + 230)
    await book.save(there)
    expect(state.saved).toMatchObject([{ scope: 'channel', why: { reason: 'set by hand' } }])
    const untilMs = NOW_MS + MINUTE_MS + 230
    const reasons = [{ ...CHANNEL, reason: 'set by hand', statusCode: 0, requestId: '', sinceMs: NOW_MS, untilMs }]
    registry.channels.set(1, channel({ untilMs: NOW_MS + MINUTE_MS + 1000, durationMs: MINUTE_MS + 230 }))
    book.clear(CHANNEL)
    const reopened = new CooldownBook(registry, page, { nowMs: () => nowMs, monoMs: () => nowMs })
    await reopened.restore(store([], reasons).store)
    expect(reopened.running()).toMatchObject([{ sinceMs: NOW_MS, untilMs, why: { reason: 'set by hand' } }])
  })

  test('a reason that is not of the rest that runs is not given to it', async () => {
    const stale = [{ ...CHANNEL, ...{ reason: 'old', statusCode: 500, requestId: '' }, sinceMs: 0, untilMs: NOW_MS }]
    registry.channels.set(1, channel({ untilMs: NOW_MS + MINUTE_MS, durationMs: MINUTE_MS }))
    await book.restore(store([], stale).store)
    expect(running()).toEqual([['channel', NOW_MS + MINUTE_MS, undefined]])
  })

  test('goes what has changed since the last time, once, as it is now', async () => {
    const { store: there, state } = store()
    book.set(CHANNEL, NOW_MS + MINUTE_MS)
    book.set(CHANNEL, NOW_MS + 2 * MINUTE_MS)
    book.set(MODEL, NOW_MS + MINUTE_MS)
    book.clear(MODEL)
    await book.save(there)
    await book.save(there)
    expect(state.saved).toMatchObject([
      { scope: 'channel', untilMs: NOW_MS + 2 * MINUTE_MS, durationMs: 2 * MINUTE_MS },
      { scope: 'model', untilMs: 0, durationMs: 0 },
    ])
  })

  test('goes nothing about what has been deleted meanwhile', async () => {
    const { store: there, state } = store()
    book.set(CHANNEL, NOW_MS + MINUTE_MS)
    registry.channels.delete(1)
    await book.save(there)
    expect(state.saved).toEqual([])
  })

  test('a save that fails is made up for, and loses no change that came with it', async () => {
    const { store: there, state } = store()
    state.fail = new StoreError('full', 'no')
    book.set(CHANNEL, NOW_MS + MINUTE_MS)
    expect(await book.save(there).catch((error: StoreError) => error.kind)).toBe('full')
    book.set(KEY, NOW_MS + MINUTE_MS)
    state.fail = undefined
    await book.save(there)
    expect(state.saved.map((row) => (row as CooldownTarget).scope).toSorted()).toEqual(['channel', 'key'])
  })

  test('goes the place in the rotation of keys, when it has moved', async () => {
    const { store: there, state } = store()
    await book.restore(there)
    await book.save(there)
    expect(state.turns).toEqual([])
    page.takeKeyTurn(1)
    await book.save(there)
    await book.save(there)
    expect(state.turns).toEqual([{ channelId: 1, turn: 1 }])
  })
})
