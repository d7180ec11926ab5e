import { defaultSettings } from '../config/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { applyUpdate, type Down, type Health, type Running, type SnapshotUpdate, type Up } from '../link/messages.ts'
import type { Spool } from '../link/spool.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'
import { type Closings, closings } from './closings.ts'
import type { Reporter } from './deps.ts'
import { type Outbox, outbox } from './outbox.ts'
import { compileView, type View } from './view.ts'

export type PlaneParts = {
  readonly link: LinkEnd<Up, Down>
  readonly spool: Spool
  readonly log: Log
  readonly monoMs: () => number
  readonly running: () => readonly Running[]
  /** Control asks to stop: take nothing new, let what runs finish, within the grace. */
  readonly drain: (graceMs: number) => Promise<void>
  /** Control is gone. */
  readonly orphaned: () => void
}

const FLUSH_MS = 10
const PULSE_MS = 250
/** What control closes a dead proxy's requests from is at most this old: 0.75 s. */
const PULSES_PER_PROGRESS = 3
const MAX_UNSTORED_ROWS = 50_000
/** What has run for less may be lost with its process; so ordinary short requests write nothing. */
const WORTH_KEEPING_MS = 400
/** Control says twice a second that it lives. */
const CONTROL_SILENT_MS = 5_000
const EMPTY: Snapshot = { version: 0, channels: new Map(), tokens: new Map(), settings: defaultSettings() }

/** This process's side of the link: what control says is in force, what control must know is on its way. */
export class Plane {
  /** Resolves when the first snapshot is in force: before it nobody could be told apart from a stranger. */
  readonly ready: Promise<void>
  readonly report: Reporter
  readonly #parts: PlaneParts
  readonly #box: Outbox
  readonly #closings: Closings
  readonly #ready = Promise.withResolvers<void>()
  readonly #timer: ReturnType<typeof setInterval>
  #snapshot = EMPTY
  #view = compileView(EMPTY)
  #health: Health = { ok: false, why: 'starting' }
  #heardAtMs: number
  #pulses = 0
  #cannotKeep = false

  constructor(parts: PlaneParts) {
    const { link } = parts
    this.#parts = parts
    this.#heardAtMs = parts.monoMs()
    this.ready = this.#ready.promise
    this.#box = outbox({
      send: (batch) => link.send({ t: 'endings', ...batch }),
      spill: (rows) => this.#spill(rows),
      everyMs: FLUSH_MS,
      maxRows: MAX_UNSTORED_ROWS,
    })
    this.#closings = closings({
      sendEndings: this.#box.flush,
      send: (meters) => void link.send({ t: 'closed', meters }),
      everyMs: FLUSH_MS,
    })
    this.report = {
      ended: this.#box.add,
      closed: this.#closings.close,
      rested: (reason) => void link.send({ t: 'rested', reason }),
      cleared: (target) => void link.send({ t: 'cleared', target }),
    }
    link.onMessage((message) => this.#heard(message))
    link.onClose(() => {
      this.#box.orphaned()
      parts.orphaned()
    })
    this.#timer = setInterval(() => this.#pulse(), PULSE_MS)
  }

  view(): View {
    return this.#view
  }

  health(): Health {
    const silentMs = this.#parts.monoMs() - this.#heardAtMs
    return silentMs > CONTROL_SILENT_MS ? { ok: false, why: 'the control process is silent' } : this.#health
  }

  flush(): void {
    this.#box.flush()
    this.#closings.flush()
  }

  /** Every ending is on disk. */
  isStored(): boolean {
    return this.#box.isEmpty()
  }

  /** Puts every ending that is not known to be on disk into the spool. */
  spillAll(): void {
    this.#spill(this.#box.unstored())
  }

  /** Nothing runs any more. */
  stop(): void {
    clearInterval(this.#timer)
    this.#keepRunning([])
  }

  #heard(message: Down): void {
    const { link, running, drain, monoMs } = this.#parts
    this.#heardAtMs = monoMs()
    switch (message.t) {
      case 'update':
        return this.#update(message.update)
      case 'stored':
        return this.#box.stored(message.upTo)
      case 'list-running':
        link.send({ t: 'running', ask: message.ask, running: running() })
        return
      case 'heartbeat':
        this.#health = message.health
        return
      case 'drain':
        void drain(message.graceMs)
    }
  }

  #update(change: SnapshotUpdate): void {
    const { link } = this.#parts
    const next = applyUpdate(this.#snapshot, change)
    if (next === undefined) {
      link.send({ t: 'resync' })
      return
    }
    this.#snapshot = next
    this.#view = compileView(next)
    this.#ready.resolve()
    link.send({ t: 'applied', version: next.version })
  }

  #pulse(): void {
    const { link, running } = this.#parts
    link.send({ t: 'alive' })
    if (this.#pulses++ % PULSES_PER_PROGRESS !== 0) return
    const list = running()
    if (list.length > 0) link.send({ t: 'running', ask: 0, running: list })
    this.#keepRunning(list.flatMap(({ row }) => (row.durationMs < WORTH_KEEPING_MS ? [] : row)))
  }

  /** Control may be killed together with us, or be gone already: then only this file knows what ran. */
  #keepRunning(rows: readonly LogRow[]): void {
    try {
      this.#parts.spool.running(rows)
      this.#cannotKeep = false
    } catch (error) {
      if (!this.#cannotKeep) this.#parts.log.write('warn', 'what runs cannot be kept in the spool', { error })
      this.#cannotKeep = true
    }
  }

  #spill(rows: readonly LogRow[]): void {
    try {
      this.#parts.spool.write(rows)
    } catch (error) {
      this.#parts.log.write('error', 'endings lost: the spool cannot be written', { rows: rows.length, error })
    }
  }
}
