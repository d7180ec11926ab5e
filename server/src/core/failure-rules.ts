import { CHANNEL_TYPES, type ChannelType } from './channel-type.ts'
import { fieldReader, type Reading, type StatusRange } from './rule-fields.ts'
import type { RulePattern } from './rule-pattern.ts'

/** Who is to pay by a rule; `client`: nobody rests, and the answer goes straight back. */
export type RuleScope = 'key' | 'model' | 'channel' | 'client'

export const RULE_SCOPES: readonly [RuleScope, ...RuleScope[]] = ['key', 'model', 'channel', 'client']

/** What an operator says about certain failures; it goes before the table of `verdict.ts`. */
export type FailureRule = {
  /** `''` = it has none. */
  readonly name: string
  /** Empty = any status. */
  readonly statuses: readonly StatusRange[]
  readonly pattern: RulePattern | undefined
  /** Empty = every type, every channel. */
  readonly channelTypes: readonly ChannelType[]
  readonly channelIds: readonly number[]
  readonly scope: RuleScope
  /** How long who is to blame rests; 0 = not at all; `undefined` = as the failure would have it. */
  readonly durationMs: number | undefined
  /** Group of the pattern that says when to come back; `''` = none. Goes before `durationMs`. */
  readonly resetCapture: string
}

export type FailureRules = {
  readonly list: readonly FailureRule[]
  /** How much of a body is looked at, so that all patterns together stay cheap on the worst of texts. */
  readonly maxBodyChars: number
}

export type RulesRead =
  | { readonly ok: true; readonly rules: FailureRules }
  /** `message` names the rule by its place, counting from 1. */
  | { readonly ok: false; readonly message: string }

export type RuleEvidence = {
  /** Of the upstream's answer; of a failure without one, what the log would say (502, 504, 597, 598, 599). */
  readonly status: number
  /** Without content encoding; asked only when a rule wants it. */
  readonly body: () => string
  readonly channelType: ChannelType
  readonly channelId: number
}

export type RuleMatch = {
  readonly rule: FailureRule
  /** Its place, counting from 0. */
  readonly index: number
  readonly captures: Readonly<Record<string, string>>
}

export const NO_RULES: FailureRules = { list: [], maxBodyChars: 0 }
export const MAX_RULE_BODY_CHARS = 65_536

const MAX_RULES = 100
const MAX_PROGRAM = 2_000
/** Characters times instructions of all patterns: about 50 ms on the worst of texts, microseconds on any usual one. */
const MAX_WORK = 1_500_000

/** The first rule that fits. Cost: linear in the body, and nothing while no rule names the status. */
export function matchingRule(rules: FailureRules, evidence: RuleEvidence): RuleMatch | undefined {
  let text: string | undefined
  for (let index = 0; index < rules.list.length; index++) {
    const rule = rules.list[index]
    if (rule === undefined || !isMeant(rule, evidence)) continue
    if (rule.pattern === undefined) return { rule, index, captures: {} }
    text ??= evidence.body().slice(0, rules.maxBodyChars)
    if (!rule.pattern.test(text)) continue
    return { rule, index, captures: rule.pattern.groups.length === 0 ? {} : rule.pattern.captures(text) }
  }
  return undefined
}

/** What a rule is called where people read it: its name, else its place. */
export function ruleNameOf({ rule, index }: RuleMatch): string {
  return rule.name === '' ? `#${index + 1}` : rule.name
}

function isMeant({ statuses, channelTypes, channelIds }: FailureRule, evidence: RuleEvidence): boolean {
  const { status, channelType, channelId } = evidence
  if (statuses.length > 0 && !statuses.some(({ from, to }) => status >= from && status <= to)) return false
  if (channelTypes.length > 0 && !channelTypes.includes(channelType)) return false
  return channelIds.length === 0 || channelIds.includes(channelId)
}

/**
 * Reads a list of rules and compiles their patterns.
 *
 * @param value  Untrusted, as JSON gives it.
 * Errors: none thrown; what is wrong is said with the place of the rule, and in a pattern the offset.
 */
export function readFailureRules(value: unknown): RulesRead {
  if (!Array.isArray(value)) return refused('must be a list of rules in brackets')
  if (value.length > MAX_RULES) return refused(`holds ${value.length} rules, at most ${MAX_RULES} are allowed`)
  const list: FailureRule[] = []
  for (const [index, item] of value.entries()) {
    const read = ruleOf(item)
    if (!read.ok) return refused(`rule ${index + 1}${calledBy(item)}: ${read.why}`)
    list.push(read.value)
  }
  const size = list.reduce((sum, { pattern }) => sum + (pattern?.size ?? 0), 0)
  if (size > MAX_PROGRAM) {
    return refused(`the patterns are too large together (${size} steps, at most ${MAX_PROGRAM}): lower their {n,m}`)
  }
  const maxBodyChars = Math.min(MAX_RULE_BODY_CHARS, Math.floor(MAX_WORK / Math.max(size, 1)))
  return { ok: true, rules: { list, maxBodyChars } }
}

function refused(message: string): RulesRead {
  return { ok: false, message }
}

function calledBy(item: unknown): string {
  const name = typeof item === 'object' && item !== null && 'name' in item ? item.name : undefined
  return typeof name === 'string' && name !== '' ? ` (${JSON.stringify(name.slice(0, 60))})` : ''
}

function ruleOf(item: unknown): Reading<FailureRule> {
  const read = fieldReader(item)
  const rule: FailureRule = {
    name: read.name('name'),
    statuses: read.statuses('status'),
    pattern: read.pattern('body_regex'),
    channelTypes: read.oneOrMore('channel_types', CHANNEL_TYPES),
    channelIds: read.ids('channel_ids'),
    scope: read.choice('scope', RULE_SCOPES),
    durationMs: read.durationMs('duration'),
    resetCapture: read.name('reset_capture'),
  }
  const why = read.problem() ?? contradictionIn(rule)
  return why === undefined ? { ok: true, value: rule } : { ok: false, why }
}

function contradictionIn({ statuses, pattern, scope, durationMs, resetCapture }: FailureRule): string | undefined {
  if (statuses.length === 0 && pattern === undefined)
    return 'needs a status or a body_regex, or it would fit everything'
  if (scope === 'client' && (durationMs !== undefined || resetCapture !== '')) {
    return 'with scope client nothing rests: leave out duration and reset_capture'
  }
  if (resetCapture !== '' && !pattern?.groups.includes(resetCapture)) {
    return `reset_capture: body_regex has no group named ${JSON.stringify(resetCapture)}; write (?P<${resetCapture}>…)`
  }
  return undefined
}
