import { afterSetBack, type Rest, remainingMs } from '../core/cooldown.ts'
import type { RestReason } from '../link/messages.ts'
import type { CooldownTarget, CooldownToSave, StoredCooldown, StoredWhy } from '../ports/channel-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Shared } from '../ports/shared.ts'
import type { Store } from '../ports/store.ts'
import { channelCell, keyCell, modelCell } from './cells.ts'
import type { RunningRest } from './control.ts'
import type { Registry } from './registry.ts'

/** A smaller step is within what rests are rounded by, and adds up until it is one. */
const CLOCK_SET_MS = 1_000

/** The rests in the shared page, with their reasons beside them and their copy in the database behind them. */
export class CooldownBook {
  readonly #registry: Registry
  readonly #shared: Shared
  readonly #clock: Clock
  readonly #reasons = new Map<string, RestReason>()
  readonly #changed = new Map<string, CooldownTarget>()
  readonly #savedTurns = new Map<number, number>()
  /** Wall clock less monotonic clock, ms: changes when the wall clock is set. */
  #offsetMs: number

  constructor(registry: Registry, shared: Shared, clock: Clock) {
    this.#registry = registry
    this.#shared = shared
    this.#clock = clock
    this.#offsetMs = clock.nowMs() - clock.monoMs()
  }

  /** Puts what was running at the last end back into the page. */
  async restore(store: Store): Promise<void> {
    for (const reason of await store.channels.cooldownReasons()) this.#reasons.set(nameOf(reason), reason)
    for (const channel of this.#registry.channels.values()) {
      this.#put(channelCell(channel.id), channel.cooldown)
      for (const key of channel.keys) this.#put(keyCell(key.id), key.cooldown)
      this.#shared.setKeyTurn(channel.id, channel.keyTurn)
      this.#savedTurns.set(channel.id, channel.keyTurn)
    }
    for (const { channelId, model, cooldown } of await store.channels.modelCooldowns())
      this.#put(modelCell(channelId, model), cooldown)
  }

  rested(reason: RestReason): void {
    const name = nameOf(reason)
    this.#reasons.set(name, reason)
    this.#changed.set(name, reason)
  }

  cleared(target: CooldownTarget): void {
    const name = nameOf(target)
    this.#reasons.delete(name)
    this.#changed.set(name, target)
  }

