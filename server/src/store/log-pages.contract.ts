import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { AttemptLog } from '../ports/attempt-log.ts'
import { type Fresh, logQuery, logRow, T0 } from './contract-rows.ts'

/** The part of the contract of `AttemptLog` that is about reading it page by page. */
export function logPagesContract(name: string, fresh: Fresh): void {
  describe(`${name}: AttemptLog`, () => {
    let logs: AttemptLog
    let close: () => Promise<void>
    beforeEach(async () => {
      const opened = await fresh()
      logs = opened.store.logs
      close = opened.close
    })
    afterEach(() => close())

    describe('page', () => {
      test('newest first; rows of one instant by id; from is inside the range, to is not', async () => {
        const times = [T0, T0 + 1, T0 + 1, T0 + 2, T0 + 3]
        await logs.append(times.map((timeMs, place) => logRow({ timeMs, message: `m${place}` })))
        const { rows, total } = await logs.page(logQuery({ fromMs: T0 + 1, toMs: T0 + 3 }))
        expect(rows.map(({ message }) => message)).toEqual(['m3', 'm2', 'm1'])
        expect(total).toBe(3)
      })

      test('keyset pages neither repeat nor skip rows of one instant, also when new rows arrive', async () => {
        await logs.append(
          Array.from({ length: 7 }, (_, place) => logRow({ timeMs: T0 + (place % 2), message: `m${place}` })),
        )
        const seen: string[] = []
        let before: { timeMs: number; id: number } | undefined
        for (let page = 0; page < 4; page++) {
          const { rows, total } = await logs.page(logQuery({ limit: 2, ...(before && { before }) }))
          expect(total).toBe(7 + page)
          seen.push(...rows.map(({ message }) => message))
          before = rows.at(-1)
          await logs.append([logRow({ timeMs: T0 + 100, message: 'new' })])
        }
        expect(seen).toEqual(['m5', 'm3', 'm1', 'm6', 'm4', 'm2', 'm0'])
      })

      test('a page without its total has the same rows', async () => {
        await logs.append([0, 1, 2, 3].map((place) => logRow({ timeMs: T0 + place })))
        const before = { timeMs: T0 + 2, id: Number.MAX_SAFE_INTEGER }
        const counted = await logs.page(logQuery({ before, limit: 2 }))
        expect(await logs.page(logQuery({ before, limit: 2, withTotal: false }))).toEqual({ ...counted, total: 0 })
        expect([counted.total, counted.rows.length]).toEqual([4, 2])
      })

      test('offset pages count from the newest', async () => {
        await logs.append([0, 1, 2, 3].map((n) => logRow({ timeMs: T0 + n, message: `m${n}` })))
        const { rows, total } = await logs.page(logQuery({ limit: 2, offset: 1 }))
        expect(rows.map(({ message }) => message)).toEqual(['m2', 'm1'])
        expect(total).toBe(4)
      })

      const FILTERS = [
        [{ channelIds: [2, 3] }, ['b', 'c']],
        [{ channelIds: [] }, []],
        [{ model: 'gpt_4' }, ['b']],
        [{ modelLike: 'gpt_' }, ['b']],
        [{ modelLike: '100%' }, ['c']],
        [{ modelLike: '!' }, ['d']],
        [{ modelLike: 'GPT' }, ['a', 'b', 'c']],
        [{ modelLike: '' }, ['a', 'b', 'c', 'd']],
        [{ statusCode: 503 }, ['c']],
        [{ tokenId: 9 }, ['d']],
        [{ requestId: 'r-a' }, ['a']],
        [{ channelIds: [1], tokenId: 9 }, ['d']],
        [{ requestId: "' or 1=1 --" }, []],
      ] as const
      test.each(FILTERS)('the filter %j finds %j', async (filter, found) => {
        await logs.append([
          logRow({ message: 'a', model: 'gpt-4', requestId: 'r-a' }),
          logRow({ message: 'b', model: 'gpt_4', channelId: 2 }),
          logRow({ message: 'c', model: 'gpt-100%', channelId: 3, statusCode: 503 }),
          logRow({ message: 'd', model: 'wow!', tokenId: 9 }),
        ])
        const { rows, total } = await logs.page(logQuery(filter))
        expect(rows.map(({ message }) => message).sort()).toEqual([...found])
        expect(total).toBe(found.length)
      })
    })
  })
}
