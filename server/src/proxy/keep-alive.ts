import type { Settings } from '../config/settings.ts'
import { readErrorBody } from '../core/error-body.ts'
import { errorEvent, type StreamBreak } from '../protocol/dialect.ts'
import { signOfLife } from '../protocol/sign-of-life.ts'
import type { Asked } from './admit.ts'
import type { Deadline } from './deadlines.ts'
import type { ProxyDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import type { Reader } from './reader.ts'
import { encodingOf } from './side-decoder.ts'

/** Whether a client may get signs of life before its answer: only who waits for a stream, and only where they do no harm. */
export function mayKeepAlive(asked: Asked, settings: Settings): boolean {
  return settings.keepAliveMs > 0 && asked.streaming && signOfLife(asked.api) !== undefined
}

type Waiting = {
  readonly deps: ProxyDeps
  readonly exchange: Exchange
  readonly asked: Asked
  /** Never rejects. */
  readonly answer: Promise<Response>
}

/**
 * The answer itself when it comes in time. Else a stream that shows signs of life until it comes, and then its bytes, unchanged.
 *
 * The first sign fixes status 200 and our headers; those of the upstream are lost. What fails from there on arrives as an
 * error event and a cut, as does an answer that is no stream: nothing is converted.
 */
export async function keptAlive(waiting: Waiting): Promise<Response> {
  const { deps, answer } = waiting
  const { keepAliveMs } = deps.view().settings
  const late = Promise.withResolvers<undefined>()
  const deadline: Deadline = { atMs: deps.deadlines.monoMs() + keepAliveMs, expire: () => late.resolve(undefined) }
  deps.deadlines.watch(deadline)
  const first = await Promise.race([answer, late.promise])
  deps.deadlines.drop(deadline)
  return first ?? new Vigil(waiting, keepAliveMs).open()
}

/** An event and the cut after it, written in one turn, lose the event. */
const FLUSH_MS = 25
/** For a client that takes nothing any more. */
const CUT_AT_LATEST_MS = 2_000
const NO_STREAM = 'The upstream answered with something that is no stream.'

/** The body of an answer that has begun before there is one. */
class Vigil {
  readonly #waiting: Waiting
  readonly #everyMs: number
  readonly #sign: Uint8Array
  #deadline: Deadline | undefined
  /** Of the real answer, once it has shown to be a stream. */
  #reader: Reader | undefined
  #isAnswered = false
  #isCutNext = false
  #isOver = false

  constructor(waiting: Waiting, everyMs: number) {
    this.#waiting = waiting
    this.#everyMs = everyMs
    this.#sign = encoded(signOfLife(waiting.asked.api) ?? '')
  }

  open(): Response {
    const { exchange } = this.#waiting
    exchange.client.ownTimers()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => this.#beat(controller),
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#clientLeft(),
    })
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-ccload-request-id': exchange.id,
    }
    return new Response(body, { headers })
  }

  /** One sign now, unless the client takes none, and the next one in time. */
  #beat(controller: Controller): void {
    if (this.#isAnswered || this.#isOver) return
    if ((controller.desiredSize ?? 0) > 0) controller.enqueue(this.#sign)
    const { deadlines } = this.#waiting.deps
    this.#deadline = { atMs: deadlines.monoMs() + this.#everyMs, expire: () => this.#beat(controller) }
    deadlines.watch(this.#deadline)
  }

  /** Rejects when the answer breaks off, and so cuts the client. */
  async #pull(controller: Controller): Promise<void> {
    if (this.#isCutNext) return this.#cutNow(controller)
    if (this.#reader === undefined) return this.#begin(controller)
    const { done, value } = await this.#reader.read()
    if (this.#isOver) return
    if (value) return controller.enqueue(value)
    this.#isOver = done
    controller.close()
  }

  async #begin(controller: Controller): Promise<void> {
    const response = await this.#waiting.answer
    this.#stopBeating()
    const reader = plainBody(response)?.getReader()
    if (this.#isOver) return void reader?.cancel().catch(() => {}) // nobody is there to hear how it ends
    this.#reader = reader
    const first = reader && response.ok ? await firstPiece(reader) : undefined
    if (first === undefined) return this.#fail(controller, await breakOf(response, reader))
    if (!this.#isOver) controller.enqueue(first)
  }

  #fail(controller: Controller, broken: StreamBreak): void {
    const { asked, deps, exchange } = this.#waiting
    if (broken.message === NO_STREAM) deps.log.write('warn', 'no stream after a keep-alive', { requestId: exchange.id })
    if (this.#isOver) return
    controller.enqueue(encoded(errorEvent(asked.api, broken) ?? ''))
    this.#isCutNext = true // when the client has taken it and asks for more
    setTimeout(() => void this.#cutNow(controller), CUT_AT_LATEST_MS)
  }

  async #cutNow(controller: Controller): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, FLUSH_MS))
    if (this.#isOver) return
    this.#isOver = true
    controller.error(new Error('no answer came'))
  }

  #stopBeating(): void {
    this.#isAnswered = true
    if (this.#deadline) this.#waiting.deps.deadlines.drop(this.#deadline)
  }

  /** The attempt hears of it by itself; what has come of it already is let go. */
  #clientLeft(): void {
    this.#isOver = true
    this.#stopBeating()
    this.#reader?.cancel().catch(() => {}) // nobody is there to hear how it ends
  }
}

type Controller = ReadableStreamDefaultController<Uint8Array>

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

const DECODERS = { gzip: 'gzip', deflate: 'deflate', br: 'brotli', zstd: 'zstd' } as const

/** Our headers have said nothing of an encoding, so one that came unasked for is taken off. `null`: it cannot be. */
function plainBody({ body, headers }: Response): ReadableStream<Uint8Array> | null {
  const encoding = encodingOf(headers.get('content-encoding'))
  if (encoding === 'identity' || body === null) return body
  if (encoding !== undefined) return body.pipeThrough<Uint8Array>(new DecompressionStream(DECODERS[encoding]))
  body.cancel().catch(() => {}) // nobody is there to hear how it ends
  return null
}

/** The first bytes of a stream of events; `undefined` when they are the beginning of JSON or HTML, or there are none. */
async function firstPiece(reader: Reader): Promise<Uint8Array | undefined> {
  const { value } = await reader.read()
  return value === undefined || NOT_EVENTS.test(new TextDecoder().decode(value.subarray(0, LOOK_BYTES)))
    ? undefined
    : value
}

const LOOK_BYTES = 64
const NOT_EVENTS = /^\s*[{[<]/

/** What an answer that cannot follow says of itself. */
async function breakOf(response: Response, reader: Reader | undefined): Promise<StreamBreak> {
  if (response.ok) {
    reader?.cancel().catch(() => {}) // nobody is there to hear how it ends
    return { status: 502, message: NO_STREAM }
  }
  const { message, type, code } = readErrorBody(await textOf(reader))
  return {
    status: response.status,
    message: message || `The upstream answered with status ${response.status}.`,
    ...(type && { type }),
    ...(code && { code }),
  }
}

/** A refusal is whole and small, whoever made it; one that broke off says what it has said. */
async function textOf(reader: Reader | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  try {
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) pieces.push(piece.value)
  } catch {
    // the beginning of an error is an error too
  }
  return Buffer.concat(pieces)
}
