import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bucketStartMs, planRead, planSteps, type ReadAsk, TIERS } from './rollup-tiers.ts'
import { timeRange } from './time-range.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 11, 15, 14)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ZONES = ['UTC', 'Asia/Shanghai', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/New_York', 'Australia/Eucla'] as const
/** Its clock is set by half an hour: forward on 2026-10-03 at 15:30Z, back on 2026-04-04 at 15:00Z. */
const LORD_HOWE = 'Australia/Lord_Howe'
const ask = (changes: Partial<ReadAsk> = {}): ReadAsk => ({
  fromMs: NOW_MS - HOUR_MS,
  toMs: NOW_MS,
  nowMs: NOW_MS,
  zone: 'UTC',
  dayZone: 'UTC',
  ...changes,
})

describe('the buckets to read', () => {
  test('cover a range without gap or overlap, in every zone and at every age', () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 200 * DAY_MS }), fc.integer({ min: 1, max: 100 * DAY_MS }))
    fc.assert(
      fc.property(
        range,
        fc.constantFrom(...ZONES),
        fc.constantFrom(undefined, 300_000, 900_000, HOUR_MS),
        (r, zone, stepMs) => {
          const fromMs = NOW_MS - r[0]
          const step = stepMs === undefined ? {} : { stepMs }
          const plan = planRead(ask({ fromMs, toMs: fromMs + r[1], zone, dayZone: zone, ...step }))
          expect(plan[0]?.fromMs).toBe(fromMs)
          expect(plan.at(-1)?.toMs).toBe(fromMs + r[1])
          for (const [at, segment] of plan.entries()) {
            expect(segment.toMs).toBeGreaterThan(segment.fromMs)
            if (at > 0) expect(plan[at - 1]?.toMs).toBe(segment.fromMs)
          }
        },
      ),
    )
  })

  test.each(ZONES)('of whole days are days and nothing else in %s', (zone) => {
    for (const name of ['yesterday', 'last_week', 'last_month']) {
      const { fromMs, toMs } = timeRange(name, NOW_MS, zone)
      expect(planRead(ask({ fromMs, toMs, zone, dayZone: zone }))).toEqual([{ tier: 'day', fromMs, toMs }])
    }
  })

  test.each(ZONES)('of a running month are days, and finer ones only of today in %s', (zone) => {
    const { fromMs, toMs } = timeRange('this_month', NOW_MS, zone)
    const [days, ...rest] = planRead(ask({ fromMs, toMs, zone, dayZone: zone }))
    expect([days?.tier, days?.fromMs]).toEqual(['day', fromMs])
    expect(rest.map(({ tier }) => tier)).not.toContain('day')
    expect(rest[0]?.fromMs).toBe(timeRange('today', NOW_MS, zone).fromMs)
  })

  test('of a few wide steps are those of each step alone, without gap or overlap', () => {
    const args = [
      fc.integer({ min: 0, max: 100 * DAY_MS }),
      fc.integer({ min: 2, max: 100 }),
      fc.integer({ min: 1, max: 64 }),
    ]
    fc.assert(
      fc.property(
        ...(args as [fc.Arbitrary<number>, fc.Arbitrary<number>, fc.Arbitrary<number>]),
        fc.constantFrom(...ZONES, LORD_HOWE),
        (back, quarters, count, zone) => {
          const fromMs = bucketStartMs('day', NOW_MS - back, zone)
          const stepMs = quarters * 900_000
          const toMs = Math.min(fromMs + count * stepMs, NOW_MS)
          const plan = planSteps({ ...ask({ fromMs, toMs, zone, dayZone: zone }), stepMs }) ?? []
          let atMs = fromMs
          for (const { step, fromMs: startMs, toMs: endMs } of plan) {
            expect(startMs).toBe(atMs)
            expect(step).toBe(Math.floor((startMs - fromMs) / stepMs))
            expect(endMs).toBeLessThanOrEqual(fromMs + (step + 1) * stepMs)
            atMs = endMs
          }
          expect(atMs).toBe(Math.max(fromMs, toMs))
        },
      ),
    )
  })

  test('of many steps, and of steps that buckets do not fit into, are read all at once', () => {
    const of = (stepMs: number, steps: number) =>
      planSteps({ ...ask({ fromMs: NOW_MS - steps * stepMs, toMs: NOW_MS }), stepMs })
    expect([of(HOUR_MS, 65), of(900_000, 10), of(90_001, 10), of(45_000, 10)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(of(2 * HOUR_MS, 10)).not.toBeUndefined()
  })

  test('of a month in 48 steps are few: five instead of fifteen each', () => {
    const fromMs = Date.UTC(2026, 9, 1)
    const plan = planSteps({ ...ask({ fromMs, toMs: fromMs + 30 * DAY_MS }), stepMs: 15 * HOUR_MS }) ?? []
    const widths = { day: 24, sixhour: 6, hour: 1, quarter: 0.25, minute: 1 / 60 }
    const buckets = plan.map(({ tier, fromMs: a, toMs: b }) => (b - a) / HOUR_MS / widths[tier])
    expect(buckets.reduce((sum, n) => sum + n, 0)).toBe(48 * 5)
  })

  test('are never those of days of another zone', () => {
    const { fromMs, toMs } = timeRange('last_week', NOW_MS, 'Asia/Kolkata')
    for (const dayZone of ['UTC', undefined]) {
      const plan = planRead(ask({ fromMs, toMs, zone: 'Asia/Kolkata', dayZone }))
      expect(plan.every(({ tier }) => tier === 'hour' || tier === 'quarter')).toBe(true)
    }
  })

  test('are as fine as the steps of the answer, while they are kept', () => {
    const at = (daysBack: number, stepMs: number) => {
      const fromMs = bucketStartMs('day', NOW_MS - daysBack * DAY_MS, 'UTC')
      return planRead(ask({ fromMs, toMs: fromMs + HOUR_MS * 2, stepMs })).map(({ tier }) => tier)
    }
    expect([at(0, 300_000), at(1, 300_000), at(3, 300_000), at(20, 300_000), at(120, 300_000)]).toEqual([
      ['minute'],
      ['minute'],
      ['quarter'],
      ['hour'],
      ['day'],
    ])
    expect([at(0, 900_000), at(0, HOUR_MS), at(0, 7 * 60_000)]).toEqual([['quarter'], ['hour'], ['minute']])
  })
})

