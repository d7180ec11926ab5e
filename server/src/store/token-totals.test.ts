import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { logRow } from './contract-rows.ts'
import { totalsByToken } from './token-totals.ts'

describe('what a batch adds to tokens', () => {
  test('rows that were already stored, and rows without a token, add nothing', () => {
    const rows = [logRow({ tokenId: 1 }), logRow({ tokenId: 0 }), logRow({ tokenId: -1 })]
    expect(totalsByToken(rows, [false, true, true])).toEqual([])
  })

  test.each([
    [200, 1, 0],
    [299, 1, 0],
    [199, 0, 1],
    [300, 0, 1],
    [499, 0, 1],
    [597, 0, 1],
  ])('status %i counts as %i success and %i failure, charged either way', (statusCode, successes, failures) => {
    const [sum] = totalsByToken([logRow({ tokenId: 1, statusCode })], [true])
    expect(sum).toMatchObject({ successes, failures, costNanoUsd: 1500, promptTokens: 10 })
  })

  test('splitting a batch changes no sum', () => {
    const row = fc.record({
      tokenId: fc.nat(3),
      costNanoUsd: fc.nat(10_000),
      streaming: fc.boolean(),
      firstByteMs: fc.nat(9),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), fc.nat(20), (changes, at) => {
        const rows = changes.map((change) => logRow(change))
        const isNew = rows.map(() => true)
        const cost = (some: typeof rows) =>
          totalsByToken(some, isNew).reduce(
            (sum, totals) => sum + totals.costNanoUsd + totals.streams + totals.wholes,
            0,
          )
        expect(cost(rows.slice(0, at)) + cost(rows.slice(at))).toBe(cost(rows))
      }),
    )
  })

  test('numbers that are none add 0 and never make the sum NaN', () => {
    const bad = { costNanoUsd: Number.NaN, inputTokens: -4, durationMs: Number.NaN, timeMs: Number.NaN }
    const [sum] = totalsByToken([logRow({ tokenId: 1, ...bad })], [true])
    expect(sum).toMatchObject({ costNanoUsd: 0, promptTokens: 0, wholeS: 0, lastUsedAtMs: 0 })
  })
})
