const QUOTE = 0x22
const BACKSLASH = 0x5c

/** So far into a string it is looked at byte by byte; most end here. */
const SHORT_BYTES = 48

/**
 * Finds the closing quote of JSON strings that may go on over many chunks.
 *
 * Cost: native searches from the 49th byte on, each of which is done once for a chunk: linear, whatever the escapes.
 */
export class StringEnd {
  /** The last byte of the chunk before was a backslash that escapes the first one of this. */
  isEscaped = false
  #chunk: Uint8Array = new Uint8Array(0)
  // Next quote and backslash at or after the place they were last asked for.
  #quoteAt = -1
  #backslashAt = -1

  begin(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#quoteAt = -1
    this.#backslashAt = -1
  }

  /** Where the closing quote is, from a place inside a string; the chunk's length when it is not in this chunk. */
  find(from: number): number {
    const chunk = this.#chunk
    const { length } = chunk
    let at = from
    if (this.isEscaped && at < length) {
      this.isEscaped = false
      at++
    }
    let stop = Math.min(length, at + SHORT_BYTES)
    while (at < length) {
      if (at >= stop) {
        at = this.#nextMark(at)
        stop = at + SHORT_BYTES
        continue
      }
      const byte = chunk[at]
      if (byte === QUOTE) return at
      at += byte === BACKSLASH ? 2 : 1
    }
    if (at > length) this.isEscaped = true
    return length
  }

  #nextMark(from: number): number {
    if (this.#quoteAt < from) this.#quoteAt = this.#find(QUOTE, from)
    if (this.#backslashAt < from) this.#backslashAt = this.#find(BACKSLASH, from)
    return Math.min(this.#quoteAt, this.#backslashAt)
  }

  #find(byte: number, from: number): number {
    const at = this.#chunk.indexOf(byte, from)
    return at < 0 ? this.#chunk.length : at
  }
}
