import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import type { LogRow } from '../ports/attempt-log.ts'
import { StoreError } from '../ports/store.ts'
import { Ledger } from './ledger.ts'

const MAX_HELD = 100_000

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => jest.useRealTimers())

const row = (attemptId: string): LogRow => ({ attemptId }) as LogRow
const rows = (count: number, name = 'r'): LogRow[] => Array.from({ length: count }, (_, at) => row(`${name}${at}`))

function open() {
  const state = {
    appends: [] as string[][],
    fail: undefined as Error | undefined,
    spilled: [] as string[],
    spillFails: false,
    spills: 0,
    stored: [] as (readonly [unknown, number])[],
    log: [] as string[],
    gate: undefined as Promise<void> | undefined,
  }
  const ledger = new Ledger({
    logs: {
      async append(given) {
        await state.gate
        if (state.fail) throw state.fail
        state.appends.push(given.map((one) => one.attemptId))
      },
    },
    log: { write: (level, event) => void state.log.push(`${level}: ${event}`) },
    overflow(given) {
      if (state.spillFails) throw new Error('ENOSPC')
      state.spills++
      state.spilled.push(...given.map((one) => one.attemptId))
    },
    stored: (proxy, upTo) => void state.stored.push([proxy, upTo]),
  })
  return { ledger, state }
}

async function pass(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms)
  for (let turn = 0; turn < 40; turn++) await Promise.resolve()
}

describe('while the database takes them', () => {
  test('rows of a moment are written together, within a fifth of a second, in their order', async () => {
    const { ledger, state } = open()
    ledger.take([row('a')], 'p1', 1)
    ledger.take([row('b'), row('c')], 'p2', 1)
    await pass(199)
    expect(state.appends).toEqual([])
    await pass(1)
    expect(state.appends).toEqual([['a', 'b', 'c']])
    expect(state.stored).toEqual([
      ['p1', 1],
      ['p2', 1],
    ])
  })

  test('a proxy is told once of all its batches that were written together', async () => {
    const { ledger, state } = open()
    for (let batch = 1; batch <= 20; batch++) {
      ledger.take([row(`a${batch}`)], 'p1', batch)
      ledger.take([row(`own${batch}`)])
      if (batch < 4) ledger.take([row(`b${batch}`)], 'p2', batch + 100)
    }
    await pass(200)
    expect(state.appends.flat()).toHaveLength(43)
    expect(state.stored).toEqual([
      ['p1', 20],
      ['p2', 103],
    ])
  })

  test('a proxy hears "stored" only when it is true', async () => {
    const { ledger, state } = open()
    const gate = Promise.withResolvers<void>()
    state.gate = gate.promise
    ledger.take([row('a')], 'p1', 7)
    await pass(200)
    expect(state.stored).toEqual([])
    gate.resolve()
    await pass(0)
    expect(state.stored).toEqual([['p1', 7]])
  })

  test('large heaps are written in pieces that do not block others, one batch never torn', async () => {
    const { ledger, state } = open()
    for (let at = 0; at < 5; at++) ledger.take(rows(400, `b${at}-`), 'p', at)
    ledger.take(rows(5_000, 'big'), 'p', 5)
    await ledger.flush()
    expect(state.appends.map((batch) => batch.length)).toEqual([800, 800, 400, 5_000])
  })

  test('flush resolves when all before it is written, also while a write is running and when nothing waits', async () => {
    const { ledger, state } = open()
    await ledger.flush()
    ledger.take([row('a')])
    const first = ledger.flush()
    ledger.take([row('b')])
    await ledger.flush()
    expect(state.appends.flat()).toEqual(['a', 'b'])
    await first
  })
})

describe('who counts what the database has', () => {
  test('finds all that was taken before, and nothing that comes meanwhile', async () => {
    const { ledger, state } = open()
    ledger.take([row('before')])
    const counting = Promise.withResolvers<void>()
    let seen: string[] = []
    const still = ledger.whileStill(async () => {
      await counting.promise
      seen = state.appends.flat()
    })
    await pass(0)
    ledger.take([row('meanwhile')])
    await pass(5_000)
    counting.resolve()
    expect([await still, seen]).toEqual([true, ['before']])
    await pass(0)
    expect(state.appends.flat()).toEqual(['before', 'meanwhile'])
  })

  test('is told when it takes nothing, and a count that fails stops no row', async () => {
    const { ledger, state } = open()
    state.fail = new StoreError('full', 'no')
    ledger.take([row('a')])
    expect(await ledger.whileStill(() => Promise.reject(new Error('not to be run')))).toBe(false)
    state.fail = undefined
    await pass(1_100)
    await expect(ledger.whileStill(() => Promise.reject(new Error('no table')))).rejects.toThrow('no table')
    ledger.take([row('b')])
    await pass(300)
    expect(state.appends.flat()).toEqual(['a', 'b'])
  })
})

