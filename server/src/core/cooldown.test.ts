import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { afterSetBack, mayClear, nextRest, type Rest, type RestAsk, remainingMs, stepOf } from './cooldown.ts'

const START_MS = 1_768_989_600_000
const MINUTE_MS = 60_000
const LADDER = { minMs: 10_000, maxMs: 30 * MINUTE_MS }

function ask(over: Partial<RestAsk> = {}): RestAsk {
  return { firstMs: 2 * MINUTE_MS, ...LADDER, nowMs: START_MS, attemptStartedAtMs: START_MS, ...over }
}

/** A channel that fails again the moment each rest is over, `times` times. Lengths in minutes. */
function failingAgainAndAgain(firstMs: number, times: number): number[] {
  const minutes: number[] = []
  let rest: Rest | undefined
  let nowMs = START_MS
  for (let time = 0; time < times; time++) {
    rest = nextRest(rest, ask({ firstMs, nowMs, attemptStartedAtMs: nowMs }))
    if (rest === undefined) throw new Error('an attempt after the rest may judge')
    minutes.push((rest.untilMs - rest.sinceMs) / MINUTE_MS)
    nowMs = rest.untilMs
  }
  return minutes
}

describe('the ladder', () => {
  test('a channel that keeps answering 500 rests 2, 4, 8, 16, then always 30 minutes', () => {
    expect(failingAgainAndAgain(2 * MINUTE_MS, 6)).toEqual([2, 4, 8, 16, 30, 30])
  })

  test('a key that keeps answering 401 rests 5, 10, 20, then always 30 minutes', () => {
    expect(failingAgainAndAgain(5 * MINUTE_MS, 5)).toEqual([5, 10, 20, 30, 30])
  })

  test('a first step below the floor is kept, the next one is lifted to the floor', () => {
    expect(failingAgainAndAgain(1_000, 3).map((minutes) => minutes * 60)).toEqual([1, 10, 20])
  })

  test('a first step above the ceiling is cut to the ceiling', () => {
    expect(failingAgainAndAgain(60 * MINUTE_MS, 2)).toEqual([30, 30])
  })

  test('a floor above the ceiling does not lift a rest over the ceiling', () => {
    const rest = nextRest({ sinceMs: START_MS - 20, untilMs: START_MS }, ask({ minMs: 5_000, maxMs: 1_000 }))
    expect(rest).toEqual({ sinceMs: START_MS, untilMs: START_MS + 1_000 })
  })

  test('a failure of another class doubles the running step and does not start its own ladder', () => {
    const first = nextRest(undefined, ask())
    const nowMs = START_MS + 2 * MINUTE_MS
    const second = nextRest(first, ask({ firstMs: 5 * MINUTE_MS, nowMs, attemptStartedAtMs: nowMs }))
    expect(second).toEqual({ sinceMs: nowMs, untilMs: nowMs + 4 * MINUTE_MS })
  })
})

describe('how high a rest is', () => {
  const ladder = { firstMs: 2 * MINUTE_MS, ...LADDER }

  test.each([
    [2, 0],
    [4, 1],
    [8, 2],
    [16, 3],
    [30, 4],
    [60, 4],
    [15, 3], // what quiet time has left of the ceiling, doubled
    [1, 0],
  ])('%d minutes are %d doublings', (minutes, step) => {
    expect(stepOf(minutes * MINUTE_MS, ladder)).toBe(step)
    expect(stepOf(minutes * MINUTE_MS + 10, ladder)).toBe(step) // as the page keeps it
  })

  test('a first step above the ceiling, below the floor, or of nothing comes to an end', () => {
    expect(stepOf(30 * MINUTE_MS, { firstMs: 60 * MINUTE_MS, ...LADDER })).toBe(0)
    expect(stepOf(10_000, { firstMs: 1, ...LADDER })).toBe(1)
    expect(stepOf(10_000, { firstMs: 0, minMs: 0, maxMs: 0 })).toBe(0)
  })

  test('each failure that follows at once is one step higher, up to the ceiling', () => {
    const steps = failingAgainAndAgain(2 * MINUTE_MS, 6).map((minutes) => stepOf(minutes * MINUTE_MS, ladder))
    expect(steps).toEqual([0, 1, 2, 3, 4, 4])
  })
})

