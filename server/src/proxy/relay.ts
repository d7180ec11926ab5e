import type { Api } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { networkCode } from '../core/network-code.ts'
import type { StreamWatch } from '../protocol/stream-watch.ts'
import type { AttemptClock } from './attempt-clock.ts'
import { type Controller, cutFlushed, cutNow, endsEvent, sayBroken } from './break-off.ts'
import type { Exchange } from './exchange.ts'
import type { Reader } from './reader.ts'
import {
  brokenMessage,
  emptyFailure,
  endingOfWhole,
  lateContent,
  lateFirstByte,
  mustCut,
  silentUpstream,
  softError,
  stalledClient,
} from './relay-failures.ts'
import type { SideDecoder } from './side-decoder.ts'

export type RelayLimits = {
  /** To the first byte of the body, from the start of the attempt; 0 = off. */
  readonly firstByteMs: number
  /** To the first real content, from the start of the attempt; 0 = off. */
  readonly firstContentMs: number
  /** Between two chunks, after the first content; 0 = off. */
  readonly idleMs: number
  /** Bytes held back before content; past it the answer is passed on as it is. */
  readonly holdBytes: number
}

export type RelayParts = {
  readonly api: Api
  readonly exchange: Exchange
  readonly reader: Reader
  readonly watch: StreamWatch
  /** Set when the body is encoded in a way that we can read. */
  readonly decoder: SideDecoder | undefined
  readonly stop: AbortController
  readonly clock: AttemptClock
  readonly limits: RelayLimits
  /** No event of ours can be put into an encoded body. */
  readonly isEncoded: boolean
  /** Runs exactly once, when nothing more will be relayed. */
  readonly ended: (failure: Failure | undefined) => void
}

type Arrived = (next: { done: boolean; value?: Uint8Array | undefined }) => Promise<void> | undefined

/** A client that takes nothing for this long has left without saying so. */
const CLIENT_STALL_MS = 300_000
/** After the end marker the body should end; waiting a little keeps the connection usable. */
const LINGER_MS = 200
/** Gemini may send usage after the finish reason. */
const GEMINI_LINGER_MS = 2_000
/** For a client that takes nothing any more. */
const CUT_AT_LATEST_MS = 2_000

/**
 * Passes a streamed answer on: held back until it shows real content, then byte for byte. Looking never changes or
 * delays a chunk that has been committed. Memory: the held bytes before content, one chunk after.
 */
export class Relay {
  readonly #parts: RelayParts
  readonly #held: Uint8Array[]
  #committed = false
  #isReading = false
  #isCutNext = false
  /** The last bytes that were passed on end an event. */
  #isBetweenEvents = false
  #drained = false
  #over = false
  #lingering = false

  /** @param held  Read already. */
  constructor(parts: RelayParts, held: Uint8Array[] = []) {
    this.#parts = parts
    this.#held = held
  }

  /**
   * Reads until the answer has proved to be real. `content`: it has; `open` passes it on, nothing of it is lost.
   * `no-stream`: these are not events at all; `held` and the rest of the reader are to be taken as one whole answer.
   * A failure: nothing has reached the client and nothing will; the exchange is aborted.
   */
  async untilContent(): Promise<Failure | 'content' | 'no-stream'> {
    const { watch, clock, limits, exchange } = this.#parts
    const sinceMs = exchange.attemptStartedMonoMs
    let heldBytes = 0
    clock.wait(limits.firstByteMs || limits.firstContentMs, limits.firstByteMs ? lateFirstByte : lateContent, sinceMs)
    for (;;) {
      const chunk = await this.#next()
      if (!(chunk instanceof Uint8Array)) return this.#giveUp(chunk ?? emptyFailure(watch, exchange.bytesReceived))
      if (heldBytes === 0) clock.wait(limits.firstContentMs, lateContent, sinceMs)
      this.#held.push(chunk)
      heldBytes += chunk.length
      await this.#look(chunk)
      if (watch.error) return this.#giveUp(softError(watch.error))
      if (watch.framing === 'other') return 'no-stream'
      if (watch.sawContent || heldBytes > limits.holdBytes) return 'content'
    }
  }

  /** Looks at what is held and was read elsewhere. It is counted too, and nobody waits for it. */
  lookBack(): void {
    this.#parts.exchange.bytesReceived = 0
    for (const chunk of this.#held) {
      this.#note(chunk)
      void this.#look(chunk) // never rejects; what a decoder still has to do it does in order
    }
  }

  /** What has been read and not passed on. */
  get held(): Uint8Array[] {
    return this.#held
  }

