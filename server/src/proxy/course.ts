import { remainingMs } from '../core/cooldown.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { orderChannels, type Skip } from '../core/order-channels.ts'
import { keyOrder } from '../core/pick-key.ts'
import type { ChannelKey } from '../core/snapshot.ts'
import type { Seat } from '../ports/shared.ts'
import type { Asked } from './admit.ts'
import type { RequestLimit } from './attempt.ts'
import type { ProxyDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { type Standee, standees } from './standing.ts'
import type { Target } from './target.ts'
import type { Trip } from './trip.ts'

/** The way of one request through channels and keys. */
export type Course = {
  /** Whom to ask next, given what became of the last; `undefined` when it is over. */
  next(last: Verdict | undefined): Target | undefined
  readonly skipped: readonly Skip[]
  /** Set when nobody can be asked because the one who could is gone. */
  readonly lost: Failure | undefined
  readonly deadline: RequestLimit
}

/** Plans a request: the order of channels now, the keys of each when it is reached. */
export function courseOf({ deps, exchange, asked }: Pick<Trip, 'deps' | 'exchange' | 'asked'>): Course {
  const { settings, field } = deps.view()
  const nowMs = deps.clock.nowMs()
  const seat = seatOf(deps, asked, nowMs)
  const ordering = orderChannels<Standee>({
    candidates: standees(field(asked.type, asked.model), deps.shared, nowMs),
    nowMs,
    fallback: settings.cooldownFallbackEnabled ? 'earliest' : 'none',
    ticket: (group) => deps.shared.takeTurn(group),
    cache: deps.swrr,
    ...(seat && { preferId: seat.channelId }),
  })
  const pinned = asked.responseId !== undefined && seat !== undefined
  const steps = pinned ? makerOnly(deps, asked, seat) : ordering.order
  let keys: ChannelKey[] = []
  let standee: Standee | undefined
  let attempts = 0
  let spentOnlyTry = false

  const nextChannel = (): boolean => {
    const step = steps.next()
    if (step.done) return false
    standee = step.value
    keys = [...keysOf(deps, standee, { seat, isLastResort: ordering.isFallback || pinned })]
    return true
  }

  const mayNotGoOn = (): boolean =>
    attempts >= settings.maxAttempts ||
    exchange.client.gone().aborted ||
    !deps.retries.mayRetry(asked.type, { percent: settings.retryBudgetPercent, free: settings.retryBudgetMinRequests })

  return {
    skipped: ordering.skipped,
    lost: pinned && makerOf(deps, asked, seat) === undefined ? LOST : undefined,
    deadline: deadlineOf(deps, exchange, asked),
    next(last) {
      if (last && mustStop(last, spentOnlyTry)) return undefined
      if (last?.onlyOnce) spentOnlyTry = true
      if (attempts === 0) deps.retries.request(asked.type)
      else if (mayNotGoOn()) return undefined
      attempts++
      if (last?.next !== 'next-key') keys = []
      while (keys.length === 0) if (!nextChannel()) return undefined
      const key = keys.shift()
      return key && standee && { channel: standee.match.channel, key, match: standee.match }
    },
  }
}

const LOST: Failure = {
  kind: 'bad-request',
  message: 'the channel that made this response is gone: start anew without previous_response_id',
}

/** Only its maker knows a stored answer: nobody else is asked, and its priority and rests do not matter. */
function* makerOnly(deps: ProxyDeps, asked: Asked, seat: Seat): Generator<Standee, undefined> {
  const maker = makerOf(deps, asked, seat)
  if (maker !== undefined) yield maker
}

function makerOf(deps: ProxyDeps, asked: Asked, seat: Seat): Standee | undefined {
  const field = deps.view().field(asked.type, asked.model)
  return standees(field, deps.shared, deps.clock.nowMs()).find((one) => one.id === seat.channelId)
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
  return { atMs: exchange.startedMonoMs + totalMs, failure: () => ({ kind: 'client-deadline', waitedMs: totalMs }) }
}
