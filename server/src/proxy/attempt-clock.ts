import type { Failure } from '../core/failure.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import type { Client } from './exchange.ts'

/** What an attempt that takes its time needs of its client. */
export type Watched = Pick<Client, 'gone' | 'ownTimers'>

/**
 * The one limit that an attempt is waiting under at a time, and whether the client is still there; when the limit
 * passes, or the client leaves, the exchange with the upstream is aborted.
 *
 * The client is watched from 20 to 40 ms after the first wait has begun: most answers need no watch.
 */
export class AttemptClock implements Deadline {
  atMs = Number.POSITIVE_INFINITY
  ticks = 0
  readonly #deadlines: Deadlines
  readonly #stop: AbortController
  readonly #client: Watched | undefined
  #failure: ((waitedMs: number) => Failure) | undefined
  #sinceMs = 0
  #watched = false
  /** Limits of the whole request: earliest instant and what it means. Dropped once the answer has been committed. */
  #whole: RequestLimit | undefined
  #stopWatching: (() => void) | undefined

  constructor(deadlines: Deadlines, stop: AbortController, client?: Watched) {
    this.#deadlines = deadlines
    this.#stop = stop
    this.#client = client
  }

  expire(): void {
    this.#watched = false
    if (this.#failure) this.#stop.abort(this.#failure(this.#deadlines.monoMs() - this.#sinceMs))
  }

  lingers(): void {
    if (this.#client === undefined) return
    this.#client.ownTimers()
    const watched = this.#client.gone()
    const gone = (): void => this.#stop.abort({ kind: 'client-gone' } satisfies Failure)
    if (watched.aborted) return gone()
    watched.addEventListener('abort', gone)
    this.#stopWatching = () => watched.removeEventListener('abort', gone)
  }

  /** Bounds every wait of this attempt by the end of the whole request. */
  boundBy(limit: RequestLimit): void {
    this.#whole = limit
  }

  unbound(): void {
    this.#whole = undefined
  }

  /**
   * Replaces the wait before it.
   *
   * @param ms       0 = no limit.
   * @param sinceMs  Counted from this instant of `nowMs`; now when absent.
   */
  wait(ms: number, failure: (waitedMs: number) => Failure, sinceMs = this.#deadlines.monoMs()): void {
    this.#sinceMs = sinceMs
    this.#failure = failure
    this.atMs = ms > 0 ? sinceMs + ms : Number.POSITIVE_INFINITY
    if (this.#whole && this.#whole.atMs < this.atMs) {
      this.atMs = this.#whole.atMs
      this.#failure = this.#whole.failure
    }
    if (this.#watched) return
    this.#watched = true
    this.#deadlines.watch(this)
  }

  nowMs(): number {
    return this.#deadlines.monoMs()
  }

  /** The attempt is over, and nobody is watched for it. May be called again. */
  end(): void {
    this.#deadlines.drop(this)
    this.#watched = false
    this.#stopWatching?.()
    this.#stopWatching = undefined
  }
}

/** How long the whole request may still take; binds until the answer is committed. */
export type RequestLimit = { readonly atMs: number; readonly failure: (waitedMs: number) => Failure }
