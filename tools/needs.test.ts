import { describe, expect, test } from 'bun:test'
import { declaredNeeds, meetNeed, NEEDS } from './needs.mjs'

describe('declaredNeeds', () => {
  test.each([
    ['// needs: redis\nimport x', ['redis']],
    ["import { a } from 'b'\n// needs: redis, nginx\n", ['redis', 'nginx']],
    ['no such line', []],
    ['  // needs: redis', []],
    ['const text = "// needs: redis"', []],
  ])('%j', (text, expected) => {
    expect(declaredNeeds(text)).toEqual(expected)
  })
})

test('a misspelt need is an error that names those that exist, not a suite that never runs', () => {
  expect(() => meetNeed('reddis', () => {})).toThrow(/redis/)
})

test('every need tells the tests through a variable of its own', () => {
  const names = Object.values(NEEDS).map((need) => need.env)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^CCLOAD_TEST_HAS_[A-Z]+$/)
})
