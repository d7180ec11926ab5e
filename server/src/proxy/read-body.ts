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

export type BodyParts = {
  readonly shared: Shared
  readonly deadlines: Deadlines
  readonly maxBytes: number
  readonly maxBufferedBytes: number
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
export function readBody(client: Client, parts: BodyParts): Promise<BodyResult> {
  const { request } = client
  const length = request.headers.get('content-length')
  // Asking for `request.body` makes a stream of it, which alone costs more than a small request: look at the headers.
  if (length === '0' || (length === null && !request.headers.has('transfer-encoding'))) {
    return Promise.resolve({ ok: true, body: { bytes: NO_BYTES, plain: NO_BYTES, reservedBytes: 0 } })
  }
  const announced = Number(length ?? Number.NaN)
  if (announced > parts.maxBytes) return Promise.resolve(failed({ kind: 'body-too-large', maxBytes: parts.maxBytes }))
  const reserve = new Reservation(parts)
  if (!reserve.grow(Number.isNaN(announced) ? STEP_BYTES : announced)) return Promise.resolve(failed(noMemory()))
  return readAll({ client, parts, reserve }, announced)
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

type Intake = { readonly client: Client; readonly parts: BodyParts; readonly reserve: Reservation }

function bodyOf(intake: Intake, bytes: Uint8Array): BodyResult | Promise<BodyResult> {
  const encoding = encodingOf(intake.client.request.headers.get('content-encoding'))
  if (encoding === 'identity') return { ok: true, body: { bytes, plain: bytes, reservedBytes: intake.reserve.bytes } }
  return decodedBody(intake, bytes, encoding)
}

async function decodedBody(
  { parts, reserve }: Intake,
  bytes: Uint8Array,
  encoding: Encoding | undefined,
): Promise<BodyResult> {
  const plain = encoding && (await decodeWhole(encoding, bytes, parts.maxBytes))
  const failure = failureOfDecoding(encoding, plain, parts.maxBytes)
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

function readAll(intake: Intake, announced: number): Promise<BodyResult> {
  const { client, parts, reserve } = intake
  const { deadlines } = parts
  const startedMs = deadlines.monoMs()
  return new Promise((resolve) => {
    const refuse = (failure: Failure): void => {
      reserve.release()
      resolve(failed(failure))
    }
    const deadline: Deadline = {
      atMs: startedMs + IDLE_MS,
      lingers: () => client.ownTimers(),
      isSeen: false,
      expire: () => refuse({ kind: 'body-timeout', waitedMs: deadlines.monoMs() - startedMs }),
    }
    deadlines.watch(deadline)
    const progress = (): void => {
      deadline.atMs = Math.min(deadlines.monoMs() + IDLE_MS, startedMs + TOTAL_MS)
    }
    const isOnePiece = announced <= ONE_PIECE_BYTES
    if (isOnePiece) deadline.atMs += announced / SLOWEST_BYTES_PER_MS
    const read = isOnePiece ? client.request.bytes() : readChunks(intake, progress)
    read.then(
      (bytes) => {
        deadlines.drop(deadline)
        if (bytes instanceof Uint8Array) resolve(bodyOf(intake, bytes))
        else refuse(bytes)
      },
      () => {
        deadlines.drop(deadline)
        refuse({ kind: 'client-gone' }) // the only way that reading a request fails
      },
    )
  })
}

async function readChunks({ client, parts, reserve }: Intake, progress: () => void): Promise<Uint8Array | Failure> {
  const reader = (client.request.body as ReadableStream<Uint8Array>).getReader() as Reader
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const next = await reader.read()
    if (next.done || !next.value) return Buffer.concat(chunks, size)
    chunks.push(next.value)
    size += next.value.length
    if (size > parts.maxBytes) return refuseRest(reader, { kind: 'body-too-large', maxBytes: parts.maxBytes })
    if ((reserve.isReleased() || size > reserve.room) && !reserve.grow(Math.max(STEP_BYTES, size - reserve.room)))
      return refuseRest(reader, noMemory())
    progress()
  }
}

function refuseRest(reader: Reader, failure: Failure): Failure {
  reader.cancel().catch(() => {}) // the client is told by the refusal
  return failure
}

class Reservation {
  /** Taken from the budget. */
  bytes = 0
  /** So much of a body it is good for. */
  room = 0
  #isReleased = false
  readonly #parts: BodyParts

  constructor(parts: BodyParts) {
    this.#parts = parts
  }

  /** A body that would take all of the budget with its copy takes all of it: alone it is served. */
  grow(bytes: number): boolean {
    if (this.#isReleased) return false // it came too late, and nobody waits for it
    const { shared, maxBufferedBytes } = this.#parts
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
    if (this.bytes > 0) this.#parts.shared.releaseBytes(this.bytes)
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
