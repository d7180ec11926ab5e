// The judgement of a failure and the page that all processes share, together: what `core/cooldown.ts` decides must hold when
// several processes decide at once.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mayClear, nextRest, remainingMs } from '../core/cooldown.ts'
import { PAGE_BYTES, SharedPage } from './shared-page.ts'

const START_MS = 1_790_000_000_000
const MINUTE_MS = 60_000
const LADDER = { firstMs: 2 * MINUTE_MS, minMs: 10_000, maxMs: 30 * MINUTE_MS }
const MINUTES = [2, 4, 8, 16, 30, 30]
const PROXIES = 4
const CELL = 3
const TICK_MS = 10

/** The same page as four processes see it. */
function pages(): readonly SharedPage[] {
  const memory = new Uint8Array(PAGE_BYTES)
  SharedPage.format(memory, START_MS - 86_400_000)
  return Array.from({ length: PROXIES }, (_, row) => new SharedPage(memory, row))
}

type Attempt = { readonly proxy: number; readonly startedMs: number; readonly endedMs: number }

const attempt = fc.record({
  proxy: fc.nat(PROXIES - 1),
  startedMs: fc.nat(2_000),
  tookMs: fc.nat(3_000),
})

function fails(page: SharedPage | undefined, { startedMs, endedMs }: Attempt, baseMs: number): boolean {
  const times = { nowMs: baseMs + endedMs, attemptStartedAtMs: baseMs + startedMs }
  return page?.changeRest(CELL, (previous) => nextRest(previous, { ...LADDER, ...times })) !== undefined
}

describe('four proxies and one outage', () => {
  test('each wave of parallel failures climbs one step, whoever of the four sees it and in whatever order', () => {
    // All of a wave start within two seconds and end, in any order, after the last has started.
    const wave = fc.array(attempt, { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(fc.array(wave, { minLength: 1, maxLength: MINUTES.length }), (waves) => {
        const all = pages()
        let baseMs = START_MS
        for (const [height, parallel] of waves.entries()) {
          const byEnd = parallel
            .map(({ proxy, startedMs, tookMs }) => ({ proxy, startedMs, endedMs: 2_000 + TICK_MS + tookMs }))
            .toSorted((a, b) => a.endedMs - b.endedMs)
          const judged = byEnd.filter((one) => fails(all[one.proxy], one, baseMs))
          expect(judged).toHaveLength(1)
          const rest = all[0]?.rest(CELL)
          const lengthMs = (rest?.untilMs ?? 0) - (rest?.sinceMs ?? 0)
          expect(Math.abs(lengthMs - (MINUTES[height] ?? 0) * MINUTE_MS)).toBeLessThanOrEqual(TICK_MS)
          baseMs = (rest?.untilMs ?? 0) + TICK_MS // tried anew the moment the rest is over
        }
      }),
    )
  })

  test('a success that was on its way before the outage clears nothing; one that started after it does, for all four', () => {
    const all = pages()
    expect(fails(all[0], { proxy: 0, startedMs: 0, endedMs: 100 }, START_MS)).toBe(true)
    const clears = (proxy: number, startedMs: number) =>
      all[proxy]?.clearRest(CELL, (rest) => mayClear(rest, START_MS + startedMs))
    expect(clears(1, 50)).toBe(false)
    expect(clears(2, 200)).toBe(true)
    expect(all.map((page) => remainingMs(page.rest(CELL), START_MS + 300))).toEqual([0, 0, 0, 0])
    // The next outage starts at the first step again.
    expect(fails(all[3], { proxy: 3, startedMs: 400, endedMs: 500 }, START_MS)).toBe(true)
    expect(remainingMs(all[1]?.rest(CELL), START_MS + 500)).toBeLessThanOrEqual(2 * MINUTE_MS + TICK_MS)
  })
})

test('looking at a turn takes none', () => {
  const [one, other] = pages()
  expect([one?.turn(7), one?.takeTurn(7), other?.turn(7), other?.turn(7), other?.takeTurn(7)]).toEqual([0, 0, 1, 1, 1])
})
