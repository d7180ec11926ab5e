import type { Header } from './draft.ts'

/** The head of a request, exactly as it came. */
export type RequestHead = {
  readonly method: string
  /** The request target, not decoded, query included. */
  readonly target: string
  readonly version: string
  readonly headers: readonly Header[]
  /** Everything up to and with the blank line, one UTF-16 unit per byte. */
  readonly raw: string
}

export interface RequestListener {
  head(head: RequestHead): void
  /** The body is complete; chunked coding is taken off. */
  end(body: Uint8Array): void
  /** These bytes are no HTTP/1.1. */
  bad(why: string): void
}

type State =
  | { readonly at: 'head' | 'chunk-size' | 'trailer' | 'stopped' }
  | { readonly at: 'body' | 'chunk'; leftBytes: number }
  | { readonly at: 'chunk-end' }

const MAX_HEAD_BYTES = 1_048_576

/**
 * Reads requests off a connection, one at a time: after `end` it keeps what follows until `next()`.
 * Lenient where it does no harm; a test looks at `raw` to be strict. Source: RFC 9112.
 */
export class RequestReader {
  readonly #listener: RequestListener
  #held: Buffer = Buffer.alloc(0)
  #body: Buffer[] = []
  #state: State = { at: 'head' }

  constructor(listener: RequestListener) {
    this.#listener = listener
  }

  push(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes])
    this.#run()
  }

  /** The answer is out: the next request may be read. */
  next(): void {
    this.#body = []
    this.#state = { at: 'head' }
    this.#run()
  }

  #run(): void {
    while (this.#step()) {
      // each step takes what it can use, until one needs more bytes
    }
  }

  #step(): boolean {
    const state = this.#state
    switch (state.at) {
      case 'head':
        return this.#head()
      case 'body':
      case 'chunk':
        return this.#bytes(state)
      case 'chunk-size':
        return this.#chunkSize()
      case 'chunk-end':
        return this.#line() !== undefined && this.#to({ at: 'chunk-size' })
      case 'trailer':
        return this.#trailer()
      case 'stopped':
        return false
    }
  }

  #head(): boolean {
    const end = this.#held.indexOf('\r\n\r\n')
    if (end < 0) return this.#held.length > MAX_HEAD_BYTES ? this.#bad('head too long') : false
    const head = readHead(this.#held.toString('latin1', 0, end + 4))
    this.#held = this.#held.subarray(end + 4)
    if (!head) return this.#bad('not a request line')
    const length = bodyLength(head.headers)
    if (length === undefined) return this.#bad('unreadable framing')
    this.#to(length === 'chunked' ? { at: 'chunk-size' } : { at: 'body', leftBytes: length })
    this.#listener.head(head)
    return true
  }

  #bytes(state: { readonly at: 'body' | 'chunk'; leftBytes: number }): boolean {
    const taken = this.#held.subarray(0, state.leftBytes)
    if (taken.length > 0) this.#body.push(taken)
    this.#held = this.#held.subarray(taken.length)
    state.leftBytes -= taken.length
    if (state.leftBytes > 0) return false
    return state.at === 'chunk' ? this.#to({ at: 'chunk-end' }) : this.#end()
  }

  #chunkSize(): boolean {
    const line = this.#line()
    if (line === undefined) return false
    const size = Number.parseInt(line, 16)
    if (!/^[\da-f]+/i.test(line)) return this.#bad('unreadable chunk size')
    return this.#to(size === 0 ? { at: 'trailer' } : { at: 'chunk', leftBytes: size })
  }

  #trailer(): boolean {
    const line = this.#line()
    if (line === undefined) return false
    return line === '' ? this.#end() : true
  }

  #line(): string | undefined {
    const end = this.#held.indexOf('\r\n')
    if (end < 0) return undefined
    const line = this.#held.toString('latin1', 0, end)
    this.#held = this.#held.subarray(end + 2)
    return line
  }

  #end(): boolean {
    this.#state = { at: 'stopped' }
    const [only = Buffer.alloc(0), ...more] = this.#body
    this.#listener.end(more.length === 0 ? only : Buffer.concat(this.#body))
    return this.#state.at !== 'stopped'
  }

  #bad(why: string): false {
    this.#state = { at: 'stopped' }
    this.#listener.bad(why)
    return false
  }

  #to(state: State): true {
    this.#state = state
    return true
  }
}

function readHead(raw: string): RequestHead | undefined {
  const [first = '', ...lines] = raw.slice(0, -4).split('\r\n')
  const found = /^([!-~]+) ([!-~\u0080-\u00ff]+) (HTTP\/1\.[01])$/.exec(first)
  if (!found) return undefined
  const headers = lines.map((line): Header => {
    const colon = line.indexOf(':')
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { method: found[1] ?? '', target: found[2] ?? '', version: found[3] ?? '', headers, raw }
}

/** The value of a header, its name in any case; the first one when it repeats. */
export function headerOf(headers: readonly Header[], name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1]
}

function bodyLength(headers: readonly Header[]): number | 'chunked' | undefined {
  if (/\bchunked\b/i.test(headerOf(headers, 'transfer-encoding') ?? '')) return 'chunked'
  const length = headerOf(headers, 'content-length') ?? '0'
  return /^\d+$/.test(length) ? Number(length) : undefined
}
