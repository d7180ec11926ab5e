import { mayClear, nextRest, stepOf } from '../core/cooldown.ts'
import type { RestNote } from '../core/decision.ts'
import type { CooldownClass, Failure, Verdict } from '../core/failure.ts'
import { ruledVerdict } from '../core/rule-verdict.ts'
import type { CooldownTarget } from '../ports/channel-store.ts'
import type { Cell } from '../ports/shared.ts'
import type { ProxyDeps } from './deps.ts'
import { messageOf } from './record.ts'
import type { Target } from './target.ts'
import type { Leg } from './trip.ts'

/** A verdict, and the rest it has made; none when nobody is to rest, or a parallel failure has seen to it. */
export type Judgement = Verdict & { readonly rested?: RestNote }

/** What follows from a failed attempt, with whoever is to blame put to rest. */
export function judge(leg: Leg, failure: Failure): Judgement {
  const { deps, target } = leg
  const { settings } = deps.view()
  const facts = {
    channelId: target.channel.id,
    channelType: target.channel.type,
    usableKeys: target.channel.keys.length,
    nowMs: deps.clock.nowMs(),
    cooldownScope: settings.cooldownScope,
    zone: settings.resetTimeZone || deps.limits.zone,
  }
  const result = ruledVerdict(failure, facts, settings.failureRules)
  const blamed = blamedBy(result, target)
  if (!blamed || (result.cooldown === undefined && result.restUntilMs === undefined)) return result
  const rested = rest(leg, blamed, { result, failure })
  return rested ? { ...result, rested } : result
}

/** A success ends the rests of everyone who took part in it. */
export function praise({ deps, exchange, target }: Leg): void {
  const { channel, key, match } = target
  const may = (rest: { sinceMs: number; untilMs: number }): boolean => mayClear(rest, exchange.attemptStartedAtMs)
  const { shared, report } = deps
  const channelId = channel.id
  if (shared.clearRest(channel.cell, may)) report.cleared({ scope: 'channel', channelId })
  if (shared.clearRest(key.cell, may)) report.cleared({ scope: 'key', channelId, keyId: key.id })
  if (match.model && shared.clearRest(match.model.cell, may))
    report.cleared({ scope: 'model', channelId, model: match.model.name })
}

type Blamed = { readonly cell: Cell; readonly target: CooldownTarget }

function blamedBy(result: Verdict, { channel, key, match }: Target): Blamed | undefined {
  const channelId = channel.id
  switch (result.blame) {
    case 'channel':
      return { cell: channel.cell, target: { scope: 'channel', channelId } }
    case 'key':
      return { cell: key.cell, target: { scope: 'key', channelId, keyId: key.id } }
    case 'model':
      return match.model && { cell: match.model.cell, target: { scope: 'model', channelId, model: match.model.name } }
    case 'client':
    case 'gateway':
    case 'nobody':
      return undefined
  }
}

function rest(
  { deps, exchange }: Leg,
  { cell, target }: Blamed,
  { result, failure }: { readonly result: Verdict; readonly failure: Failure },
): RestNote | undefined {
  const { minMs, maxMs } = deps.limits.cooldown
  const ladder = { firstMs: firstStepMs(deps, result.cooldown ?? 'rate-limit'), minMs, maxMs }
  const nowMs = deps.clock.nowMs()
  const written = deps.shared.changeRest(cell, (previous) =>
    nextRest(previous, {
      ...ladder,
      nowMs,
      attemptStartedAtMs: exchange.attemptStartedAtMs,
      ...(result.restUntilMs !== undefined && { exactUntilMs: result.restUntilMs }),
    }),
  )
  if (!written) return undefined
  const isNamed = result.restUntilMs !== undefined && result.restUntilMs > nowMs
  const height = {
    ...(!isNamed && { step: stepOf(written.untilMs - written.sinceMs, ladder) }),
    ...(result.restCapped && { capped: true as const }),
  }
  const byRule = result.rule === undefined ? '' : `[rule ${result.rule}] `
  deps.report.rested({
    ...target,
    ...written,
    ...height,
    reason: `${byRule}${messageOf(failure, exchange.secrets)}`,
    statusCode: result.logStatus,
    requestId: exchange.id,
  })
  return { scope: target.scope, since: Math.floor(written.sinceMs), until: Math.ceil(written.untilMs), ...height }
}

function firstStepMs(deps: ProxyDeps, step: CooldownClass): number {
  const { cooldown } = deps.limits
  switch (step) {
    case 'auth':
      return cooldown.authMs
    case 'server':
      return cooldown.serverMs
    case 'timeout':
      return cooldown.timeoutMs
    case 'rate-limit':
      return cooldown.rateLimitMs
  }
}
