// The client of the stream measures: a program of its own, since it would disturb the one that measures.
// Asks for streams over many connections, checks every event, prints what it saw as one line of JSON.
import { requestBody, requestBytes } from './request.ts'
import { quantile } from './statistics.ts'
import { StreamReader } from './stream-reader.ts'

export type StreamWish = {
  readonly port: number
  readonly token: string
  readonly streams: number
  /** In each stream, exactly. */
  readonly events: number
  /** Every connection asks for one stream after the other until this time has passed; 0 = one stream each. */
  readonly forMs: number
  /** Over which the connections are opened. */
  readonly openWithinMs: number
  /** Ends everything, whatever is missing. */
  readonly limitMs: number
}

export type StreamsSeen = {
  readonly streams: number
  readonly events: number
  /** Events that were announced and did not come. */
  readonly lost: number
  /** Events older than the one before them in the same stream. */
  readonly disordered: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly worstMs: number
  /** Why streams broke, the first few. */
  readonly complaints: readonly string[]
}

const MAX_COMPLAINTS = 5
const MAX_DELAYS = 4_000_000

class Streams {
  readonly #wish: StreamWish
  readonly #request: Buffer
  readonly #startedMs = performance.now()
  readonly #delays = new Float64Array(MAX_DELAYS)
  readonly #complaints: string[] = []
  #streams = 0
  #asked = 0
  #events = 0
  #disordered = 0

  constructor(wish: StreamWish) {
    this.#wish = wish
    this.#request = requestBytes(requestBody({ bytes: 400, stream: true }), wish.token)
  }

  async run(): Promise<StreamsSeen> {
    const { streams, openWithinMs, limitMs } = this.#wish
    const all: Promise<void>[] = []
    for (let at = 0; at < streams; at++) {
      const waitMs = (openWithinMs * at) / streams - (performance.now() - this.#startedMs)
      if (waitMs > 1) await Bun.sleep(waitMs)
      all.push(this.#connection())
    }
    await Promise.race([Promise.all(all), Bun.sleep(limitMs)])
    return this.#seen()
  }

  #connection(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    let before = 0
    const reader = new StreamReader(
      (sentAtMicros) => {
        if (sentAtMicros < before) this.#disordered++
        before = sentAtMicros
        this.#note(sentAtMicros)
      },
      () => {
        this.#streams++
        before = 0
        if (performance.now() - this.#startedMs < this.#wish.forMs) this.#ask(sockets)
        else resolve()
      },
    )
    const sockets: { socket?: Bun.Socket<undefined> } = {}
    const broken = (why: string): void => {
      if (this.#complaints.length < MAX_COMPLAINTS) this.#complaints.push(why)
      resolve()
    }
    const opened = Bun.connect({
      hostname: '127.0.0.1',
      port: this.#wish.port,
      socket: {
        open: (socket) => {
          sockets.socket = socket
          this.#ask(sockets)
        },
        data: (_, bytes) => {
          try {
            reader.push(bytes)
          } catch (error) {
            broken(String(error))
          }
        },
        close: () => resolve(),
        error: (_, error) => broken(error.message),
        connectError: (_, error) => broken(error.message),
      },
    })
    opened.catch(() => {}) // `connectError` has told
    return promise
  }

  #ask({ socket }: { readonly socket?: Bun.Socket<undefined> }): void {
    this.#asked++
    socket?.write(this.#request)
  }

  #note(sentAtMicros: number): void {
    if (this.#events < MAX_DELAYS) {
      this.#delays[this.#events] = performance.timeOrigin + performance.now() - sentAtMicros / 1000
    }
    this.#events++
  }

  #seen(): StreamsSeen {
    const delays = this.#delays.subarray(0, Math.min(this.#events, MAX_DELAYS)).toSorted()
    const isEmpty = delays.length === 0
    return {
      streams: this.#streams,
      events: this.#events,
      lost: Math.max(this.#asked, this.#wish.streams) * this.#wish.events - this.#events,
      disordered: this.#disordered,
      p50Ms: isEmpty ? 0 : quantile(delays, 0.5),
      p99Ms: isEmpty ? 0 : quantile(delays, 0.99),
      worstMs: isEmpty ? 0 : (delays.at(-1) ?? 0),
      complaints: this.#complaints,
    }
  }
}

if (import.meta.main) {
  const seen = await new Streams(JSON.parse(process.argv[2] ?? '{}') as StreamWish).run()
  process.stdout.write(`${JSON.stringify(seen)}\n`)
  process.exit(0)
}
