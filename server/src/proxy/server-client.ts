import type { Client } from './exchange.ts'

export type Server = Pick<Bun.Server<undefined>, 'requestIP' | 'timeout'>

/** A client that takes nothing of a whole answer for this long is cut off. */
const DELIVERY_S = 30

/** The client's side of a request, as Bun's server has it. */
export class ServerClient implements Client {
  readonly request: Request
  readonly method: string
  readonly path: string
  readonly query: string
  readonly ip: string
  readonly #server: Server
  #isLifted = false

  /** @param url  Absolute; its path and query are taken as they stand, without building a `URL`. */
  constructor(server: Server, request: Request, { ip, url }: { readonly ip: string; readonly url: string }) {
    const start = url.indexOf('/', url.indexOf('//') + 2)
    const mark = url.indexOf('?', start)
    this.request = request
    this.method = request.method
    this.path = mark < 0 ? url.slice(start) : url.slice(start, mark)
    this.query = mark < 0 ? '' : url.slice(mark + 1)
    this.ip = ip
    this.#server = server
  }

  gone(): AbortSignal {
    return this.request.signal
  }

  ownTimers(): void {
    if (this.#isLifted) return
    this.#isLifted = true
    this.#server.timeout(this.request, 0)
  }

  serverTimers(): void {
    if (this.#isLifted) this.#server.timeout(this.request, DELIVERY_S)
  }
}
