import type { Failure } from '../core/failure.ts'
import { canConnect } from './connect-probe.ts'

export type ConnectWatchOptions = {
  readonly insecureTls: boolean
  /** Read at each use: a setting. */
  readonly connectTimeoutMs: () => number
  readonly monoMs: () => number
}

/** One ask whose answer has not begun. */
export type Waiting = {
  readonly url: URL
  readonly stop: AbortController
  readonly sinceMs: number
  /** Set once by whoever asked. */
  isAnswered: boolean
}

const LOOK_EVERY_MS = 100
const CONNECT_TIMEOUT: Failure = { kind: 'connect', cause: 'timeout', code: 'CONNECT_TIMEOUT' }

/**
 * The connect limit that `fetch` does not have. Half of it after the start of an ask without an answer it tries to
 * connect itself; when that fails too, nobody is there, and the ask is aborted.
 *
 * One timer for all asks, while there are any: one each would cost a healthy request more than its record.
 */
export class ConnectWatch {
  readonly #options: ConnectWatchOptions
  readonly #waiting = new Set<Waiting>()
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(options: ConnectWatchOptions) {
    this.#options = options
  }

  begin(url: URL, stop: AbortController): Waiting {
    const waiting = { url, stop, sinceMs: this.#options.monoMs(), isAnswered: false }
    this.#waiting.add(waiting)
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS)
    return waiting
  }

  end(waiting: Waiting): void {
    waiting.isAnswered = true
    this.#waiting.delete(waiting)
  }

  #look(): void {
    const probeMs = this.#options.connectTimeoutMs() / 2
    const dueMs = this.#options.monoMs() - probeMs
    for (const waiting of this.#waiting) {
      if (waiting.sinceMs > dueMs) continue
      this.#waiting.delete(waiting)
      void this.#probe(waiting, probeMs)
    }
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #probe(waiting: Waiting, waitMs: number): Promise<void> {
    const isThere = await canConnect(waiting.url, waitMs, this.#options.insecureTls)
    if (!isThere && !waiting.isAnswered) waiting.stop.abort(CONNECT_TIMEOUT)
  }
}
