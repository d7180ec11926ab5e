import { utf8 } from './find-bytes.ts'

const PREFIX = [...'{"type":"'].map((c) => c.charCodeAt(0))
const QUOTE = 0x22
const MAX_TYPE_BYTES = 64

/** Finds out what an event is: by its name, else by a `type` that comes first in its JSON. Remembers the last type. */
export class EventKind {
  #lastType = ''

  /** `''` when neither says it; then the JSON must be parsed to know. The names `message` and `data` say nothing. */
  of(name: string, data: Uint8Array): string {
    if (name !== '' && name !== 'message' && name !== 'data') return name
    for (let i = 0; i < PREFIX.length; i++) if (data[i] !== PREFIX[i]) return ''
    const end = data.indexOf(QUOTE, PREFIX.length)
    if (end < 0 || end > PREFIX.length + MAX_TYPE_BYTES) return ''
    if (!this.#isLast(data, end)) this.#lastType = utf8(data.subarray(PREFIX.length, end))
    return this.#lastType
  }

  #isLast(data: Uint8Array, end: number): boolean {
    const last = this.#lastType
    if (end - PREFIX.length !== last.length) return false
    for (let i = 0; i < last.length; i++) if (data[PREFIX.length + i] !== last.charCodeAt(i)) return false
    return true
  }
}
