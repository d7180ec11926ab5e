import type { Api } from '../core/channel-type.ts'
import type { Usage } from '../core/usage.ts'
import { ANSWER_PARTS } from './answer-parts.ts'
import { ContentMeter } from './content-meter.ts'
import { utf8 } from './find-bytes.ts'
import { READERS } from './index.ts'
import { parseObject } from './json-fields.ts'
import { JsonPruner } from './json-pruner.ts'
import { type StreamWatch, watchStream } from './stream-watch.ts'
import { freshState, usageOfState } from './watch-state.ts'

const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const MAX_BLANKS = 64
const MAX_HEAD_BYTES = 16
const SSE_LINE = /^(?:data|event|id|retry)?:/

/** As long as nothing can be understood: everything is content, and any clean end is the end. */
const UNREAD = 'unread'

/**
 * Understands an answer that is too large to be held, while it goes to the client: JSON is gone through without building
 * it, a stream although none was asked for is read as one, and anything else passes unread.
 *
 * Errors in it are not looked for: it has been passed on already. JSON that breaks off has no end (`terminalReason`).
 * Memory: at most 256 KiB for JSON, `maxEventBytes` for events. Never throws.
 */
export function watchLarge(api: Api, maxEventBytes: number): StreamWatch {
  return new LargeWatch(api, maxEventBytes)
}

class LargeWatch implements StreamWatch {
  readonly sawContent = true
  readonly error = undefined
  readonly oversizeEvents = 0
  blindness: unknown
  readonly #api: Api
  readonly #maxEventBytes: number
  readonly #meter: ContentMeter
  #stream: StreamWatch | undefined
  #pruner: JsonPruner | undefined
  #hasBegun = false

  constructor(api: Api, maxEventBytes: number) {
    this.#api = api
    this.#maxEventBytes = maxEventBytes
    this.#meter = new ContentMeter(api)
  }

  push(chunk: Uint8Array): void {
    if (this.blindness !== undefined || chunk.length === 0) return
    try {
      if (!this.#hasBegun) this.#begin(chunk)
      this.#stream?.push(chunk)
      this.#pruner?.push(chunk)
    } catch (error) {
      this.blindness = error
    }
  }

  end(): void {
    this.#stream?.end()
  }

  get framing(): StreamWatch['framing'] {
    return this.#stream?.framing ?? 'other'
  }

  get phase(): StreamWatch['phase'] {
    if (this.#stream) return this.#stream.phase === 'finished' ? 'finished' : 'content'
    return this.#pruner?.isClosed ? 'finished' : 'content'
  }

  get events(): number {
    return this.#stream?.events ?? 0
  }

  get terminalReason(): string | undefined {
    if (this.#stream) return this.#stream.events === 0 ? UNREAD : this.#stream.terminalReason
    if (this.blindness !== undefined || this.#pruner === undefined || this.#pruner.isBroken) return UNREAD
    return this.#pruner.isClosed ? 'complete' : undefined
  }

  get usage(): Usage {
    return this.#stream?.usage ?? this.#ofParts().usage
  }

  get responseId(): string | undefined {
    return this.#stream ? this.#stream.responseId : this.#ofParts().responseId
  }

  get contentTokens(): number {
    return this.#stream?.contentTokens ?? this.#meter.tokens
  }

  /** The first byte that means anything says what is coming. */
  #begin(chunk: Uint8Array): void {
    this.#hasBegun = true
    const head = utf8(chunk.subarray(0, MAX_BLANKS)).replace(/^[\s\ufeff]+/, '')
    const first = head.charCodeAt(0)
    if (first === OPEN_BRACE) this.#pruner = new JsonPruner(ANSWER_PARTS, this.#meter)
    else if (first === OPEN_BRACKET ? this.#api === 'gemini' : SSE_LINE.test(head.slice(0, MAX_HEAD_BYTES)))
      this.#stream = watchStream(this.#api, this.#maxEventBytes)
  }

  #ofParts(): { readonly usage: Usage; readonly responseId: string | undefined } {
    const state = freshState(this.#api)
    const json = this.#pruner && parseObject(this.#pruner.text())
    if (json !== undefined) READERS[this.#api].whole(state, json)
    return { usage: usageOfState(state), responseId: state.responseId }
  }
}
