import { ANSWER_PARTS } from './answer-parts.ts'
import { JsonPruner } from './json-pruner.ts'
import { StringEnd } from './string-end.ts'

const QUOTE = 0x22
const FIRST_HELD_BYTES = 4096

export interface ArrayListener {
  /** @param json  A view, valid during the call only. */
  element(json: Uint8Array): void
  /** @param json  What matters of an element that is too large to be held, see `ANSWER_PARTS`. */
  oversize(json: Uint8Array): void
}

/**
 * Gives the elements of one streamed JSON array, `[{…},\n{…}]`, as soon as each is whole, from bytes cut anywhere.
 *
 * Elements that are not objects are passed over. One larger than `maxElementBytes` is not collected; what matters of it
 * goes to `onOversize`. Brackets are not checked against each other: a broken element is its reader's business.
 * Memory: O(maxElementBytes). Cost: linear; strings are crossed by native searches.
 */
export class JsonArrayReader {
  readonly #listener: ArrayListener
  readonly #maxElementBytes: number
  readonly #stringEnd = new StringEnd()
  #depth = 0 // 1 = between the elements
  #inString = false
  #elementAt = -1 // in the chunk being read; < 0: none begun
  #held = new Uint8Array(0)
  #heldBytes = 0
  /** Set while an element goes by that is too large. */
  #pruner: JsonPruner | undefined
  #closed = false

  constructor(listener: ArrayListener, maxElementBytes: number) {
    this.#listener = listener
    this.#maxElementBytes = maxElementBytes
  }

  /** The closing `]` has been read. */
  get closed(): boolean {
    return this.#closed
  }

  push(chunk: Uint8Array): void {
    this.#stringEnd.begin(chunk)
    for (let at = 0; at < chunk.length; at++) {
      if (this.#inString) {
        at = this.#stringEnd.find(at)
        if (at === chunk.length) break
        this.#inString = false
        continue
      }
      const byte = chunk[at]!
      if (byte === QUOTE) this.#inString = true
      else if (byte === 0x7b || byte === 0x5b) this.#open(byte, at)
      else if (byte === 0x7d || byte === 0x5d) this.#close(chunk, at)
    }
    if (this.#elementAt >= 0) {
      this.#hold(chunk.subarray(this.#elementAt))
      this.#elementAt = 0
    }
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
    const isWhole = this.#heldBytes === 0 && this.#pruner === undefined && part.length <= this.#maxElementBytes
    if (!isWhole) this.#hold(part)
    const pruner = this.#pruner
    const element = isWhole ? part : this.#held.subarray(0, this.#heldBytes)
    this.#elementAt = -1
    this.#heldBytes = 0
    this.#pruner = undefined
    if (pruner) this.#listener.oversize(pruner.text())
    else this.#listener.element(element)
  }

  #hold(part: Uint8Array): void {
    if (this.#pruner) return this.#pruner.push(part)
    const needed = this.#heldBytes + part.length
    if (needed > this.#maxElementBytes) {
      this.#pruner = new JsonPruner(ANSWER_PARTS)
      this.#pruner.push(this.#held.subarray(0, this.#heldBytes))
      this.#pruner.push(part)
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
