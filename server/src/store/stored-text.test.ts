import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { textOfBytes, textOfChars, wholeNumber } from './stored-text.ts'

const ANY_TEXT = fc.string({
  unit: fc.oneof(fc.constantFrom('a', 'é', '界', '🚀', '\0', '\ud800', '\udfff')),
  maxLength: 60,
})

describe('text cut to bytes', () => {
  test.each([
    ['', 3, ''],
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['界界', 5, '界'],
    ['🚀🚀', 7, '🚀'],
    ['🚀', 3, ''],
    ['\ud83d', 9, '\ufffd'],
    ['a\0b', 9, 'a\ufffdb'],
  ])('%j in %i bytes is %j', (text, maxBytes, expected) => {
    expect(textOfBytes(text, maxBytes)).toBe(expected)
  })

  test('never half a character, never too long, and as long as possible', () => {
    fc.assert(
      fc.property(ANY_TEXT, fc.nat(100), (text, maxBytes) => {
        const whole = textOfBytes(text, Number.MAX_SAFE_INTEGER)
        const cut = textOfBytes(text, maxBytes)
        expect(whole.isWellFormed()).toBe(true)
        expect(whole.startsWith(cut)).toBe(true)
        expect(cut.isWellFormed()).toBe(true)
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes)
        const next = [...whole.slice(cut.length)][0]
        if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(maxBytes)
      }),
    )
  })
})

describe('text cut to characters', () => {
  test('counts code points', () => {
    fc.assert(
      fc.property(ANY_TEXT, fc.nat(30), (text, maxChars) => {
        const whole = [...textOfChars(text, Number.MAX_SAFE_INTEGER)]
        expect([...textOfChars(text, maxChars)]).toEqual(whole.slice(0, maxChars))
      }),
    )
  })
})

test.each([undefined, null, 7, {}])('%p as text is empty', (value) => {
  expect(textOfBytes(value, 10)).toBe('')
  expect(textOfChars(value, 10)).toBe('')
})

test.each([
  [0, 0],
  [-1, 0],
  [1.5, 2],
  [0.4, 0],
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER],
  [1e300, Number.MAX_SAFE_INTEGER],
  ['5', 0],
  [undefined, 0],
])('%p as a whole number is %p', (value, expected) => {
  expect(wholeNumber(value)).toBe(expected)
})
