import { ChunkedAnswer } from './chunked-answer.ts'
import { requestBytes } from './request-text.ts'

const AT = 0x40
const ZERO = 0x30
const DIGITS = 16
const MARK_BYTES = DIGITS + 2
const NOTHING = Buffer.alloc(0)
const OPENED_TOGETHER = 25
const OPENING_PAUSE_MS = 10

export type StreamLoad = {
  readonly port: number
  readonly token: string
  readonly streams: number
  /** Asks again on the same connection when a stream has ended, as long as this holds. */
  again(): boolean
}

export type StreamResult = {
  readonly events: number
  /** Streams that ended as they should. */
  readonly ended: number
  /** Connections that broke, or answers that were not 200. */
  readonly broken: number
  /** From the upstream's clock to ours, of each event, ms, in no order. */
  readonly delaysMs: readonly number[]
}

/** Reads many stamped streams at once from raw sockets. `done` resolves when all have ended or broken. */
export class StreamClient {
  readonly done: Promise<StreamResult>
  readonly delaysMs: number[] = []
  readonly load: StreamLoad
  readonly request: Buffer
  events = 0
  #ended = 0
  #broken = 0
  #open: number
  readonly #finish: (result: StreamResult) => void

  constructor(load: StreamLoad) {
    this.load = load
    this.request = requestBytes({ token: load.token, bodyBytes: 1_024, isStream: true })
    this.#open = load.streams
    const { promise, resolve } = Promise.withResolvers<StreamResult>()
    this.done = promise
    this.#finish = resolve
    void this.#connectAll()
  }

  /** True when the connection is to be used again. */
  streamEnded(): boolean {
    this.#ended++
    return this.load.again()
  }

  streamGone(isBroken: boolean): void {
    if (isBroken) this.#broken++
    if (--this.#open > 0) return
    this.#finish({ events: this.events, ended: this.#ended, broken: this.#broken, delaysMs: this.delaysMs })
  }

  async #connectAll(): Promise<void> {
    for (let opened = 0; opened < this.load.streams; opened++) {
      const reader = new StreamReader(this)
      void Bun.connect({ hostname: '127.0.0.1', port: this.load.port, socket: handlersOf(reader) }).catch(() =>
        this.streamGone(true),
      )
      if (opened % OPENED_TOGETHER === 0) await Bun.sleep(OPENING_PAUSE_MS)
    }
  }
}

/** One connection. Looks for marks `@<16 digits>@` in the answer's body, wherever it is cut. */
class StreamReader {
  readonly #client: StreamClient
  #answer = this.#newAnswer()
  #kept: Buffer = NOTHING
  #isDone = false

  constructor(client: StreamClient) {
    this.#client = client
  }

  get request(): Buffer {
    return this.#client.request
  }

  data(socket: Bun.Socket, bytes: Buffer): void {
    const fed = this.#answer.feed(bytes)
    if (fed === 'not-200') socket.terminate()
    if (fed === 'ended') this.#endOfAnswer(socket)
  }

  gone(): void {
    this.#client.streamGone(!this.#isDone)
  }

  #newAnswer(): ChunkedAnswer {
    return new ChunkedAnswer((body) => this.#readMarks(body))
  }

  #endOfAnswer(socket: Bun.Socket): void {
    this.#answer = this.#newAnswer()
    this.#kept = NOTHING
    if (this.#client.streamEnded()) {
      socket.write(this.request)
      return
    }
    this.#isDone = true
    socket.end()
  }

  #readMarks(body: Buffer): void {
    const bytes = this.#kept.length === 0 ? body : Buffer.concat([this.#kept, body])
    const nowMicros = (performance.timeOrigin + performance.now()) * 1_000
    let from = bytes.indexOf(AT)
    while (from >= 0 && from + MARK_BYTES <= bytes.length) {
      this.#client.events++
      this.#client.delaysMs.push((nowMicros - numberAt(bytes, from + 1)) / 1_000)
      from = bytes.indexOf(AT, from + MARK_BYTES)
    }
    this.#kept = from < 0 ? NOTHING : bytes.subarray(from)
  }
}

function numberAt(bytes: Buffer, from: number): number {
  let value = 0
  for (let index = from; index < from + DIGITS; index++) value = value * 10 + (bytes[index] ?? ZERO) - ZERO
  return value
}

function handlersOf(reader: StreamReader): Bun.SocketHandler<undefined> {
  return {
    open(socket) {
      socket.setNoDelay(true)
      socket.write(reader.request)
    },
    data: (socket, bytes) => reader.data(socket, bytes),
    close: () => reader.gone(),
    error() {
      // `close` follows and counts it
    },
  }
}
