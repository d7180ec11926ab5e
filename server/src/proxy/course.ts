import { remainingMs } from '../core/cooldown.ts'
import { type Over, withSeat } from '../core/decision.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { orderChannels, type Skip } from '../core/order-channels.ts'
import { keyOrder } from '../core/pick-key.ts'
import type { ChannelKey } from '../core/snapshot.ts'
import type { Standee } from '../core/standee.ts'
import type { Seat } from '../ports/shared.ts'
import type { Asked } from './admit.ts'
import type { RequestLimit } from './attempt.ts'
import { considered } from './considered.ts'
import type { ProxyDeps } from './deps.ts'
import { entrance } from './entrance.ts'
import type { Exchange } from './exchange.ts'
import { allowedOf, standees } from './standing.ts'
import type { Target } from './target.ts'
import type { Trip } from './trip.ts'

/** The way of one request through channels and keys. */
export type Course = {
  /** Whom to ask next, given what became of the last; `undefined` when it is over. */
  next(last: Verdict | undefined): Target | undefined
  /** The same one once more, when the request has become another; `undefined` when the limits are reached. */
  again(target: Target): Target | undefined
  readonly skipped: readonly Skip[]
  /** Everybody rested when the request came: who is tried all the same is the last resort. */
  readonly isOutage: boolean
  /** Set when nobody can be asked because the one who could is gone. */
  readonly lost: Failure | undefined
  readonly deadline: RequestLimit
  /** Why nobody else is asked, once `next` has said so. */
  over(): Over
}

type Planned = Pick<Trip, 'deps' | 'exchange' | 'asked'>

type Plan = {
  readonly steps: Iterator<Standee>
  readonly skipped: readonly Skip[]
  readonly seat: Seat | undefined
  /** Also a key that rests is used. */
  readonly isLastResort: boolean
  readonly isOutage: boolean
  readonly lost: Failure | undefined
}

/** The order of channels as they stand now. Only its maker knows a stored answer: then nobody else is asked. */
function planOf(planned: Planned): Plan {
  const { deps, exchange, asked } = planned
  const { settings, field } = deps.view()
  const nowMs = deps.clock.nowMs()
  const seat = seatOf(deps, asked, nowMs)
  const all = standees(field(asked.type, asked.model), deps.shared, nowMs)
  const candidates = allowedOf(all, exchange.token?.limits)
  if (asked.responseId !== undefined && seat !== undefined) {
    const maker = candidates.filter((one) => one.id === seat.channelId)
    const lost = maker.length === 0 ? LOST : undefined
    exchange.decision = withSeat('', seat.channelId)
    return { steps: maker.values(), skipped: [], seat, isLastResort: true, isOutage: false, lost }
  }
  const { order, skipped, isFallback } = orderChannels<Standee>({
    candidates,
    nowMs,
    fallback: settings.cooldownFallbackEnabled ? 'earliest' : 'none',
    ticket: (group) => deps.shared.takeTurn(group),
    cache: deps.swrr,
    dayEndsAtMs: () => deps.shared.meters.periods().dayEndsAtMs,
    ...(seat && { preferId: seat.channelId }),
  })
  const barred = all.length - candidates.length
  exchange.decision = considered(candidates, { skipped, isFallback, barred, seatId: seat?.channelId })
  return { steps: order, skipped, seat, isLastResort: isFallback, isOutage: isFallback, lost: undefined }
}

