import { utf8 } from './find-bytes.ts'
import { PartsOfData, Tail } from './passing-by.ts'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const LOWER_D = 0x64
const LOWER_E = 0x65
const DATA = [LOWER_D, 0x61, 0x74, 0x61] as const
const EVENT = [LOWER_E, 0x76, 0x65, 0x6e, 0x74] as const
const FIRST_HELD_BYTES = 4096
const KEPT_BYTES = 65_536 // a buffer that grew beyond this is given back as soon as it is empty
const TAIL_BYTES = 4096
const END = Uint8Array.of(LF, LF)

export interface SseListener {
  /**
   * @param name  Of the `event:` field, `''` when there was none.
   * @param data  The data lines joined by LF. A view, valid during the call only.
   */
  event(name: string, data: Uint8Array): void
  /**
   * An event larger than the limit went by.
   *
   * @param tail   Its last bytes, up to 4 KiB; valid during the call only.
   * @param parts  What matters of its JSON, see `ANSWER_PARTS`; empty when it is none.
   */
  oversize(name: string, tail: Uint8Array, parts: Uint8Array): void
}

/**
 * Turns bytes, cut anywhere, into server-sent events. Line ends are LF, CRLF and CR, also mixed.
 *
 * An event larger than `maxEventBytes` is not collected: the reader goes blind until the next blank line, tells `oversize`
 * and reads on. `id` and `retry` are ignored. Events without a data line are dropped, as the standard says; a last event
 * without its blank line is given by `end()`.
 *
 * Memory: O(maxEventBytes + one chunk). Cost: linear in bytes, also when one line spans thousands of chunks; an event
 * inside one chunk is not copied.
 * Errors: none of its own; what the listener throws comes through, and the reader is of no further use.
 * Source: WHATWG HTML §9.2.6 "Interpreting an event stream".
 */
export class SseReader {
  readonly #listener: SseListener
  readonly #maxEventBytes: number
  #held = new Uint8Array(0)
  #heldBytes = 0
  // Places in the buffer being read: the event's first field, its current line, where the search for a line end resumes.
  #eventAt = 0
  #lineAt = 0
  #scanAt = 0
  #nameAt = 0
  #nameEnd = -1 // < 0: no event field yet
  #dataAt = 0
  #dataEnd = -1 // < 0: no data field yet
  #moreData: number[] | undefined // start, end, start, end, … of the second and later data lines
  #afterCr = false
  #isFirstLine = true
  #lastName = ''
  #lastNameBytes = new Uint8Array(0)
  #blind = false
  #blindName = ''
  #blindAt = 0 // where the blind event's bytes begin in the buffer being read
  #lineBegun = false // blind only: the current line began in a buffer that is gone
  readonly #tail = new Tail(TAIL_BYTES)
  readonly #parts = new PartsOfData()

  constructor(listener: SseListener, maxEventBytes: number) {
    this.#listener = listener
    this.#maxEventBytes = maxEventBytes
  }

  push(chunk: Uint8Array): void {
    const buffer = this.#heldBytes === 0 ? chunk : this.#append(chunk)
    this.#readLines(buffer)
    this.#keepRest(buffer)
  }

  /** Clean end of the stream: gives the last event even if its blank line is missing. */
  end(): void {
    this.push(END)
  }

  #readLines(buffer: Uint8Array): void {
    let lf = find(buffer, LF, this.#scanAt)
    let cr = find(buffer, CR, this.#scanAt)
    for (let stop = Math.min(lf, cr); stop < buffer.length; stop = Math.min(lf, cr)) {
      const isRestOfCrLf = this.#afterCr && stop === lf && stop === this.#lineAt
      this.#afterCr = stop === cr
      if (!isRestOfCrLf) this.#line(buffer, this.#lineAt, stop)
      this.#lineAt = stop + 1
      if (this.#nameEnd < 0 && this.#dataEnd < 0) this.#eventAt = stop + 1
      if (lf === stop) lf = find(buffer, LF, stop + 1)
      else cr = find(buffer, CR, stop + 1)
    }
    this.#scanAt = buffer.length
  }

  #line(buffer: Uint8Array, lineAt: number, end: number): void {
    const start = this.#isFirstLine ? afterMark(buffer, lineAt) : lineAt
    this.#isFirstLine = false
    if (!this.#blind && end - this.#eventAt > this.#maxEventBytes) this.#goBlind(buffer)
    const isRestOfLine = this.#lineBegun
    this.#lineBegun = false
    if (isRestOfLine) return
    if (start === end) this.#dispatch(buffer, end)
    else if (buffer[start] === LOWER_D) this.#dataLine(buffer, start, end)
    else if (buffer[start] === LOWER_E) this.#eventLine(buffer, start, end)
  }

  #dataLine(buffer: Uint8Array, start: number, end: number): void {
    if (this.#blind || !startsWith(buffer, start, DATA)) return
    const valueAt = valueAfter(buffer, start + DATA.length, end)
    if (valueAt < 0) return
    if (this.#dataEnd < 0) {
      this.#dataAt = valueAt
      this.#dataEnd = end
    } else {
      this.#moreData ??= []
      this.#moreData.push(valueAt, end)
    }
  }

  #eventLine(buffer: Uint8Array, start: number, end: number): void {
    if (this.#blind || !startsWith(buffer, start, EVENT)) return
    const valueAt = valueAfter(buffer, start + EVENT.length, end)
    if (valueAt < 0) return
    this.#nameAt = valueAt
    this.#nameEnd = end
  }

  #dispatch(buffer: Uint8Array, end: number): void {
    if (this.#blind) {
      this.#blind = false
      this.#passBy(buffer.subarray(this.#blindAt, end))
      this.#listener.oversize(this.#blindName, this.#tail.view(), this.#parts.take())
    } else if (this.#dataEnd >= 0) {
      this.#listener.event(this.#name(buffer), this.#data(buffer))
    }
    this.#forgetFields()
  }

  #forgetFields(): void {
    this.#nameEnd = -1
    this.#dataEnd = -1
    this.#moreData = undefined
  }

