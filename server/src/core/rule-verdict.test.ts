import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Failure, FailureKind, Verdict } from './failure.ts'
import { type FailureRules, NO_RULES, RULE_SCOPES, readFailureRules } from './failure-rules.ts'
import { type RuleFacts, ruledVerdict } from './rule-verdict.ts'
import { verdict } from './verdict.ts'

const NOW_MS = Date.UTC(2026, 0, 22, 10, 0, 0)
const FACTS: RuleFacts = { channelId: 7, channelType: 'openai', usableKeys: 2, nowMs: NOW_MS, zone: 480 }

function rules(...list: readonly object[]): FailureRules {
  const read = readFailureRules(list)
  if (!read.ok) throw new Error(read.message)
  return read.rules
}

function answered(status: number, body = '', headers: Record<string, string> = {}): Failure {
  const bytes = new TextEncoder().encode(body)
  return { kind: 'status', status, body: bytes, raw: bytes, headers: new Headers(headers) }
}

function by(failure: Failure, ...list: readonly object[]): Verdict {
  return ruledVerdict(failure, FACTS, rules(...list))
}

function restS({ restUntilMs }: Verdict): number | undefined {
  return restUntilMs === undefined ? undefined : (restUntilMs - NOW_MS) / 1_000
}

describe('who pays, and what comes next', () => {
  test.each([
    ['key', 'next-key'],
    ['model', 'next-channel'],
    ['channel', 'next-channel'],
    ['client', 'stop'],
  ])('scope %s: %s, whatever the table says', (scope, next) => {
    for (const status of [400, 401, 404, 413, 429, 500]) {
      expect(by(answered(status), { status, scope })).toMatchObject({ blame: scope, next, rule: '#1' })
    }
  })

  test('a rule for the key holds in a channel of one key too: the operator has said so', () => {
    const found = ruledVerdict(answered(500), { ...FACTS, usableKeys: 1 }, rules({ status: 500, scope: 'key' }))
    expect(found.blame).toBe('key')
  })

  test('what no rule speaks of is the table’s, to the last field', () => {
    const other = rules({ status: 418, scope: 'key', duration: 5 })
    for (const failure of [answered(500), answered(401), answered(400, 'too long'), answered(404)]) {
      expect(ruledVerdict(failure, FACTS, other)).toEqual(verdict(failure, FACTS))
      expect(ruledVerdict(failure, FACTS, NO_RULES)).toEqual(verdict(failure, FACTS))
    }
  })

  test('failures between us and the client are nobody’s to rule', () => {
    const all = rules({ status: '100-599', scope: 'channel' })
    for (const kind of [
      'client-gone',
      'client-deadline',
      'request-timeout',
      'bug',
      'busy',
      'unauthorized',
      'bad-request',
    ] as const) {
      const failure = { kind, waitedMs: 5, why: 'memory', retryAfterMs: 5, message: '', error: 0 } as unknown as Failure
      expect(ruledVerdict(failure, FACTS, all)).toEqual(verdict(failure, FACTS))
    }
  })

  test.each([
    [{ kind: 'connect', cause: 'timeout', code: '' }, 504],
    [{ kind: 'connect', cause: 'dns', code: '' }, 502],
    [{ kind: 'reset', code: '' }, 502],
    [{ kind: 'first-byte-timeout', waitedMs: 5 }, 598],
    [{ kind: 'empty', what: 'no-body' }, 502],
    [{ kind: 'html' }, 597],
    [{ kind: 'soft-error', body: '{}', errorType: '', errorCode: '' }, 597],
    [{ kind: 'stream-cut', code: '' }, 599],
  ] as [Failure, number][])('%j is met by the status of its log row, %d', (failure, status) => {
    expect(by(failure, { status, scope: 'model', duration: 9 }).blame).toBe('model')
    expect(by(failure, { status: 418, scope: 'model' })).toEqual(verdict(failure, FACTS))
  })

  test('an upstream’s own status counts where the log shows another', () => {
    const body = JSON.stringify({ error: { code: '1308', message: 'until 2026-01-22 19:00:00' } })
    expect(by(answered(429, body), { status: 429, scope: 'channel', duration: 60 })).toMatchObject({
      blame: 'channel',
      logStatus: 596,
      rule: '#1',
    })
  })

  test('once the client has part of an answer nobody else is asked', () => {
    for (const kind of ['stream-cut', 'stream-idle', 'stream-unfinished', 'stream-error'] as const) {
      const failure = { kind, code: '', waitedMs: 5, body: '{}', errorType: '', errorCode: '' } as unknown as Failure
      expect(by(failure, { status: '500-599', scope: 'key' })).toMatchObject({ blame: 'key', next: 'stop' })
    }
  })
})

