import { settingsOf } from '../config/settings.ts'
import { remainingMs } from '../core/cooldown.ts'
import { isExpired, mayUseModel } from '../core/limits.ts'
import { candidatesFor } from '../core/match-model.ts'
import { orderChannels } from '../core/order-channels.ts'
import { keyOrder } from '../core/pick-key.ts'
import { newSwrrCache } from '../core/smooth-turn.ts'
import type { ApiToken, Channel } from '../core/snapshot.ts'
import { type Standee, standeeOf } from '../core/standee.ts'
import { openWire } from '../link/messages.ts'
import { seatHash, sessionName } from '../link/seat-name.ts'
import type { Clock } from '../ports/clock.ts'
import type { Seat, Shared } from '../ports/shared.ts'
import type { LeftOut, Simulated, SimulatedStep, SimulationAsk } from './control.ts'
import type { Registry } from './registry.ts'

export type SimulationParts = { readonly registry: Registry; readonly shared: Shared; readonly clock: Clock }

/**
 * The order in which a request would be tried now: the same decisions over the same counters as in a proxy, only that
 * nothing is counted. `undefined` when there is no such token.
 */
export function simulate(parts: SimulationParts, ask: SimulationAsk): Simulated | undefined {
  const { registry, shared } = parts
  const token = ask.tokenId === undefined ? undefined : registry.tokens.get(ask.tokenId)
  if (token === undefined && ask.tokenId !== undefined) return undefined
  const nowMs = parts.clock.nowMs()
  const settings = settingsOf(registry.settings)
  const channels = [...registry.channels.values()]
    .filter(({ type }) => type === ask.type)
    .map((channel) => openWire(registry.wire(channel)))
  const restUntilMs = restsOf(shared, nowMs)
  const matching = { stripDate: settings.modelLookupStripDateSuffix, fuzzy: settings.modelFuzzyMatch }
  const all = candidatesFor(channels, ask.model, matching).map((match) => standeeOf(match, restUntilMs, nowMs))
  const candidates = all.filter(({ id }) => isFor(token, id))
  const seat = settings.affinityEnabled ? seatOf(shared, ask, nowMs) : undefined
  const { order, skipped, isFallback } = orderChannels<Standee>({
    candidates,
    nowMs,
    fallback: settings.cooldownFallbackEnabled ? 'earliest' : 'none',
    ticket: (group) => shared.turn(group),
    cache: newSwrrCache(),
    dayEndsAtMs: () => shared.meters.periods().dayEndsAtMs,
    ...(seat && { preferId: seat.channelId }),
  })
  const walk = { shared, restUntilMs, nowMs, model: ask.model, seat, maxKeys: settings.maxKeyRetries, isFallback }
  return {
    order: [...order].map((standee) => stepOf(standee, walk)),
    skipped,
    leftOut: leftOutOf(channels, all, token),
    isLastResort: isFallback,
    seatChannelId: seat?.channelId,
    tokenRefused: token && whyRefused(token, ask.model, nowMs),
  }
}

function restsOf(shared: Shared, nowMs: number): (cell: number) => number {
  return (cell) => {
    const leftMs = remainingMs(shared.rest(cell), nowMs)
    return leftMs === 0 ? 0 : nowMs + leftMs
  }
}

function isFor(token: ApiToken | undefined, channelId: number): boolean {
  const ids = token?.limits?.channelIds ?? []
  return ids.length === 0 || ids.includes(channelId)
}

function seatOf(shared: Shared, { tokenId, session }: SimulationAsk, nowMs: number): Seat | undefined {
  if (tokenId === undefined || session === undefined) return undefined
  return shared.seat(seatHash(sessionName(tokenId, session)), nowMs)
}

type Walk = {
  readonly shared: Shared
  readonly restUntilMs: (cell: number) => number
  readonly nowMs: number
  readonly model: string
  readonly seat: Seat | undefined
  readonly maxKeys: number
  readonly isFallback: boolean
}

function stepOf(standee: Standee, walk: Walk): SimulatedStep {
  const { channel, model } = standee.match
  const { limits } = channel
  return {
    channelId: channel.id,
    effectivePriority: standee.effectivePriority,
    weight: Math.max(standee.weight, 1),
    asksModel: model ? model.redirect || model.name : walk.model,
    keyIndexes: keysOf(channel, walk),
    isFull:
      limits?.meter !== undefined &&
      limits.maxConcurrency > 0 &&
      walk.shared.meters.inside(limits.meter) >= limits.maxConcurrency,
  }
}

function keysOf(channel: Channel, { shared, restUntilMs, nowMs, seat, maxKeys, isFallback }: Walk): number[] {
  const keyRest = (key: { readonly cell: number }): number => restUntilMs(key.cell)
  const sitting =
    seat?.channelId === channel.id ? channel.keys.find((key) => key.id === seat.keyId && keyRest(key) === 0) : undefined
  const others = keyOrder({
    keys: channel.keys,
    strategy: channel.keyStrategy,
    turn: shared.keyTurn(channel.turnCell) + 1, // a turn is taken before it is looked at
    restUntilMs: keyRest,
    nowMs,
    isTried: (key) => key === sitting,
    maxKeys: maxKeys - (sitting ? 1 : 0),
    whenAllRest: isFallback ? 'earliest' : 'none',
  })
  return [...(sitting ? [sitting] : []), ...others].map(({ index }) => index)
}

function leftOutOf(channels: readonly Channel[], all: readonly Standee[], token: ApiToken | undefined): LeftOut[] {
  const matched = new Set(all.map(({ id }) => id))
  return channels.flatMap(({ id: channelId, enabled }): LeftOut[] => {
    if (!enabled) return [{ channelId, why: 'disabled' }]
    if (!matched.has(channelId)) return [{ channelId, why: 'wrong-model' }]
    return isFor(token, channelId) ? [] : [{ channelId, why: 'not-for-token' }]
  })
}

function whyRefused(token: ApiToken, model: string, nowMs: number): Simulated['tokenRefused'] {
  if (!token.active) return 'inactive'
  if (isExpired(token, nowMs)) return 'expired'
  return mayUseModel(token, model) ? undefined : 'model-forbidden'
}
