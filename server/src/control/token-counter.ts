import type { Vocabulary } from '../core/count-tokens/family.ts'
import type { PairTable } from '../core/count-tokens/pair-table.ts'
import { type FromCounter, type ToCounter, type ToLoader, tableBuffers } from '../link/count-wire.ts'

export type CountAnswer =
  | { readonly ok: true; readonly inputTokens: number }
  /** The body is no request; for the client. */
  | { readonly ok: false; readonly message: string }

/** Counts the tokens of requests, in threads of its own that begin with the first question. */
export interface TokenCounter {
  /**
   * @param body  Of `POST /v1/messages/count_tokens`, as it came. It is moved, not copied: do not use it afterwards.
   * Errors: rejects when too many wait, and when the thread ends before the answer; the next question starts a new one.
   */
  count(body: Uint8Array<ArrayBuffer>): Promise<CountAnswer>
  /** Loads a vocabulary before anybody asks: 0.3 s of another core, then 10 MB (Claude) or 15 MB (o200k). */
  warm(vocabulary: Vocabulary): void
  close(): void
}

export type TokenCounterOptions = {
  /** Called when a thread ends by itself. */
  readonly onDeath?: (why: string) => void
  /** For tests. */
  readonly counterUrl?: string
  readonly loaderUrl?: string
}

/** In the compiled program every entry point lies in one virtual folder, by its path below that of `main.ts`. */
const IS_COMPILED = /\$bunfs|~BUN/.test(import.meta.url)
const COUNTER_URL = new URL(IS_COMPILED ? './control/token-thread.js' : './token-thread.ts', import.meta.url).href
const LOADER_URL = new URL(IS_COMPILED ? './control/vocabulary-thread.js' : './vocabulary-thread.ts', import.meta.url)
  .href
const MAX_WAITING = 1_000

export function tokenCounter(options: TokenCounterOptions = {}): TokenCounter {
  return new ThreadedCounter(options)
}

type Waiting = { readonly resolve: (answer: CountAnswer) => void; readonly reject: (error: Error) => void }

class ThreadedCounter implements TokenCounter {
  readonly #options: TokenCounterOptions
  readonly #waiting = new Map<number, Waiting>()
  /** Vocabularies that the counting thread has, or that are on their way. */
  readonly #loading = new Map<Vocabulary, Worker>()
  readonly #known = new Set<Vocabulary>()
  #thread: Worker | undefined
  #lastId = 0
  #isClosed = false

  constructor(options: TokenCounterOptions) {
    this.#options = options
  }

  count(body: Uint8Array<ArrayBuffer>): Promise<CountAnswer> {
    if (this.#isClosed) return Promise.reject(new Error('the token counter is closed'))
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(new Error('too many token counts at once'))
    this.#lastId++
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // A part of a larger buffer cannot be moved without the rest.
      const own = body.byteLength === body.buffer.byteLength ? body : body.slice()
      this.#tell({ id, body: own }, [own.buffer])
    })
  }

  warm(vocabulary: Vocabulary): void {
    if (!this.#isClosed) this.#load(vocabulary)
  }

  close(): void {
    this.#isClosed = true
    this.#end(new Error('the token counter is closed'))
  }

  #tell(message: ToCounter, move: ArrayBuffer[]): void {
    this.#thread ??= this.#start()
    this.#thread.postMessage(message, move)
  }

  #start(): Worker {
    const thread = new Worker(this.#options.counterUrl ?? COUNTER_URL, { smol: true, name: 'ccload-tokens' })
    thread.addEventListener('message', (event: MessageEvent) => this.#heard(event.data as FromCounter))
    this.#watch(thread)
    return thread
  }

  #heard(message: FromCounter): void {
    if ('needs' in message) return this.#load(message.needs)
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('fault' in message) waiting?.resolve({ ok: false, message: message.fault })
    else waiting?.resolve({ ok: true, inputTokens: message.inputTokens })
  }

  #load(vocabulary: Vocabulary): void {
    if (this.#known.has(vocabulary) || this.#loading.has(vocabulary)) return
    const loader = new Worker(this.#options.loaderUrl ?? LOADER_URL, { smol: true, name: 'ccload-vocabulary' })
    this.#loading.set(vocabulary, loader)
    loader.addEventListener('message', (event: MessageEvent) => {
      const table = event.data as PairTable
      this.#loading.delete(vocabulary)
      this.#known.add(vocabulary)
      this.#tell({ vocabulary, table }, tableBuffers(table))
      loader.terminate()
    })
    this.#watch(loader)
    loader.postMessage({ load: vocabulary } satisfies ToLoader)
  }

  /** A thread that ends by itself takes all with it: what waits is refused, and the next question begins anew. */
  #watch(thread: Worker): void {
    const died = (why: string): void => {
      if (thread !== this.#thread && ![...this.#loading.values()].includes(thread)) return
      this.#end(new Error(`the token counter has ended: ${why}`))
      this.#options.onDeath?.(why)
    }
    thread.addEventListener('error', (event: ErrorEvent) => died(event.message))
    thread.addEventListener('close', () => died('it exited'))
  }

  #end(error: Error): void {
    const threads = [...this.#loading.values(), ...(this.#thread ? [this.#thread] : [])]
    this.#thread = undefined
    this.#loading.clear()
    this.#known.clear()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const thread of threads) thread.terminate()
    for (const { reject } of waiting) reject(error)
  }
}

/** The answer as the API gives it, in the dialect of Anthropic. */
export function countReply(answer: CountAnswer): { readonly status: 200 | 400; readonly body: string } {
  if (answer.ok) return { status: 200, body: JSON.stringify({ input_tokens: answer.inputTokens }) }
  const error = { type: 'invalid_request_error', message: answer.message }
  return { status: 400, body: JSON.stringify({ type: 'error', error }) }
}