/** Plans a request: the order of channels now, the keys of each when it is reached. */
export function courseOf({ deps, exchange, asked }: Planned): Course {
  const { settings } = deps.view()
  const { steps, seat, isLastResort, isOutage, lost, ...plan } = planOf({ deps, exchange, asked })
  const door = entrance({ deps, exchange, asked }, plan.skipped)
  let keys: ChannelKey[] = []
  let standee: Standee | undefined
  let attempts = 0
  let spentOnlyTry = false
  let over: Over = 'nobody-left'

  const nextChannel = (): boolean => {
    for (let step = steps.next(); !step.done; step = steps.next()) {
      standee = step.value
      if (!door.enter(standee.match)) continue
      keys = [...keysOf(deps, standee, { seat, isLastResort })]
      if (keys.length > 0) return true
      exchange.leaveChannel()
      door.passOver({ channelId: standee.id, why: 'all-keys-cooling' }) // since the order was made
    }
    return false
  }

  const mayNotGoOn = (): boolean => {
    const why = attempts >= settings.maxAttempts ? 'max-attempts' : whyNotOn(deps, exchange, asked)
    if (why !== undefined) over = why
    return why !== undefined
  }

  return {
    skipped: door.skipped,
    isOutage,
    lost,
    over: () => over,
    deadline: deadlineOf(deps, exchange, asked),
    next(last) {
      exchange.leaveChannel()
      if (last && mustStop(last, spentOnlyTry)) {
        over = 'verdict'
        return undefined
      }
      if (last?.onlyOnce) spentOnlyTry = true
      if (attempts === 0) deps.retries.request(asked.type)
      else if (mayNotGoOn()) return undefined
      if (last?.next !== 'next-key') keys = []
      const isOn = (keys.length > 0 && standee !== undefined && door.enter(standee.match)) || nextChannel()
      door.note()
      if (!isOn) return undefined
      attempts++
      const key = keys.shift()
      return key && standee && { channel: standee.match.channel, key, match: standee.match }
    },
    again(target) {
      if (mayNotGoOn() || !door.enter(target.match)) return undefined
      attempts++
      return target
    },
  }
}

const LOST: Failure = {
  kind: 'bad-request',
  message: 'the channel that made this response is gone: start anew without previous_response_id',
}

function whyNotOn({ view, retries }: ProxyDeps, exchange: Exchange, asked: Asked): Over | undefined {
  if (exchange.client.gone().aborted) return 'client-gone'
  const { retryBudgetPercent: percent, retryBudgetMinRequests: free } = view().settings
  return retries.mayRetry(asked.type, { percent, free }) ? undefined : 'retry-budget'
}

/** A mistake that may be the client's own is shown to one more upstream, not to all of them. */
function mustStop(last: Verdict, spentOnlyTry: boolean): boolean {
  return last.next === 'stop' || (last.onlyOnce === true && spentOnlyTry)
}

function seatOf(deps: ProxyDeps, asked: Asked, nowMs: number): Seat | undefined {
  if (asked.responseId !== undefined) return deps.affinity.seat(`response:${asked.responseId}`, nowMs)
  if (asked.session === undefined || !deps.view().settings.affinityEnabled) return undefined
  return deps.affinity.seat(asked.session, nowMs)
}

type KeyChoice = { readonly seat: Seat | undefined; readonly isLastResort: boolean }

function keysOf(deps: ProxyDeps, { match }: Standee, { seat, isLastResort }: KeyChoice): readonly ChannelKey[] {
  const { channel } = match
  const nowMs = deps.clock.nowMs()
  const restUntilMs = (key: ChannelKey): number => {
    const leftMs = remainingMs(deps.shared.rest(key.cell), nowMs)
    return leftMs === 0 ? 0 : nowMs + leftMs
  }
  const only = channel.keys.length === 1 ? channel.keys[0] : undefined
  if (only !== undefined && (isLastResort || restUntilMs(only) === 0)) return [only]
  const sitting =
    seat?.channelId === channel.id
      ? channel.keys.find((key) => key.id === seat.keyId && restUntilMs(key) === 0)
      : undefined
  const others = keyOrder({
    keys: channel.keys,
    strategy: channel.keyStrategy,
    turn: channel.keyStrategy === 'round_robin' && !sitting ? deps.shared.takeKeyTurn(channel.turnCell) : 0,
    restUntilMs,
    nowMs,
    isTried: (key) => key === sitting,
    maxKeys: deps.view().settings.maxKeyRetries - (sitting ? 1 : 0),
    whenAllRest: isLastResort ? 'earliest' : 'none',
  })
  return sitting ? [sitting, ...others] : others
}

/** The earlier of our own limit for a request and the client's. */
function deadlineOf(deps: ProxyDeps, exchange: Exchange, asked: Asked): RequestLimit {
  const totalMs = deps.view().settings.requestTotalTimeoutMs || Number.POSITIVE_INFINITY
  const patienceMs = asked.patienceMs ?? Number.POSITIVE_INFINITY
  if (patienceMs <= totalMs) {
    return {
      atMs: exchange.startedMonoMs + patienceMs,
      failure: () => ({ kind: 'client-deadline', waitedMs: patienceMs }),
    }
  }
  return { atMs: exchange.startedMonoMs + totalMs, failure: () => ({ kind: 'request-timeout', waitedMs: totalMs }) }
}
