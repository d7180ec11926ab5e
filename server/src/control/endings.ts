import { spool } from '../link/spool.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'
import type { ChannelHealth } from './channel-health.ts'
import { Ledger } from './ledger.ts'
import type { Pricing } from './pricing.ts'
import type { ProxyEnd } from './publisher.ts'
import { QuietSecond } from './quiet-second.ts'
import { regular } from './regular.ts'
import type { SpendBook } from './spend-book.ts'
import { spoolTaker } from './spool-taker.ts'

export type EndingsParts = {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly spoolDir: string
  readonly pricing: Pricing
  readonly spends: SpendBook
  readonly health: ChannelHealth
  /** The state of these channels has changed by what was spent, or by a day that has begun. */
  readonly changed: (channelIds: readonly number[]) => void
  /** Somebody speaks the API whose tokens are counted here, and little else happens. Called once. */
  readonly onMessages: (() => void) | undefined
}

const SPOOL_LOOK_MS = 5_000
const LIMITS_LOOK_MS = 1_000
const SECOND_MS = 1_000

/** What becomes of attempts that have ended: what they cost, what they say of a channel, and into the book with them. */
export class Endings {
  /**
   * Stores what earlier runs, or proxies that lost their control, have left behind; `lookAtLimits` charges it. Errors:
   * `StoreError`.
   */
  readonly takeSpool: () => Promise<void>
  readonly #parts: EndingsParts
  readonly #ledger: Ledger
  readonly #quiet: QuietSecond
  #hasMessages = false
  /** What was spent has to be counted anew, as soon as the store takes all that is known here. */
  #isOwed = false

  constructor(parts: EndingsParts) {
    const { store, clock, log, spoolDir, pricing, onMessages } = parts
    this.#parts = parts
    this.#quiet = new QuietSecond(() => onMessages?.())
    const overflow = spool(spoolDir, `control-${process.pid}-${clock.nowMs()}`)
    this.#ledger = new Ledger({
      logs: store.logs,
      log,
      overflow: (rows) => overflow.write(rows),
      stored: (proxy, upTo) => void (proxy as ProxyEnd).link.send({ t: 'stored', upTo }),
    })
    this.takeSpool = spoolTaker({
      ...{ spoolDir, ledger: this.#ledger, logs: store.logs, nowMs: clock.nowMs, log },
      take: (rows) => this.#ledger.take(pricing.priced(rows)),
      taken: () => {
        this.#isOwed = true
      },
    })
  }

  /** Takes what earlier runs have left behind, then reads what was spent so far. Errors: `StoreError`. */
  async open(): Promise<void> {
    const { spends, store } = this.#parts
    await this.takeSpool()
    await spends.load(store) // also when the disk is full: reading goes on
    this.#isOwed = this.trouble() !== ''
  }

  /** Regular work. @returns Stops it. */
  start(): () => void {
    const { log } = this.#parts
    const stops = [
      regular(SPOOL_LOOK_MS, () => this.takeSpool(), log),
      regular(LIMITS_LOOK_MS, () => this.lookAtLimits(), log),
      regular(SECOND_MS, async () => this.#quiet.tick(), log),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }

  take(ended: readonly LogRow[], from?: { readonly end: ProxyEnd; readonly batch: number }): void {
    const { pricing, health, spends } = this.#parts
    this.#quiet.note(ended.length)
    if (!this.#hasMessages && ended.some(({ path }) => path === '/v1/messages')) {
      this.#hasMessages = true
      this.#quiet.want()
    }
    const rows = pricing.priced(ended)
    health.note(rows)
    const changed = spends.note(rows)
    this.#ledger.take(rows, from?.end, from?.batch)
    this.#tell(changed)
  }

  /** Reads from the store what was spent, with all in it that has happened so far; if it is away, once it is back. */
  async recount(): Promise<void> {
    const { spends, store } = this.#parts
    this.#isOwed = true
    this.#isOwed = !(await this.#ledger.whileStill(async () => this.#tell(await spends.load(store))))
  }

  /** Begins a new day when it is there, and counts anew what cannot be right any more. */
  async lookAtLimits(): Promise<void> {
    const { spends } = this.#parts
    if (this.#isOwed || spends.isOutdated()) await this.recount()
    this.#tell(spends.look())
  }

  flush(): Promise<void> {
    return this.#ledger.flush()
  }

  /** `''` = fine; else what keeps rows from being written. */
  trouble(): string {
    return this.#ledger.trouble()
  }

  close(): Promise<void> {
    return this.#ledger.close()
  }

  #tell(channelIds: readonly number[]): void {
    if (channelIds.length > 0) this.#parts.changed(channelIds)
  }
}
