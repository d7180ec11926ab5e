import { type Settings, settingsOf } from '../config/settings.ts'
import { BASE_BOOK } from '../core/price-book.ts'
import type { Down, Health, Up } from '../link/messages.ts'
import { unpackRows } from '../link/row-wire.ts'
import { dropSpooled, readSpool, spool } from '../link/spool.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'
import type { Shared } from '../ports/shared.ts'
import type { Store } from '../ports/store.ts'
import { changes } from './changes.ts'
import { ChannelHealth } from './channel-health.ts'
import type { Control } from './control.ts'
import { CooldownBook } from './cooldown-book.ts'
import { Ledger } from './ledger.ts'
import { type Patch, type ProxyEnd, publisher } from './publisher.ts'
import { Registry } from './registry.ts'
import { regular } from './regular.ts'
import { startRetention } from './retention.ts'
import { startRollupUpkeep } from './rollup-upkeep.ts'
import { runningBook } from './running-book.ts'
import { Spending } from './spending.ts'

export type ControlParts = {
  readonly store: Store
  readonly shared: Shared
  readonly clock: Clock
  readonly log: Log
  /** Where endings wait that no database took. */
  readonly spoolDir: string
  /** A proxy does not take over what is in force. */
  readonly replaceProxy: (row: number, why: string) => void
  /** Of the environment, IANA name; the setting `reset_time_zone` goes before it. */
  readonly zone: string
}

const SAVE_MS = 1_000
const HEARTBEAT_MS = 500
const SPOOL_LOOK_MS = 5_000
const HEALTH_LOOK_MS = 1_000
const LIMITS_LOOK_MS = 1_000

/** The control plane with everything loaded that was in force at the last end. Errors: `StoreError`. */
export async function openControl(parts: ControlParts): Promise<OpenControl> {
  const registry = new Registry(parts.shared)
  await registry.load(parts.store)
  const cooldowns = new CooldownBook(registry, parts.shared, parts.clock)
  await cooldowns.restore(parts.store)
  const spending = new Spending({
    registry,
    book: () => BASE_BOOK,
    nowMs: parts.clock.nowMs,
    zone: () => settingsOf(registry.settings).resetTimeZone || parts.zone,
  })
  await spending.load(parts.store)
  const plane = new OpenControl(parts, { registry, cooldowns, spending })
  await plane.takeSpool()
  return plane
}

type Books = { readonly registry: Registry; readonly cooldowns: CooldownBook; readonly spending: Spending }

/** The control plane's working heart: what the admin API uses, and where the proxies' lines end. */
export class OpenControl {
  readonly control: Control
  readonly #parts: ControlParts
  readonly #registry: Registry
  readonly #cooldowns: CooldownBook
  readonly #spending: Spending
  readonly #ledger: Ledger
  readonly #publisher = publisher(() => this.#wholeState())
  readonly #running = runningBook()
  readonly #channelHealth = new ChannelHealth()
  #rankedAtMs = 0
  readonly #stops: readonly (() => void)[]

