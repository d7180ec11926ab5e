import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type CostParts, costPartsOf, USUAL_TERMS } from '../core/cost-parts.ts'
import { costPartsIn, costPartsText } from './cost-parts-text.ts'

const USUAL: CostParts = {
  parts: [
    { what: 'input', count: 2_011, usdPerUnit: 3 },
    { what: 'output', count: 144, usdPerUnit: 15 },
  ],
  ...{ multiplier: 1, tier: 'standard', isLongContext: false, isClamped: false, isEstimated: false, isUnpriced: false },
}

describe('how a cost is kept', () => {
  test('the usual one is short', () => {
    expect(costPartsText(USUAL)).toBe('{"i":[2011,3],"o":[144,15]}')
  })

  test('the longest one fits its column', () => {
    const whats = [
      'input',
      'output',
      'cache-read',
      'cache-write-5m',
      'cache-write-1h',
      'web-search',
      'request',
    ] as const
    const parts = whats.map((what) => ({ what, count: 2 ** 31 - 1, usdPerUnit: 1234.567891 }))
    const flags = { isLongContext: true, isClamped: true, isEstimated: true, isUnpriced: true }
    const text = costPartsText({ parts, multiplier: 999.999999, tier: 'priority', pricedAs: 'x'.repeat(300), ...flags })
    expect(text.length).toBeLessThanOrEqual(400)
  })

  test('what was kept is read back', () => {
    const part = fc.record({
      what: fc.constantFrom('input', 'output', 'cache-read', 'web-search', 'request'),
      count: fc.nat(),
      usdPerUnit: fc.double({ min: 0, max: 10_000, noNaN: true }).map((n) => n + 0),
    })
    const cost = fc.record({
      parts: fc.uniqueArray(part, { selector: ({ what }) => what }),
      multiplier: fc.double({ min: 0, max: 1_000, noNaN: true }).map((n) => n + 0),
      tier: fc.constantFrom('standard', 'priority', 'flex', 'batch', 'fast'),
      isLongContext: fc.boolean(),
      isClamped: fc.boolean(),
      isEstimated: fc.boolean(),
      isUnpriced: fc.boolean(),
    })
    fc.assert(
      fc.property(cost, (one) => {
        const read = costPartsIn(costPartsText(one as CostParts))
        const byName = (parts: CostParts['parts'] = []) => parts.toSorted((a, b) => (a.what < b.what ? -1 : 1))
        expect({ ...read, parts: byName(read?.parts) } as object).toEqual({
          ...one,
          parts: byName(one.parts as CostParts['parts']),
        })
      }),
    )
  })

  test.each(['', 'null', '5', '[', '"x"', '{"i":'])('%p says nothing', (text) => {
    expect(costPartsIn(text)).toBeUndefined()
  })

  test('numbers that somebody has spoilt by hand are left out', () => {
    expect(costPartsIn('{"i":[-1,3],"o":["1",2],"r":5,"x":-2,"t":"none","f":7}')).toEqual({ ...USUAL, parts: [] })
  })

  test('a model without a price says so', () => {
    const terms = { ...USUAL_TERMS, multiplier: 0.5 }
    expect(costPartsText(costPartsOf({ cost: undefined, terms, isEstimated: true, pricedAs: undefined }))).toBe(
      '{"x":0.5,"f":"eu"}',
    )
  })
})
