import type { Down, Up } from '../link/messages.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'

/** A proxy process that has been started. */
export type StartedProxy = {
  readonly pid: number
  readonly link: LinkEnd<Down, Up>
  readonly exited: Promise<number>
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

/** A running proxy, as the supervisor holds it. */
export type Worker = StartedProxy & {
  readonly row: number
  lastSeenMs: number
  isLeaving: boolean
  listening: boolean
  saidHello: boolean
}

export type WorkersParts = {
  readonly count: number
  readonly start: (row: number) => StartedProxy
  readonly clock: Clock
  readonly log: Log
  readonly onMessage: (worker: Worker, message: Up) => void
  /** It is gone, and whatever it held must be given back. */
  readonly onGone: (worker: Worker) => void
}

const LOOK_MS = 1_000
/** Three heartbeats and what a busy machine may be late by. */
const SILENT_MS = 5_000
const RESTART_DELAY_MS = 200
const MAX_RESTART_DELAY_MS = 10_000
const KILL_AFTER_GRACE_MS = 5_000

/** Starts `count` proxies and keeps them running: one that dies or falls silent is replaced, under a row of its own. */
export class Workers {
  /** Resolves when all listen for the first time. Errors: rejects with why one could not. */
  readonly ready: Promise<void>
  readonly #parts: WorkersParts
  readonly #all = new Set<Worker>()
  readonly #first = Promise.withResolvers<void>()
  readonly #timer: ReturnType<typeof setInterval>
  #stopping = false
  #quickDeaths = 0
  #lastLookMs: number

  constructor(parts: WorkersParts) {
    this.#parts = parts
    this.#lastLookMs = parts.clock.monoMs()
    this.ready = this.#first.promise
    this.ready.catch(() => {}) // asked for later, by whoever opened us
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
    for (let at = 0; at < parts.count; at++) this.#spawn()
  }

  list(): readonly Worker[] {
    return [...this.#all]
  }

  /** Ends it at once and puts another in its place. */
  replace(row: number, why: string): void {
    const old = this.list().find((worker) => worker.row === row)
    if (old === undefined || old.isLeaving) return
    this.#parts.log.write('warn', 'a proxy process is replaced', { pid: old.pid, why })
    old.isLeaving = true
    this.#spawn()
    old.kill('SIGKILL')
  }

  /** Lets all finish what runs, at most `graceMs`, then ends them. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true
    clearInterval(this.#timer)
    const leaving = this.list()
    for (const worker of leaving) worker.link.send({ t: 'drain', graceMs })
    const killer = setTimeout(() => {
      for (const worker of leaving) worker.kill('SIGKILL')
    }, graceMs + KILL_AFTER_GRACE_MS)
    await Promise.all(leaving.map((worker) => worker.exited))
    clearTimeout(killer)
  }

  /** Ends all at once; a `drain` that waits for them is over then. */
  kill(): void {
    for (const worker of this.#all) worker.kill('SIGKILL')
  }

  #spawn(): void {
    const { clock, start } = this.#parts
    const row = this.#freeRow()
    const worker: Worker = Object.assign(start(row), {
      row,
      lastSeenMs: clock.monoMs(),
      isLeaving: false,
      listening: false,
      saidHello: false,
    })
    this.#all.add(worker)
    worker.link.onMessage((message) => this.#heard(worker, message))
    void worker.exited.then((code) => this.#exited(worker, code))
  }

  #freeRow(): number {
    const used = new Set(this.list().map((worker) => worker.row))
    for (let row = 1; ; row++) if (!used.has(row)) return row
  }

  #heard(worker: Worker, message: Up): void {
    worker.lastSeenMs = this.#parts.clock.monoMs()
    if (message.t === 'hello') worker.saidHello = true
    if (message.t === 'listening') {
      worker.listening = true
      this.#quickDeaths = 0
      if (this.list().every((one) => one.listening)) this.#first.resolve()
    }
    if (message.t === 'failed') this.#first.reject(new Error(message.why))
    this.#parts.onMessage(worker, message)
  }

  #exited(worker: Worker, code: number): void {
    this.#all.delete(worker)
    this.#parts.onGone(worker)
    if (this.#stopping || worker.isLeaving) return
    this.#parts.log.write('warn', 'a proxy process ended and is replaced', { pid: worker.pid, code })
    const delayMs =
      this.#quickDeaths === 0 ? 0 : Math.min(RESTART_DELAY_MS * 2 ** this.#quickDeaths, MAX_RESTART_DELAY_MS)
    this.#quickDeaths++
    setTimeout(() => {
      if (!this.#stopping) this.#spawn()
    }, delayMs)
  }

  #look(): void {
    const nowMs = this.#parts.clock.monoMs()
    const wasLateMs = nowMs - this.#lastLookMs - LOOK_MS // while we slept ourselves nobody could be heard
    this.#lastLookMs = nowMs
    for (const worker of this.#all) {
      if (wasLateMs > LOOK_MS) worker.lastSeenMs = nowMs
      const silentMs = nowMs - worker.lastSeenMs
      if (worker.isLeaving || silentMs < SILENT_MS) continue
      this.#parts.log.write('error', 'a proxy process is silent and is ended', {
        pid: worker.pid,
        silentMs: Math.round(silentMs),
      })
      worker.kill('SIGKILL')
    }
  }
}
