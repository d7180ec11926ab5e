/** As much of a socket as the mock needs; Bun's sockets have this shape. */
export interface RawSocket {
  /** Returns how many bytes were taken at once; negative when the socket is closed. */
  write(bytes: Uint8Array): number
  /** Closes in order (FIN). */
  end(): void
  /** Closes with a reset (RST). */
  terminate(): void
  pause(): void
  resume(): void
}

/** Who listens to a socket. */
export interface SocketOwner {
  data(bytes: Uint8Array): void
  drain(): void
  close(): void
}

/** Sends what a socket does not take at once, in order, as soon as it does. */
export class Outbox {
  readonly #socket: RawSocket
  readonly #taken: (bytes: number) => void
  #pending: Uint8Array[] = []
  #waiting: (() => void)[] = []

  /** @param taken  Told how many bytes the operating system took, each time. */
  constructor(socket: RawSocket, taken: (bytes: number) => void) {
    this.#socket = socket
    this.#taken = taken
  }

  /** @param bytes  Not kept: the caller may write over them afterwards. */
  write(bytes: Uint8Array): void {
    const left = this.#pending.length === 0 ? this.#hand(bytes) : bytes
    if (left.length > 0) this.#pending.push(left.slice())
  }

  /** The socket takes bytes again. */
  drain(): void {
    while (this.#pending.length > 0) {
      const [first = new Uint8Array(0)] = this.#pending
      const left = this.#hand(first)
      if (left.length > 0) {
        this.#pending[0] = left
        return
      }
      this.#pending.shift()
    }
    this.#wake()
  }

  /** Resolves when everything is handed over, or can never be. */
  flushed(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  closed(): void {
    this.#pending = []
    this.#wake()
  }

  #hand(bytes: Uint8Array): Uint8Array {
    const taken = Math.max(0, this.#socket.write(bytes))
    this.#taken(taken)
    return bytes.subarray(taken)
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
