import type { Api } from '../core/channel-type.ts'
import type { ApiToken, Channel } from '../core/snapshot.ts'
import type { Usage } from '../core/usage.ts'
import type { Clock } from '../ports/clock.ts'

/** The client's side of one request, before we know what it asks. */
export type Client = {
  readonly request: Request
  readonly method: string
  /** As the client sent it, without query. */
  readonly path: string
  /** Without `?`; `''` = none. */
  readonly query: string
  readonly ip: string
  /** Fires when the client hangs up before its answer is complete. Asking for it costs: only who waits should. */
  gone(): AbortSignal
  /**
   * Takes the server's own idle timer off this connection, where ours bound the wait. Only who really waits should: a
   * request that is answered at once is through before the server would look.
   */
  ownTimers(): void
  /** Puts it back, if it was taken off, for an answer whose delivery nobody watches. */
  serverTimers(): void
}

/** A request on its way: what the dashboard shows of it, and what every log row of it shares. */
export class Exchange {
  readonly id: string
  readonly client: Client
  readonly startedAtMs: number
  readonly startedMonoMs: number
  api: Api | undefined
  model = ''
  streaming = false
  token: ApiToken | undefined
  /** What must never be quoted: the client's token and the keys that were used for it. */
  readonly secrets: string[] = []
  channel: Channel | undefined
  actualModel = ''
  /** Masked. */
  keyUsed = ''
  attemptNo = 0
  attemptStartedAtMs = 0
  attemptStartedMonoMs = 0
  bytesReceived = 0
  /** First body byte of the running attempt, ms from its start; 0 = none yet. */
  firstByteMs = 0
  clientFirstByteMs = 0
  /** What the running attempt has used up as far as it was seen. */
  usageSoFar: () => Usage = () => ({})

  constructor(id: string, client: Client, started: { readonly wallMs: number; readonly monoMs: number }) {
    this.id = id
    this.client = client
    this.startedAtMs = started.wallMs
    this.startedMonoMs = started.monoMs
    this.attemptStartedAtMs = started.wallMs
    this.attemptStartedMonoMs = started.monoMs
  }

  /** What is recorded from here on belongs to the next attempt. */
  nextAttempt(clock: Clock): void {
    this.attemptNo++
    this.attemptStartedAtMs = clock.nowMs()
    this.attemptStartedMonoMs = clock.monoMs()
  }
}
