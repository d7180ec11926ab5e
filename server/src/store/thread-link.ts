import { StoreError } from '../ports/store.ts'
import { errorOf, type FromThread, type ToThread } from './thread-wire.ts'

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
type Body = ToThread extends infer Message ? (Message extends ToThread ? Omit<Message, 'id'> : never) : never

/** In the compiled program every entry point lies in one virtual folder, by its path below that of `main.ts`. */
const COMPILED = /\$bunfs|~BUN/
const OWN_THREAD = COMPILED.test(import.meta.url) ? './store/store-thread.js' : './store-thread.ts'

/** Where the code of a database thread is. */
export const STORE_THREAD_URL: string = new URL(OWN_THREAD, import.meta.url).href

/** One database thread: questions and their answers. When it dies, everything that waits is refused, and all that comes. */
export class ThreadLink {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #onDeath: (why: string) => void
  #lastId = 0
  #ended: StoreError | undefined

  /** @param onDeath  Called once when the thread ends without having been asked to. */
  constructor(url: string, onDeath: (why: string) => void) {
    this.#onDeath = onDeath
    this.#worker = new Worker(url, { smol: true, name: 'ccload-store' })
    this.#worker.addEventListener('message', (event: MessageEvent) => this.#settle(event.data as string))
    this.#worker.addEventListener('error', (event: ErrorEvent) => this.#die(event.message))
    this.#worker.addEventListener('close', () => this.#die('it exited'))
  }

  isAlive(): boolean {
    return this.#ended === undefined
  }

  ask(body: Body): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended)
    this.#lastId++
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage(JSON.stringify({ id, ...body }))
    })
  }

  /** Ends the thread, without waiting for what it does. */
  end(): void {
    this.#ended ??= new StoreError('broken', 'the store is closed')
    this.#refuseWaiting(this.#ended)
    this.#worker.terminate()
  }

  #settle(text: string): void {
    const message = JSON.parse(text) as FromThread
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    const error = errorOf(message)
    if (error) waiting?.reject(error)
    else waiting?.resolve('value' in message ? message.value : undefined)
  }

  #die(why: string): void {
    if (this.#ended) return
    this.#ended = new StoreError('broken', `the database thread has ended: ${why}`)
    this.#refuseWaiting(this.#ended)
    this.#worker.terminate()
    this.#onDeath(why)
  }

  #refuseWaiting(error: StoreError): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
