import { defaultSettings } from '../config/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { applyUpdate, type Down, type Health, type Running, type SnapshotUpdate, type Up } from '../link/messages.ts'
import type { Spool } from '../link/spool.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'
import type { LogRow } from '../ports/store.ts'
import type { Reporter } from './deps.ts'
import { outbox } from './outbox.ts'
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

/** This process's side of the link: what control says is in force, what control must know is on its way. */
export type Plane = {
  readonly view: () => View
  /** Resolves when the first snapshot is in force: before it nobody could be told apart from a stranger. */
  readonly ready: Promise<void>
  readonly health: () => Health
  readonly report: Reporter
  flush(): void
  /** Every ending is on disk. */
  isStored(): boolean
  /** Puts every ending that is not known to be on disk into the spool. */
  spillAll(): void
  stop(): void
}

const FLUSH_MS = 10
const PULSE_MS = 250
const PULSES_PER_PROGRESS = 2
const MAX_UNSTORED_ROWS = 50_000
const EMPTY: Snapshot = { version: 0, channels: new Map(), tokens: new Map(), settings: defaultSettings() }

export function openPlane(parts: PlaneParts): Plane {
  const { link, log, monoMs } = parts
  let snapshot = EMPTY
  let view = compileView(EMPTY)
  let health: Health = { ok: false, why: 'starting' }
  const ready = Promise.withResolvers<void>()

  const spill = (rows: readonly LogRow[]): void => {
    try {
      parts.spool.write(rows)
    } catch (error) {
      log.write('error', 'endings lost: the spool cannot be written', { rows: rows.length, error })
    }
  }
  const box = outbox({ send: (batch) => link.send({ t: 'endings', ...batch }), spill, everyMs: FLUSH_MS, maxRows: MAX_UNSTORED_ROWS })

  const update = (change: SnapshotUpdate): void => {
    const next = applyUpdate(snapshot, change)
    if (!next) return void link.send({ t: 'resync' })
    snapshot = next
    view = compileView(next)
    ready.resolve()
    link.send({ t: 'applied', version: next.version })
  }
  link.onMessage((message) => {
    switch (message.t) {
      case 'update':
        return update(message.update)
      case 'stored':
        return box.stored(message.upTo)
      case 'list-running':
        return void link.send({ t: 'running', ask: message.ask, running: parts.running() })
      case 'heartbeat':
        health = message.health
        return
      case 'drain':
        void parts.drain(message.graceMs)
    }
  })
  link.onClose(parts.orphaned)
  const stopPulse = pulse(parts)

  return {
    view: () => view,
    ready: ready.promise,
    health: () => health,
    report: {
      ended: box.add,
      rested: (reason) => void link.send({ t: 'rested', reason }),
      cleared: (target) => void link.send({ t: 'cleared', target }),
    },
    flush: box.flush,
    isStored: () => box.unstored().length === 0,
    spillAll: () => spill(box.unstored()),
    stop: stopPulse,
  }

  function pulse({ running }: PlaneParts): () => void {
    let count = 0
    let dueMs = monoMs() + PULSE_MS
    const timer = setInterval(() => {
      link.send({ t: 'alive', loopLagMs: Math.max(0, monoMs() - dueMs) })
      dueMs = monoMs() + PULSE_MS
      if (count++ % PULSES_PER_PROGRESS !== 0) return
      const list = running()
      if (list.length > 0) link.send({ t: 'running', ask: 0, running: list })
    }, PULSE_MS)
    return () => clearInterval(timer)
  }
}
