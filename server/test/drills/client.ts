import net from 'node:net'

const PIECE_BYTES = 64 * 1024

export type Ask = {
  readonly port: number
  readonly token: string
  readonly stream?: boolean
  readonly path?: string
  /** Instead of the usual small body. */
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** One request on a connection of its own, seen as bytes. */
export type Call = {
  /** 0 until the head is here. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** Everything behind the head, chunk framing included. */
  readonly text: string
  readonly requestId: string
  /** `whole`: framing complete. `cut`: ended before. `refused`: no connection. `open`: not over yet. */
  readonly ending: 'open' | 'whole' | 'cut' | 'refused'
  /** `performance.now()`; 0 = not yet. */
  readonly startedAtMs: number
  readonly headAtMs: number
  readonly endedAtMs: number
  /** Resolves when it is over, however. */
  readonly over: Promise<Call>
  /** Resolves once the text contains this. Errors: rejects when the call is over before. */
  shows(text: string): Promise<void>
  pause(): void
  resume(): void
  leave(): void
}

export function requestBytes(ask: Ask): Buffer {
  return Buffer.concat(requestParts(ask))
}

/** Head and body. A `transfer-encoding` among the headers goes in the place of the length. */
function requestParts({
  port,
  token,
  stream = true,
  path = '/v1/messages',
  body,
  headers = {},
}: Ask): [Buffer, Buffer] {
  const usual = { model: 'm', max_tokens: 5, stream, messages: [{ role: 'user', content: 'hi' }] }
  const content = Buffer.isBuffer(body) ? body : Buffer.from(body ?? JSON.stringify(usual))
  const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(content.length) }
  const all = {
    host: `127.0.0.1:${port}`,
    'x-api-key': token,
    'content-type': 'application/json',
    ...length,
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return [Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), content]
}

/** Asks on a fresh connection. Never rejects: see `ending`. */
export function ask(what: Ask): Call {
  const call = new RawCall()
  call.open(what.port, requestParts(what))
  return call
}

class RawCall implements Call {
  status = 0
  headers: ReadonlyMap<string, string> = new Map()
  ending: Call['ending'] = 'open'
  readonly startedAtMs = performance.now()
  headAtMs = 0
  endedAtMs = 0
  readonly over: Promise<Call>
  #over: (call: Call) => void = () => {}
  #socket: net.Socket | undefined
  #received = ''
  #bodyAt = -1
  #watchers: (() => void)[] = []

  constructor() {
    this.over = new Promise((resolve) => {
      this.#over = resolve
    })
  }

  open(port: number, [head, body]: readonly [Buffer, Buffer]): void {
    const socket = net.connect(port, '127.0.0.1')
    this.#socket = socket
    let connected = false
    socket.on('connect', () => {
      connected = true
      socket.write(head)
      this.#upload(socket, body)
    })
    socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')))
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => this.#end(connected ? (this.#isWhole() ? 'whole' : 'cut') : 'refused'))
  }

  /** In pieces, and no further than the answer: who has been refused sends no more. */
  #upload(socket: net.Socket, body: Buffer): void {
    let sent = 0
    const more = (): void => {
      while (sent < body.length && this.headAtMs === 0) {
        const piece = body.subarray(sent, sent + PIECE_BYTES)
        sent += piece.length
        if (!socket.write(piece)) {
          socket.once('drain', more)
          return
        }
      }
    }
    more()
  }

  get text(): string {
    return this.#bodyAt < 0 ? '' : this.#received.slice(this.#bodyAt)
  }

  get requestId(): string {
    return this.headers.get('x-ccload-request-id') ?? ''
  }

  shows(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.text.includes(text)) done(resolve)
        else if (this.ending !== 'open')
          done(() => reject(new Error(`over (${this.ending}, ${this.status}) before: ${this.#received}`)))
      }
      const done = (act: () => void): void => {
        this.#watchers = this.#watchers.filter((other) => other !== look)
        act()
      }
      this.#watchers.push(look)
      look()
    })
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  leave(): void {
    this.#socket?.destroy()
  }

  #take(text: string): void {
    this.#received += text
    if (this.#bodyAt < 0) this.#readHead()
    if (this.#isWhole()) {
      this.#end('whole')
      this.#socket?.destroy()
    }
    for (const look of [...this.#watchers]) look()
  }

  #readHead(): void {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const [first = '', ...lines] = this.#received.slice(0, end).split('\r\n')
    this.status = Number(first.split(' ')[1])
    this.headers = new Map(
      lines.map(
        (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
      ),
    )
    this.#bodyAt = end + 4
    this.headAtMs = performance.now()
  }

  #isWhole(): boolean {
    if (this.#bodyAt < 0) return false
    const length = this.headers.get('content-length')
    if (length !== undefined) return this.#received.length - this.#bodyAt >= Number(length)
    return this.#received.endsWith('0\r\n\r\n')
  }

  #end(how: Exclude<Call['ending'], 'open'>): void {
    if (this.ending !== 'open') return
    this.ending = how
    this.endedAtMs = performance.now()
    for (const look of [...this.#watchers]) look()
    this.#over(this)
  }
}

/** How often each value occurs. */
export function tally<T>(values: Iterable<T>): ReadonlyMap<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
