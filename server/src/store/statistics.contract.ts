import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { LogRow } from '../ports/attempt-log.ts'
import type { Statistics, StatisticsQuery, StatisticsRow } from '../ports/statistics.ts'
import type { Store } from '../ports/store.ts'
import { type Fresh, logRow } from './contract-rows.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOW_MS = Date.UTC(2026, 10, 23, 11, 20, 30)
const ZONES = ['UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe'] as const

const query = (changes: Partial<StatisticsQuery> = {}): StatisticsQuery => ({
  fromMs: NOW_MS - 30 * DAY_MS,
  toMs: NOW_MS + 1,
  nowMs: NOW_MS,
  zone: 'UTC',
  by: ['channel', 'model'],
  ...changes,
})
const counts = (rows: readonly StatisticsRow[]) =>
  rows.map(({ channelId, model, tokenId, sums }) => [channelId, model, tokenId, sums.success, sums.error])

/** Every `Statistics` must pass this, whatever it is made of. */
export function statisticsContract(name: string, fresh: Fresh): void {
  describe(`${name}: Statistics`, () => {
    let store: Store
    let statistics: Statistics
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ store, close } = await fresh())
      statistics = store.statistics
    })
    afterEach(() => close())

    const fold = async (nowMs = NOW_MS, zone: string = 'UTC') => {
      for (let left = 1_000; left > 0; left--) if (!(await statistics.compactRollups(nowMs, zone))) return
      throw new Error('it never ends')
    }

    describe('what is counted', () => {
      test('is every new attempt with a channel that no client left, once, in the moment it is stored', async () => {
        const row = logRow({ timeMs: NOW_MS - MINUTE_MS, channelId: 1, model: 'a' })
        await store.logs.append([row, row, logRow({ timeMs: NOW_MS, channelId: 0 })])
        await store.logs.append([row, logRow({ timeMs: NOW_MS, statusCode: 499 })])
        await store.logs.append([logRow({ timeMs: NOW_MS, channelId: 1, model: 'a', statusCode: 599 })])
        expect(counts(await statistics.read(query()))).toEqual([[1, 'a', 0, 1, 1]])
        await fold(NOW_MS + HOUR_MS)
        await fold(NOW_MS + HOUR_MS)
        expect(counts(await statistics.read(query()))).toEqual([[1, 'a', 0, 1, 1]])
      })

      test('has tokens and money to the nano-dollar, and times by kind', async () => {
        const stream = { streaming: true, firstByteMs: 250.5, durationMs: 2000, timeMs: NOW_MS - 1 }
        await store.logs.append([
          logRow({ ...stream, costNanoUsd: 1 }),
          logRow({ ...stream, statusCode: 500, costNanoUsd: 2, firstByteMs: 9 }),
          logRow({ timeMs: NOW_MS - 1, durationMs: 0.412, costNanoUsd: 3 }),
        ])
        const [total] = await statistics.read(query({ by: [] }))
        expect(total?.sums).toEqual({
          success: 2,
          error: 1,
          inputTokens: 30,
          outputTokens: 60,
          cacheReadTokens: 90,
          cacheWriteTokens: 120,
          costNanoUsd: 6,
          durationUs: 2_000_412,
          errorDurationUs: 2_000_000,
          ttfbUs: 250_500,
          ttfbCount: 1,
          wholeUs: 412,
          wholeCount: 1,
        })
      })

      test('nothing is nothing', async () => {
        await fold()
        expect(await statistics.read(query())).toEqual([])
        expect(await statistics.recent(0)).toEqual([])
        expect(await statistics.buildHistory(10)).toBe(false)
      })

      test('impossible numbers are none', async () => {
        const odd = { timeMs: NOW_MS, durationMs: Number.NaN, inputTokens: -5, costNanoUsd: Number.POSITIVE_INFINITY }
        await store.logs.append([logRow(odd)])
        const [total] = await statistics.read(query({ by: [] }))
        expect(total?.sums).toMatchObject({ success: 1, durationUs: 0, inputTokens: 0, costNanoUsd: 0 })
      })
    })

    describe('filters', () => {
      beforeEach(async () => {
        const at = { timeMs: NOW_MS - 2 * DAY_MS }
        await store.logs.append([
          logRow({ ...at, channelId: 1, model: 'M', tokenId: 1 }),
          logRow({ ...at, channelId: 1, model: 'm', tokenId: 2 }),
          logRow({ ...at, channelId: 2, model: '100%_x', tokenId: 2, statusCode: 429 }),
          logRow({ timeMs: NOW_MS - MINUTE_MS, channelId: 2, model: '100ab', tokenId: 3 }),
        ])
      })
      const cases: readonly (readonly [Partial<StatisticsQuery>, readonly (readonly unknown[])[]])[] = [
        [
          { channelIds: [2] },
          [
            [2, '100%_x', 0, 0, 1],
            [2, '100ab', 0, 1, 0],
          ],
        ],
        [{ channelIds: [] }, []],
        [{ model: 'M' }, [[1, 'M', 0, 1, 0]]],
        [{ modelLike: '0%_' }, [[2, '100%_x', 0, 0, 1]]],
        [
          { modelLike: 'M' },
          [
            [1, 'M', 0, 1, 0],
            [1, 'm', 0, 1, 0],
          ],
        ],
        [
          { tokenId: 2 },
          [
            [1, 'm', 0, 1, 0],
            [2, '100%_x', 0, 0, 1],
          ],
        ],
        [
          { by: ['token'] },
          [
            [0, '', 1, 1, 0],
            [0, '', 2, 1, 1],
            [0, '', 3, 1, 0],
          ],
        ],
        [
          { by: ['channel'] },
          [
            [1, '', 0, 2, 0],
            [2, '', 0, 1, 1],
          ],
        ],
        [{ by: [], tokenId: 2, channelIds: [1] }, [[0, '', 0, 1, 0]]],
        [{ fromMs: NOW_MS - HOUR_MS }, [[2, '100ab', 0, 1, 0]]],
      ]
      test.each(cases)('%j, before and after folding', async (changes, wanted) => {
        expect(counts(await statistics.read(query(changes)))).toEqual(wanted as never)
        await fold()
        expect(counts(await statistics.read(query(changes)))).toEqual(wanted as never)
      })

      test('on a status are counted in the log', async () => {
        expect(counts(await statistics.readByStatus(query(), 429))).toEqual([[2, '100%_x', 0, 0, 1]])
        expect(counts(await statistics.readByStatus(query({ tokenId: 3 }), 200))).toEqual([[2, '100ab', 0, 1, 0]])
        expect(await statistics.readByStatus(query(), 499)).toEqual([])
      })
    })

    describe('over time', () => {
      /** One request at each quarter-hour of three days, and one a minute in the last hour. */
      const rowsOfDays = (): LogRow[] => {
        const rows: LogRow[] = []
        for (let at = NOW_MS - 3 * DAY_MS; at <= NOW_MS; at += 15 * MINUTE_MS)
          rows.push(logRow({ timeMs: at, tokenId: 7 }))
        for (let at = NOW_MS - HOUR_MS; at <= NOW_MS; at += MINUTE_MS) rows.push(logRow({ timeMs: at }))
        return rows
      }
      const between = (rows: readonly LogRow[], fromMs: number, toMs: number) =>
        rows.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs).length

      test.each(ZONES)('days, hours, quarter-hours and minutes add up to the same in %s', async (zone) => {
        const rows = rowsOfDays()
        await store.logs.append(rows)
        await fold(NOW_MS, zone)
        const edges = [0, 1, 15, 45, 75, 600, 1440, 2000, 4320].map(
          (minutes) => NOW_MS - 30_000 - minutes * MINUTE_MS - 20 * MINUTE_MS,
        )
        for (const fromMs of edges) {
          const [total] = await statistics.read(query({ by: [], fromMs, zone }))
          expect(total?.sums.success ?? 0).toBe(between(rows, fromMs, NOW_MS + 1))
        }
      })

      test.each(ZONES)(
        'steps begin with the range, and another zone than the stored one is read as well: %s',
        async (zone) => {
          const rows = rowsOfDays()
          await store.logs.append(rows)
          await fold()
          const fromMs = NOW_MS - 2 * DAY_MS - 20 * MINUTE_MS - 30_000 - 30 * MINUTE_MS
          for (const stepMs of [30 * MINUTE_MS, HOUR_MS, 15 * HOUR_MS]) {
            for (const { step, sums } of await statistics.read(query({ by: [], fromMs, stepMs, zone }))) {
              const startMs = fromMs + step * stepMs
              expect(sums.success).toBe(between(rows, startMs, Math.min(startMs + stepMs, NOW_MS + 1)))
            }
          }
        },
      )

      test('a request that ends long after its minute was folded counts there', async () => {
        await store.logs.append([logRow({ timeMs: NOW_MS - HOUR_MS })])
        await fold()
        await store.logs.append([logRow({ timeMs: NOW_MS - HOUR_MS }), logRow({ timeMs: NOW_MS - 40 * DAY_MS })])
        const ask = query({ by: [], fromMs: NOW_MS - 60 * DAY_MS })
        expect((await statistics.read(ask))[0]).toMatchObject({ sums: { success: 3 }, peakRpm: 2 })
        await fold()
        expect((await statistics.read(ask))[0]).toMatchObject({ sums: { success: 3 }, peakRpm: 2 })
      })

      test('history stays when its minutes, quarter-hours and the log rows are gone', async () => {
        const rows = rowsOfDays()
        await store.logs.append(rows)
        await fold()
        const wanted = (await statistics.read(query({ by: [] })))[0]
        await store.logs.prune(NOW_MS + 1, 10_000)
        const laterMs = NOW_MS + 30 * DAY_MS
        await fold(laterMs)
        const later = await statistics.read(query({ by: [], nowMs: laterMs, toMs: NOW_MS + DAY_MS }))
        expect(later[0]).toMatchObject({ sums: wanted?.sums ?? {}, peakRpm: wanted?.peakRpm ?? -1 })
      })

      test.each(['Asia/Kolkata', 'America/New_York'])('a new zone has days of its own: %s', async (zone) => {
        const rows = rowsOfDays()
        await store.logs.append(rows)
        await fold()
        await fold(NOW_MS, zone)
        const all = await statistics.read(query({ by: [], zone }))
        expect(all[0]?.sums.success).toBe(rows.length)
        const laterMs = NOW_MS + 200 * DAY_MS // only days are left then
        await fold(laterMs, zone)
        const localMidnight = zone === 'Asia/Kolkata' ? Date.UTC(2026, 10, 21, 18, 30) : Date.UTC(2026, 10, 22, 5)
        const [day] = await statistics.read(
          query({ by: [], fromMs: localMidnight, toMs: localMidnight + DAY_MS, nowMs: laterMs, zone }),
        )
        expect(day?.sums.success).toBe(96)
      })
    })

    describe('requests per minute', () => {
      test('the peak is that of the busiest minute, of everything and of each part', async () => {
        const at = (minutes: number, count: number, changes: Partial<LogRow>) =>
          Array.from({ length: count }, (_, n) => logRow({ timeMs: NOW_MS - minutes * MINUTE_MS - n, ...changes }))
        await store.logs.append([
          ...at(90, 3, { channelId: 1, tokenId: 1 }),
          ...at(90, 2, { channelId: 2, tokenId: 1 }),
          ...at(200, 4, { channelId: 2, tokenId: 2 }),
          ...at(1, 2, { channelId: 2, tokenId: 2 }),
        ])
        const peaks = async (changes: Partial<StatisticsQuery>) =>
          (await statistics.read(query(changes))).map(({ peakRpm }) => peakRpm)
        const all = async () => [
          await peaks({ by: [] }),
          await peaks({ by: ['channel'] }),
          await peaks({ by: ['channel', 'model'] }),
          await peaks({ by: ['token'] }),
        ]
        expect(await all()).toEqual([[5], [3, 4], [3, 4], [5, 4]])
        await fold()
        expect(await all()).toEqual([[5], [3, 4], [3, 4], [5, 4]])
        const [only] = await statistics.read(query({ by: [], only: 'peaks' }))
        expect(only?.peakRpm).toBe(5)
        const sums = await statistics.read(query({ by: ['channel'], only: 'sums' }))
        expect(sums.map((row) => row.sums.success)).toEqual([3, 8])
      })

      test('recent ones are those of the time asked for, to the millisecond', async () => {
        const row = { channelId: 1, model: 'a', tokenId: 4 }
        await store.logs.append([
          logRow({ ...row, timeMs: NOW_MS - 60_001 }),
          logRow({ ...row, timeMs: NOW_MS - 60_000 }),
          logRow({ ...row, timeMs: NOW_MS, statusCode: 500 }),
          logRow({ ...row, timeMs: NOW_MS, statusCode: 499 }),
          logRow({ ...row, timeMs: NOW_MS, channelId: 0 }),
        ])
        expect(await statistics.recent(NOW_MS - 60_000)).toEqual([{ ...row, requests: 2 }])
      })
    })

    test('latencies are those of successes, before and after folding', async () => {
      const rows = Array.from({ length: 1_000 }, (_, n) =>
        logRow({ timeMs: NOW_MS - HOUR_MS, streaming: true, firstByteMs: n + 1, durationMs: 10 * (n + 1) }),
      )
      for (let start = 0; start < rows.length; start += 10) await store.logs.append(rows.slice(start, start + 10))
      await store.logs.append([logRow({ timeMs: NOW_MS - HOUR_MS, statusCode: 504, durationMs: 600_000 })])
      for (const _ of ['pending', 'folded']) {
        const [row] = await statistics.read(query({ by: [], withLatency: true }))
        for (const [found, exact] of [
          [row?.ttfb?.p50Ms, 500],
          [row?.ttfb?.p99Ms, 990],
          [row?.duration?.p90Ms, 9000],
        ] as const)
          expect(Math.abs(Math.log2((found ?? 0) / exact))).toBeLessThanOrEqual(0.126)
        await fold()
      }
    })
  })
}