describe('one outage counts once (W-17)', () => {
  test('five requests that were under way when the first failed climb no step', () => {
    let rest = nextRest(undefined, ask({ attemptStartedAtMs: START_MS - 900 }))
    const first = rest
    for (let late = 1; late <= 5; late++) {
      rest = nextRest(rest, ask({ nowMs: START_MS + late, attemptStartedAtMs: START_MS - late })) ?? rest
    }
    expect(rest).toEqual(first as Rest)
  })

  test('an attempt of the very millisecond in which the rest began is parallel to it', () => {
    const running = { sinceMs: START_MS, untilMs: START_MS + MINUTE_MS }
    expect(nextRest(running, ask({ nowMs: START_MS, attemptStartedAtMs: START_MS }))).toBeUndefined()
    expect(nextRest(running, ask({ nowMs: START_MS + 1, attemptStartedAtMs: START_MS + 1 }))).toBeDefined()
  })

  test('a parallel attempt does not replace the running rest even when it brings a named time', () => {
    const running = { sinceMs: START_MS, untilMs: START_MS + MINUTE_MS }
    const late = ask({ nowMs: START_MS + 5, attemptStartedAtMs: START_MS - 5, exactUntilMs: START_MS + 999_000 })
    expect(nextRest(running, late)).toBeUndefined()
  })

  test('a slow attempt from before the outage cannot undo the rest by its success', () => {
    const rest = { sinceMs: START_MS, untilMs: START_MS + MINUTE_MS }
    expect(mayClear(rest, START_MS - 1)).toBe(false)
    expect(mayClear(rest, START_MS)).toBe(false)
    expect(mayClear(rest, START_MS + 1)).toBe(true)
  })

  test('any number of parallel failures, in any order of arrival, make one step', () => {
    const attempts = fc.array(fc.record({ startedMs: fc.nat(1_000), endedMs: fc.nat(1_000) }), { minLength: 1 })
    fc.assert(
      fc.property(attempts, (parallel) => {
        let rest: Rest | undefined
        let steps = 0
        const byEnd = parallel.toSorted((a, b) => a.endedMs - b.endedMs)
        for (const { startedMs, endedMs } of byEnd) {
          const times = { nowMs: START_MS + 1_000 + endedMs, attemptStartedAtMs: START_MS + startedMs }
          const next = nextRest(rest, ask(times))
          if (next !== undefined) steps++
          rest = next ?? rest
        }
        expect(steps).toBe(1)
      }),
    )
  })
})

describe('quiet time', () => {
  const rest = { sinceMs: START_MS, untilMs: START_MS + 16 * MINUTE_MS }
  const afterQuiet = (quietMinutes: number): number => {
    const nowMs = rest.untilMs + quietMinutes * MINUTE_MS
    const next = nextRest(rest, ask({ nowMs, attemptStartedAtMs: nowMs }))
    return ((next?.untilMs ?? 0) - nowMs) / MINUTE_MS
  }

  test.each([
    [0, 30],
    [15, 30],
    [16, 16], // 16 quiet: the step falls from 16 to 8, and doubles to 16
    [23, 16],
    [24, 8], // 8 more: from 8 to 4
    [28, 4],
    [30, 2], // 2 more: below the first step of 2, forgotten
    [10_000, 2],
  ])('after %p quiet minutes a step of 16 is followed by one of %p', (quietMinutes, minutes) => {
    expect(afterQuiet(quietMinutes)).toBe(minutes)
  })

  test('a failure that took long to show is not quiet time', () => {
    const short = { sinceMs: START_MS, untilMs: START_MS + MINUTE_MS }
    const slow = ask({ firstMs: MINUTE_MS, attemptStartedAtMs: short.untilMs, nowMs: short.untilMs + 10 * MINUTE_MS })
    expect(nextRest(short, slow)?.untilMs).toBe(slow.nowMs + 2 * MINUTE_MS)
  })

  test('a named rest of days fades like the highest step, not for days', () => {
    const week = { sinceMs: START_MS, untilMs: START_MS + 7 * 1440 * MINUTE_MS }
    const nowMs = week.untilMs + 60 * MINUTE_MS
    expect(nextRest(week, ask({ nowMs, attemptStartedAtMs: nowMs }))?.untilMs).toBe(nowMs + 2 * MINUTE_MS)
  })
})

describe('a named instant', () => {
  test('is kept to the millisecond, below the floor and above the ceiling', () => {
    for (const waitMs of [1_000, 59_447, 5 * 3_600_000]) {
      expect(nextRest(undefined, ask({ exactUntilMs: START_MS + waitMs }))?.untilMs).toBe(START_MS + waitMs)
    }
  })

  test('does not double, and shortens a long step', () => {
    const rest = { sinceMs: START_MS - 2, untilMs: START_MS + 30 * MINUTE_MS }
    const next = nextRest(rest, ask({ attemptStartedAtMs: START_MS - 1, exactUntilMs: START_MS + 5_000 }))
    expect(next).toEqual({ sinceMs: START_MS, untilMs: START_MS + 5_000 })
  })

  test('further than 7 days is cut to 7 days', () => {
    const rest = nextRest(undefined, ask({ exactUntilMs: START_MS + 1e12 }))
    expect(rest?.untilMs).toBe(START_MS + 7 * 86_400_000)
  })

  test.each([START_MS, START_MS - 1, 0, -1])('that is past (%p) counts as not named', (exactUntilMs) => {
    expect(nextRest(undefined, ask({ exactUntilMs }))?.untilMs).toBe(START_MS + 2 * MINUTE_MS)
  })

  test('of hours is followed by the ceiling, not by its double', () => {
    const rest = { sinceMs: START_MS, untilMs: START_MS + 5 * 3_600_000 }
    const next = nextRest(rest, ask({ nowMs: rest.untilMs, attemptStartedAtMs: rest.untilMs }))
    expect(next?.untilMs).toBe(rest.untilMs + 30 * MINUTE_MS)
  })
})

