export type Answer = {
  readonly status: number
  /** Head and body as they came. */
  readonly bytes: number
  readonly body: string
  readonly tookMs: number
}

type Waiting = {
  readonly startedMs: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** One kept-alive connection that asks one question at a time: the cheapest client there is, so that it adds little. */
export class Exchange {
  readonly #socket: Bun.Socket<undefined>
  #waiting: Waiting | undefined
  #received: Buffer = Buffer.alloc(0)

  private constructor(socket: Bun.Socket<undefined>) {
    this.#socket = socket
  }

  /** Errors: rejects when nobody listens. */
  static async open(port: number): Promise<Exchange> {
    const opened: { exchange?: Exchange } = {}
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_, bytes) => opened.exchange?.take(bytes),
        close: () => opened.exchange?.fail('the connection was closed before the answer was whole'),
        error: (_, error) => opened.exchange?.fail(error.message),
      },
    })
    socket.setNoDelay(true)
    const exchange = new Exchange(socket)
    opened.exchange = exchange
    return exchange
  }

  /** Errors: rejects when the connection breaks, or the answer has no `Content-Length`. */
  ask(request: Uint8Array): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#waiting = { startedMs: performance.now(), resolve, reject }
    const written = this.#socket.write(request)
    if (written < request.length) this.fail('the request does not fit into the socket at once')
    return promise
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.end()
  }

  take(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes])
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) return this.fail('the answer has no Content-Length')
    const total = end + 4 + Number(length)
    if (this.#received.length < total) return
    const body = this.#received.toString('utf8', end + 4, total)
    this.#received = this.#received.subarray(total)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({
      status: Number(head.slice(9, 12)),
      bytes: total,
      body,
      tookMs: performance.now() - waiting.startedMs,
    })
  }

  fail(why: string): void {
    this.#waiting?.reject(new Error(why))
    this.#waiting = undefined
  }
}
