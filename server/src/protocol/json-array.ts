const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_HELD_BYTES = 4096

/**
 * Gives the elements of one streamed JSON array, `[{…},\n{…}]`, as soon as each is whole, from bytes cut anywhere.
 *
 * Elements that are not objects are passed over. One larger than `maxElementBytes` is not collected but counted in
 * `oversize`. Brackets are not checked against each other: a broken element is its reader's business.
 * Memory: O(maxElementBytes). Cost: linear.
 */
export class JsonArrayReader {
  readonly #onElement: (json: Uint8Array) => void
  readonly #maxElementBytes: number
  #depth = 0 // 1 = between the elements
  #inString = false
  #escaped = false
  #elementAt = -1 // in the chunk being read; < 0: none begun
  #held = new Uint8Array(0)
  #heldBytes = 0
  #skipping = false
  #closed = false
  #oversize = 0

  constructor(onElement: (json: Uint8Array) => void, maxElementBytes: number) {
    this.#onElement = onElement
    this.#maxElementBytes = maxElementBytes
  }

  /** The closing `]` has been read. */
  get closed(): boolean {
    return this.#closed
  }

  get oversize(): number {
    return this.#oversize
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#inString) this.#stringByte(byte)
      else if (byte === QUOTE) this.#inString = true
      else if (byte === 0x7b || byte === 0x5b) this.#open(byte, at)
      else if (byte === 0x7d || byte === 0x5d) this.#close(chunk, at)
    }
    if (this.#elementAt >= 0) {
      this.#hold(chunk.subarray(this.#elementAt))
      this.#elementAt = 0
    }
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) this.#inString = false
  }

  #open(byte: number, at: number): void {
    this.#depth++
    if (this.#depth === 2 && byte === 0x7b) this.#elementAt = at
  }

  #close(chunk: Uint8Array, at: number): void {
    this.#depth--
    if (this.#depth === 1 && this.#elementAt >= 0) this.#finish(chunk.subarray(this.#elementAt, at + 1))
    else if (this.#depth === 0) this.#closed = true
  }

  #finish(part: Uint8Array): void {
    const isWhole = this.#heldBytes === 0 && !this.#skipping && part.length <= this.#maxElementBytes
    if (!isWhole) this.#hold(part)
    const element = isWhole ? part : this.#held.subarray(0, this.#heldBytes)
    const skipped = this.#skipping
    this.#elementAt = -1
    this.#heldBytes = 0
    this.#skipping = false
    if (skipped) this.#oversize++
    else this.#onElement(element)
  }

  #hold(part: Uint8Array): void {
    const needed = this.#heldBytes + part.length
    if (this.#skipping || needed > this.#maxElementBytes) {
      this.#skipping = true
      this.#heldBytes = 0
      return
    }
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, this.#held.length * 2, FIRST_HELD_BYTES))
      grown.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = grown
    }
    this.#held.set(part, this.#heldBytes)
    this.#heldBytes = needed
  }
}