describe('clocks that jump (F21)', () => {
  const rest = { sinceMs: START_MS, untilMs: START_MS + 2 * MINUTE_MS }

  test('an hour back does not leave the channel resting for an hour', () => {
    expect(remainingMs(rest, START_MS - 3_600_000)).toBe(0)
  })

  test('a minute back never lasts longer than the rest itself', () => {
    expect(remainingMs(rest, START_MS - MINUTE_MS)).toBe(2 * MINUTE_MS)
  })

  test('an hour forward ends the rest', () => {
    expect(remainingMs(rest, START_MS + 3_600_000)).toBe(0)
  })

  test('after an hour back a failure can still start a rest', () => {
    const nowMs = START_MS - 3_600_000
    expect(nextRest(rest, ask({ nowMs, attemptStartedAtMs: nowMs - 50 }))).toBeDefined()
  })

  test('a rest that the clock was set back before goes back with it, so that it does not come to life later', () => {
    const hourMs = 3_600_000
    // Made while the clock was an hour ahead, set right five minutes later.
    const ahead = { sinceMs: START_MS + hourMs, untilMs: START_MS + hourMs + 30 * MINUTE_MS }
    const nowMs = START_MS + 5 * MINUTE_MS
    expect(remainingMs(ahead, nowMs)).toBe(0)
    expect(remainingMs(ahead, START_MS + hourMs - MINUTE_MS)).toBeGreaterThan(0) // the one who would come to life
    expect(afterSetBack(ahead, nowMs, hourMs)).toEqual({ sinceMs: START_MS, untilMs: START_MS + 30 * MINUTE_MS })
    // Of a larger jump than that, it begins now at the latest.
    expect(afterSetBack(ahead, nowMs, 1)).toEqual({ sinceMs: nowMs, untilMs: nowMs + 30 * MINUTE_MS })
  })

  test.each([0, -1, -MINUTE_MS, 1, 1_000])('a rest that began %d ms from now stays as it is', (inMs) => {
    expect(
      afterSetBack({ sinceMs: START_MS + inMs, untilMs: START_MS + MINUTE_MS }, START_MS, 3_600_000),
    ).toBeUndefined()
  })

  test('nothing rests when there is no rest', () => {
    expect(remainingMs(undefined, START_MS)).toBe(0)
  })
})

describe('whatever the history', () => {
  const ms = fc.integer({ min: 1, max: 10_000_000 })

  test('a step lies between floor (or first step) and ceiling, and a remaining time within its rest', () => {
    fc.assert(
      fc.property(ms, ms, ms, ms, fc.nat(100_000_000), (firstMs, minMs, spanMs, lengthMs, quietMs) => {
        const maxMs = minMs + spanMs
        const previous = { sinceMs: START_MS, untilMs: START_MS + lengthMs }
        const nowMs = previous.untilMs + quietMs
        const next = nextRest(previous, { firstMs, minMs, maxMs, nowMs, attemptStartedAtMs: nowMs })
        const stepMs = (next?.untilMs ?? 0) - (next?.sinceMs ?? 0)
        expect(stepMs).toBeLessThanOrEqual(maxMs)
        expect(stepMs).toBeGreaterThanOrEqual(Math.min(firstMs, minMs))
        const leftMs = remainingMs(next, nowMs + 17)
        expect(leftMs).toBeGreaterThanOrEqual(0)
        expect(leftMs).toBeLessThanOrEqual(stepMs)
      }),
    )
  })

  test('without quiet time the ladder only climbs; with more quiet time it is never longer', () => {
    fc.assert(
      fc.property(ms, fc.nat(4_000_000), fc.nat(4_000_000), (lengthMs, lessMs, moreMs) => {
        const previous = { sinceMs: START_MS, untilMs: START_MS + Math.min(lengthMs, LADDER.maxMs) }
        const after = (quietMs: number): number => {
          const nowMs = previous.untilMs + quietMs
          return (nextRest(previous, ask({ nowMs, attemptStartedAtMs: nowMs }))?.untilMs ?? 0) - nowMs
        }
        expect(after(0)).toBeGreaterThanOrEqual(Math.min(lengthMs, LADDER.maxMs))
        if (lengthMs >= 2 * MINUTE_MS) expect(after(lessMs + moreMs)).toBeLessThanOrEqual(after(lessMs))
      }),
    )
  })
})