describe('while it does not', () => {
  test.each(['busy', 'full', 'broken'] as const)(
    '(%s) rows wait, in their order, are tried again, and written once',
    async (kind) => {
      const { ledger, state } = open()
      state.fail = new StoreError(kind, 'no')
      ledger.take([row('a')], 'p', 1)
      await pass(200)
      expect(ledger.trouble()).toContain(kind)
      ledger.take([row('b')], 'p', 2)
      await pass(3_000)
      expect([state.appends, state.stored, state.spilled]).toEqual([[], [], []])
      state.fail = undefined
      await pass(1_100)
      expect(state.appends.flat()).toEqual(['a', 'b'])
      expect([ledger.trouble(), state.stored.at(-1)]).toEqual(['', ['p', 2]])
    },
  )

  test('any other error counts as broken and is not thrown at whoever gave the rows', async () => {
    const { ledger, state } = open()
    state.fail = new TypeError('worker died')
    ledger.take([row('a')])
    await ledger.flush()
    expect(ledger.trouble()).toContain('broken')
  })

  test('it is said once, not once a second for ten minutes', async () => {
    const { ledger, state } = open()
    state.fail = new StoreError('full', 'no')
    ledger.take([row('a')])
    for (let at = 0; at < 600; at++) await pass(1_000)
    expect(state.log.length).toBe(1)
    state.fail = undefined
    await pass(1_100)
    state.fail = new StoreError('full', 'again')
    ledger.take([row('b')])
    await pass(300)
    expect(state.log.length).toBe(2)
  })

  test('memory is bounded: the oldest go to the spool, none is lost, none is in both', async () => {
    const { ledger, state } = open()
    state.fail = new StoreError('full', 'no')
    const batches = 120
    for (let at = 0; at < batches; at++) ledger.take(rows(1_000, `b${at}-`), 'p', at)
    expect(state.spilled.length).toBeWithin(batches * 1_000 - MAX_HELD, batches * 1_000 - MAX_HELD + 6_000)
    expect(state.spills).toBeLessThanOrEqual(4)
    expect(state.spilled[0]).toBe('b0-0')
    state.fail = undefined
    await ledger.flush()
    expect(state.spilled.length + state.appends.flat().length).toBe(batches * 1_000)
    expect(new Set([...state.spilled, ...state.appends.flat()]).size).toBe(batches * 1_000)
  })

  test('a spool that refuses too costs the rows that do not fit, is said, and does not end the program', async () => {
    const { ledger, state } = open()
    state.fail = new StoreError('full', 'no')
    state.spillFails = true
    for (let at = 0; at < 110; at++) ledger.take(rows(1_000, `b${at}-`), 'p', at)
    expect(state.log.filter((line) => line.includes('lost')).length).toBeWithin(1, 5)
    state.fail = undefined
    await ledger.flush()
    expect(state.appends.flat().length).toBeWithin(MAX_HELD - 6_000, MAX_HELD + 1)
    expect(state.appends.flat().at(-1)).toBe('b109-999')
  })
})

describe('at the end', () => {
  test('what waits is written; what the database does not take goes to the spool; nothing ticks on', async () => {
    const { ledger, state } = open()
    ledger.take([row('a')])
    await ledger.close()
    expect([state.appends, state.spilled, jest.getTimerCount()]).toEqual([[['a']], [], 0])
    const other = open()
    other.state.fail = new StoreError('full', 'no')
    other.ledger.take([row('b')])
    await other.ledger.close()
    expect([other.state.spilled, jest.getTimerCount()]).toEqual([['b'], 0])
  })

  test('neither database nor spool: it ends all the same, and says what is lost', async () => {
    const { ledger, state } = open()
    state.fail = new StoreError('full', 'no')
    state.spillFails = true
    ledger.take([row('a')])
    await ledger.close()
    expect(state.log.at(-1)).toContain('lost')
  })
})
