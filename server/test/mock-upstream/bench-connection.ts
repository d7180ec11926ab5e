import { type BenchAnswers, type BenchOptions, benchAnswers, benchWires } from './bench-answers.ts'
import { Connection } from './connection.ts'
import type { Core } from './core.ts'
import { Outbox, type RawSocket, type SocketOwner } from './outbox.ts'
import { TimerWheel, type WheelTask } from './timer-wheel.ts'

const TICK_MS = 2
const SLOTS = 1_024
const TAIL_BYTES = 24
const GOLDEN_RATIO = 0.618_033_988_75

/** What all connections of a benchmark share: answers made once, and one timer for all streams. */
export class Bench {
  readonly wheel = new TimerWheel(TICK_MS, SLOTS)
  readonly events: number
  readonly intervalMs: number
  readonly unaryDelayMs: number
  #begun = 0
  readonly #answers: readonly (readonly [prefix: string, answers: BenchAnswers])[]

  constructor(options: BenchOptions) {
    this.events = options.events ?? 100
    this.intervalMs = options.intervalMs ?? 100
    this.unaryDelayMs = options.unaryDelayMs ?? 0
    this.#answers = benchWires().map(([prefix, wire]) => [prefix, benchAnswers(wire, options)])
  }

  /** Streams that begin together must not speak together: what they wait for the first event is spread evenly. */
  phaseMs(): number {
    this.#begun++
    return ((this.#begun * GOLDEN_RATIO) % 1) * this.intervalMs
  }

  answersFor(target: string): BenchAnswers | undefined {
    return this.#answers.find(([prefix]) => target.startsWith(prefix))?.[1]
  }
}

/**
 * The cheap connection: reads only what it must (where the head ends, how long the body is, whether a stream is wished)
 * and sends answers made beforehand. Anything else, the control API and every call while rules are set, is handed to
 * `Connection`, which then keeps the socket.
 */
export class BenchConnection implements SocketOwner, WheelTask {
  readonly #socket: RawSocket
  readonly #core: Core
  readonly #bench: Bench
  readonly #outbox: Outbox
  #full: Connection | undefined
  #head: Buffer = Buffer.alloc(0)
  #leftBytes = 0
  #wantsStream = false
  #tail: Buffer = Buffer.alloc(0)
  #answers: BenchAnswers | undefined
  #eventsLeft = 0
  #dueAtMs = 0
  #isGone = false

  constructor(socket: RawSocket, core: Core, bench: Bench) {
    this.#socket = socket
    this.#core = core
    this.#bench = bench
    this.#outbox = new Outbox(socket, () => {})
  }

  data(bytes: Uint8Array): void {
    if (this.#full) this.#full.data(bytes)
    else if (this.#leftBytes > 0) this.#body(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    else this.#begin(this.#head.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#head, bytes]))
  }

  drain(): void {
    if (this.#full) this.#full.drain()
    else this.#outbox.drain()
  }

  close(): void {
    this.#isGone = true
    this.#full?.close()
    this.#outbox.closed()
  }

  /** The wheel says that the next event is due, or the delayed answer. */
  fire(): void {
    const answers = this.#answers
    if (this.#isGone || !answers) return
    if (this.#eventsLeft === 0) return this.#outbox.write(answers.unary)
    this.#sendEvent(answers)
    if (this.#eventsLeft === 0) this.#outbox.write(answers.end)
    else this.#scheduleNext()
  }

  #begin(bytes: Buffer): void {
    const end = bytes.indexOf('\r\n\r\n')
    this.#head = end < 0 ? bytes : Buffer.alloc(0)
    if (end < 0) return
    const head = bytes.toString('latin1', 0, end)
    const lengthBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN)
    const from = head.indexOf(' ') + 1
    const target = head.slice(from, head.indexOf(' ', from))
    this.#answers = this.#bench.answersFor(target)
    if (!this.#core.rules.isEmpty || Number.isNaN(lengthBytes) || !this.#answers) return this.#handOver(bytes)
    this.#core.countUnrecorded()
    this.#leftBytes = lengthBytes
    this.#wantsStream = target.includes(':streamGenerateContent')
    this.#body(bytes.subarray(end + 4))
  }

  #handOver(bytes: Buffer): void {
    this.#full = new Connection(this.#socket, this.#core)
    this.#full.data(bytes)
  }

  #body(bytes: Buffer): void {
    const body = bytes.subarray(0, this.#leftBytes)
    this.#leftBytes -= body.length
    // A word may be cut by the end of a packet, so the last bytes are looked at twice.
    const seen = this.#tail.length === 0 ? body : Buffer.concat([this.#tail, body])
    this.#wantsStream ||= wantsStream(seen)
    this.#tail = this.#leftBytes > 0 ? seen.subarray(-TAIL_BYTES) : Buffer.alloc(0)
    if (this.#leftBytes === 0) this.#answer()
  }

  #answer(): void {
    const { events, intervalMs, unaryDelayMs, wheel } = this.#bench
    const answers = this.#answers
    if (!answers) return
    this.#eventsLeft = this.#wantsStream ? events : 0
    if (!this.#wantsStream && unaryDelayMs > 0) return wheel.add(this, unaryDelayMs)
    if (!this.#wantsStream) return this.#outbox.write(answers.unary)
    this.#outbox.write(answers.begin)
    this.#dueAtMs = performance.now() - this.#bench.phaseMs()
    if (intervalMs > 0 && events > 0) return this.#scheduleNext()
    while (this.#eventsLeft > 0) this.#sendEvent(answers)
    this.#outbox.write(answers.end)
  }

  /** By the clock, not by the last event: a late tick must not slow the stream down. */
  #scheduleNext(): void {
    this.#dueAtMs += this.#bench.intervalMs
    this.#bench.wheel.add(this, Math.max(0, this.#dueAtMs - performance.now()))
  }

  #sendEvent(answers: BenchAnswers): void {
    this.#eventsLeft--
    answers.event.write(
      String(Math.round((performance.timeOrigin + performance.now()) * 1_000)),
      answers.stampAt,
      'latin1',
    )
    this.#outbox.write(answers.event)
  }
}

function wantsStream(body: Buffer): boolean {
  const at = body.indexOf('"stream"')
  return at >= 0 && /^"stream"\s*:\s*true/.test(body.toString('latin1', at, at + 20))
}
