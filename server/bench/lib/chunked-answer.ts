const CR_LF_BYTES = 2
const LINE_FEED = 0x0a
const HEAD_END = '\r\n\r\n'
const MOST_LINE_CHARS = 64

export type Fed = 'more' | 'ended' | 'not-200'

/**
 * Takes the body out of one chunked answer, wherever packets are cut. A proxy may put the border of a chunk anywhere, also
 * inside of a word, so a search over the raw bytes would miss some.
 *
 * Limits: no trailers, nothing behind the answer. Source: RFC 9112 §7.1.
 */
export class ChunkedAnswer {
  readonly #onBody: (bytes: Buffer) => void
  #head: Buffer | undefined = Buffer.alloc(0)
  #line = ''
  #leftBytes = 0
  #skipBytes = 0
  #isLast = false

  constructor(onBody: (bytes: Buffer) => void) {
    this.#onBody = onBody
  }

  /** Errors: throws when a chunk does not begin with its size. */
  feed(bytes: Buffer): Fed {
    if (this.#head === undefined) return this.#chunks(bytes)
    const head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes])
    const end = head.indexOf(HEAD_END)
    this.#head = end < 0 ? head : undefined
    if (end < 0) return 'more'
    if (!head.toString('latin1', 0, 13).startsWith('HTTP/1.1 200 ')) return 'not-200'
    return this.#chunks(head.subarray(end + HEAD_END.length))
  }

  #chunks(bytes: Buffer): Fed {
    let at = 0
    while (at < bytes.length) {
      if (this.#leftBytes > 0) at = this.#body(bytes, at)
      else if (this.#skipBytes > 0) at = this.#skip(bytes, at)
      else at = this.#size(bytes, at)
      if (this.#isLast && this.#skipBytes === 0) return 'ended'
    }
    return 'more'
  }

  #body(bytes: Buffer, at: number): number {
    const part = bytes.subarray(at, at + this.#leftBytes)
    this.#leftBytes -= part.length
    this.#onBody(part)
    return at + part.length
  }

  #skip(bytes: Buffer, at: number): number {
    const skipped = Math.min(this.#skipBytes, bytes.length - at)
    this.#skipBytes -= skipped
    return at + skipped
  }

  #size(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LINE_FEED, at)
    this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
    if (this.#line.length > MOST_LINE_CHARS) throw new Error(`not the size of a chunk: ${this.#line.slice(0, 80)}`)
    if (end < 0) return bytes.length
    this.#leftBytes = Number.parseInt(this.#line, 16)
    if (Number.isNaN(this.#leftBytes)) throw new Error(`not the size of a chunk: ${this.#line}`)
    this.#line = ''
    this.#skipBytes = CR_LF_BYTES
    this.#isLast = this.#leftBytes === 0
    return end + 1
  }
}