describe('what the client sees', () => {
  test('never our 401, 402 or 403, not even when a rule calls it the client’s own', () => {
    for (const status of [401, 402, 403]) {
      for (const scope of RULE_SCOPES) {
        const { clientStatus } = by(answered(status), { status, scope })
        expect([400, 503]).toContain(clientStatus)
      }
    }
  })

  test('called the client’s own it goes straight back as it came', () => {
    expect(by(answered(500, 'x'), { status: 500, scope: 'client' })).toMatchObject({
      clientStatus: 500,
      passThrough: true,
    })
    const soft: Failure = { kind: 'soft-error', body: 'bad tool', errorType: '', errorCode: '' }
    expect(by(soft, { body_regex: 'tool', scope: 'client' })).toMatchObject({ clientStatus: 400, logStatus: 400 })
  })
})

describe('how long', () => {
  test.each([
    [{ duration: 77 }, '', 77],
    [{ duration: 0 }, '', undefined],
    [{ body_regex: '(?P<t>\\d+)', reset_capture: 't' }, 'in 90', 90],
    [{ body_regex: '(?P<t>\\d+)', reset_capture: 't' }, 'at 1769076090', 90],
    [{ body_regex: '(?P<t>\\d+)', reset_capture: 't' }, 'at 1769076090000', 90],
    [{ body_regex: 'at (?P<t>.+)$', reset_capture: 't' }, 'at 2026-01-22 18:01:30', 90],
    [{ body_regex: 'at (?P<t>.+)$', reset_capture: 't' }, 'at 2026-01-22T10:01:30Z', 90],
    [{ body_regex: 'in (?P<t>\\S+)', reset_capture: 't' }, 'in 1m30s', 90],
    [{ body_regex: 'in (?P<t>\\S+)', reset_capture: 't', duration: 5 }, 'in 1m30s', 90],
    [{ body_regex: 'in (?P<t>\\S+)', reset_capture: 't', duration: 5 }, 'in time', 5],
    [{ body_regex: 'in (?P<t>\\S+)', reset_capture: 't', duration: 5 }, 'in 0', 5],
    [{ body_regex: 'in (?P<t>\\d+)?', reset_capture: 't', duration: 5 }, 'in ', 5],
  ] as [object, string, number | undefined][])('%j of %j: %p s', (rule, body, seconds) => {
    const found = by(answered(429, body), { status: 429, scope: 'channel', ...rule })
    expect([restS(found), found.cooldown]).toEqual([seconds, undefined])
  })

  test('beyond seven days it is seven days, and says so; seven days are kept', () => {
    const rule = { body_regex: '(?P<t>\\d+)', scope: 'key', reset_capture: 't' }
    expect(by(answered(429, '604800'), rule)).toMatchObject({ restUntilMs: NOW_MS + 604_800_000 })
    expect(by(answered(429, '604800'), rule).restCapped).toBeUndefined()
    expect(by(answered(429, '604801'), rule)).toMatchObject({ restUntilMs: NOW_MS + 604_800_000, restCapped: true })
  })

  test('without a length it is what the upstream names, else the ladder of its status, also where the table rests nobody', () => {
    const named = by(answered(500, '', { 'retry-after': '30' }), { status: 500, scope: 'model' })
    expect([restS(named), named.cooldown]).toEqual([30, 'server'])
    expect(by(answered(413), { status: 413, scope: 'channel' }).cooldown).toBe('rate-limit')
    expect(by(answered(401), { status: 401, scope: 'channel' }).cooldown).toBe('auth')
    expect(by(answered(422), { status: 422, scope: 'client' }).cooldown).toBeUndefined()
  })
})

test('whatever the failure and the rules, there is a verdict that can be acted on', () => {
  const kinds: readonly FailureKind[] = [
    'connect',
    'reset',
    'status',
    'soft-error',
    'empty',
    'html',
    'stream-cut',
    'bug',
  ]
  const rule = fc.record({
    status: fc.constantFrom(429, '100-599', [500, '400-404']),
    scope: fc.constantFrom(...RULE_SCOPES),
    body_regex: fc.constantFrom('.*', '(?P<t>\\d*)', 'x'),
  })
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 4 }),
      fc.constantFrom(...kinds),
      fc.integer(),
      fc.string(),
      (list, kind, status, body) => {
        const bytes = new TextEncoder().encode(body)
        const more = { status, headers: new Headers(), raw: bytes, cause: 'dns', code: '', what: 'no-body', error: 0 }
        const text = kind === 'status' ? bytes : body
        const failure = { kind, body: text, errorType: '', errorCode: '', ...more } as unknown as Failure
        const found = ruledVerdict(failure, FACTS, rules(...list))
        expect(found.clientStatus).toBeGreaterThanOrEqual(400)
        expect(found.clientStatus).toBeLessThan(596)
        if (found.blame === 'client') expect([found.cooldown, found.restUntilMs]).toEqual([undefined, undefined])
        if (found.restUntilMs !== undefined) expect(found.restUntilMs - NOW_MS).toBeLessThanOrEqual(604_800_000)
      },
    ),
  )
})
