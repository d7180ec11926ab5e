import type { Api } from '../core/channel-type.ts'
import type { JsonSample } from '../core/count-tokens/estimate-json.ts'
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

const NOTHING = (): void => {}
const NO_USAGE: Usage = {}
/** Nothing has been seen yet. */
export const noUsage = (): Usage => NO_USAGE

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
  /** Gives back what it takes of its token's limits, and the running attempt of its channel's. */
  tokenHold: () => void = NOTHING
  channelHold: () => void = NOTHING
  /** What the prompt is estimated by, where the answer may not say how long it is. */
  prompt: JsonSample | undefined
  /** What the next row says about how it was decided: members of `core/decision.ts`. */
  decision = ''
  /** What the running attempt has used up as far as it was seen. */
  usageSoFar: () => Usage = noUsage

  constructor(id: string, client: Client, started: { readonly wallMs: number; readonly monoMs: number }) {
    this.id = id
    this.client = client
    this.startedAtMs = started.wallMs
    this.startedMonoMs = started.monoMs
    this.attemptStartedAtMs = started.wallMs
    this.attemptStartedMonoMs = started.monoMs
  }

  /** The running attempt is over, or none follows. */
  leaveChannel(): void {
    const { channelHold } = this
    this.channelHold = NOTHING
    channelHold()
  }

  /** The request is over. */
  leaveLimits(): void {
    const { tokenHold } = this
    this.tokenHold = NOTHING
    this.leaveChannel()
    tokenHold()
  }

  /** What is recorded from here on belongs to the next attempt. */
  nextAttempt(clock: Clock): void {
    this.attemptNo++
    this.decision = ''
    this.attemptStartedAtMs = clock.nowMs()
    this.attemptStartedMonoMs = clock.monoMs()
  }
}