  /** The body for the client. From here on only finish or cut. */
  open(): ReadableStream<Uint8Array> {
    this.#committed = true
    this.#parts.clock.unbound()
    let pull: () => Promise<void> | undefined
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#parts.stop.signal.addEventListener('abort', () => this.#abandon(controller))
        const arrived: Arrived = ({ done, value }) => {
          this.#isReading = false
          if (this.#over) return undefined
          return done || !value
            ? this.#ended().then((why) => this.#finish(controller, why))
            : this.#passOn(controller, value)
        }
        const failed = async (error: unknown): Promise<void> => {
          this.#isReading = false
          if (!this.#over) await this.#finish(controller, this.#failureOf(error))
        }
        pull = () => this.#pull(controller, arrived, failed)
      },
      pull: () => pull(),
      cancel: () => this.#clientLeft(),
    })
  }

  /** The limit passed that the *client* had for taking what is here: nobody is reading, so nobody else will notice. */
  #abandon(controller: Controller): void {
    if (this.#over || this.#isReading) return
    controller.error(new Error('the client does not read'))
    this.#end(this.#parts.stop.signal.reason as Failure)
  }

  /** One promise and no closure for a chunk: a thousand streams go through here ten thousand times a second. */
  #pull(
    controller: Controller,
    arrived: Arrived,
    failed: (error: unknown) => Promise<void>,
  ): Promise<void> | undefined {
    if (this.#isCutNext) return cutFlushed(controller)
    if (this.#held.length > 0) {
      for (const chunk of this.#held) controller.enqueue(chunk)
      this.#held.length = 0
      this.#noteFirstByte()
      this.#waitForClient()
      return undefined
    }
    this.#waitForUpstream()
    this.#isReading = true
    return this.#parts.reader.read().then(arrived, failed)
  }

  #passOn(controller: Controller, chunk: Uint8Array): Promise<void> | undefined {
    this.#note(chunk)
    controller.enqueue(chunk)
    const looked = this.#look(chunk)
    if (looked !== undefined)
      return looked.then(() => {
        if (!this.#over) this.#waitForClient() // it may have ended while the decoder looked
      })
    this.#waitForClient()
    return undefined
  }

  async #finish(controller: Controller, failure: Failure | undefined): Promise<void> {
    const { watch } = this.#parts
    if (failure === undefined || (watch.phase === 'finished' && failure.kind !== 'client-gone')) {
      // Whole content with a missing or late last byte is still whole.
      const ending = endingOfWhole(this.#parts.watch)
      if (ending === undefined || !mustCut(ending, this.#parts)) {
        controller.close()
        return this.#end(ending)
      }
      return this.#cut(controller, ending)
    }
    if (failure.kind === 'client-gone') controller.error(new Error('the client does not read'))
    else return this.#cut(controller, failure)
    this.#end(failure)
  }

  async #cut(controller: Controller, failure: Failure): Promise<void> {
    const { api, isEncoded, watch } = this.#parts
    this.#end(failure)
    if (isEncoded || watch.framing !== 'sse') return cutNow(controller)
    await sayBroken(controller, api, { message: brokenMessage(failure), isBetweenEvents: this.#isBetweenEvents })
    this.#isCutNext = true // when the client has taken it and asks for more
    setTimeout(() => void cutFlushed(controller), CUT_AT_LATEST_MS)
  }

  #waitForClient(): void {
    this.#parts.clock.wait(CLIENT_STALL_MS, stalledClient)
  }

  #waitForUpstream(): void {
    const { watch, clock, limits, api } = this.#parts
    if (watch.phase !== 'finished') return clock.wait(limits.idleMs, silentUpstream)
    if (this.#lingering) return
    this.#lingering = true
    clock.wait(api === 'gemini' ? GEMINI_LINGER_MS : LINGER_MS, silentUpstream)
  }

  /** The next chunk; `undefined` at a clean end; else why there is none. */
  async #next(): Promise<Uint8Array | Failure | undefined> {
    try {
      const { done, value } = await this.#parts.reader.read()
      if (done || !value) return await this.#ended()
      this.#note(value)
      return value
    } catch (error) {
      return this.#failureOf(error)
    }
  }

  #note(chunk: Uint8Array): void {
    const { exchange, clock } = this.#parts
    exchange.bytesReceived += chunk.length
    this.#isBetweenEvents = endsEvent(chunk)
    if (exchange.firstByteMs === 0)
      exchange.firstByteMs = Math.max(clock.nowMs() - exchange.attemptStartedMonoMs, 0.001)
  }

  /** All bytes are here. */
  async #ended(): Promise<Failure | undefined> {
    const { decoder, watch } = this.#parts
    this.#drained = true
    try {
      if (decoder) await decoder.end()
      watch.end()
      return undefined
    } catch (error) {
      return this.#failureOf(error)
    }
  }

  #failureOf(error: unknown): Failure {
    const { stop } = this.#parts
    if (stop.signal.aborted) return stop.signal.reason as Failure
    return { kind: this.#committed ? 'stream-cut' : 'reset', code: networkCode(error) }
  }

  #noteFirstByte(): void {
    const { exchange, clock } = this.#parts
    exchange.clientFirstByteMs = Math.max(clock.nowMs() - exchange.startedMonoMs, 0.001)
  }

  #look(chunk: Uint8Array): Promise<void> | undefined {
    const { decoder, watch } = this.#parts
    if (decoder) return decoder.feed(chunk)
    watch.push(chunk)
    return undefined
  }

  #giveUp(failure: Failure): Failure {
    this.#release()
    return failure
  }

  #clientLeft(): void {
    this.#end({ kind: 'client-gone' })
  }

  #end(failure: Failure | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#release()
    // SDKs hang up at the end marker: who has all of an answer has not left too early.
    const hasAll = failure?.kind === 'client-gone' && this.#parts.watch.phase === 'finished'
    this.#parts.ended(hasAll ? endingOfWhole(this.#parts.watch) : failure)
  }

  #release(): void {
    const { clock, decoder, stop, reader } = this.#parts
    clock.end()
    decoder?.close()
    if (this.#drained) return // the connection is whole and may be used again
    if (!stop.signal.aborted) stop.abort({ kind: 'client-gone' } satisfies Failure)
    reader.cancel().catch(() => {}) // it is being aborted anyway; the reason has been recorded
  }
}
