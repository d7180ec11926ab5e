import net from 'node:net'

const LIMIT_MS = 3_000

export type Ending = 'fin' | 'rst'

/** A client that sees bytes: what came, in which pieces and when, and how the connection ended. */
export class RawClient {
  /** Each read, with its time (`performance.now()`). */
  readonly reads: { readonly atMs: number; readonly bytes: Buffer }[] = []
  /** Resolves when the other side ends the connection. */
  readonly ended: Promise<Ending>
  readonly #socket: net.Socket
  receivedBytes = 0
  #joined: Buffer = Buffer.alloc(0)
  #listeners: (() => void)[] = []
  #ending: Ending | undefined

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.receivedBytes += bytes.length
      this.reads.push({ atMs: performance.now(), bytes })
      this.#tell()
    })
    this.ended = new Promise((resolve) => {
      const end = (how: Ending) => {
        this.#ending ??= how
        resolve(this.#ending)
        this.#tell()
      }
      socket.on('end', () => end('fin'))
      socket.on('error', () => end('rst'))
      socket.on('close', () => end('fin'))
    })
  }

  static connect(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      const client = new RawClient(socket)
      socket.once('connect', () => resolve(client))
      socket.once('error', reject)
    })
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Stops reading, so that the other side cannot send on. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  leave(): void {
    this.#socket.destroy()
  }

  /** Everything that came. */
  get received(): Buffer {
    if (this.#joined.length < this.receivedBytes) this.#joined = Buffer.concat(this.reads.map((read) => read.bytes))
    return this.#joined
  }

  /** Resolves once so many bytes came. Errors: as `until`. */
  untilBytes(bytes: number): Promise<void> {
    return this.#waitFor(() => this.receivedBytes >= bytes)
  }

  get isOpen(): boolean {
    return this.#ending === undefined
  }

  /** Resolves once what came fits. Errors: rejects when the connection ends first, or after three seconds. */
  until(isSo: (received: Buffer) => boolean): Promise<void> {
    return this.#waitFor(() => isSo(this.received))
  }

  #waitFor(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          done(
            new Error(`waited in vain; had ${this.receivedBytes} bytes: ${this.received.toString('utf8', 0, 2_000)}`),
          ),
        LIMIT_MS,
      )
      const done = (error?: Error) => {
        clearTimeout(timer)
        this.#listeners = this.#listeners.filter((other) => other !== look)
        if (error) reject(error)
        else resolve()
      }
      const look = () => {
        if (isSo()) done()
        else if (this.#ending) done(new Error(`ended (${this.#ending}) with ${this.received.toString()}`))
      }
      this.#listeners.push(look)
      look()
    })
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

/** The bytes of a POST request with a JSON body. */
export function postBytes(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Buffer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: mock\r\n${lines.join('')}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}

export type RawAnswer = {
  readonly status: number
  readonly statusLine: string
  /** Each line of the head after the first, as it came. */
  readonly headerLines: readonly string[]
  /** Everything behind the head, chunk framing included. */
  readonly rest: Buffer
}

/** Splits an answer; the first one when several came. */
export function readAnswer(received: Buffer): RawAnswer {
  const end = received.indexOf('\r\n\r\n')
  const [statusLine = '', ...headerLines] = received.toString('latin1', 0, end).split('\r\n')
  return { status: Number(statusLine.split(' ')[1]), statusLine, headerLines, rest: received.subarray(end + 4) }
}

export type Dechunked = { readonly body: Buffer; readonly chunks: readonly Buffer[]; readonly isComplete: boolean }

/** Takes chunked framing off, as far as it goes. */
export function dechunk(rest: Buffer): Dechunked {
  const chunks: Buffer[] = []
  let from = 0
  while (from < rest.length) {
    const lineEnd = rest.indexOf('\r\n', from)
    const sizeBytes = Number.parseInt(rest.toString('latin1', from, lineEnd), 16)
    if (lineEnd < 0 || Number.isNaN(sizeBytes)) break
    if (sizeBytes === 0) return { body: Buffer.concat(chunks), chunks, isComplete: true }
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + sizeBytes))
    from = lineEnd + 2 + sizeBytes + 2
  }
  return { body: Buffer.concat(chunks), chunks, isComplete: false }
}
