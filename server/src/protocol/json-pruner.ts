import { isUnbroken } from '../core/count-tokens/estimate-json.ts'
import type { ContentMeter } from './content-meter.ts'
import { utf8 } from './find-bytes.ts'
import { StringEnd } from './string-end.ts'

/** What to keep of a JSON text: `true` = a value as it is; a plan = those of its members, or of its elements. */
export type Kept = true | KeptParts
export type KeptParts = { readonly members?: ReadonlyMap<string, Kept>; readonly each?: Kept }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const SPACE = 0x20

const MAX_KEY_BYTES = 64
const FIRST_BYTES = 1_024
/** From here on only whole values at the top are kept, so that the usage behind thousands of elements still fits. */
const FULL_BYTES = 128 * 1024
const MAX_BYTES = 256 * 1024
const MAX_CLOSERS = 16
const MEDIA_BYTES = 512

/** A container that is gone through. */
type Frame = { readonly parts: KeptParts; readonly isObject: boolean; hasKept: boolean }

/** What the next byte that is no white space should be. */
type Expected = 'value' | 'first' | 'key' | 'colon' | 'next' | 'nothing'

/**
 * Copies the few values that matter out of a JSON text of any size, from bytes cut anywhere: what is left is a small JSON
 * text of the same shape, to be parsed in the usual way.
 *
 * Memory: at most 256 KiB. Cost: strings are crossed by native searches, 0.2 ns a byte; 2 ns for what is not in strings.
 * Errors: none thrown; what is no JSON sets `isBroken`, and nothing more is read. What is passed over is not checked but
 * for its strings and brackets.
 */
export class JsonPruner {
  isBroken = false
  /** The whole value has been read. */
  isClosed = false
  readonly #root: Kept
  readonly #meter: ContentMeter | undefined
  readonly #frames: Frame[] = []
  #expected: Expected = 'value'
  readonly #key = new Uint8Array(MAX_KEY_BYTES)
  #keyBytes = -1 // < 0: not inside a key
  #keyEscaped = false
  #name: string | undefined
  // The value that is copied or passed over, byte by byte.
  #bulk: 'none' | 'keep' | 'skip' = 'none'
  #bulkDepth = 0
  #bulkKind: 'scalar' | 'string' | 'container' = 'scalar'
  #inString = false
  readonly #stringEnd = new StringEnd()
  #out = new Uint8Array(FIRST_BYTES)
  #length = 0
  #keptFrom = 0 // length of the output before the value that is being copied

  /** @param meter  Takes the texts that are passed over, if given. */
  constructor(root: Kept, meter?: ContentMeter) {
    this.#root = root
    this.#meter = meter
  }

  push(chunk: Uint8Array): void {
    this.#stringEnd.begin(chunk)
    let at = 0
    while (at < chunk.length && !this.isBroken && !this.isClosed) {
      if (this.#bulk !== 'none') at = this.#readBulk(chunk, at)
      else if (this.#keyBytes >= 0) at = this.#readKey(chunk, at)
      else at = this.#step(chunk[at] ?? 0, at)
    }
  }

  /** What has been kept so far, closed where it is open. A view, valid until the next `push`. */
  text(): Uint8Array {
    const length = this.#bulk === 'keep' ? this.#keptFrom : this.#length
    const open = this.#frames.toReversed()
    const closers = open.map(({ isObject }) => (isObject ? CLOSE_BRACE : CLOSE_BRACKET))
    const text = new Uint8Array(length + closers.length)
    text.set(this.#out.subarray(0, length))
    text.set(closers, length)
    return text
  }

  /** One byte between values. @returns Where to go on. */
  #step(byte: number, at: number): number {
    if (byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09) return at + 1
    const frame = this.#frames.at(-1)
    switch (this.#expected) {
      case 'first':
        if (byte === (frame?.isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return this.#close(at)
        return frame?.isObject ? this.#beginKey(byte, at) : this.#beginValue(byte, at)
      case 'key':
        return this.#beginKey(byte, at)
      case 'colon':
        if (byte !== COLON) return this.#break(at)
        this.#expected = 'value'
        return at + 1
      case 'value':
        return this.#beginValue(byte, at)
      case 'next':
        if (byte === (frame?.isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return this.#close(at)
        if (byte !== COMMA) return this.#break(at)
        this.#expected = frame?.isObject ? 'key' : 'value'
        return at + 1
      case 'nothing':
        return this.#break(at)
    }
  }

  #break(at: number): number {
    this.isBroken = true
    return at
  }

  #close(at: number): number {
    const frame = this.#frames.pop()
    this.#write(frame?.isObject ? CLOSE_BRACE : CLOSE_BRACKET)
    this.#ended()
    return at + 1
  }

  #ended(): void {
    this.#expected = this.#frames.length === 0 ? 'nothing' : 'next'
    this.isClosed = this.#frames.length === 0
  }

  #beginKey(byte: number, at: number): number {
    if (byte !== QUOTE) return this.#break(at)
    this.#keyBytes = 0
    this.#keyEscaped = false
    this.#stringEnd.isEscaped = false
    return at + 1
  }

  #readKey(chunk: Uint8Array, from: number): number {
    const end = this.#stringEnd.find(from)
    const part = chunk.subarray(from, end)
    if (part.includes(BACKSLASH)) this.#keyEscaped = true
    const room = Math.max(0, MAX_KEY_BYTES - this.#keyBytes)
    this.#key.set(part.subarray(0, room), Math.min(this.#keyBytes, MAX_KEY_BYTES))
    this.#keyBytes += part.length
    if (end === chunk.length) return end
    const isOurs = !this.#keyEscaped && this.#keyBytes <= MAX_KEY_BYTES
    this.#name = isOurs ? utf8(this.#key.subarray(0, this.#keyBytes)) : undefined
    this.#keyBytes = -1
    this.#expected = 'colon'
    return end + 1
  }

  #beginValue(byte: number, at: number): number {
    const kept = this.#keptHere()
    const isObject = byte === OPEN_BRACE
    const isArray = byte === OPEN_BRACKET
    if (kept !== undefined && kept !== true && this.#length < FULL_BYTES) {
      if (isObject ? kept.members : isArray && kept.each) return this.#enter(kept, byte, at)
    }
    this.#bulk = kept === true && this.#hasRoom() ? 'keep' : 'skip'
    this.#bulkKind = isObject || isArray ? 'container' : byte === QUOTE ? 'string' : 'scalar'
    this.#bulkDepth = 0
    this.#inString = false
    this.#keptFrom = this.#length
    if (this.#bulk === 'keep') this.#announce()
    return at
  }

  #hasRoom(): boolean {
    return this.#length < FULL_BYTES || (this.#frames.length === 1 && this.#length < MAX_BYTES)
  }

  #keptHere(): Kept | undefined {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return this.#root
    if (!frame.isObject) return frame.parts.each
    return this.#name === undefined ? undefined : frame.parts.members?.get(this.#name)
  }

