import type { Failure } from '../core/failure.ts'
import type { Deadline, Deadlines } from './deadlines.ts'

/** The one limit that an attempt is waiting under at a time; when it passes the exchange with the upstream is aborted. */
export class AttemptClock {
  readonly #deadlines: Deadlines
  readonly #deadline: Deadline
  #failure: ((waitedMs: number) => Failure) | undefined
  #sinceMs = 0
  #watched = false
  /** Limits of the whole request: earliest instant and what it means. Dropped once the answer has been committed. */
  #whole: { readonly atMs: number; readonly failure: (waitedMs: number) => Failure } | undefined

  /** @param lingers  Called once, 20 to 40 ms after the first wait has begun, when it still lasts. */
  constructor(deadlines: Deadlines, stop: AbortController, lingers?: () => void) {
    this.#deadlines = deadlines
    this.#deadline = {
      atMs: Number.POSITIVE_INFINITY,
      lingers,
      isSeen: false,
      expire: () => {
        this.#watched = false
        if (this.#failure) stop.abort(this.#failure(deadlines.monoMs() - this.#sinceMs))
      },
    }
  }

  /** Bounds every wait of this attempt by the end of the whole request. */
  boundBy(atMs: number, failure: (waitedMs: number) => Failure): void {
    this.#whole = { atMs, failure }
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
    this.#deadline.atMs = ms > 0 ? this.#sinceMs + ms : Number.POSITIVE_INFINITY
    if (this.#whole && this.#whole.atMs < this.#deadline.atMs) {
      this.#deadline.atMs = this.#whole.atMs
      this.#failure = this.#whole.failure
    }
    if (this.#watched) return
    this.#watched = true
    this.#deadlines.watch(this.#deadline)
  }

  nowMs(): number {
    return this.#deadlines.monoMs()
  }

  /** Nothing is being waited for; time passes unmeasured. */
  rest(): void {
    this.#deadline.atMs = Number.POSITIVE_INFINITY
  }

  end(): void {
    this.#deadlines.drop(this.#deadline)
    this.#watched = false
  }
}
