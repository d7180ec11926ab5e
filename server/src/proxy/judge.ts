import { mayClear, nextRest } from '../core/cooldown.ts'
import type { CooldownClass, Failure, Verdict } from '../core/failure.ts'
import { verdict } from '../core/verdict.ts'
import type { CooldownTarget } from '../ports/channel-store.ts'
import type { Cell } from '../ports/shared.ts'
import type { ProxyDeps } from './deps.ts'
import { messageOf } from './record.ts'
import type { Target } from './target.ts'
import type { Leg } from './trip.ts'

/** What follows from a failed attempt, with whoever is to blame put to rest. */
export function judge(leg: Leg, failure: Failure): Verdict {
  const { deps, target } = leg
  const { settings } = deps.view()
  const result = verdict(failure, {
    channelType: target.channel.type,
    usableKeys: target.channel.keys.length,
    nowMs: deps.clock.nowMs(),
    cooldownScope: settings.cooldownScope,
    zone: settings.resetTimeZone || deps.limits.zone,
  })
  const blamed = blamedBy(result, target)
  if (blamed && (result.cooldown || result.restUntilMs !== undefined)) rest(leg, blamed, { result, failure })
  return result
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
): void {
  const { cooldown } = deps.limits
  const nowMs = deps.clock.nowMs()
  const written = deps.shared.changeRest(cell, (previous) =>
    nextRest(previous, {
      firstMs: firstStepMs(deps, result.cooldown ?? 'rate-limit'),
      minMs: cooldown.minMs,
      maxMs: cooldown.maxMs,
      nowMs,
      attemptStartedAtMs: exchange.attemptStartedAtMs,
      ...(result.restUntilMs !== undefined && { exactUntilMs: result.restUntilMs }),
    }),
  )
  if (!written) return
  deps.report.rested({
    ...target,
    ...written,
    reason: messageOf(failure, exchange.secrets),
    statusCode: result.logStatus,
    requestId: exchange.id,
  })
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
