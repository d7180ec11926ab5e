import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { AttemptLog, LogRow } from '../ports/attempt-log.ts'
import type { Store } from '../ports/store.ts'
import type { StoredToken } from '../ports/token-store.ts'
import { type Fresh, logQuery, logRow, T0, tokenDraft } from './contract-rows.ts'

const MINUTE_MS = 60_000

/** Every `AttemptLog` must pass this, whatever it is made of. */
export function attemptLogContract(name: string, fresh: Fresh): void {
  describe(`${name}: AttemptLog`, () => {
    let store: Store
    let logs: AttemptLog
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ store, close } = await fresh())
      logs = store.logs
    })
    afterEach(() => close())

    const only = async () => {
      const { rows } = await logs.page(logQuery())
      const { id, ...row } = rows[0] ?? { id: 0, ...logRow() }
      expect(id).toBeGreaterThan(0)
      return row
    }

    describe('append', () => {
      test('a row comes back as it was written', async () => {
        const row = logRow({
          streaming: true,
          firstByteMs: 301,
          usageState: 'estimated',
          costNanoUsd: 1,
          actualModel: 'other',
          attemptNo: 2,
          message: '上游 🚀 "quoted"',
        })
        await logs.append([row])
        expect(await only()).toEqual(row)
      })

      test('how a cost came about is read back, the terms that it was charged by are not kept', async () => {
        const parts = [{ what: 'cache-write-1h', count: 12, usdPerUnit: 0.075 }] as const
        const flags = { isLongContext: true, isClamped: false, isEstimated: true, isUnpriced: false }
        const row = logRow({ costParts: { parts, multiplier: 0, tier: 'flex', pricedAs: 'gpt-5', ...flags } })
        await logs.append([{ ...row, terms: { multiplier: 0, webSearches: 0, isClamped: false } }])
        expect(await only()).toEqual(row)
      })

      test('of hundreds of rows, some of them known and some told twice, each is there once and counts once', async () => {
        const { id: tokenId } = await store.tokens.create(tokenDraft(), T0)
        const rows = Array.from({ length: 300 }, (_, place) =>
          logRow({ tokenId, timeMs: T0 + place, costNanoUsd: 1000 }),
        )
        const told = [...rows.slice(0, 290), ...rows.slice(100, 103)]
        await logs.append(rows.slice(200, 205))
        await logs.append(told)
        await logs.append(rows)
        await logs.append(told)
        const { rows: stored, total } = await logs.page(logQuery({ limit: 1000 }))
        expect(total).toBe(300)
        expect(stored.map(({ attemptId }) => attemptId).reverse()).toEqual(rows.map(({ attemptId }) => attemptId))
        expect(await store.tokens.get(tokenId)).toMatchObject({ successCount: 300, costUsedMicroUsd: 300 })
        const asked = {
          fromMs: T0 - (T0 % MINUTE_MS),
          toMs: T0 + MINUTE_MS,
          nowMs: T0 + MINUTE_MS,
          zone: 'UTC',
          by: [],
        }
        const [counted] = await store.statistics.read(asked)
        expect(counted?.sums).toMatchObject({ success: 300, costNanoUsd: 300_000 })
      })

      test('a batch of hundreds with rows of many tokens, channels and minutes adds to each its own', async () => {
        const tokens = [
          await store.tokens.create(tokenDraft(), T0),
          await store.tokens.create(tokenDraft({ hash: 'b'.repeat(64) }), T0),
        ]
        const rows = Array.from({ length: 120 }, (_, place) =>
          logRow({
            tokenId: tokens[place % 2]?.id ?? 0,
            channelId: 1 + (place % 3),
            timeMs: T0 + (place % 5) * MINUTE_MS,
            model: `m${place % 7}`,
            costNanoUsd: 1000 * place,
          }),
        )
        await logs.append(rows)
        const sumOf = (some: readonly LogRow[]) => some.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0)
        for (const [place, { id }] of tokens.entries()) {
          const costUsedMicroUsd = sumOf(rows.filter((_, at) => at % 2 === place)) / 1000
          expect(await store.tokens.get(id)).toMatchObject({ successCount: 60, costUsedMicroUsd })
        }
        const nowMs = T0 + 10 * MINUTE_MS
        const by = ['channel', 'model'] as const
        const asked = { fromMs: T0 - (T0 % MINUTE_MS), toMs: nowMs, nowMs, zone: 'UTC', by }
        const counted = await store.statistics.read(asked)
        expect(counted).toHaveLength(21)
        for (const { channelId, model, sums } of counted) {
          const own = rows.filter((row) => row.channelId === channelId && row.model === model)
          expect([sums.success, sums.costNanoUsd]).toEqual([own.length, sumOf(own)])
        }
      })

      test('what a row says of its decision is read back to the letter; most say nothing', async () => {
        const decision = JSON.stringify({
          skips: [[7, 'cooling', T0]],
          verdict: { blame: 'key', rule: "a 'name'、\\" },
        })
        const rows = [logRow({ decision }), logRow(), logRow({ decision: undefined })]
        await store.logs.append(rows)
        const { rows: read } = await store.logs.page(logQuery())
        const byId = new Map(read.map((row) => [row.attemptId, row.decision]))
        expect(rows.map(({ attemptId }) => byId.get(attemptId))).toEqual([decision, undefined, undefined])
      })

      test('a repeated attempt changes nothing, also inside one batch', async () => {
        const row = logRow()
        await logs.append([row, { ...row, message: 'twin' }])
        await logs.append([{ ...row, message: 'again' }, logRow({ timeMs: T0 - 1 })])
        const { rows, total } = await logs.page(logQuery())
        expect(total).toBe(2)
        expect(rows[0]?.message).toBe('ok')
      })

      test('nothing is nothing', async () => {
        await logs.append([])
        expect((await logs.page(logQuery())).total).toBe(0)
      })

      test('one impossible row does not lose its batch', async () => {
        const bad = logRow({
          timeMs: T0 + 1,
          model: `${'m'.repeat(190)}🚀${'x'.repeat(500)}`,
          message: `\ud800${'界'.repeat(300)}`,
          inputTokens: Number.NaN,
          outputTokens: -5,
          costNanoUsd: Number.POSITIVE_INFINITY,
          bytesSent: 1.4,
          durationMs: Number.NaN,
        })
        await logs.append([logRow(), bad, logRow()])
        const { rows, total } = await logs.page(logQuery())
        expect(total).toBe(3)
        expect(rows[0]).toMatchObject({ inputTokens: 0, outputTokens: 0, bytesSent: 1, durationMs: 0 })
        expect(rows[0]?.model).toBe(`${'m'.repeat(190)}🚀`)
        expect(rows[0]?.message).toBe(`\ufffd${'界'.repeat(169)}`) // 3 + 169 * 3 = 510 bytes of 512
      })

      test('batches written at once are all there', async () => {
        const batch = () => Array.from({ length: 20 }, () => logRow())
        await Promise.all([logs.append(batch()), logs.append(batch()), logs.append(batch())])
        expect((await logs.page(logQuery())).total).toBe(60)
      })
    })

    describe('the counters of a token', () => {
      let token: StoredToken
      beforeEach(async () => {
        token = await store.tokens.create(tokenDraft(), T0)
      })
      const after = async () => (await store.tokens.get(token.id)) ?? token
      const rowOf = (changes: Partial<LogRow> = {}) => logRow({ tokenId: token.id, ...changes })

      test('take tokens and cost of each new row, and are not touched by other tokens', async () => {
        const other = await store.tokens.create(tokenDraft({ hash: 'other' }), T0)
        await logs.append([rowOf(), rowOf({ timeMs: T0 + 5 }), logRow({ tokenId: 0 }), logRow({ tokenId: 4711 })])
        expect(await after()).toMatchObject({
          successCount: 2,
          failureCount: 0,
          promptTokens: 20,
          completionTokens: 40,
          cacheReadTokens: 60,
          cacheWriteTokens: 80,
          costUsedMicroUsd: 3,
          lastUsedAtMs: T0 + 5,
        })
        expect((await after()).totalCostUsd).toBeCloseTo(3e-6, 12)
        expect(await store.tokens.get(other.id)).toEqual(other)
      })

      test('count a repeated row once', async () => {
        const row = rowOf()
        await logs.append([row])
        await logs.append([row, row])
        expect(await after()).toMatchObject({ successCount: 1, promptTokens: 10 })
      })

      test('charge failures and hang-ups for what was seen', async () => {
        await logs.append([
          rowOf({ statusCode: 499 }),
          rowOf({ statusCode: 599 }),
          rowOf({ statusCode: 503, costNanoUsd: 0 }),
        ])
        expect(await after()).toMatchObject({ successCount: 0, failureCount: 3, costUsedMicroUsd: 3, promptTokens: 30 })
      })

      test('do not lose costs below one micro-dollar', async () => {
        for (let n = 0; n < 9; n++) await logs.append([rowOf({ costNanoUsd: 333 })])
        expect(await after()).toMatchObject({ costUsedMicroUsd: 2 }) // 2,997 nano
        await logs.append([rowOf({ costNanoUsd: 3 })])
        expect(await after()).toMatchObject({ costUsedMicroUsd: 3 })
      })

      test('keep running means over streamed and whole answers', async () => {
        const streamed = (firstByteMs: number) => rowOf({ streaming: true, firstByteMs })
        await logs.append([streamed(100), streamed(300), rowOf({ durationMs: 1000 }), streamed(0)])
        await logs.append([streamed(500), rowOf({ durationMs: 4000 })])
        const { streamCount, streamAvgTtfbS, nonStreamCount, nonStreamAvgS } = await after()
        expect([streamCount, nonStreamCount]).toEqual([3, 2])
        expect(streamAvgTtfbS).toBeCloseTo(0.3, 9)
        expect(nonStreamAvgS).toBeCloseTo(2.5, 9)
      })

      test('never move the last use back', async () => {
        await logs.append([rowOf({ timeMs: T0 + 10 })])
        await logs.append([rowOf({ timeMs: T0 + 1 })])
        expect((await after()).lastUsedAtMs).toBe(T0 + 10)
      })
    })

    test('known names the ids that are stored, out of thousands', async () => {
      const rows = Array.from({ length: 1200 }, () => logRow())
      await logs.append(rows)
      const asked = [...rows.map(({ attemptId }) => attemptId), 'nobody', '']
      expect([...(await logs.known(asked))].sort()).toEqual(rows.map(({ attemptId }) => attemptId).sort())
      expect(await logs.known([])).toEqual([])
    })

    test('prune deletes the oldest, at most so many, and nothing younger', async () => {
      await logs.append([0, 1, 2, 3].map((n) => logRow({ timeMs: T0 + n, message: `m${n}` })))
      expect(await logs.prune(T0 + 3, 2)).toBe(2)
      expect((await logs.page(logQuery())).rows.map(({ message }) => message)).toEqual(['m3', 'm2'])
      expect(await logs.prune(T0 + 3, 2)).toBe(1)
      expect(await logs.prune(T0 + 3, 2)).toBe(0)
    })

    test('costs are summed by channel from an instant on, without rows that reached none', async () => {
      const costs = [
        [1, T0, 5e8],
        [1, T0 + 1, 1],
        [2, T0, 3e9],
        [0, T0, 9e9],
        [2, T0 - 1, 7e9],
      ] as const
      await logs.append(costs.map(([channelId, timeMs, costNanoUsd]) => logRow({ channelId, timeMs, costNanoUsd })))
      expect(await logs.costByChannel(T0)).toEqual([
        { channelId: 1, costUsd: 0.500000001 },
        { channelId: 2, costUsd: 3 },
      ])
    })

    test('what clients that left have cost their tokens is summed from an instant on', async () => {
      const rows = [
        [1, 499, T0, 5],
        [1, 499, T0 + 1, 2],
        [2, 499, T0, 3],
        [1, 200, T0, 100], // in the statistics
        [1, 499, T0 - 1, 100],
        [0, 499, T0, 100], // nobody's
      ] as const
      await logs.append(
        rows.map(([tokenId, statusCode, timeMs, costNanoUsd]) => logRow({ tokenId, statusCode, timeMs, costNanoUsd })),
      )
      expect(await logs.goneCostByToken(T0)).toEqual([
        { tokenId: 1, costNanoUsd: 7 },
        { tokenId: 2, costNanoUsd: 3 },
      ])
    })

    test('models are distinct, sorted, told apart by case, and of the range only', async () => {
      const models = [
        ['b', T0],
        ['a', T0],
        ['b', T0 + 1],
        ['B', T0],
        ['', T0],
        ['late', T0 + 2],
        ['early', T0 - 1],
      ] as const
      await logs.append(models.map(([model, timeMs]) => logRow({ model, timeMs })))
      expect(await logs.models(T0, T0 + 2)).toEqual(['B', 'a', 'b'])
    })
  })
}
