import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { findBytes, hasMember, needle } from './find-bytes.ts'

const KEY = needle('"usage"')

test.each<[string, boolean]>([
  ['{"usage":{"a":1}}', true],
  ['{"a":[{"usage" :\n 1}]}', true],
  ['{"usage":null,"x":{"usage":0}}', true],
  ['{"usage":null}', false],
  ['{"usage": null}', false],
  ['{"a":"usage"}', false],
  ['{"a":"\\"usage\\":1"}', false],
  ['{"usages":1,"xusage":2}', false],
  ['{"a":"usage","b":"usage"}', false],
  ['"usage"', false],
  ['', false],
])('%s has usage: %p', (json, has) => expect(hasMember(needle(json), KEY)).toBe(has))

/** Any depth, by parsing. */
function hasDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, inner]) => (name === 'usage' && inner !== null) || hasDeep(inner))
}

test('no member that is there is ever missed', () => {
  const key = fc.oneof(fc.constantFrom('usage', 'error', 'a'), fc.string())
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 1, 'usage', '"usage":1', 'a\\"usage\\"'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(tree, fc.nat({ max: 2 }), (value, indent) => {
      if (hasDeep(value)) expect(hasMember(needle(JSON.stringify(value, null, indent)), KEY)).toBe(true)
      else expect(hasMember(needle(JSON.stringify(value, null, indent)), KEY)).toBe(false)
    }),
    { numRuns: 500 },
  )
})

test('a search begins where it is told to', () => {
  const bytes = needle('ab你ab')
  expect([
    findBytes(bytes, needle('ab'), 0),
    findBytes(bytes, needle('ab'), 1),
    findBytes(bytes, needle('ab'), 6),
  ]).toEqual([0, 5, -1])
})