  constructor(parts: ControlParts, { registry, cooldowns, spending }: Books) {
    const { store, clock, log } = parts
    this.#parts = parts
    this.#registry = registry
    this.#cooldowns = cooldowns
    this.#spending = spending
    const overflow = spool(parts.spoolDir, `control-${process.pid}-${clock.nowMs()}`)
    this.#ledger = new Ledger({
      logs: store.logs,
      log,
      overflow: (rows) => overflow.write(rows),
      stored: (proxy, upTo) => void (proxy as ProxyEnd).link.send({ t: 'stored', upTo }),
    })
    this.control = this.#facade()
    this.#stops = [
      regular(SAVE_MS, () => cooldowns.save(store), log),
      regular(SPOOL_LOOK_MS, () => this.takeSpool(), log),
      regular(HEALTH_LOOK_MS, () => this.#rank(), log),
      regular(LIMITS_LOOK_MS, async () => this.#lookAtLimits(), log),
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
        zone: () => settingsOf(registry.settings).resetTimeZone || parts.zone,
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
        return this.#take(rows, { end, batch: message.batch })
      }
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
    this.#parts.shared.forget(end.row)
    const left = this.#running.lastOf(end).map(({ row }) => row)
    if (left.length > 0) this.#take(left)
  }

  /** Stores what earlier runs, or proxies that lost their control, have left behind. */
  async takeSpool(): Promise<void> {
    if (this.#ledger.trouble() !== '') return // nothing is taken twice while the database is away
    for (const file of readSpool(this.#parts.spoolDir, this.#parts.clock.nowMs())) {
      // A proxy that lost control cannot know which of its endings were stored just before.
      const known = new Set(await this.#parts.store.logs.known(file.rows.map((row) => row.attemptId)))
      this.#take(file.rows.filter((row) => !known.has(row.attemptId)))
      await this.#ledger.flush()
      if (this.#ledger.trouble() !== '') return
      dropSpooled(file)
      this.#parts.log.write('info', 'endings of an earlier run were taken in', { rows: file.rows.length })
    }
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    await this.#ledger.close()
    await this.#cooldowns.save(this.#parts.store)
  }

  #facade(): Control {
    const { store, clock, replaceProxy } = this.#parts
    const registry = this.#registry
    const publish = (patch: Patch): Promise<readonly number[]> => this.#publisher.publish(patch)
    return {
      ...changes({ store, registry, clock, publish, replaceProxy }),
      channels: () => [...registry.channels.values()],
      channel: (id) => registry.channels.get(id),
      rests: () => this.#cooldowns.running(),
      setRest: (target, untilMs) => this.#cooldowns.set(target, untilMs),
      clearRest: (target) => this.#cooldowns.clear(target),
      tokens: async () => {
        await this.#upToDate()
        return store.tokens.list()
      },
      settings: () => registry.settings,
      settingUpdatedAtS: (key) => registry.settingUpdatedAtS.get(key) ?? 0,
      running: () => this.#running.now(this.#publisher.ends),
      logs: this.#freshLog(),
      statistics: {
        read: (query) => this.#upToDate().then(() => store.statistics.read(query)),
        recent: (sinceMs) => this.#upToDate().then(() => store.statistics.recent(sinceMs)),
        readByStatus: (query, status) => this.#upToDate().then(() => store.statistics.readByStatus(query, status)),
      },
      sessions: store.sessions,
    }
  }

  /** The log with everything in it that had happened when the question came. */
  #freshLog(): Control['logs'] {
    const { logs } = this.#parts.store
    return {
      append: (rows) => logs.append(rows),
      known: (ids) => logs.known(ids),
      prune: (beforeMs, limit) => logs.prune(beforeMs, limit),
      costByChannel: (fromMs) => logs.costByChannel(fromMs),
      models: (fromMs, toMs) => logs.models(fromMs, toMs),
      page: async (query) => {
        await this.#upToDate()
        return logs.page(query)
      },
    }
  }

  async #upToDate(): Promise<void> {
    await this.#running.now(this.#publisher.ends) // what a proxy has to report comes before its answer
    await this.#ledger.flush()
  }

  /** Endings: what they cost, what they say of a channel, and into the book with them. */
  #take(ended: readonly LogRow[], from?: { readonly end: ProxyEnd; readonly batch: number }): void {
    const rows = this.#spending.priced(ended)
    this.#channelHealth.note(rows)
    const { tokenIds, channelIds } = this.#spending.note(rows)
    this.#ledger.take(rows, from?.end, from?.batch)
    if (tokenIds.size > 0 || channelIds.size > 0) this.#tell(tokenIds, channelIds)
  }

  #lookAtLimits(): void {
    const changed = [...this.#spending.newDay(), ...this.#spending.limitsChanged()]
    if (changed.length > 0) this.#tell([], changed)
  }

  /** What somebody has spent changes what the proxies may do; nobody waits for it. */
  #tell(tokenIds: Iterable<number>, channelIds: Iterable<number>): void {
    const registry = this.#registry
    const tokens = [...tokenIds].flatMap((id) => registry.tokens.get(id) ?? [])
    const channels = [...channelIds].flatMap((id) => registry.channels.get(id) ?? [])
    void this.#publisher.publish({ tokens, channels: channels.map((channel) => registry.wire(channel)) })
  }

  /** Moves channels up and down by how their attempts have ended lately, when the setting says so. */
  async #rank(): Promise<void> {
    const registry = this.#registry
    const settings = settingsOf(registry.settings)
    const nowMs = this.#parts.clock.nowMs()
    if (
      nowMs - this.#rankedAtMs < settings.healthScoreUpdateIntervalMs &&
      settings.healthScoreEnabled === registry.isRanked()
    )
      return
    this.#rankedAtMs = nowMs
    const moved = registry.rank(
      settings.healthScoreEnabled
        ? this.#channelHealth.priorities(registry.channels.values(), rankingOf(settings), nowMs)
        : new Map<number, number>(),
    )
    if (moved.length > 0) await this.#publisher.publish({ channels: moved.map((channel) => registry.wire(channel)) })
  }

  #beat(): void {
    const health = this.#health()
    for (const end of this.#publisher.ends) end.link.send({ t: 'heartbeat', health })
  }

  /** Rows that wait are no reason to take us out of service: requests go on, and nothing is lost. */
  #health(): Health {
    return { ok: true, why: this.#ledger.trouble() }
  }

  #wholeState(): Required<Patch> {
    const registry = this.#registry
    return {
      channels: [...registry.channels.values()].map((channel) => registry.wire(channel)),
      removedChannelIds: [],
      tokens: [...registry.tokens.values()],
      removedTokenHashes: [],
      settings: registry.settings,
    }
  }
}

function rankingOf(settings: Settings): Parameters<ChannelHealth['priorities']>[1] {
  return {
    penaltyWeight: settings.successRatePenaltyWeight,
    minConfidentSample: settings.healthMinConfidentSample,
    windowMs: settings.healthScoreWindowMs,
  }
}