  #enter(parts: KeptParts, byte: number, at: number): number {
    this.#announce()
    this.#write(byte)
    this.#frames.push({ parts, isObject: byte === OPEN_BRACE, hasKept: false })
    this.#expected = 'first'
    return at + 1
  }

  /** The comma and the name in front of a value. */
  #announce(): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return
    if (frame.hasKept) this.#write(COMMA)
    frame.hasKept = true
    if (!frame.isObject) return
    this.#write(QUOTE)
    for (let at = 0; at < (this.#name?.length ?? 0); at++) this.#write(this.#key[at] ?? 0)
    this.#write(QUOTE)
    this.#write(COLON)
  }

  #readBulk(chunk: Uint8Array, from: number): number {
    const end = this.#bulkEnd(chunk, from)
    if (this.#bulk === 'keep' && !this.#copy(chunk.subarray(from, Math.abs(end)))) this.#drop()
    if (end < 0) return chunk.length
    this.#bulk = 'none'
    this.#ended()
    return end
  }

  /** Behind the value; the negative length when it goes on in the next chunk. */
  #bulkEnd(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length) {
      if (this.#inString) {
        const end = this.#stringEnd.find(at)
        if (this.#bulk === 'skip' && this.#meter) this.#weigh(chunk, at, end)
        if (end === chunk.length) return -chunk.length
        this.#inString = false
        at = end + 1
        if (this.#bulkDepth === 0) return at
        continue
      }
      const byte = chunk[at]
      if (byte === QUOTE) {
        this.#inString = true
        this.#stringEnd.isEscaped = false
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#bulkDepth++
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (this.#bulkDepth === 0) return at
        this.#bulkDepth--
        if (this.#bulkDepth === 0) return at + 1
      } else if (this.#bulkKind === 'scalar' && (byte === COMMA || (byte ?? 0) <= SPACE)) return at
      at++
    }
    return -chunk.length
  }

  /** Media are no text. */
  #weigh(chunk: Uint8Array, from: number, to: number): void {
    if (to - from < MEDIA_BYTES || !isUnbroken(chunk, to - MEDIA_BYTES, to)) this.#meter?.text(chunk, from, to)
  }

  #copy(part: Uint8Array): boolean {
    if (this.#length + part.length > MAX_BYTES) return false
    this.#reserve(part.length)
    this.#out.set(part, this.#length)
    this.#length += part.length
    return true
  }

  /** Too large after all: as if it had never been kept. Its comma goes with it, so the frame may have kept nothing. */
  #drop(): void {
    this.#length = this.#keptFrom
    this.#bulk = 'skip'
    const frame = this.#frames.at(-1)
    const before = this.#out[this.#length - 1]
    if (frame !== undefined) frame.hasKept = before !== OPEN_BRACE && before !== OPEN_BRACKET
  }

  #write(byte: number): void {
    this.#reserve(1)
    this.#out[this.#length] = byte
    this.#length++
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes + MAX_CLOSERS <= this.#out.length) return
    const grown = new Uint8Array((this.#length + bytes + MAX_CLOSERS) * 2)
    grown.set(this.#out.subarray(0, this.#length))
    this.#out = grown
  }
}
