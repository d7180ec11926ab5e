import type { Api } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { networkCode } from '../core/network-code.ts'
import { errorEvent, errorPiece } from '../protocol/dialect.ts'
import type { StreamError, StreamWatch } from '../protocol/stream-watch.ts'
import type { AttemptClock } from './attempt-clock.ts'
import type { Exchange } from './exchange.ts'
import type { Reader } from './reader.ts'
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

/** A client that takes nothing for this long has left without saying so. */
const CLIENT_STALL_MS = 300_000
/** After the end marker the body should end; waiting a little keeps the connection usable. */
const LINGER_MS = 200
/** Gemini may send usage after the finish reason. */
const GEMINI_LINGER_MS = 2_000
/** An event and the cut after it, written in one turn, lose the event. */
const FLUSH_MS = 25
const LF = 10
const CR = 13
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

  /** What has been read and not passed on. */
  get held(): Uint8Array[] {
    return this.#held
  }

  /** The body for the client. From here on only finish or cut. */
  open(): ReadableStream<Uint8Array> {
    this.#committed = true
    this.#parts.clock.unbound()
    return new ReadableStream<Uint8Array>({
      start: (controller) => this.#parts.stop.signal.addEventListener('abort', () => this.#abandon(controller)),
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#clientLeft(),
    })
  }

  /** The limit passed that the *client* had for taking what is here: nobody is reading, so nobody else will notice. */
  #abandon(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#over || this.#isReading) return
    controller.error(new Error('the client does not read'))
    this.#end(this.#parts.stop.signal.reason as Failure)
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#isCutNext) return this.#cutNow(controller)
    if (this.#held.length > 0) {
      for (const chunk of this.#held) controller.enqueue(chunk)
      this.#held.length = 0
      this.#noteFirstByte()
      this.#parts.clock.wait(CLIENT_STALL_MS, stalledClient)
      return
    }
    this.#waitForUpstream()
    const chunk = await this.#next()
    if (this.#over) return
    if (chunk instanceof Uint8Array) {
      controller.enqueue(chunk)
      const looked = this.#look(chunk)
      if (looked !== undefined) await looked
      this.#parts.clock.wait(CLIENT_STALL_MS, stalledClient)
      return
    }
    await this.#finish(controller, chunk)
  }

  async #finish(controller: ReadableStreamDefaultController<Uint8Array>, failure: Failure | undefined): Promise<void> {
    const { watch } = this.#parts
    if (failure === undefined || (watch.phase === 'finished' && failure.kind !== 'client-gone')) {
      // Whole content with a missing or late last byte is still whole.
      const ending = this.#endingOfWhole()
      if (ending === undefined || !this.#mustCut(ending)) {
        controller.close()
        return this.#end(ending)
      }
      return this.#cut(controller, ending)
    }
    if (failure.kind === 'client-gone') controller.error(new Error('the client does not read'))
    else return this.#cut(controller, failure)
    this.#end(failure)
  }

  /** Google's client overlooks an error event and takes what it has for all there is. */
  #mustCut(ending: Failure): boolean {
    const { api, watch } = this.#parts
    return ending.kind === 'stream-unfinished' || (api === 'gemini' && watch.phase !== 'finished')
  }

  #endingOfWhole(): Failure | undefined {
    const { watch } = this.#parts
    if (watch.error) return { ...softError(watch.error), kind: 'stream-error' }
    // Events with a reason to end say all without their marker; an array without its bracket is no JSON.
    const isSaid = watch.terminalReason !== undefined && watch.framing !== 'json-array'
    return watch.phase === 'finished' || isSaid ? undefined : { kind: 'stream-unfinished' }
  }

  /** Says in the client's protocol that the answer is broken, then breaks the connection: it must never look whole. */
  async #cut(controller: ReadableStreamDefaultController<Uint8Array>, failure: Failure): Promise<void> {
    const { api, isEncoded, watch } = this.#parts
    this.#end(failure)
    if (isEncoded || watch.framing !== 'sse') return this.#cutNow(controller)
    const broken = { message: brokenMessage(failure) }
    const piece = errorPiece(api, broken)
    const event = errorEvent(api, { ...broken, midLine: true })
    if (event !== undefined && (piece === undefined || this.#isBetweenEvents)) controller.enqueue(encoded(event))
    if (piece !== undefined) {
      await flushed()
      controller.enqueue(encoded(piece))
    }
    this.#isCutNext = true // when the client has taken it and asks for more
    setTimeout(() => this.#cutNow(controller), CUT_AT_LATEST_MS)
  }

  async #cutNow(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#isCutNext) await flushed()
    controller.error(new Error('the upstream broke off'))
  }

  #waitForUpstream(): void {
    const { watch, clock, limits, api } = this.#parts
    if (watch.phase !== 'finished') return clock.wait(limits.idleMs, (waitedMs) => ({ kind: 'stream-idle', waitedMs }))
    if (this.#lingering) return
    this.#lingering = true
    clock.wait(api === 'gemini' ? GEMINI_LINGER_MS : LINGER_MS, (waitedMs) => ({ kind: 'stream-idle', waitedMs }))
  }

  /** The next chunk; `undefined` at a clean end; else why there is none. */
  async #next(): Promise<Uint8Array | Failure | undefined> {
    const { reader, stop, exchange, watch, decoder } = this.#parts
    try {
      this.#isReading = true
      const { done, value } = await reader.read()
      if (done || !value) {
        this.#drained = true
        if (decoder) await decoder.end()
        watch.end()
        return undefined
      }
      exchange.bytesReceived += value.length
      this.#isBetweenEvents = endsEvent(value)
      if (exchange.firstByteMs === 0)
        exchange.firstByteMs = Math.max(this.#parts.clock.nowMs() - exchange.attemptStartedMonoMs, 0.001)
      return value
    } catch (error) {
      if (stop.signal.aborted) return stop.signal.reason as Failure
      return { kind: this.#committed ? 'stream-cut' : 'reset', code: networkCode(error) }
    } finally {
      this.#isReading = false
    }
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
    this.#parts.ended(hasAll ? this.#endingOfWhole() : failure)
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

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A blank line at its end. A line end on its own in the last chunk counts as none: then only half is known. */
function endsEvent(chunk: Uint8Array): boolean {
  const [third, before, last] = [chunk.at(-3), chunk.at(-2), chunk.at(-1)]
  return last === LF && (before === LF || (before === CR && third === LF))
}

function flushed(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, FLUSH_MS))
}

function softError(error: StreamError): Extract<Failure, { kind: 'soft-error' }> {
  return { kind: 'soft-error', body: error.body, errorType: error.type, errorCode: error.code }
}

function emptyFailure(watch: StreamWatch, bytes: number): Failure {
  if (bytes === 0) return { kind: 'empty', what: 'no-body' }
  return { kind: 'empty', what: watch.events === 0 ? 'no-events' : 'no-content' }
}

export function lateFirstByte(waitedMs: number): Failure {
  return { kind: 'first-byte-timeout', waitedMs }
}

export function lateContent(waitedMs: number): Failure {
  return { kind: 'first-content-timeout', waitedMs }
}

function stalledClient(): Failure {
  return { kind: 'client-gone' }
}

function brokenMessage(failure: Failure): string {
  if (failure.kind === 'stream-idle')
    return `The upstream sent nothing for ${Math.round(failure.waitedMs / 1000)} s; the answer is incomplete.`
  return 'The upstream broke off; the answer is incomplete.'
}
