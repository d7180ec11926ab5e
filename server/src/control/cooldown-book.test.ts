import { beforeEach, describe, expect, test } from 'bun:test'
import type { RestReason } from '../link/messages.ts'
import { plainPage } from '../link/page-file.ts'
import type { SharedPage } from '../link/shared-page.ts'
import type { CooldownTarget, StoredChannel, StoredCooldown, StoredReason } from '../ports/channel-store.ts'
import { type Store, StoreError } from '../ports/store.ts'
import { CooldownBook } from './cooldown-book.ts'
import { Registry } from './registry.ts'

const NOW_MS = 1_790_000_000_000
const MINUTE_MS = 60_000
const NONE: StoredCooldown = { untilMs: 0, durationMs: 0 }
const CHANNEL: CooldownTarget = { scope: 'channel', channelId: 1 }
const KEY: CooldownTarget = { scope: 'key', channelId: 1, keyId: 11 }
const MODEL: CooldownTarget = { scope: 'model', channelId: 1, model: 'm' }

let nowMs = NOW_MS
let page: SharedPage
let registry: Registry
let book: CooldownBook
beforeEach(() => {
  nowMs = NOW_MS
  page = plainPage(NOW_MS)
  registry = new Registry(page)
  registry.channels.set(1, channel())
  book = new CooldownBook(registry, page, { nowMs: () => nowMs, monoMs: () => nowMs })
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
