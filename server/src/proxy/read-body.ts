import type { Failure } from '../core/failure.ts'
import type { Shared } from '../ports/shared.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import type { Client } from './exchange.ts'
import type { Reader } from './reader.ts'
import { decodeWhole, type Encoding, encodingOf } from './side-decoder.ts'

/** Emptied by `releaseBody`, so that whoever still holds it during a long stream holds no bytes. */
export type Body = {
  /** As the client sent it. */
  bytes: Uint8Array
  /** Decoded; the same bytes when they were not encoded. */
  plain: Uint8Array
  /** Held in the memory budget until released. */
  reservedBytes: number
}

export type BodyResult = { readonly ok: true; readonly body: Body } | { readonly ok: false; readonly failure: Failure }

export type BodyDeps = {
  readonly shared: Shared
  readonly deadlines: Deadlines
  readonly limits: { readonly maxBufferedBytes: number }
}

/** A sender that pauses longer than this is not sending. */
const IDLE_MS = 30_000
const TOTAL_MS = 600_000
/** Read in one piece: a stream of chunks costs more than the waiting is worth. Its time grows with its length. */
const ONE_PIECE_BYTES = 1024 * 1024
const SLOWEST_BYTES_PER_MS = 8
/** Memory set aside at a time for a body of unknown length. */
const STEP_BYTES = 256 * 1024
const RETRY_AFTER_MS = 5_000
/** While a body is sent, the sender holds a second one of it. */
const COPIES = 2

const NO_BYTES = new Uint8Array(0)

/**
 * The request body, whole and bounded, in size, in time and in the memory of all requests together. What is refused is
 * refused before it is read: a body that waits unread costs memory that nobody counts.
 */
export function readBody(client: Client, deps: BodyDeps, maxBytes: number): Promise<BodyResult> {
  const { headers } = client.request
  const length = headers.get('content-length')
  // Asking for `request.body` makes a stream of it, which alone costs more than a small request: look at the headers.
  if (length === '0' || (length === null && !headers.has('transfer-encoding'))) {
    return Promise.resolve({ ok: true, body: { bytes: NO_BYTES, plain: NO_BYTES, reservedBytes: 0 } })
  }
  const announced = length === null ? Number.NaN : Number(length)
  if (announced > maxBytes) return Promise.resolve(failed({ kind: 'body-too-large', maxBytes }))
  const reserve = new Reservation(deps)
  if (!reserve.grow(Number.isNaN(announced) ? STEP_BYTES : announced)) return Promise.resolve(failed(noMemory()))
  return new Intake({ client, deps, maxBytes, reserve }).read(announced)
}

/** Gives the memory back; may be called again. */
export function releaseBody(shared: Shared, body: Body): void {
  if (body.reservedBytes > 0) shared.releaseBytes(body.reservedBytes)
  body.reservedBytes = 0
  giveBack(body.bytes)
  if (body.plain !== body.bytes) giveBack(body.plain)
  body.bytes = NO_BYTES
  body.plain = NO_BYTES
}

/** Not worth the call below it. */
const GIVEN_BACK_FROM_BYTES = 16 * 1024

/** To the system now, and not at the next collection: the next body finds warm memory, and a crowd holds less of it. */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= GIVEN_BACK_FROM_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

type IntakeParts = {
  readonly client: Client
  readonly deps: BodyDeps
  readonly maxBytes: number
  readonly reserve: Reservation
}

/** The reading of one body, and the limit it is read under. */
class Intake implements Deadline {
  atMs: number
  ticks = 0
  readonly #parts: IntakeParts
  readonly #startedMs: number
  readonly #result = Promise.withResolvers<BodyResult>()

  constructor(parts: IntakeParts) {
    this.#parts = parts
    this.#startedMs = parts.deps.deadlines.monoMs()
    this.atMs = this.#startedMs + IDLE_MS
  }

  /** @param announced  Bytes; NaN when it is not said how many there are. */
  read(announced: number): Promise<BodyResult> {
    const { client, deps } = this.#parts
    const isOnePiece = announced <= ONE_PIECE_BYTES
    if (isOnePiece) this.atMs += announced / SLOWEST_BYTES_PER_MS
    deps.deadlines.watch(this)
    const read = isOnePiece ? client.request.bytes() : this.#readChunks()
    read.then(
      (bytes) => this.#arrived(bytes),
      () => this.#arrived({ kind: 'client-gone' }), // the only way that reading a request fails
    )
    return this.#result.promise
  }

