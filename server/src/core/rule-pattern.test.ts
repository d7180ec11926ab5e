import { describe, expect, test } from 'bun:test'
import { readFailureRules } from './failure-rules.ts'
import { compilePattern, type RulePattern } from './rule-pattern.ts'

const BODY_CHARS = 65_536
/** On a machine that others use too; each takes some 10 ms alone. */
/** About 50 ms on an idle core; what explodes takes years, so there is room for a machine that is busy. */
const WITHIN_MS = 2_000
const TRIES = 3

function compiled(source: string): RulePattern {
  const read = compilePattern(source)
  if (!read.ok) throw new Error(`${source}: ${read.why}`)
  return read.pattern
}

/** Two letters in an order that no automaton of few states foresees. */
function noise(chars: number): string {
  let seed = 7
  const letters = Array.from({ length: chars }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return seed > 0x3fffffff ? 'a' : 'b'
  })
  return letters.join('')
}

describe('patterns that explode in other engines (A29)', () => {
  test.each([
    ['(a+)+$', `${'a'.repeat(BODY_CHARS - 1)}!`],
    ['(a|aa)+$', `${'a'.repeat(BODY_CHARS - 1)}!`],
    ['(a|a)*$', `${'a'.repeat(BODY_CHARS - 1)}!`],
    ['(a*)*b', 'a'.repeat(BODY_CHARS)],
    ['([a-zA-Z]+)*$', `${'a'.repeat(BODY_CHARS - 1)}!`],
    ['(.*a){12}$', `${'a'.repeat(BODY_CHARS - 1)}!`],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(BODY_CHARS)],
    ['(\\w+\\s?)*$', `${'a'.repeat(BODY_CHARS - 1)}!`],
    ['(x+x+)+y', `${'x'.repeat(BODY_CHARS - 1)}z`],
    ['(.+)+(.+)+(.+)+Z', 'y'.repeat(BODY_CHARS)],
    ['.*.*.*.*=(?P<n>\\d+)', `${'='.repeat(BODY_CHARS - 1)}5`],
    ['(?P<n>[ab])[ab]*a[ab]{60}(?P<m>c)', `${noise(BODY_CHARS - 1)}c`],
    ['(?P<x>(?:a?){200}a{200})(?P<n>\\d)', `${'a'.repeat(BODY_CHARS - 1)}5`],
  ])('%s is over at once on 64 KiB, captures included', (source, text) => {
    const read = readFailureRules([{ body_regex: source, scope: 'channel' }])
    if (!read.ok) throw new Error(read.message)
    const pattern = read.rules.list[0]?.pattern
    const seen = text.slice(0, read.rules.maxBodyChars)
    // The best of a few: the machine may look away, an exponential engine would not come back at all.
    let bestMs = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < TRIES; tries++) {
      const startMs = performance.now()
      if (pattern?.test(seen)) pattern.captures(seen)
      bestMs = Math.min(bestMs, performance.now() - startMs)
    }
    expect(bestMs).toBeLessThan(WITHIN_MS)
  })

  test('patterns that are too large together are refused, not slow', () => {
    const large = { body_regex: '[ab]{900}', scope: 'channel' }
    expect(readFailureRules([large, large])).toMatchObject({ ok: true })
    expect(readFailureRules([large, large, large])).toMatchObject({
      ok: false,
      message: expect.stringContaining('too large together') as never,
    })
  })

  test('a usual pattern sees all of 64 KiB', () => {
    const read = readFailureRules([{ body_regex: 'quota.{0,5}(?P<s>\\d+)', scope: 'key' }])
    expect(read).toMatchObject({ ok: true, rules: { maxBodyChars: BODY_CHARS } })
  })
})

describe('a pattern that is none', () => {
  test.each([
    ['a(b', 'missing closing )', 3],
    ['ab)c', 'unexpected )', 2],
    ['(a)b)', 'unexpected )', 4],
    ['x[a-', 'missing closing ]', 1],
    ['ab(?=c)', 'invalid or unsupported Perl syntax', 2],
    ['ab(?<!c)', 'invalid named capture', 2],
    ['(a)\\1', 'invalid escape sequence', 3],
    ['ok a** b', 'invalid nested repetition operator', 4],
    ['**', 'missing argument to repetition operator', 0],
    ['a{5}a{2000}', 'invalid repeat count', 5],
    ['[z-a]', 'invalid character class range', 1],
    ['a\\', 'trailing backslash at end of expression', 2],
    ['(?P<x>a)(?P<x>b)', 'duplicate capture group name', 12],
  ])('%s: %s at offset %d', (source, why, at) => {
    expect(compilePattern(source)).toEqual({ ok: false, why, at })
  })
})

describe('captures', () => {
  test('are those of the first match; a group that took no part is absent', () => {
    const pattern = compiled('(?P<a>\\d+)?(?P<b>[a-z])(?P<c>x)?')
    expect(pattern.groups).toEqual(['a', 'b', 'c'])
    expect(pattern.captures('12q 13r')).toEqual({ a: '12', b: 'q' })
    expect(pattern.captures('!')).toEqual({})
  })

  test('both ways of naming a group are understood, and (?i) is blind to case', () => {
    expect(compiled('(?i)RESETS (?<at>\\d+)').captures('resets 5')).toEqual({ at: '5' })
  })
})
