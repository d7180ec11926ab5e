import { settingsOf } from '../config/settings.ts'
import type { SettingValues } from '../core/snapshot.ts'
import type { Down, Health, Up } from '../link/messages.ts'
import { unpackRows } from '../link/row-wire.ts'
import type { StoredChannel } from '../ports/channel-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'
import type { MeterCell } from '../ports/meters.ts'
import type { Shared } from '../ports/shared.ts'
import type { Store } from '../ports/store.ts'
import { changes } from './changes.ts'
import { ChannelHealth } from './channel-health.ts'
import type { Control } from './control.ts'
import { CooldownBook } from './cooldown-book.ts'
import { Endings } from './endings.ts'
import { PriceDesk } from './price-desk.ts'
import { Pricing } from './pricing.ts'
import { type Patch, type ProxyEnd, publisher } from './publisher.ts'
import { ranking } from './ranking.ts'
import { Registry } from './registry.ts'
import { regular } from './regular.ts'
import { startRetention } from './retention.ts'
import { startRollupUpkeep } from './rollup-upkeep.ts'
import { runningBook } from './running-book.ts'
import { simulate } from './simulation.ts'
import { SpendBook } from './spend-book.ts'

export type ControlParts = {
  readonly store: Store
  readonly shared: Shared
  readonly clock: Clock
  readonly log: Log
  /** Where endings wait that no database took. */
  readonly spoolDir: string
  /** A proxy does not take over what is in force. */
  readonly replaceProxy: (row: number, why: string) => void
  /** Somebody speaks the API whose tokens are counted here, and little else happens. Called once. */
  readonly onMessages?: () => void
  /** Of the environment, IANA name; the setting `reset_time_zone` goes before it. */
  readonly zone: string
}

const SAVE_MS = 1_000
const HEARTBEAT_MS = 500
const HEALTH_LOOK_MS = 1_000

/** The control plane with everything loaded that was in force at the last end. Errors: `StoreError`. */
export async function openControl(parts: ControlParts): Promise<OpenControl> {
  const registry = new Registry(parts.shared)
  await registry.load(parts.store)
  const unmetered = registry.unmetered()
  if (unmetered > 0)
    parts.log.write('error', 'limits do not hold: too many tokens and channels have some', { unmetered })
  const cooldowns = new CooldownBook(registry, parts.shared, parts.clock)
  await cooldowns.restore(parts.store)
  const desk = new PriceDesk({ settings: parts.store.settings, nowMs: parts.clock.nowMs, log: parts.log })
  await desk.load()
  const spends = new SpendBook({
    registry,
    meters: parts.shared.meters,
    nowMs: parts.clock.nowMs,
    zone: () => settingsOf(registry.settings).resetTimeZone || parts.zone,
  })
  const plane = new OpenControl(parts, { registry, cooldowns, desk, spends })
  await plane.endings.open()
  plane.start()
  return plane
}

type Books = {
  readonly registry: Registry
  readonly cooldowns: CooldownBook
  readonly desk: PriceDesk
  readonly spends: SpendBook
}

/** The control plane's working heart: what the admin API uses, and where the proxies' lines end. */
export class OpenControl {
  readonly control: Control
  readonly endings: Endings
  readonly #parts: ControlParts
  readonly #registry: Registry
  readonly #cooldowns: CooldownBook
  readonly #desk: PriceDesk
  readonly #spends: SpendBook
  readonly #publisher = publisher(() => this.#wholeState())
  readonly #running = runningBook()
  readonly #channelHealth = new ChannelHealth()
  #stops: readonly (() => void)[] = []

  constructor(parts: ControlParts, { registry, cooldowns, desk, spends }: Books) {
    const { store, clock, log, spoolDir, onMessages } = parts
    this.#parts = parts
    this.#registry = registry
    this.#cooldowns = cooldowns
    this.#desk = desk
    this.#spends = spends
    this.endings = new Endings({
      ...{ store, clock, log, spoolDir, spends, onMessages },
      pricing: new Pricing(() => desk.book),
      health: this.#channelHealth,
      changed: (channelIds) => this.#tell(channelIds),
    })
    this.control = this.#facade()
  }

