import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Histogram,
  histogramOf,
  histogramText,
  mergeHistograms,
  parseHistogram,
  quantileMs,
  slotOf,
} from './histogram.ts'

const ERROR_BOUND = 2 ** (1 / 8) * (1 + 1e-9)
const valueMs = fc.double({ min: 1, max: 2 ** 20 - 1, noNaN: true })
const values = fc.array(valueMs, { maxLength: 60 })
const entries = (histogram: Histogram) => [...histogram].toSorted(([a], [b]) => a - b)

describe('adding', () => {
  test('in any order and grouping gives the same', () => {
    fc.assert(
      fc.property(values, values, values, (x, y, z) => {
        const [a, b, c] = [histogramOf(x), histogramOf(y), histogramOf(z)]
        const whole = entries(histogramOf([...x, ...y, ...z]))
        expect(entries(mergeHistograms(mergeHistograms(a, b), c))).toEqual(whole)
        expect(entries(mergeHistograms(a, mergeHistograms(b, c)))).toEqual(whole)
        expect(entries(mergeHistograms(c, mergeHistograms(b, a)))).toEqual(whole)
        expect(entries(mergeHistograms(a, new Map()))).toEqual(entries(a))
      }),
    )
  })

  test('texts to one another adds what they say', () => {
    fc.assert(
      fc.property(values, values, (x, y) => {
        const joined = parseHistogram(histogramText(histogramOf(x)) + histogramText(histogramOf(y)))
        expect(entries(joined)).toEqual(entries(histogramOf([...x, ...y])))
      }),
    )
  })

  test('does not change what is added', () => {
    const one = histogramOf([5])
    mergeHistograms(one, one)
    expect([...one.values()]).toEqual([1])
  })
})

describe('a quantile', () => {
  test('is within 9.1 % of the true one for values from 1 ms to 17 minutes', () => {
    fc.assert(
      fc.property(
        fc.array(valueMs, { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.99),
        (all, share) => {
          const sorted = all.toSorted((a, b) => a - b)
          const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
          const found = quantileMs(histogramOf(all), share) ?? 0
          expect(Math.max(found / exact, exact / found)).toBeLessThanOrEqual(ERROR_BOUND)
        },
      ),
    )
  })

  test('of nothing is unknown, not zero', () => expect(quantileMs(new Map(), 0.5)).toBeUndefined())

  test('is never more than the one of a higher share', () => {
    fc.assert(
      fc.property(
        values,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (v, a, b) => {
          const histogram = histogramOf(v)
          const [low, high] = [quantileMs(histogram, Math.min(a, b)) ?? 0, quantileMs(histogram, Math.max(a, b)) ?? 0]
          expect(low).toBeLessThanOrEqual(high)
        },
      ),
    )
  })
})

describe('the scale', () => {
  test.each([Number.NaN, -1, 0, 0.2, 1])('%p ms counts in the first slot', (ms) => expect(slotOf(ms)).toBe(0))
  test.each([2 ** 20, 1e9, Number.POSITIVE_INFINITY])('%p ms counts in the last one', (ms) => {
    expect(slotOf(ms)).toBe(80)
    expect(quantileMs(histogramOf([ms]), 0.5)).toBe(2 ** 20)
  })
  test('never steps back', () => {
    fc.assert(
      fc.property(valueMs, valueMs, (a, b) =>
        expect(slotOf(Math.min(a, b))).toBeLessThanOrEqual(slotOf(Math.max(a, b))),
      ),
    )
  })
})

test('a text that is none means nothing, and harms nothing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => expect([...parseHistogram(text).values()].every((n) => n > 0)).toBe(true)),
  )
  expect(histogramText(new Map())).toBe('')
})

test('a text needs no escapes in JSON and stays small', () => {
  const text = histogramText(histogramOf(Array.from({ length: 1000 }, (_, n) => n * 997)))
  expect(JSON.stringify(text)).toHaveLength(text.length + 2)
  expect(text.length).toBeLessThan(200)
})