  set(target: CooldownTarget, untilMs: number): boolean {
    if (!this.#exists(target)) return false
    const nowMs = this.#clock.nowMs()
    const written = this.#shared.changeRest(this.#registry.cellOf(nameOf(target)), () => ({ sinceMs: nowMs, untilMs }))
    if (written) this.rested({ ...target, ...written, reason: 'set by hand', statusCode: 0, requestId: '' })
    return true
  }

  clear(target: CooldownTarget): boolean {
    if (!this.#exists(target)) return false
    this.#shared.clearRest(this.#registry.cellOf(nameOf(target)), () => true)
    this.cleared(target)
    return true
  }

  running(): readonly RunningRest[] {
    const nowMs = this.#clock.nowMs()
    // Among ten thousands of cells few rest: the cells are cheap to look at, the names of their owners are not.
    const resting = new Map<string, Rest>()
    for (const [name, cell] of this.#registry.cells()) {
      const rest = this.#shared.rest(cell)
      if (rest && remainingMs(rest, nowMs) > 0) resting.set(name, rest)
    }
    const running: RunningRest[] = []
    for (const target of resting.size > 0 ? this.#targets() : []) {
      const name = nameOf(target)
      const rest = resting.get(name)
      if (rest === undefined) continue
      const why = this.#reasons.get(name)
      running.push({ ...target, ...rest, ...(why?.untilMs === rest.untilMs && { why }) })
    }
    return running
  }

  /** Writes what has changed since the last call: rests and key rotations. */
  async save(store: Store): Promise<void> {
    this.#followClock()
    const targets = [...this.#changed.values()]
    this.#changed.clear()
    try {
      const rows = targets.filter((target) => this.#exists(target)).map((target) => this.#row(target))
      if (rows.length > 0) await store.channels.saveCooldowns(rows)
      const turns = this.#changedTurns()
      if (turns.length > 0) await store.channels.saveKeyTurns(turns)
      for (const { channelId, turn } of turns) this.#savedTurns.set(channelId, turn)
    } catch (error) {
      for (const target of targets) this.#changed.set(nameOf(target), target)
      throw error
    }
  }

  /** The wall clock was set back: rests that now lie in the future go with it, so that none waits there. */
  #followClock(): void {
    const nowMs = this.#clock.nowMs()
    const offsetMs = nowMs - this.#clock.monoMs()
    const backMs = this.#offsetMs - offsetMs
    if (Math.abs(backMs) < CLOCK_SET_MS) return
    this.#offsetMs = offsetMs
    if (backMs < 0) return
    for (const target of this.#targets()) {
      const name = nameOf(target)
      const cell = this.#registry.cellOf(name)
      const written = this.#shared.changeRest(cell, (rest) => rest && afterSetBack(rest, nowMs, backMs))
      if (written === undefined) continue
      const why = this.#reasons.get(name)
      if (why) this.#reasons.set(name, { ...why, ...written })
      this.#changed.set(name, target)
    }
  }

  #changedTurns(): { channelId: number; turn: number }[] {
    return [...this.#registry.channels.keys()]
      .map((channelId) => ({ channelId, turn: this.#shared.keyTurn(channelId) }))
      .filter(({ channelId, turn }) => (this.#savedTurns.get(channelId) ?? 0) !== turn)
  }

  #row(target: CooldownTarget): CooldownToSave {
    const rest = this.#shared.rest(this.#registry.cellOf(nameOf(target)))
    const why = this.#reasons.get(nameOf(target))
    return { ...target, ...storedOf(rest), ...(rest && why?.untilMs === rest.untilMs && { why: whyOf(why) }) }
  }

  /** Exactly as it was when its reason was stored with it; else to the second. */
  #put(name: string, { untilMs, durationMs }: StoredCooldown): void {
    if (untilMs <= 0) return
    const why = this.#reasons.get(name)
    // Without a length it would count as over.
    const nowMs = this.#clock.nowMs()
    const sinceMs = durationMs > 0 ? untilMs - durationMs : nowMs
    const isReasonOfIt = why !== undefined && Math.ceil(why.untilMs / 1000) * 1000 === untilMs
    const stored: Rest = isReasonOfIt ? why : { sinceMs, untilMs }
    const rest = afterSetBack(stored, nowMs, 0) ?? stored // the clock may have been set back since
    const written = this.#shared.changeRest(this.#registry.cellOf(name), () => rest)
    if (isReasonOfIt && written) this.#reasons.set(name, { ...why, ...written })
  }

  #exists(target: CooldownTarget): boolean {
    const channel = this.#registry.channels.get(target.channelId)
    if (!channel) return false
    if (target.scope === 'key') return channel.keys.some((key) => key.id === target.keyId)
    return target.scope === 'channel' || channel.models.some((model) => model.name === target.model)
  }

  *#targets(): Iterable<CooldownTarget> {
    for (const { id: channelId, keys, models } of this.#registry.channels.values()) {
      yield { scope: 'channel', channelId }
      for (const key of keys) yield { scope: 'key', channelId, keyId: key.id }
      for (const model of models) yield { scope: 'model', channelId, model: model.name }
    }
  }
}

function storedOf(rest: Rest | undefined): StoredCooldown {
  return rest ? { untilMs: rest.untilMs, durationMs: rest.untilMs - rest.sinceMs } : { untilMs: 0, durationMs: 0 }
}

function whyOf({ reason, statusCode, requestId, step, capped }: StoredWhy): StoredWhy {
  return { reason, statusCode, requestId, ...(step !== undefined && { step }), ...(capped && { capped }) }
}

function nameOf(target: CooldownTarget): string {
  switch (target.scope) {
    case 'channel':
      return channelCell(target.channelId)
    case 'key':
      return keyCell(target.keyId)
    case 'model':
      return modelCell(target.channelId, target.model)
  }
}
