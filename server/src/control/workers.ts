import type { Down, Up } from '../link/messages.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'

/** A running proxy, as the supervisor holds it. */
export type StartedProxy = {
  readonly pid: number
  readonly link: LinkEnd<Down, Up>
  readonly exited: Promise<number>
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

export type Worker = StartedProxy & { readonly row: number; lastSeenMs: number; isLeaving: boolean; listening: boolean; saidHello: boolean }

export type WorkersParts = {
  readonly count: number
  readonly start: (row: number) => StartedProxy
  readonly clock: Clock
  readonly log: Log
  readonly onMessage: (worker: Worker, message: Up) => void
  /** It is gone, and whatever it held must be given back. */
  readonly onGone: (worker: Worker) => void
}

export type Workers = {
  /** Resolves with the port when all listen. Errors: rejects with why the first that failed could not. */
  readonly ready: Promise<number>
  /** Ends it and puts another in its place; the new one listens before the old one stops. */
  replace(row: number, why: string): void
  /** Lets all finish what runs, at most `graceMs`, then ends them. */
  drain(graceMs: number): Promise<void>
  list(): readonly Worker[]
}

const LOOK_MS = 1_000
/** Three heartbeats and what a busy machine may be late by. */
const SILENT_MS = 5_000
const RESTART_DELAY_MS = 200
const MAX_RESTART_DELAY_MS = 10_000
const KILL_AFTER_GRACE_MS = 2_000

/** Starts `count` proxies and keeps them running: one that dies or falls silent is replaced, under a row of its own. */
export function workers(parts: WorkersParts): Workers {
  const { clock, log } = parts
  const all = new Set<Worker>()
  const first = Promise.withResolvers<number>()
  let port = 0
  let stopping = false
  let quickDeaths = 0
  let lastLookMs = clock.monoMs()

  const freeRow = (): number => {
    const used = new Set([...all].map((worker) => worker.row))
    for (let row = 1; ; row++) if (!used.has(row)) return row
  }

  const spawn = (): Worker => {
    const row = freeRow()
    const started = parts.start(row)
    const worker: Worker = Object.assign(started, { row, lastSeenMs: clock.monoMs(), isLeaving: false, listening: false, saidHello: false })
    all.add(worker)
    started.link.onMessage((message) => {
      worker.lastSeenMs = clock.monoMs()
      onMessage(worker, message)
    })
    void started.exited.then((code) => onExit(worker, code))
    return worker
  }

  const onMessage = (worker: Worker, message: Up): void => {
    if (message.t === 'hello') worker.saidHello = true
    if (message.t === 'listening') {
      worker.listening = true
      port = message.port
      quickDeaths = 0
      if ([...all].every((one) => one.listening)) first.resolve(port)
    }
    if (message.t === 'failed') first.reject(new Error(message.why))
    parts.onMessage(worker, message)
  }

  const onExit = (worker: Worker, code: number): void => {
    all.delete(worker)
    parts.onGone(worker)
    if (stopping || worker.isLeaving) return
    log.write('warn', 'a proxy process ended and is replaced', { pid: worker.pid, code })
    const delayMs = Math.min(RESTART_DELAY_MS * 2 ** quickDeaths++, MAX_RESTART_DELAY_MS)
    setTimeout(() => stopping || spawn(), quickDeaths > 1 ? delayMs : 0)
  }

  const look = (): void => {
    const nowMs = clock.monoMs()
    const wasLateMs = nowMs - lastLookMs - LOOK_MS // while we slept ourselves nobody could be heard
    lastLookMs = nowMs
    for (const worker of all) {
      if (wasLateMs > LOOK_MS) worker.lastSeenMs = nowMs
      if (worker.isLeaving || nowMs - worker.lastSeenMs < SILENT_MS) continue
      log.write('error', 'a proxy process is silent and is replaced', { pid: worker.pid, silentMs: Math.round(nowMs - worker.lastSeenMs) })
      worker.kill('SIGKILL')
    }
  }
  const timer = setInterval(look, LOOK_MS)
  first.promise.catch(() => {}) // asked for later, by whoever opened us
  for (let at = 0; at < parts.count; at++) spawn()

  return {
    list: () => [...all],
    ready: first.promise,
    replace(row, why) {
      const old = [...all].find((worker) => worker.row === row)
      if (!old || old.isLeaving) return
      log.write('warn', 'a proxy process is replaced', { pid: old.pid, why })
      old.isLeaving = true
      spawn()
      old.kill('SIGKILL')
    },
    async drain(graceMs) {
      stopping = true
      clearInterval(timer)
      const leaving = [...all]
      for (const worker of leaving) worker.link.send({ t: 'drain', graceMs })
      const killer = setTimeout(() => leaving.forEach((worker) => worker.kill('SIGKILL')), graceMs + KILL_AFTER_GRACE_MS)
      await Promise.all(leaving.map((worker) => worker.exited))
      clearTimeout(killer)
    },
  }
}
