import { ANSWER_PARTS } from './answer-parts.ts'
import { JsonPruner } from './json-pruner.ts'

/** The last bytes of something too large to hold. */
export class Tail {
  readonly #bytes: number
  #held = new Uint8Array(0)
  #length = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  clear(): void {
    this.#length = 0
  }

  add(part: Uint8Array): void {
    if (this.#held.length === 0) this.#held = new Uint8Array(this.#bytes)
    const added = part.length > this.#bytes ? part.subarray(part.length - this.#bytes) : part
    const kept = Math.min(this.#length, this.#bytes - added.length)
    this.#held.copyWithin(0, this.#length - kept, this.#length)
    this.#held.set(added, kept)
    this.#length = kept + added.length
  }

  view(): Uint8Array {
    return this.#held.subarray(0, this.#length)
  }
}

const OPEN_BRACE = 0x7b
const NOTHING = new Uint8Array(0)

/** What matters of the JSON in an event too large to hold, given its raw lines. */
export class PartsOfData {
  #pruner: JsonPruner | undefined

  add(part: Uint8Array): void {
    if (this.#pruner) return this.#pruner.push(part)
    const start = part.indexOf(OPEN_BRACE) // names of fields and events have none
    if (start < 0) return
    this.#pruner = new JsonPruner(ANSWER_PARTS)
    this.#pruner.push(part.subarray(start))
  }

  /** Empty when it was no JSON, or JSON over several lines. Begins anew. */
  take(): Uint8Array {
    const pruner = this.#pruner
    this.#pruner = undefined
    return pruner?.isClosed ? pruner.text() : NOTHING
  }
}
