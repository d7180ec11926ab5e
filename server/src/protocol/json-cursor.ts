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

/** What most bodies do not pass. */
const USUAL_DEPTH = 32
/** So far into a run of plain bytes it is looked at byte by byte: most names and words end here. */
const SHORT_RUN_BYTES = 8
/** From here on the native searches are faster than words of four bytes; their calls cost 20 ns each. */
const LONG_RUN_BYTES = 512

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
 * Cost: linear. Inside strings four bytes are tested at once, and very long runs are crossed by native searches: 0.1 ns a
 * byte of such a run, 0.7 ns a byte of program text full of escapes, where `JSON.parse` takes 1.1 ns.
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
  #inObject = new Uint8Array(USUAL_DEPTH)
  #view: DataView | undefined
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
    if (this.depth === this.#inObject.length) this.#deepen()
    this.#inObject[this.depth] = byte === OPEN_BRACE ? 1 : 0
    this.at++
    return true
  }

  #deepen(): void {
    const deeper = new Uint8Array(MAX_DEPTH + 1)
    deeper.set(this.#inObject)
    this.#inObject = deeper
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
      const stop = at + SHORT_RUN_BYTES
      let byte = bytes[at]
      while (byte !== undefined && byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE && at < stop)
        byte = bytes[++at]
      if (at === stop) {
        at = this.#runEnd(at)
        byte = bytes[at]
      }
      if (byte === QUOTE) {
        this.at = at + 1
        return true
      }
      if (byte === BACKSLASH && IS_SHORT_ESCAPE[bytes[at + 1] ?? 0] === 1) {
        this.sawEscape = true
        at += 2
        continue
      }
      this.at = Math.min(at, bytes.length)
      if (byte !== BACKSLASH)
        return this.fail(byte === undefined ? 'the end of a string' : 'an escape for a control character')
      if (!this.#skipUnicodeEscape()) return false
      this.sawEscape = true
      at = this.at
    }
  }

  #skipUnicodeEscape(): boolean {
    this.at++
    if (this.bytes[this.at] !== LOWER_U) return this.fail('one of "\\/bfnrtu after a backslash')
    this.at++
    for (let digit = 0; digit < 4; digit++, this.at++) {
      if (!isHex(this.bytes[this.at])) return this.fail('four hexadecimal digits after \\u')
    }
    return true
  }

  /** The first quote, backslash or control character at or after `from`; the length when there is none. */
  #runEnd(from: number): number {
    const bytes = this.bytes
    const { length } = bytes
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, length)
    const view = this.#view
    const lastWord = length - 4
    const stop = length > EXACT_BYTES ? Math.min(lastWord, from + LONG_RUN_BYTES) : lastWord
    let at = from
    while (at <= stop && !endsRun(view.getInt32(at, true))) at += 4
    if (at > stop && at <= lastWord) return this.#longRunEnd(at)
    let byte = bytes[at]
    while (byte !== undefined && byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE) byte = bytes[++at]
    return at
  }

  #longRunEnd(from: number): number {
    if (this.#backslashAt < from) this.#backslashAt = this.#find(BACKSLASH, from)
    if (this.#controlAt < from) this.#controlAt = this.#find(LF, from)
    if (this.#quoteAt < from) this.#quoteAt = this.#find(QUOTE, from)
    return Math.min(this.#backslashAt, this.#controlAt, this.#quoteAt)
  }

  #find(byte: number, from: number): number {
    const at = this.bytes.indexOf(byte, from)
    return at < 0 ? this.bytes.length : at
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
 * In the long runs of a larger body the only control character that is looked for is the line end, which is the one that
 * occurs in broken JSON: each further native search would cost another pass. The others change nothing that we route by,
 * and the upstream refuses them itself.
 */
const EXACT_BYTES = 64 * 1024
const LF = 0x0a

/** Whether one of four bytes is a quote, a backslash or below 0x20 (tests "haszero" and "hasless" of Anderson's Bit Twiddling Hacks). */
function endsRun(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  const control = ((word - 0x20202020) | 0) & ~word
  const other = (((quote - 0x01010101) | 0) & ~quote) | (((backslash - 0x01010101) | 0) & ~backslash)
  return ((control | other) & 0x80808080) !== 0
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && (isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66))
}

/** 1 for the letters that are an escape alone after a backslash. */
const IS_SHORT_ESCAPE = new Uint8Array(256)
for (const letter of '"\\/bfnrt') IS_SHORT_ESCAPE[letter.charCodeAt(0)] = 1
