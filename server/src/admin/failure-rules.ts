import {
  FAILURE_RULE_ROUTES,
  type FailureRuleTest,
  type FailureRuleTested,
  failureRuleTestBody,
  type TestedVerdict,
} from '@ccload/contract/failure-rules.ts'
import { parseFailureRules } from '../config/failure-rules.ts'
import { settingsOf } from '../config/settings.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { type RulesRead, ruleNameOf } from '../core/failure-rules.ts'
import { type RuleFacts, ruleOn, verdictBy } from '../core/rule-verdict.ts'
import { verdict } from '../core/verdict.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpointWithBody } from './endpoint.ts'
import { badRequest, done, type Reply } from './reply.ts'

const OK = 200
const NO_CHANNEL = 0

/** Tries rules on an answer that an upstream has given, or might give. Nothing is stored, nobody rests. */
export function failureRuleEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [endpointWithBody(FAILURE_RULE_ROUTES.test, failureRuleTestBody, (body) => tryOut(deps, body))]
}

function tryOut({ control, clock, zone }: AdminDeps, body: FailureRuleTest): Reply {
  const settings = settingsOf(control.settings())
  const read = readRules(body.rules, settings.failureRules)
  if (!read.ok) return badRequest(`rules: ${read.message}`)
  const failure = failureOf(body)
  if (failure === undefined) return badRequest('headers: a name or value is not allowed in HTTP')
  const nowMs = clock.nowMs()
  const facts: RuleFacts = {
    channelId: body.channel_id ?? NO_CHANNEL,
    channelType: body.channel_type,
    usableKeys: body.keys,
    nowMs,
    cooldownScope: settings.cooldownScope,
    zone: settings.resetTimeZone || zone,
  }
  const table = verdict(failure, facts)
  const match = ruleOn(failure, { facts, table, rules: read.rules })
  const decided = match ? verdictBy(match, failure, { facts, table }) : table
  return done({
    rule: match ? { index: match.index, name: ruleNameOf(match), captures: match.captures } : null,
    verdict: verdictView(decided, nowMs),
    table: verdictView(table, nowMs),
    max_body_chars: read.rules.maxBodyChars,
  } satisfies FailureRuleTested)
}

type InForce = Extract<RulesRead, { ok: true }>['rules']

function readRules(rules: FailureRuleTest['rules'], inForce: InForce): RulesRead {
  if (rules === undefined) return { ok: true, rules: inForce }
  return parseFailureRules(typeof rules === 'string' ? rules : JSON.stringify(rules))
}

/** What the answer would be to a proxy; `undefined` when its headers cannot be. */
function failureOf({ status, body, headers }: FailureRuleTest): Failure | undefined {
  if (status >= OK && status < 300) return { kind: 'soft-error', body, errorType: '', errorCode: '' }
  const bytes = new TextEncoder().encode(body)
  try {
    return { kind: 'status', status, body: bytes, raw: bytes, headers: new Headers(headers) }
  } catch {
    return undefined // a header that HTTP does not allow: said by name to who asked
  }
}

function verdictView(of: Verdict, nowMs: number): TestedVerdict {
  const { blame, next, logStatus, clientStatus, cooldown, restUntilMs, restCapped } = of
  const isNobodys = blame === 'client' || blame === 'nobody' || blame === 'gateway'
  const restBy = isNobodys ? undefined : restUntilMs !== undefined ? 'named' : cooldown
  return {
    blame,
    next,
    log_status: logStatus,
    client_status: clientStatus,
    ...(restBy !== undefined && { rest_by: restBy }),
    ...(restBy === 'named' && restUntilMs !== undefined && { rest_ms: restUntilMs - nowMs }),
    capped: restCapped === true,
  }
}
