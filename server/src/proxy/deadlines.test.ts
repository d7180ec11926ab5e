import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import { AttemptClock } from './attempt-clock.ts'
import { deadlineWheel } from './deadlines.ts'

const TICK_MS = 20

let nowMs = 0
beforeEach(() => {
  jest.useFakeTimers()
  nowMs = 1_000
})
afterEach(() => jest.useRealTimers())

function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 1) {
    nowMs += 1
    jest.advanceTimersByTime(1)
  }
}

const wheel = () => deadlineWheel(() => nowMs)

describe('deadlines', () => {
  test('expire once, at most a tick late and never early', () => {
    const deadlines = wheel()
    const atMs: number[] = []
    deadlines.watch({ atMs: nowMs + 105, expire: () => atMs.push(nowMs) })
    pass(1_000)
    expect(atMs.length).toBe(1)
    expect((atMs[0] ?? 0) - 1_105).toBeWithin(0, TICK_MS + 1)
  })

  test('move: each chunk puts the end of waiting off', () => {
    const deadlines = wheel()
    let expired = 0
    const deadline = { atMs: nowMs + 100, expire: () => expired++ }
    deadlines.watch(deadline)
    for (let at = 0; at < 50; at++) {
      pass(60)
      deadline.atMs = nowMs + 100
    }
    expect(expired).toBe(0)
    pass(130)
    expect(expired).toBe(1)
  })

  test('at infinity nothing expires, and what is dropped is forgotten, also twice', () => {
    const deadlines = wheel()
    const never = { atMs: Number.POSITIVE_INFINITY, expire: () => expect.unreachable() }
    const dropped = { atMs: nowMs + 10, expire: () => expect.unreachable() }
    deadlines.watch(never)
    deadlines.watch(dropped)
    deadlines.drop(dropped)
    deadlines.drop(dropped)
    pass(1_000)
    expect(jest.getTimerCount()).toBe(1) // the one that never ends is still looked at
    deadlines.drop(never)
    pass(TICK_MS)
    expect(jest.getTimerCount()).toBe(0) // nobody waits, nothing ticks
  })

  test('what expires may drop and watch others, itself included', () => {
    const deadlines = wheel()
    const seen: string[] = []
    const other = { atMs: nowMs + 50, expire: () => seen.push('other') }
    const again = {
      atMs: nowMs + 50,
      expire(): void {
        seen.push('again')
        deadlines.drop(other)
        again.atMs = nowMs + 50
        if (seen.length < 3) deadlines.watch(again)
      },
    }
    deadlines.watch(again)
    deadlines.watch(other)
    pass(500)
    expect(seen).toEqual(['again', 'again', 'again'])
  })

  test('tell once who lingers, and not who is answered within a tick', () => {
    const deadlines = wheel()
    const told: string[] = []
    const waits = (name: string) => ({ atMs: nowMs + 1_000, expire: () => {}, lingers: () => told.push(name) })
    const quick = waits('quick')
    deadlines.watch(waits('slow'))
    deadlines.watch(quick)
    pass(TICK_MS + 1)
    deadlines.drop(quick)
    pass(TICK_MS)
    expect(told).toEqual(['slow'])
    pass(500)
    expect(told).toEqual(['slow'])
  })

  test('after a long sleep of the machine all that is due expires in one tick', () => {
    const deadlines = wheel()
    let expired = 0
    for (let at = 0; at < 100; at++) deadlines.watch({ atMs: nowMs + at * 10, expire: () => expired++ })
    nowMs += 3_600_000
    jest.advanceTimersByTime(TICK_MS)
    expect(expired).toBe(100)
  })
})

describe('the clock of an attempt', () => {
  const late = (waitedMs: number) => ({ kind: 'first-byte-timeout', waitedMs }) as const
  const idle = (waitedMs: number) => ({ kind: 'stream-idle', waitedMs }) as const
  const patience = (waitedMs: number) => ({ kind: 'client-deadline', waitedMs }) as const
  const clockOf = () => {
    const stop = new AbortController()
    return { stop, clock: new AttemptClock(wheel(), stop) }
  }

  test('aborts with what was being waited for, and how long', () => {
    const { stop, clock } = clockOf()
    clock.wait(100, late)
    pass(150)
    expect(stop.signal.reason).toMatchObject({ kind: 'first-byte-timeout' })
    expect((stop.signal.reason as { waitedMs: number }).waitedMs).toBeWithin(100, 121)
  })

  test('a new wait replaces the old one, and 0 means no limit', () => {
    const { stop, clock } = clockOf()
    clock.wait(100, late)
    pass(50)
    clock.wait(0, idle)
    pass(10_000)
    expect(stop.signal.aborted).toBe(false)
    clock.wait(100, idle)
    pass(150)
    expect(stop.signal.reason).toMatchObject({ kind: 'stream-idle' })
  })

  test('a wait that counts from the start of the attempt does not begin anew', () => {
    const { stop, clock } = clockOf()
    const sinceMs = nowMs
    pass(90)
    clock.wait(100, late, sinceMs)
    pass(40)
    expect(stop.signal.aborted).toBe(true)
  })

  test('the end of the whole request comes before a longer wait, until the answer is committed', () => {
    const { stop, clock } = clockOf()
    clock.boundBy({ atMs: nowMs + 200, failure: patience })
    clock.wait(10_000, late)
    clock.unbound()
    clock.wait(10_000, idle)
    pass(5_000)
    expect(stop.signal.aborted).toBe(false)
    clock.boundBy({ atMs: nowMs + 200, failure: patience })
    clock.wait(10_000, idle)
    pass(230)
    expect(stop.signal.reason).toMatchObject({ kind: 'client-deadline' })
  })

  test('after its end nothing is aborted, and ending twice is no error', () => {
    const { stop, clock } = clockOf()
    clock.wait(100, late)
    clock.end()
    clock.end()
    pass(1_000)
    expect([stop.signal.aborted, jest.getTimerCount()]).toEqual([false, 0])
  })
})
