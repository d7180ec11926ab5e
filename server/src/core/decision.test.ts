import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { consideredText, type Decision, decisionText, withOver, withPassed, withSeat, withVerdict } from './decision.ts'
import type { Verdict } from './failure.ts'
import type { Skip } from './order-channels.ts'

const VERDICT: Verdict = {
  blame: 'channel',
  next: 'next-channel',
  logStatus: 500,
  clientStatus: 500,
  passThrough: true,
}
const ALONE = { candidates: [{ id: 1, effectivePriority: 5 }], skipped: [], barred: 0, isLastResort: false }

function read(members: string): Decision {
  return JSON.parse(decisionText(members) ?? '{}') as Decision
}

describe('what is not worth a word', () => {
  test('one candidate and nobody passed over: nothing is stored', () => {
    expect(decisionText(consideredText(ALONE))).toBeUndefined()
    expect(withOver('', 'nobody-left')).toBe('')
    expect(withPassed('', [])).toBe('')
  })

  test('but one candidate of whom another was left out, barred, or asked as the last resort is', () => {
    for (const over of [{ barred: 1 }, { isLastResort: true }]) {
      expect(consideredText({ ...ALONE, ...over })).not.toBe('')
    }
  })
})

describe('what is said', () => {
  test('pieces put together are one JSON object', () => {
    const skipped: Skip[] = [{ channelId: 3, why: 'cooling', untilMs: 1_000.5 }]
    const candidates = [3, 2, 1].map((id) => ({ id, effectivePriority: id === 2 ? 7.26 : 5 }))
    const considered = consideredText({ candidates, skipped, barred: 2, isLastResort: false })
    const passed = withPassed(withSeat(considered, 2), [{ channelId: 1, why: 'busy' }])
    const rest = { scope: 'channel', since: 1, until: 2, step: 0 } as const
    expect(read(withOver(withVerdict(passed, { ...VERDICT, rule: 'a "quoted" name' }, rest), 'max-attempts'))).toEqual({
      among: [
        [2, 7.3],
        [1, 5],
      ],
      skips: [[3, 'cooling', 1_001]],
      barred: 2,
      seat: 2,
      passed: [[1, 'busy']],
      verdict: { blame: 'channel', next: 'next-channel', client: 500, rule: 'a "quoted" name', rest },
      over: 'max-attempts',
    })
    expect(read(withVerdict('', VERDICT))).toEqual({ verdict: { blame: 'channel', next: 'next-channel', client: 500 } })
  })

  test('thousands of channels fit into a few hundred bytes: the first are named, the others counted', () => {
    const candidates = Array.from({ length: 5_000 }, (_, at) => ({ id: at + 1, effectivePriority: at % 7 }))
    const skipped = candidates
      .filter(({ id }) => id % 2 === 0)
      .map(({ id: channelId }): Skip => ({ channelId, why: 'all-keys-cooling', untilMs: 1_790_000_000_000 }))
    const text = consideredText({ candidates, skipped, barred: 0, isLastResort: false })
    const said = read(text)
    expect([said.among?.length, said.more, said.skips?.length, said.moreSkips]).toEqual([16, 2_484, 32, 2_468])
    expect(text.length).toBeLessThan(2_000)
  })

  test('the named ones are the first by priority, then id, as a sort would have them', () => {
    const one = fc.record({
      id: fc.integer({ min: 1, max: 9_999 }),
      effectivePriority: fc.integer({ min: -5, max: 5 }),
    })
    fc.assert(
      fc.property(fc.uniqueArray(one, { minLength: 2, maxLength: 60, selector: ({ id }) => id }), (candidates) => {
        const sorted = candidates.toSorted((a, b) => b.effectivePriority - a.effectivePriority || a.id - b.id)
        const said = read(consideredText({ candidates, skipped: [], barred: 0, isLastResort: false }))
        expect(said.among).toEqual(sorted.slice(0, 16).map(({ id, effectivePriority }) => [id, effectivePriority]))
        expect(said.more ?? 0).toBe(Math.max(0, sorted.length - 16))
      }),
    )
  })
})
