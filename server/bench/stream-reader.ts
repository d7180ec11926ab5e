const AT = 0x40
const STAMP_DIGITS = 16
/** `@`, the digits, `@`. */
const STAMP_BYTES = STAMP_DIGITS + 2
const CR = 0x0d
const NO_BYTES: Uint8Array = new Uint8Array(0)

/**
 * Reads chunked event streams, one after the other on one connection, looking for nothing but stamps: `@` and 16 digits
 * and `@`, the microsecond at which the event was sent. May be cut anywhere.
 *
 * Errors: `push` throws when an answer is no success or is not chunked.
 * Source of the framing: RFC 9112 §7.1.
 */
export class StreamReader {
  readonly #onStamp: (sentAtMicros: number) => void
  readonly #onEnd: () => void
  #state: 'head' | 'size' | 'data' | 'end' = 'head'
  /** What could not be understood yet. */
  #rest: Uint8Array = NO_BYTES
  #leftBytes = 0
  /** The beginning of a stamp at the end of what was seen of the body. */
  #tail: Uint8Array = NO_BYTES

  constructor(onStamp: (sentAtMicros: number) => void, onEnd: () => void) {
    this.#onStamp = onStamp
    this.#onEnd = onEnd
  }

  push(bytes: Uint8Array): void {
    let all = this.#rest.length === 0 ? bytes : joined(this.#rest, bytes)
    for (;;) {
      const taken = this.#step(all)
      if (taken === 0) break
      all = all.subarray(taken)
    }
    this.#rest = all.length === 0 ? NO_BYTES : all.slice()
  }

  /** How many bytes were understood; 0 = more are needed. */
  #step(bytes: Uint8Array): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes)
      case 'size':
        return this.#readSize(bytes)
      case 'data':
        return this.#readData(bytes)
      case 'end':
        return this.#readEnd(bytes)
    }
  }

  #readHead(bytes: Uint8Array): number {
    const text = latin1(bytes)
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return 0
    const head = text.slice(0, end)
    if (!/^HTTP\/1\.1 200/.test(head)) throw new Error(`no stream but: ${text.slice(0, 400)}`)
    if (!/\r\ntransfer-encoding: *chunked/i.test(head)) throw new Error('the answer is not chunked')
    this.#state = 'size'
    return end + 4
  }

  #readSize(bytes: Uint8Array): number {
    const end = bytes.indexOf(CR)
    if (end < 0 || end + 2 > bytes.length) return 0
    const size = Number.parseInt(latin1(bytes.subarray(0, end)), 16)
    if (Number.isNaN(size)) throw new Error(`no chunk size but: ${latin1(bytes.subarray(0, end))}`)
    this.#leftBytes = size + 2 // the line end behind the data
    this.#state = size === 0 ? 'end' : 'data'
    return end + 2
  }

  #readData(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.#leftBytes)
    if (taken === 0) return 0
    const body = Math.min(taken, Math.max(0, this.#leftBytes - 2))
    if (body > 0) this.#look(bytes.subarray(0, body))
    this.#leftBytes -= taken
    if (this.#leftBytes === 0) this.#state = 'size'
    return taken
  }

  #readEnd(bytes: Uint8Array): number {
    if (bytes.length < 2) return 0
    this.#state = 'head'
    this.#tail = NO_BYTES
    this.#onEnd()
    return 2
  }

  #look(body: Uint8Array): void {
    const bytes = this.#tail.length === 0 ? body : joined(this.#tail, body)
    this.#tail = NO_BYTES
    for (let at = bytes.indexOf(AT); at >= 0; at = bytes.indexOf(AT, at)) {
      if (bytes.length - at < STAMP_BYTES) {
        this.#tail = bytes.slice(at)
        return
      }
      const micros = numberAt(bytes, at + 1)
      if (micros === undefined || bytes[at + STAMP_BYTES - 1] !== AT) at += 1
      else {
        this.#onStamp(micros)
        at += STAMP_BYTES
      }
    }
  }
}

/** 16 digits fit into a double exactly until the year 2255. */
function numberAt(bytes: Uint8Array, from: number): number | undefined {
  let value = 0
  for (let at = from; at < from + STAMP_DIGITS; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
