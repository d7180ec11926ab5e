import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import type { Failure } from '../core/failure.ts'
import { plainPage } from '../link/page-file.ts'
import { PAGE_BYTES, SharedPage } from '../link/shared-page.ts'
import { type GateLimits, gate } from './gate.ts'

let nowMs = 0
let limits: GateLimits
let shared: SharedPage

beforeEach(() => {
  jest.useFakeTimers()
  nowMs = 0
  limits = { running: 1, waiting: 10, waitMs: 30_000 }
  shared = plainPage(0)
})
afterEach(() => jest.useRealTimers())

const open = () =>
  gate(
    shared,
    () => limits,
    () => nowMs,
  )

/** Time passes for clock and timers alike. */
function pass(ms: number): void {
  nowMs += ms
  jest.advanceTimersByTime(ms)
}

/** What has become of a wait, once all that is due has run. */
async function settled(wait: Promise<Failure | undefined>): Promise<Failure | 'in' | 'waiting'> {
  let outcome: Failure | 'in' | 'waiting' = 'waiting'
  void wait.then((failure) => {
    outcome = failure ?? 'in'
  })
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  return outcome
}

const stays = new AbortController().signal

describe('a slot', () => {
  test('is had at once while there is one, and given back by leaving', async () => {
    const door = open()
    expect([door.tryEnter(), door.tryEnter(), shared.running()]).toEqual([true, false, 1])
    door.leave()
    expect(await settled(door.enter(stays))).toBe('in')
  })

  test('that is freed here goes to who waits longest here, without a look of the timer', async () => {
    const door = open()
    door.tryEnter()
    const waits = [door.enter(stays), door.enter(stays)]
    door.leave()
    expect(await Promise.all(waits.map(settled))).toEqual(['in', 'waiting'])
    expect([shared.running(), shared.waiting()]).toEqual([1, 1])
  })

  test('that is freed in another process is noticed within 4 ms', async () => {
    const door = open()
    shared.enter(1) // another process
    const wait = door.enter(stays)
    pass(3)
    expect(await settled(wait)).toBe('waiting')
    shared.leave()
    pass(4)
    expect(await settled(wait)).toBe('in')
  })

  test('is not taken past those who wait: a newcomer with the quick way stands behind them', async () => {
    const door = open()
    door.tryEnter()
    const first = door.enter(stays)
    shared.leave() // freed, but not yet noticed
    expect(door.tryEnter()).toBe(false)
    pass(4)
    expect(await settled(first)).toBe('in')
  })

  test('appears when the limit is raised, and running ones are left alone when it is lowered', async () => {
    const door = open()
    door.tryEnter()
    const wait = door.enter(stays)
    limits = { ...limits, running: 2 }
    pass(4)
    expect(await settled(wait)).toBe('in')
    limits = { ...limits, running: 1 }
    door.leave()
    expect(door.tryEnter()).toBe(false)
  })
})

describe('who does not get in', () => {
  test('is refused at once when the waiting room is full, and leaves no trace in it', async () => {
    limits = { ...limits, waiting: 1 }
    const door = open()
    door.tryEnter()
    const patient = door.enter(stays)
    expect(await settled(door.enter(stays))).toEqual({ kind: 'busy', why: 'queue-full', retryAfterMs: 1_000 })
    expect(shared.waiting()).toBe(1)
    door.leave()
    expect(await settled(patient)).toBe('in')
    expect(shared.waiting()).toBe(0)
  })

  test('is refused at once when nobody may wait at all', async () => {
    limits = { ...limits, waiting: 0 }
    const door = open()
    door.tryEnter()
    expect(await settled(door.enter(stays))).toMatchObject({ kind: 'busy', why: 'queue-full' })
  })

  test('is refused when his time is over, and not a moment earlier', async () => {
    const door = open()
    door.tryEnter()
    const wait = door.enter(stays)
    pass(29_990)
    expect(await settled(wait)).toBe('waiting')
    pass(20)
    expect(await settled(wait)).toMatchObject({ kind: 'busy', why: 'waited-too-long' })
    expect([shared.waiting(), shared.running()]).toEqual([0, 1])
  })

  test('and whose time is over does not also take the slot that becomes free in the same look', async () => {
    const door = open()
    door.tryEnter()
    const late = door.enter(stays)
    nowMs += 20_000
    const next = door.enter(stays)
    nowMs += 10_001
    shared.leave()
    jest.advanceTimersByTime(4)
    expect(await settled(late)).toMatchObject({ kind: 'busy' })
    expect(await settled(next)).toBe('in')
    expect([shared.running(), shared.waiting()]).toEqual([1, 0])
  })

  test('because he was gone before he asked, takes nothing', async () => {
    expect(await settled(open().enter(AbortSignal.abort()))).toEqual({ kind: 'client-gone' })
    expect([shared.running(), shared.waiting()]).toEqual([0, 0])
  })

  test('because he left while waiting, frees his place at once, also from the middle of the row', async () => {
    const door = open()
    door.tryEnter()
    const leaving = new AbortController()
    const waits = [door.enter(stays), door.enter(leaving.signal), door.enter(stays)]
    leaving.abort()
    expect(await Promise.all(waits.map(settled))).toEqual(['waiting', { kind: 'client-gone' }, 'waiting'])
    expect(shared.waiting()).toBe(2)
    door.leave()
    door.leave()
    limits = { ...limits, running: 2 }
    pass(4)
    expect([await settled(waits[0] as Promise<undefined>), await settled(waits[2] as Promise<undefined>)]).toEqual([
      'in',
      'in',
    ])
  })

  test('leaving after he got in gives no place back twice', async () => {
    const door = open()
    door.tryEnter()
    const leaving = new AbortController()
    const wait = door.enter(leaving.signal)
    door.leave()
    expect(await settled(wait)).toBe('in')
    leaving.abort()
    expect([shared.running(), shared.waiting()]).toEqual([1, 0])
  })
})

test('two processes on one page never hold more than the limit, whoever looks when', async () => {
  limits = { running: 3, waiting: 1_000, waitMs: 60_000 }
  const memory = new Uint8Array(PAGE_BYTES)
  SharedPage.format(memory, 0)
  const doors = [0, 1].map((row) =>
    gate(
      new SharedPage(memory, row),
      () => limits,
      () => nowMs,
    ),
  )
  const page = new SharedPage(memory, 2)
  let served = 0
  const leaves: (() => void)[] = []
  for (let at = 0; at < 100; at++) {
    const door = doors[at % 2]
    void door?.enter(stays).then(() => {
      served++
      expect(page.running()).toBeLessThanOrEqual(3)
      leaves.push(() => door.leave())
    })
  }
  for (let round = 0; round < 200 && served < 100; round++) {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    for (const leave of leaves.splice(0)) leave()
    pass(4)
  }
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  for (const leave of leaves.splice(0)) leave()
  expect([served, page.running(), page.waiting()]).toEqual([100, 0, 0])
})
