import { hasMember, needle, utf8 } from './find-bytes.ts'
import { asObject, parseJson } from './json-fields.ts'

const LF = 0x0a
const CR = 0x0d
const USAGE = needle('"usage"')
const DATA = /^data:[ ]?/
/** What a usage chunk never comes near; a longer event is passed on as it grows. */
const MAX_EVENT_BYTES = 16_384
const NOTHING = new Uint8Array(0)

/** `chunk`: what the client gets now, maybe nothing. `removed`: an event that it does not get, behind that. */
export type Stripped = { readonly chunk: Uint8Array; readonly removed: Uint8Array | undefined }

/**
 * Takes the chunk out of a streamed chat that holds nothing but usage (`choices: []`), for a client that did not ask for
 * it. Every other byte passes, in order; an unfinished event waits for its end, up to 16 KiB of it.
 *
 * Cost: one native search for a chunk without usage.
 */
export class UsageChunkFilter {
  #waiting: Uint8Array = NOTHING
  /** The client has half of an event that was too long to wait for. */
  #isMidEvent = false

  /** To be called again with no bytes as long as it has removed something: there may be more behind it. */
  next(chunk: Uint8Array): Stripped {
    const bytes = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk])
    this.#waiting = NOTHING
    let from = 0
    for (let end = eventEnd(bytes, from); end > 0; end = eventEnd(bytes, from)) {
      const event = bytes.subarray(from, end)
      if (!this.#isMidEvent && isUsageOnly(event)) {
        this.#waiting = bytes.subarray(end)
        return { chunk: bytes.subarray(0, from), removed: event }
      }
      this.#isMidEvent = false
      from = end
    }
    return { chunk: this.#passed(bytes, from), removed: undefined }
  }

  /** What still waited when the stream ended. */
  end(): Stripped {
    const last = this.#waiting
    this.#waiting = NOTHING
    return isUsageOnly(last) ? { chunk: NOTHING, removed: last } : { chunk: last, removed: undefined }
  }

  /** @param rest  Where the unfinished event begins. */
  #passed(bytes: Uint8Array, rest: number): Uint8Array {
    if (rest === bytes.length) return bytes
    if (this.#isMidEvent || bytes.length - rest > MAX_EVENT_BYTES) {
      this.#isMidEvent = true
      return bytes
    }
    this.#waiting = bytes.slice(rest)
    return bytes.subarray(0, rest)
  }
}

/** Behind the blank line that ends the event which begins at `from`; 0 when it is not whole. */
function eventEnd(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return 0
}

function isUsageOnly(event: Uint8Array): boolean {
  if (event.length > MAX_EVENT_BYTES || !hasMember(event, USAGE)) return false
  const lines = utf8(event).split(/\r?\n/)
  const data = lines.filter((line) => DATA.test(line)).map((line) => line.replace(DATA, ''))
  const json = asObject(parseJson(data.join('\n')))
  const choices = json?.['choices']
  return asObject(json?.['usage']) !== undefined && Array.isArray(choices) && choices.length === 0
}
