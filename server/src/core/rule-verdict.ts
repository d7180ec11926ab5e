import type { CooldownClass, Failure, FailureKind, Verdict } from './failure.ts'
import {
  type FailureRules,
  MAX_RULE_BODY_CHARS,
  matchingRule,
  type RuleEvidence,
  type RuleMatch,
  type RuleScope,
  ruleNameOf,
} from './failure-rules.ts'
import { capturedReset } from './reset-time.ts'
import { shownStatus, type VerdictFacts, verdict } from './verdict.ts'

/** Whose channel it was. */
export type RuleFacts = VerdictFacts & { readonly channelId: number }

/** What an upstream had a part in: the rest is between us and the client, and no rule can change it. */
const OF_UPSTREAM: ReadonlySet<FailureKind> = new Set([
  'connect',
  'reset',
  'first-byte-timeout',
  'first-content-timeout',
  'answer-timeout',
  'status',
  'soft-error',
  'empty',
  'html',
  'stream-cut',
  'stream-idle',
  'stream-unfinished',
  'stream-error',
])

const WHO_PAYS = {
  key: { blame: 'key', next: 'next-key' },
  model: { blame: 'model', next: 'next-channel' },
  channel: { blame: 'channel', next: 'next-channel' },
  client: { blame: 'client', next: 'stop' },
} as const satisfies Record<RuleScope, Pick<Verdict, 'blame' | 'next'>>

/** The verdict on a failed attempt: by the first of the operator's rules that fits, else by the table. Total. */
export function ruledVerdict(failure: Failure, facts: RuleFacts, rules: FailureRules): Verdict {
  const table = verdict(failure, facts)
  const match = rules.list.length === 0 ? undefined : ruleOn(failure, { facts, table, rules })
  return match ? verdictBy(match, failure, { facts, table }) : table
}

export type RuleQuestion = { readonly facts: RuleFacts; readonly table: Verdict; readonly rules: FailureRules }

/** The rule that speaks of a failure. */
export function ruleOn(failure: Failure, { facts, table, rules }: RuleQuestion): RuleMatch | undefined {
  if (!OF_UPSTREAM.has(failure.kind)) return undefined
  const { channelType, channelId } = facts
  const status = failure.kind === 'status' ? failure.status : table.logStatus
  const evidence: RuleEvidence = { status, channelType, channelId, body: () => bodyOf(failure) }
  return matchingRule(rules, evidence)
}

type Ground = Pick<RuleQuestion, 'facts' | 'table'>

/**
 * What a rule makes of a failure. It decides who pays, what comes next and how long the rest is; what the client sees
 * of the last failure stays with the table, except where the rule calls it the client's own.
 */
export function verdictBy(match: RuleMatch, failure: Failure, { facts, table }: Ground): Verdict {
  const { scope } = match.rule
  const isTooLate = failure.kind.startsWith('stream-') // the client has part of an answer
  return {
    ...WHO_PAYS[scope],
    ...(isTooLate && { next: 'stop' as const }),
    ...(scope === 'client' ? straightBack(failure, table) : shownBy(table)),
    ...restBy(match, facts, table),
    rule: ruleNameOf(match),
  }
}

type Shown = Pick<Verdict, 'logStatus' | 'clientStatus' | 'passThrough'>

function shownBy({ logStatus, clientStatus, passThrough }: Verdict): Shown {
  return { logStatus, clientStatus, passThrough }
}

function straightBack(failure: Failure, table: Verdict): Shown {
  if (failure.kind === 'status') return { logStatus: table.logStatus, ...shownStatus(failure.status, 'request') }
  if (failure.kind === 'soft-error') return { logStatus: 400, clientStatus: 400, passThrough: true }
  return shownBy(table)
}

function restBy({ rule, captures }: RuleMatch, { nowMs, zone }: RuleFacts, table: Verdict): Partial<Verdict> {
  if (rule.scope === 'client') return {}
  const told = captures[rule.resetCapture]
  const named = told === undefined ? undefined : capturedReset(told, nowMs, zone)
  if (named) return { restUntilMs: named.untilMs, ...(named.capped && { restCapped: true as const }) }
  if (rule.durationMs === 0) return {}
  if (rule.durationMs !== undefined) return { restUntilMs: nowMs + rule.durationMs }
  const { restUntilMs, restCapped, cooldown = ladderOf(table.logStatus) } = table
  return { cooldown, ...(restUntilMs !== undefined && { restUntilMs }), ...(restCapped && { restCapped }) }
}

/** The ladder of a status where the table has none, because it would rest nobody. */
function ladderOf(status: number): CooldownClass {
  if (status >= 401 && status <= 403) return 'auth'
  if (status === 597 || status === 598) return 'timeout'
  return status >= 500 ? 'server' : 'rate-limit'
}

function bodyOf(failure: Failure): string {
  if (failure.kind === 'status') return new TextDecoder().decode(failure.body.subarray(0, MAX_RULE_BODY_CHARS))
  return failure.kind === 'soft-error' || failure.kind === 'stream-error' ? failure.body : ''
}