describe('a bucket', () => {
  test.each([
    ['Asia/Kolkata', '2026-11-22T18:30:00Z', '2026-11-23T10:30:00Z'],
    ['Asia/Kathmandu', '2026-11-22T18:15:00Z', '2026-11-23T11:15:00Z'],
    ['UTC', '2026-11-23T00:00:00Z', '2026-11-23T11:00:00Z'],
  ])('of an hour or a day begins where the clocks of %s begin it', (zone, day, hour) => {
    expect(bucketStartMs('day', NOW_MS, zone)).toBe(Date.parse(day))
    expect(bucketStartMs('hour', NOW_MS, zone)).toBe(Date.parse(hour))
    expect(bucketStartMs('quarter', NOW_MS, zone)).toBe(Date.parse('2026-11-23T11:15:00Z'))
  })

  test.each([
    ['an hour of thirty minutes', '2026-10-03T15:45:00Z', '2026-10-03T15:30:00Z'],
    ['the hour before it', '2026-10-03T15:29:00Z', '2026-10-03T14:30:00Z'],
    ['the hour after it', '2026-10-03T16:30:00Z', '2026-10-03T16:00:00Z'],
    ['an hour of ninety minutes', '2026-04-04T15:10:00Z', '2026-04-04T14:00:00Z'],
    ['the hour after that', '2026-04-04T15:31:00Z', '2026-04-04T15:30:00Z'],
  ])('where clocks are set by half an hour: %s', (_, at, start) => {
    expect(new Date(bucketStartMs('hour', Date.parse(at), LORD_HOWE)).toISOString()).toBe(start.replace('Z', '.000Z'))
  })

  test('begins when the one before it ends, also where clocks are set', () => {
    const days = ['2026-10-03', '2026-04-04', '2026-03-08', '2026-11-01', '2026-11-23'].map((day) =>
      Date.parse(`${day}T00:00:00Z`),
    )
    for (const zone of [...ZONES, LORD_HOWE, 'America/Havana', 'Atlantic/Azores', 'Africa/Cairo']) {
      for (const dayMs of days) {
        for (const tier of ['day', 'sixhour', 'hour', 'quarter'] as const) {
          let lastMs = bucketStartMs(tier, dayMs, zone)
          for (let atMs = dayMs; atMs < dayMs + 2 * DAY_MS; atMs += 300_000) {
            const startMs = bucketStartMs(tier, atMs, zone)
            expect(startMs === lastMs || startMs === atMs).toBe(true)
            lastMs = startMs
          }
        }
      }
    }
  })

  test('contains its instant, and begins in one of each finer tier', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * DAY_MS }), fc.constantFrom(...ZONES), (back, zone) => {
        const starts = TIERS.map((tier) => bucketStartMs(tier, NOW_MS - back, zone))
        expect(starts.toSorted((a, b) => a - b)).toEqual(starts)
        for (const start of starts) expect(bucketStartMs('quarter', starts[0] ?? 0, zone)).toBeLessThanOrEqual(start)
      }),
    )
  })
})
