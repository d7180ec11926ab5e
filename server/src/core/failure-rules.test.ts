import { describe, expect, test } from 'bun:test'
import { type FailureRules, matchingRule, type RuleEvidence, readFailureRules } from './failure-rules.ts'

function rules(...list: readonly object[]): FailureRules {
  const read = readFailureRules(list)
  if (!read.ok) throw new Error(read.message)
  return read.rules
}

function evidence(over: Partial<RuleEvidence> = {}): RuleEvidence {
  return { status: 500, body: () => '', channelType: 'openai', channelId: 7, ...over }
}

const never = (): never => {
  throw new Error('the body was looked at')
}

describe('what is refused, and in whose words', () => {
  test.each([
    [null, 'must be a list of rules'],
    [{}, 'must be a list of rules'],
    ['x', 'must be a list of rules'],
    [Array.from({ length: 101 }, () => ({ status: 500, scope: 'key' })), 'at most 100'],
    [[5], 'rule 1: must be an object'],
    [[[]], 'rule 1: must be an object'],
    [[{ scope: 'key' }], 'rule 1: needs a status or a body_regex'],
    [[{ status: 500 }], 'rule 1: scope: must be one of key, model, channel, client'],
    [[{ status: 500, scope: 'Key' }], 'rule 1: scope: must be one of'],
    [[{ status: 99, scope: 'key' }], 'rule 1: status: must be a status from 100 to 599'],
    [[{ status: '599-500', scope: 'key' }], 'rule 1: status: must be'],
    [[{ status: [], scope: 'key' }], 'rule 1: status: must be'],
    [[{ status: [500, 'x'], scope: 'key' }], 'rule 1: status: must be'],
    [[{ status: 500.5, scope: 'key' }], 'rule 1: status: must be'],
    [[{ status: { from: 1 }, scope: 'key' }], 'rule 1: status: must be'],
    [
      [{ status: 500, scope: 'key', duration: -1 }],
      'rule 1: duration: must be whole seconds from 0 to 604800 (7 days)',
    ],
    [[{ status: 500, scope: 'key', duration: 604_801 }], 'rule 1: duration: must be whole seconds'],
    [[{ status: 500, scope: 'key', duration: '60' }], 'rule 1: duration: must be whole seconds'],
    [[{ status: 500, scope: 'client', duration: 60 }], 'rule 1: with scope client nothing rests'],
    [[{ status: 500, scope: 'key', reset_capture: 'n' }], 'rule 1: reset_capture: body_regex has no group named "n"'],
    [[{ body_regex: '(?P<m>x)', scope: 'key', reset_capture: 'n' }], 'no group named "n"; write (?P<n>…)'],
    [[{ body_regex: '', scope: 'key' }], 'rule 1: body_regex: must be a pattern'],
    [[{ body_regex: 'x'.repeat(2_001), scope: 'key' }], 'rule 1: body_regex: must be a pattern'],
    [[{ status: 500, scope: 'key', channel_types: ['grok'] }], 'rule 1: channel_types: may hold anthropic, codex'],
    [[{ status: 500, scope: 'key', channel_types: 'openai' }], 'rule 1: channel_types: must be a list'],
    [[{ status: 500, scope: 'key', channel_ids: [] }], 'rule 1: channel_ids: must be a list'],
    [[{ status: 500, scope: 'key', channel_ids: [0] }], 'rule 1: channel_ids: must hold ids of channels'],
    [[{ status: 500, scope: 'key', channel_ids: ['7'] }], 'rule 1: channel_ids: must hold ids'],
    [[{ status: 500, scope: 'key', name: 'a\nb' }], 'name: must be a text of at most 60 characters'],
    [[{ status: 500, scope: 'key', cooldown: 5 }], 'rule 1: unknown field "cooldown"'],
    [[JSON.parse('{"status":500,"scope":"key","__proto__":{"x":1}}')], 'rule 1: unknown field "__proto__"'],
    [
      [
        { status: 500, scope: 'key' },
        { name: 'second', scope: 'key' },
      ],
      'rule 2 ("second"): needs a status',
    ],
    [
      [
        { status: 500, scope: 'key' },
        { body_regex: 'a[', scope: 'key' },
      ],
      'rule 2: body_regex: missing closing ] at offset 1',
    ],
  ])('%j', (value, words) => {
    const read = readFailureRules(value)
    expect(read.ok ? '' : read.message).toContain(words)
  })
})

describe('which rule speaks', () => {
  test('the first that fits, by its place and not by how narrow it is', () => {
    const both = rules({ status: '500-599', scope: 'channel' }, { status: 503, scope: 'key' })
    expect(matchingRule(both, evidence({ status: 503 }))?.index).toBe(0)
  })

  test.each([
    [{ status: 503 }, { status: 503 }, true],
    [{ status: 503 }, { status: 502 }, false],
    [{ status: ' 500 - 503 ' }, { status: 503 }, true],
    [{ status: [429, '500-503'] }, { status: 504 }, false],
    [{ status: [429, '500-503'] }, { status: 429 }, true],
    [{ status: 500, channel_types: ['openai', 'codex'] }, {}, true],
    [{ status: 500, channel_types: ['gemini'] }, {}, false],
    [{ status: 500, channel_ids: [6, 7] }, {}, true],
    [{ status: 500, channel_ids: [6] }, {}, false],
    [{ body_regex: 'quota' }, { status: 404, body: () => 'no quota left' }, true],
    [{ body_regex: '^quota' }, { body: () => 'no quota left' }, false],
    [{ body_regex: '额度' }, { body: () => '您的额度已用尽' }, true],
  ] as [object, Partial<RuleEvidence>, boolean][])('%j on %j: %p', (rule, over, fits) => {
    expect(matchingRule(rules({ scope: 'key', ...rule }), evidence(over)) !== undefined).toBe(fits)
  })

  test('nobody looks at a body as long as no rule speaks of the status', () => {
    const some = rules({ status: 429, body_regex: 'x', scope: 'key' }, { status: 500, scope: 'channel' })
    expect(matchingRule(some, evidence({ body: never }))?.index).toBe(1)
    expect(matchingRule(rules(), evidence({ body: never }))).toBeUndefined()
  })

  test('what stands behind the first 64 KiB of a body is not seen', () => {
    const one = rules({ body_regex: 'needle', scope: 'key' })
    const hay = 'h'.repeat(65_536)
    expect(matchingRule(one, evidence({ body: () => `needle${hay}` }))).toBeDefined()
    expect(matchingRule(one, evidence({ body: () => `${hay}needle` }))).toBeUndefined()
  })
})
