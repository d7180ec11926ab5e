import type { Api } from '../core/channel-type.ts'
import type { Usage } from '../core/usage.ts'
import { EventKind } from './event-kind.ts'
import { READERS } from './index.ts'
import { JsonArrayReader } from './json-array.ts'
import { foldOversize } from './oversize.ts'
import { type SseListener, SseReader } from './sse.ts'
import type { StreamError } from './stream-error.ts'
import { type EventReader, freshState, usageOfState, type WatchState } from './watch-state.ts'

export type { StreamError } from './stream-error.ts'

/** `finished`: the protocol's own end marker was seen. For Gemini, whose end has no marker, a finish reason. */
export type StreamPhase = 'before-content' | 'content' | 'finished'

/** `other`: the first byte is that of JSON or HTML, so no event will ever come and the body is to be read as a whole. */
export type Framing = 'unknown' | 'sse' | 'json-array' | 'other'

/** Understands one streamed answer while it passes. */
export interface StreamWatch {
  /** Looks at the next bytes, cut anywhere. Never throws, never keeps or changes the chunk. */
  push(chunk: Uint8Array): void
  /** Clean end of the upstream's body. */
  end(): void
  readonly phase: StreamPhase
  /** Real content was seen, so the answer may go to the client. A stream can be `finished` without. */
  readonly sawContent: boolean
  /** The first error the upstream reported, before or after content. */
  readonly error: StreamError | undefined
  /** Complete events; keep-alives and comments are not counted. */
  readonly events: number
  /** Events too large to be looked at. */
  readonly oversizeEvents: number
  readonly usage: Usage
  /** About how many tokens of output were seen, by their text; 0 = none, or unreadable. */
  readonly contentTokens: number
  readonly responseId: string | undefined
  /** `stop_reason`, `finish_reason`, `status`, `finishReason` or `blockReason`, whichever the API has; the last one seen. */
  readonly terminalReason: string | undefined
  readonly framing: Framing
  /** What made looking impossible, if anything did: a bug here. Bytes must flow on. */
  readonly blindness: unknown
}

/** @param maxEventBytes  Ceiling on one unfinished event; memory held is O(this). */
export function watchStream(api: Api, maxEventBytes: number): StreamWatch {
  return new Watch(api, maxEventBytes)
}

class Watch implements StreamWatch, SseListener {
  events = 0
  oversizeEvents = 0
  framing: Framing = 'unknown'
  blindness: unknown
  readonly #maxEventBytes: number
  readonly #state: WatchState
  readonly #read: EventReader
  readonly #kind = new EventKind()
  #sse: SseReader | undefined
  #array: JsonArrayReader | undefined

  constructor(api: Api, maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes
    this.#state = freshState(api)
    this.#read = READERS[api].event
  }

  push(chunk: Uint8Array): void {
    if (this.blindness !== undefined) return
    try {
      if (this.framing === 'unknown') this.#begin(chunk)
      else (this.#sse ?? this.#array)?.push(chunk)
    } catch (error) {
      this.blindness = error
    }
  }

  end(): void {
    if (this.blindness !== undefined) return
    try {
      this.#sse?.end()
    } catch (error) {
      this.blindness = error
    }
  }

  get phase(): StreamPhase {
    const { finished, sawContent } = this.#state
    if (finished && (this.#array === undefined || this.#array.closed)) return 'finished'
    return sawContent ? 'content' : 'before-content'
  }

  get sawContent(): boolean {
    return this.#state.sawContent
  }

  get error(): StreamError | undefined {
    return this.#state.error
  }

  get usage(): Usage {
    return usageOfState(this.#state)
  }

  get contentTokens(): number {
    return this.#state.content.tokens
  }

  get responseId(): string | undefined {
    return this.#state.responseId
  }

  get terminalReason(): string | undefined {
    return this.#state.terminalReason
  }

  event(name: string, data: Uint8Array): void {
    if (this.#read(this.#state, this.#kind.of(name, data), data)) this.events++
  }

  oversize(name: string, tail: Uint8Array, parts: Uint8Array): void {
    this.events++
    this.oversizeEvents++
    foldOversize(this.#state, { name, tail, parts })
  }

  /** The first byte that means anything says what is coming. White space and a byte order mark before it say nothing. */
  #begin(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && isBlank(chunk[at]!)) at++
    const first = chunk[at]
    if (first === undefined) return
    this.framing = framingOf(first, this.#state.api)
    if (this.framing === 'sse') this.#sse = new SseReader(this, this.#maxEventBytes)
    if (this.framing === 'json-array')
      this.#array = new JsonArrayReader(
        { element: (json) => this.event('', json), oversize: (json) => this.oversize('', NOTHING, json) },
        this.#maxEventBytes,
      )
    ;(this.#sse ?? this.#array)?.push(at === 0 ? chunk : chunk.subarray(at))
  }
}

function isBlank(byte: number): boolean {
  return (
    byte === 0x0a || byte === 0x0d || byte === 0x20 || byte === 0x09 || byte === 0xef || byte === 0xbb || byte === 0xbf
  )
}

const NOTHING = new Uint8Array(0)
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const LESS_THAN = 0x3c

function framingOf(first: number, api: Api): Framing {
  if (first === OPEN_BRACKET && api === 'gemini') return 'json-array'
  return first === OPEN_BRACE || first === OPEN_BRACKET || first === LESS_THAN ? 'other' : 'sse'
}