  lingers(): void {
    this.#parts.client.ownTimers()
  }

  expire(): void {
    this.#refuse({ kind: 'body-timeout', waitedMs: this.#parts.deps.deadlines.monoMs() - this.#startedMs })
  }

  #arrived(bytes: Uint8Array | Failure): void {
    this.#parts.deps.deadlines.drop(this)
    if (bytes instanceof Uint8Array) this.#result.resolve(bodyOf(this.#parts, bytes))
    else this.#refuse(bytes)
  }

  #refuse(failure: Failure): void {
    this.#parts.reserve.release()
    this.#result.resolve(failed(failure))
  }

  async #readChunks(): Promise<Uint8Array | Failure> {
    const { client, deps, maxBytes, reserve } = this.#parts
    const reader = (client.request.body as ReadableStream<Uint8Array>).getReader() as Reader
    const chunks: Uint8Array[] = []
    let size = 0
    for (;;) {
      const next = await reader.read()
      if (next.done || !next.value) return Buffer.concat(chunks, size)
      chunks.push(next.value)
      size += next.value.length
      if (size > maxBytes) return refuseRest(reader, { kind: 'body-too-large', maxBytes })
      if ((reserve.isReleased() || size > reserve.room) && !reserve.grow(Math.max(STEP_BYTES, size - reserve.room)))
        return refuseRest(reader, noMemory())
      this.atMs = Math.min(deps.deadlines.monoMs() + IDLE_MS, this.#startedMs + TOTAL_MS)
    }
  }
}

function refuseRest(reader: Reader, failure: Failure): Failure {
  reader.cancel().catch(() => {}) // the client is told by the refusal
  return failure
}

function bodyOf(parts: IntakeParts, bytes: Uint8Array): BodyResult | Promise<BodyResult> {
  const encoding = encodingOf(parts.client.request.headers.get('content-encoding'))
  if (encoding === 'identity') return { ok: true, body: { bytes, plain: bytes, reservedBytes: parts.reserve.bytes } }
  return decodedBody(parts, bytes, encoding)
}

async function decodedBody(
  { maxBytes, reserve }: IntakeParts,
  bytes: Uint8Array,
  encoding: Encoding | undefined,
): Promise<BodyResult> {
  const plain = encoding && (await decodeWhole(encoding, bytes, maxBytes))
  const failure = failureOfDecoding(encoding, plain, maxBytes)
  const decoded = plain as Uint8Array
  if (failure === undefined && reserve.grow(decoded.length))
    return { ok: true, body: { bytes, plain: decoded, reservedBytes: reserve.bytes } }
  reserve.release()
  return failed(failure ?? noMemory())
}

function failureOfDecoding(encoding: string | undefined, plain: unknown, maxBytes: number): Failure | undefined {
  if (encoding === undefined)
    return { kind: 'bad-request', message: 'content-encoding must be gzip, deflate, br or zstd' }
  if (plain === 'too-big') return { kind: 'body-too-large', maxBytes }
  if (plain === undefined) return { kind: 'bad-request', message: `the body is not valid ${encoding} data` }
  return undefined
}

class Reservation {
  /** Taken from the budget. */
  bytes = 0
  /** So much of a body it is good for. */
  room = 0
  #isReleased = false
  readonly #deps: BodyDeps

  constructor(deps: BodyDeps) {
    this.#deps = deps
  }

  /** A body that would take all of the budget with its copy takes all of it: alone it is served. */
  grow(bytes: number): boolean {
    if (this.#isReleased) return false // it came too late, and nobody waits for it
    const { shared, limits } = this.#deps
    const { maxBufferedBytes } = limits
    const room = Math.ceil((this.room + bytes) / 1024) * 1024
    const size = Math.max(room, Math.min(room * COPIES, Math.floor(maxBufferedBytes / 1024) * 1024)) - this.bytes
    if (size > 0 && !shared.reserveBytes(size, maxBufferedBytes)) return false
    this.bytes += Math.max(size, 0)
    this.room = room
    return true
  }

  isReleased(): boolean {
    return this.#isReleased
  }

  release(): void {
    this.#isReleased = true
    if (this.bytes > 0) this.#deps.shared.releaseBytes(this.bytes)
    this.bytes = 0
    this.room = 0
  }
}

function noMemory(): Failure {
  return { kind: 'busy', why: 'memory', retryAfterMs: RETRY_AFTER_MS }
}

function failed(failure: Failure): BodyResult {
  return { ok: false, failure }
}