  /** Names repeat: the last one is recognised by its bytes, which is cheaper than decoding. */
  #name(buffer: Uint8Array): string {
    if (this.#nameEnd < 0) return ''
    const last = this.#lastNameBytes
    const isLast = this.#nameEnd - this.#nameAt === last.length && startsWith(buffer, this.#nameAt, last)
    if (!isLast) {
      this.#lastNameBytes = buffer.slice(this.#nameAt, this.#nameEnd)
      this.#lastName = utf8(this.#lastNameBytes)
    }
    return this.#lastName
  }

  #data(buffer: Uint8Array): Uint8Array {
    const more = this.#moreData
    if (more === undefined) return buffer.subarray(this.#dataAt, this.#dataEnd)
    const lines = [this.#dataAt, this.#dataEnd, ...more]
    let bytes = lines.length / 2 - 1
    for (let i = 0; i < lines.length; i += 2) bytes += lines[i + 1]! - lines[i]!
    const joined = new Uint8Array(bytes).fill(LF)
    let at = 0
    for (let i = 0; i < lines.length; i += 2) {
      joined.set(buffer.subarray(lines[i], lines[i + 1]), at)
      at += lines[i + 1]! - lines[i]! + 1
    }
    return joined
  }

  #goBlind(buffer: Uint8Array): void {
    this.#blind = true
    this.#blindName = this.#name(buffer)
    this.#blindAt = this.#eventAt
    this.#tail.clear()
    this.#forgetFields()
  }

  #passBy(part: Uint8Array): void {
    this.#tail.add(part)
    this.#parts.add(part)
  }

  #append(chunk: Uint8Array): Uint8Array {
    const needed = this.#heldBytes + chunk.length
    this.#reserve(needed)
    this.#held.set(chunk, this.#heldBytes)
    return this.#held.subarray(0, needed)
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#held.length) return
    const grown = new Uint8Array(Math.max(bytes, this.#held.length * 2, FIRST_HELD_BYTES))
    grown.set(this.#held.subarray(0, this.#heldBytes))
    this.#held = grown
  }

  /** Keeps the unfinished event for the next chunk, moved to the front. */
  #keepRest(buffer: Uint8Array): void {
    if (!this.#blind && buffer.length - this.#eventAt > this.#maxEventBytes) this.#goBlind(buffer)
    if (this.#blind) return this.#dropRest(buffer)
    const base = this.#eventAt
    const rest = buffer.length - base
    if (rest > 0 && base > 0 && buffer.buffer === this.#held.buffer) this.#held.copyWithin(0, base, buffer.length)
    else if (rest > 0 && buffer.buffer !== this.#held.buffer) {
      this.#reserve(rest)
      this.#held.set(base === 0 ? buffer : buffer.subarray(base))
    }
    this.#heldBytes = rest
    if (rest === 0 && this.#held.length > KEPT_BYTES) this.#held = new Uint8Array(0)
    if (base > 0) this.#moveBack(base)
  }

  #dropRest(buffer: Uint8Array): void {
    this.#passBy(buffer.subarray(this.#blindAt))
    if (this.#lineAt < buffer.length) {
      this.#lineBegun = true
      this.#afterCr = false
    }
    this.#blindAt = this.#eventAt = this.#lineAt = this.#scanAt = this.#heldBytes = 0
    if (this.#held.length > KEPT_BYTES) this.#held = new Uint8Array(0)
  }

  #moveBack(base: number): void {
    this.#eventAt = 0
    this.#lineAt -= base
    this.#scanAt -= base
    this.#nameAt -= base
    this.#dataAt -= base
    if (this.#nameEnd >= 0) this.#nameEnd -= base
    if (this.#dataEnd >= 0) this.#dataEnd -= base
    if (this.#moreData !== undefined) this.#moreData = this.#moreData.map((place) => place - base)
  }
}

function find(buffer: Uint8Array, byte: number, from: number): number {
  const at = buffer.indexOf(byte, from)
  return at < 0 ? buffer.length : at
}

function startsWith(buffer: Uint8Array, from: number, what: ArrayLike<number>): boolean {
  for (let i = 0; i < what.length; i++) if (buffer[from + i] !== what[i]) return false
  return true
}

/** Where a field's value begins; -1 when its name goes on at `nameEnd` and is thus another one. */
function valueAfter(buffer: Uint8Array, nameEnd: number, end: number): number {
  if (nameEnd === end) return end
  if (buffer[nameEnd] !== COLON) return -1
  return nameEnd + 1 < end && buffer[nameEnd + 1] === SPACE ? nameEnd + 2 : nameEnd + 1
}

/** Behind the byte order mark, if there is one. */
function afterMark(buffer: Uint8Array, at: number): number {
  return startsWith(buffer, at, [0xef, 0xbb, 0xbf]) ? at + 3 : at
}
