/** One connection that sends a request, waits for its whole answer, and is used again. */
export class KeptConnection {
  readonly #socket: Bun.Socket<undefined>
  #received = ''
  #waiting: PromiseWithResolvers<number> | undefined

  private constructor(socket: Bun.Socket<undefined>) {
    this.#socket = socket
  }

  static async open(port: number): Promise<KeptConnection> {
    const held: { connection?: KeptConnection } = {}
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_socket, bytes) => held.connection?.received(bytes),
        close: () => held.connection?.closed(),
        error() {
          // `close` follows
        },
      },
    })
    socket.setNoDelay(true)
    held.connection = new KeptConnection(socket)
    return held.connection
  }

  /** Time until the whole answer is here, ms. Errors: rejects when it is not a 200 or the connection ends. */
  async ask(request: Buffer): Promise<number> {
    const waiting = Promise.withResolvers<number>()
    this.#waiting = waiting
    this.#received = ''
    const beganMs = performance.now()
    this.#socket.write(request)
    const status = await waiting.promise
    const tookMs = performance.now() - beganMs
    if (status !== 200) throw new Error(`answered ${status}: ${this.#received}`)
    return tookMs
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.end()
  }

  received(bytes: Buffer): void {
    this.#received += bytes.toString('latin1')
    if (isWhole(this.#received)) this.#waiting?.resolve(Number(this.#received.slice(9, 12)))
  }

  closed(): void {
    this.#waiting?.reject(new Error(`the connection ended: ${this.#received}`))
  }
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return false
  const lengthBytes = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd + 2))?.[1]
  if (lengthBytes !== undefined) return text.length >= headEnd + 4 + Number(lengthBytes)
  return text.endsWith('\r\n0\r\n\r\n')
}
