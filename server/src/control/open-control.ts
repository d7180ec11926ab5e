import { settingsOf } from '../config/settings.ts'
import type { Down, Health, Up } from '../link/messages.ts'
import { dropSpooled, readSpool, spool } from '../link/spool.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'
import type { Shared } from '../ports/shared.ts'
import type { Store } from '../ports/store.ts'
import { changes } from './changes.ts'
import type { Control } from './control.ts'
import { CooldownBook } from './cooldown-book.ts'
import { Ledger } from './ledger.ts'
import { type Patch, type ProxyEnd, publisher } from './publisher.ts'
import { Registry } from './registry.ts'
import { regular } from './regular.ts'
import { startRetention } from './retention.ts'
import { runningBook } from './running-book.ts'

export type ControlParts = {
  readonly store: Store
  readonly shared: Shared
  readonly clock: Clock
  readonly log: Log
  /** Where endings wait that no database took. */
  readonly spoolDir: string
  /** A proxy does not take over what is in force. */
  readonly replaceProxy: (row: number, why: string) => void
}

const SAVE_MS = 1_000
const HEARTBEAT_MS = 500
const SPOOL_LOOK_MS = 5_000

/** The control plane with everything loaded that was in force at the last end. Errors: `StoreError`. */
export async function openControl(parts: ControlParts): Promise<OpenControl> {
  const registry = new Registry(parts.shared)
  await registry.load(parts.store)
  const cooldowns = new CooldownBook(registry, parts.shared, parts.clock)
  await cooldowns.restore(parts.store)
  const plane = new OpenControl(parts, registry, cooldowns)
  await plane.takeSpool()
  return plane
}

/** The control plane's working heart: what the admin API uses, and where the proxies' lines end. */
export class OpenControl {
  readonly control: Control
  readonly #parts: ControlParts
  readonly #registry: Registry
  readonly #cooldowns: CooldownBook
  readonly #ledger: Ledger
  readonly #publisher = publisher(() => this.#wholeState())
  readonly #running = runningBook()
  readonly #stops: readonly (() => void)[]

  constructor(parts: ControlParts, registry: Registry, cooldowns: CooldownBook) {
    const { store, clock, log } = parts
    this.#parts = parts
    this.#registry = registry
    this.#cooldowns = cooldowns
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
      regular(HEARTBEAT_MS, async () => this.#beat(), log),
      startRetention({
        logs: store.logs,
        log,
        days: () => settingsOf(registry.settings).logRetentionDays,
        nowMs: clock.nowMs,
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
      case 'endings':
        return this.#ledger.take(message.rows, end, message.batch)
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
    if (left.length > 0) this.#ledger.take(left)
  }

  /** Stores what earlier runs, or proxies that lost their control, have left behind. */
  async takeSpool(): Promise<void> {
    if (this.#ledger.trouble() !== '') return // nothing is taken twice while the database is away
    for (const file of readSpool(this.#parts.spoolDir, this.#parts.clock.nowMs())) {
      this.#ledger.take(file.rows)
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