  /** Regular work begins. */
  start(): void {
    const { store, clock, log, zone } = this.#parts
    const registry = this.#registry
    const look = ranking({
      ...{ registry, health: this.#channelHealth, nowMs: clock.nowMs },
      moved: (channels) => this.#publish(channels),
    })
    this.#stops = [
      this.endings.start(),
      regular(SAVE_MS, () => this.#cooldowns.save(store), log),
      regular(HEALTH_LOOK_MS, look, log),
      regular(HEARTBEAT_MS, async () => this.#beat(), log),
      startRetention({
        logs: store.logs,
        log,
        days: () => settingsOf(registry.settings).logRetentionDays,
        nowMs: clock.nowMs,
      }),
      startRollupUpkeep({
        statistics: store.statistics,
        log,
        nowMs: clock.nowMs,
        zone: () => settingsOf(registry.settings).resetTimeZone || zone,
        historyMade: () => this.endings.recount(),
      }),
    ]
  }

  /** A proxy has come: it is told everything, and heard from now on. */
  join(row: number, link: LinkEnd<Down, Up>): ProxyEnd {
    const end: ProxyEnd = { row, link, appliedVersion: 0 }
    link.send({ t: 'heartbeat', health: this.#health() })
    this.#publisher.join(end)
    return end
  }

  heard(end: ProxyEnd, message: Up): void {
    switch (message.t) {
      case 'applied':
        return this.#publisher.applied(end, message.version)
      case 'resync':
        return this.#publisher.resync(end)
      case 'endings': {
        const rows = unpackRows(message.rows)
        this.#running.ended(end, rows)
        return this.endings.take(rows, { end, batch: message.batch })
      }
      case 'closed':
        return this.#release(end, message.meters)
      case 'rested':
        return this.#cooldowns.rested(message.reason)
      case 'cleared':
        return this.#cooldowns.cleared(message.target)
      case 'running':
        return this.#running.heard(end, message.ask, message.running)
      case 'hello':
      case 'listening':
      case 'failed':
      case 'alive':
        return // the supervisor's
    }
  }

  /** It is gone: what it held is given back, what it was doing is closed from its last report. */
  gone(end: ProxyEnd): void {
    this.#publisher.leave(end)
    const left = this.#running.lastOf(end).map(({ row }) => row)
    if (left.length > 0) this.endings.take(left) // charged before what was held for it is free again
    this.#parts.shared.forget(end.row)
  }

  /** Of one that is gone nothing is held any more. */
  #release(end: ProxyEnd, meters: readonly MeterCell[]): void {
    if (!this.#publisher.ends.has(end)) return
    for (const meter of meters) this.#parts.shared.meters.release(meter, end.row)
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    await this.endings.close()
    await this.#cooldowns.save(this.#parts.store)
  }

  #facade(): Control {
    const { store, clock, shared, replaceProxy } = this.#parts
    const registry = this.#registry
    const publish = (patch: Patch): Promise<readonly number[]> =>
      this.#publisher.publish(patch.settings ? { ...patch, settings: this.#settings() } : patch)
    return {
      ...changes({ store, registry, spends: this.#spends, clock, publish, replaceProxy }),
      channels: () => [...registry.channels.values()],
      channel: (id) => registry.channels.get(id),
      rests: () => this.#cooldowns.running(),
      setRest: (target, untilMs) => this.#cooldowns.set(target, untilMs),
      clearRest: (target) => this.#cooldowns.clear(target),
      tokens: async () => {
        await this.#upToDate()
        return store.tokens.list()
      },
      tokenSpend: (id) => this.#spends.tokenSpend(id),
      settings: () => registry.settings,
      settingUpdatedAtS: (key) => registry.settingUpdatedAtS.get(key) ?? 0,
      simulate: (ask) => simulate({ registry, shared, clock }, ask),
      running: () => this.#running.now(this.#publisher.ends),
      logs: { page: (query) => this.#upToDate().then(() => store.logs.page(query)) },
      statistics: {
        read: (query) => this.#upToDate().then(() => store.statistics.read(query)),
        recent: (sinceMs) => this.#upToDate().then(() => store.statistics.recent(sinceMs)),
        readByStatus: (query, status) => this.#upToDate().then(() => store.statistics.readByStatus(query, status)),
      },
      sessions: store.sessions,
      prices: this.#desk.facade(async () => this.#replaceLaggards(await publish({ settings: registry.settings }))),
    }
  }

  #replaceLaggards(rows: readonly number[]): readonly number[] {
    for (const row of rows) this.#parts.replaceProxy(row, 'it did not take over prices within a second')
    return rows
  }

  /** What proxies get: the settings, and by which prices a model counts as priced. */
  #settings(): SettingValues {
    return { ...this.#registry.settings, ...this.#desk.texts }
  }

  /** In the store is everything that had happened when the question came. */
  async #upToDate(): Promise<void> {
    await this.#running.now(this.#publisher.ends) // what a proxy has to report comes before its answer
    await this.endings.flush()
  }

  /** What somebody has spent changes what the proxies may do; nobody waits for it. */
  #tell(channelIds: readonly number[]): void {
    void this.#publish(channelIds.flatMap((id) => this.#registry.channels.get(id) ?? []))
  }

  #publish(channels: readonly StoredChannel[]): Promise<readonly number[]> {
    return this.#publisher.publish({ channels: channels.map((channel) => this.#registry.wire(channel)) })
  }

  #beat(): void {
    const health = this.#health()
    for (const end of this.#publisher.ends) end.link.send({ t: 'heartbeat', health })
  }

  /** Rows that wait are no reason to take us out of service: requests go on, and nothing is lost. */
  #health(): Health {
    return { ok: true, why: this.endings.trouble() }
  }

  #wholeState(): Required<Patch> {
    const registry = this.#registry
    return {
      channels: [...registry.channels.values()].map((channel) => registry.wire(channel)),
      removedChannelIds: [],
      tokens: [...registry.tokens.values()],
      removedTokenHashes: [],
      settings: this.#settings(),
    }
  }
}
