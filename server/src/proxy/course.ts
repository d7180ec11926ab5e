import { remainingMs } from '../core/cooldown.ts'
import { type Over, withSeat } from '../core/decision.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { orderChannels, type Skip } from '../core/order-channels.ts'
import { keyOrder } from '../core/pick-key.ts'
import type { Channel, ChannelKey } from '../core/snapshot.ts'
import type { Standee } from '../core/standee.ts'
import type { Seat } from '../ports/shared.ts'
import type { Asked } from './admit.ts'
import type { RequestLimit } from './attempt-clock.ts'
import { considered } from './considered.ts'
import type { ProxyDeps } from './deps.ts'
import { Entrance } from './entrance.ts'
import type { Exchange } from './exchange.ts'
import { allowedOf, standees } from './standing.ts'
import type { Target } from './target.ts'
import type { Trip } from './trip.ts'

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
  const { turns } = deps
  const { order, skipped, isFallback } = orderChannels<Standee>({
    candidates,
    nowMs,
    fallback: settings.cooldownFallbackEnabled ? 'earliest' : 'none',
    ticket: turns.ticket,
    cache: turns.cache,
    dayEndsAtMs: turns.dayEndsAtMs,
    preferId: seat?.channelId,
  })
  const barred = all.length - candidates.length
  exchange.decision = considered(candidates, { skipped, isFallback, barred, seatId: seat?.channelId })
  return { steps: order, skipped, seat, isLastResort: isFallback, isOutage: isFallback, lost: undefined }
}

/** The way of one request through channels and keys: the order of channels as it is now, the keys of each when it is reached. */
export class Course {
  readonly deadline: RequestLimit
  readonly #planned: Planned
  readonly #plan: Plan
  readonly #door: Entrance
  #keys: readonly ChannelKey[] = NO_KEYS
  #keyAt = 0
  #standee: Standee | undefined
  #attempts = 0
  #spentOnlyTry = false
  #over: Over = 'nobody-left'

  constructor(planned: Planned) {
    this.#planned = planned
    this.#plan = planOf(planned)
    this.#door = new Entrance(planned, this.#plan.skipped)
    this.deadline = deadlineOf(planned)
  }

  get skipped(): readonly Skip[] {
    return this.#door.skipped
  }

  /** Everybody rested when the request came: who is tried all the same is the last resort. */
  get isOutage(): boolean {
    return this.#plan.isOutage
  }

  /** Set when nobody can be asked because the one who could is gone. */
  get lost(): Failure | undefined {
    return this.#plan.lost
  }

  /** Why nobody else is asked, once `next` has said so. */
  get over(): Over {
    return this.#over
  }

  /** Whom to ask next, given what became of the last; `undefined` when it is over. */
  next(last: Verdict | undefined): Target | undefined {
    const { deps, exchange, asked } = this.#planned
    exchange.leaveChannel()
    if (last && mustStop(last, this.#spentOnlyTry)) {
      this.#over = 'verdict'
      return undefined
    }
    if (last?.onlyOnce) this.#spentOnlyTry = true
    if (this.#attempts === 0) deps.retries.request(asked.type)
    else if (this.#mayNotGoOn()) return undefined
    if (last?.next !== 'next-key') this.#keys = NO_KEYS
    const standee = this.#standee
    const isOn = this.#keyAt < this.#keys.length && standee !== undefined && this.#door.enter(standee.match)
    const isFound = isOn || this.#nextChannel()
    this.#door.note()
    return isFound ? this.#take() : undefined
  }

  /** The same one once more, when the request has become another; `undefined` when the limits are reached. */
  again(target: Target): Target | undefined {
    if (this.#mayNotGoOn() || !this.#door.enter(target.match)) return undefined
    this.#attempts++
    return target
  }

  #take(): Target | undefined {
    this.#attempts++
    const key = this.#keys[this.#keyAt++]
    const match = this.#standee?.match
    return key && match && { channel: match.channel, key, match }
  }

  #nextChannel(): boolean {
    const { deps, exchange } = this.#planned
    for (let step = this.#plan.steps.next(); !step.done; step = this.#plan.steps.next()) {
      const standee = step.value
      this.#standee = standee
      if (!this.#door.enter(standee.match)) continue
      this.#keys = keysOf(deps, standee, this.#plan)
      this.#keyAt = 0
      if (this.#keys.length > 0) return true
      exchange.leaveChannel()
      this.#door.passOver({ channelId: standee.id, why: 'all-keys-cooling' }) // since the order was made
    }
    return false
  }

  #mayNotGoOn(): boolean {
    const { deps, exchange, asked } = this.#planned
    const isEnough = this.#attempts >= deps.view().settings.maxAttempts
    const why = isEnough ? 'max-attempts' : whyNotOn(deps, exchange, asked)
    if (why !== undefined) this.#over = why
    return why !== undefined
  }
}

const NO_KEYS: readonly ChannelKey[] = []

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
  const only = channel.keys.length === 1 ? channel.keys[0] : undefined
  if (only !== undefined && (isLastResort || restUntilMs(deps, only) === 0)) return channel.keys
  return manyKeys(deps, channel, { seat, isLastResort })
}

function restUntilMs({ shared, clock }: ProxyDeps, key: ChannelKey): number {
  const nowMs = clock.nowMs()
  const leftMs = remainingMs(shared.rest(key.cell), nowMs)
  return leftMs === 0 ? 0 : nowMs + leftMs
}

function manyKeys(deps: ProxyDeps, channel: Channel, { seat, isLastResort }: KeyChoice): readonly ChannelKey[] {
  const nowMs = deps.clock.nowMs()
  const untilMs = (key: ChannelKey): number => restUntilMs(deps, key)
  const sitting =
    seat?.channelId === channel.id ? channel.keys.find((key) => key.id === seat.keyId && untilMs(key) === 0) : undefined
  const others = keyOrder({
    keys: channel.keys,
    strategy: channel.keyStrategy,
    turn: channel.keyStrategy === 'round_robin' && !sitting ? deps.shared.takeKeyTurn(channel.turnCell) : 0,
    restUntilMs: untilMs,
    nowMs,
    isTried: (key) => key === sitting,
    maxKeys: deps.view().settings.maxKeyRetries - (sitting ? 1 : 0),
    whenAllRest: isLastResort ? 'earliest' : 'none',
  })
  return sitting ? [sitting, ...others] : others
}

/** The earlier of our own limit for a request and the client's. */
function deadlineOf({ deps, exchange, asked }: Planned): RequestLimit {
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
