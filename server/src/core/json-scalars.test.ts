import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { jsonScalars } from './json-scalars.ts'

function seen(text: string): string[] {
  return jsonScalars(text).map(({ parent, key, value }) => `${parent}.${key}=${JSON.stringify(value)}`)
}

describe('what is found', () => {
  test('strings and numbers with their name and the name around them', () => {
    expect(seen('{"a":"x","e":{"n":-1.5e2,"t":true,"z":null},"b":2}')).toEqual(['.a="x"', 'e.n=-150', '.b=2'])
  })

  test('objects inside an array stand under its name', () => {
    expect(seen('[{"error":{"details":[{"retryDelay":"5s"},[{"x":1}]]}}]')).toEqual([
      'details.retryDelay="5s"',
      'details.x=1',
    ])
  })

  test('escapes are undone', () => {
    expect(seen(String.raw`{"m":"\u989d\n\"q\" \\ \/"}`)).toEqual(['.m="额\\n\\"q\\" \\\\ /"'])
  })

  test('names inside a string are not members', () => {
    expect(seen(String.raw`{"m":"{\"code\":1}"}`)).toEqual(['.m="{\\"code\\":1}"'])
  })

  test('a body cut anywhere gives what was complete before the cut', () => {
    expect(seen('{"error":{"type":"a","mess')).toEqual(['error.type="a"'])
    expect(seen('{"error":{"type":"a","message":"half')).toEqual(['error.type="a"', 'error.message="half"'])
  })

  test.each(['', ' ', 'plain', '"text"', '12', '<html>{"a":1}'])('%p holds nothing', (text) => {
    expect(seen(text)).toEqual([])
  })
})

describe('bounds', () => {
  test('at most a thousand values and 64 levels', () => {
    expect(jsonScalars(`{${'"a":1,'.repeat(5_000)}`)).toHaveLength(1_000)
    expect(seen(`${'{"a":'.repeat(100)}1`)).toEqual([])
  })

  test('whatever JSON.stringify writes is found, and no text throws', () => {
    const key = fc.string({ minLength: 1 })
    const value = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name }), (members) => {
        const object = Object.fromEntries(members)
        const expected = Object.entries(object).map(([name, one]) => ({ key: name, parent: '', value: one }))
        const found = jsonScalars(JSON.stringify(object))
        const comparable = (list: readonly unknown[]): string => JSON.stringify(list)
        expect(comparable(found)).toBe(
          comparable(expected.map(({ key, parent, value: one }) => ({ key, parent, value: one }))),
        )
      }),
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(jsonScalars(`{${text}`).length).toBeLessThanOrEqual(1_000)
      }),
    )
  })
})
