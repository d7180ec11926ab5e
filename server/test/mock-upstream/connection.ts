import { createHash } from 'node:crypto'
import { behavioursOf, type Reading, reading } from './apply-behaviours.ts'
import type { Behaviour } from './behaviour.ts'
import { type Call, callOf, keyOf } from './call.ts'
import { control, isControl } from './control.ts'
import type { Core } from './core.ts'
import type { Step } from './draft.ts'
import { Outbox, type RawSocket, type SocketOwner } from './outbox.ts'
import { planAnswer } from './plan-answer.ts'
import { headerOf, type RequestHead, type RequestListener, RequestReader } from './request-reader.ts'

const DRAIN_LIMIT_MS = 2_000

/** One request and what is to become of it. */
type Exchange = {
  readonly head: RequestHead
  readonly call: Call
  readonly behaviours: readonly Behaviour[]
  readonly reading: Reading
}

/** One connection of a client: reads requests one after the other and lets each have its answer, or its fault. */
export class Connection implements SocketOwner, RequestListener {
  readonly #socket: RawSocket
  readonly #core: Core
  readonly #number: number
  readonly #reader: RequestReader
  readonly #outbox: Outbox
  #exchange: Exchange | undefined
  #served = 0
  #isPaused = false
  #heldBody: Uint8Array | undefined
  #isOver = false // by us or by the client
  readonly #sleepers = new Set<() => void>()
  readonly #bodyWaiters = new Set<() => void>()

  constructor(socket: RawSocket, core: Core) {
    this.#socket = socket
    this.#core = core
    this.#number = core.nextConnection()
    this.#reader = new RequestReader(this)
    this.#outbox = new Outbox(socket, (bytes) => {
      if (this.#exchange) this.#exchange.call.wireBytes += bytes
    })
  }

  data(bytes: Uint8Array): void {
    if (!this.#isOver) this.#reader.push(bytes)
  }

  drain(): void {
    this.#outbox.drain()
  }

  /** The connection is gone. When it was not our doing, the client hung up. */
  close(): void {
    const call = this.#exchange?.call
    if (!this.#isOver && call && call.answeredAtMs === undefined) call.closedEarlyAtMs = Date.now()
    this.#over()
  }

  head(head: RequestHead): void {
    const isReused = this.#served > 0
    const question = { key: keyOf(head), path: head.target, isReused }
    const behaviours = isControl(head) ? [] : behavioursOf(this.#core.rules.take(question))
    const call = callOf(head, Date.now(), this.#number)
    if (!isControl(head)) this.#core.note(call)
    const exchange = { head, call, behaviours, reading: reading(behaviours) }
    this.#exchange = exchange
    this.#begin(exchange)
  }

  end(body: Uint8Array): void {
    if (this.#isPaused) {
      this.#heldBody = body
      return
    }
    const exchange = this.#exchange
    if (!exchange || this.#isOver) return
    this.#keepBody(exchange.call, body)
    wake(this.#bodyWaiters)
    if (exchange.reading.early === undefined) this.#answer(exchange, body)
  }

  bad(why: string): void {
    this.#outbox.write(
      Buffer.from(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${why.length}\r\nConnection: close\r\n\r\n${why}`),
    )
    this.#stop('fin')
  }

  #begin(exchange: Exchange): void {
    const { race, early, pauseMs } = exchange.reading
    if (race !== undefined) this.#stop(race)
    else if (pauseMs !== undefined) this.#pause(pauseMs)
    else if (early !== undefined) this.#answer(exchange, new Uint8Array(0))
    else if (/100-continue/i.test(headerOf(exchange.head.headers, 'expect') ?? '')) {
      this.#outbox.write(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'))
    }
  }

  /** Neither reads from the socket nor goes on with what is here already. */
  #pause(pauseMs: number): void {
    this.#isPaused = true
    this.#socket.pause()
    if (!Number.isFinite(pauseMs)) return
    void this.#sleep(pauseMs).then(() => {
      this.#isPaused = false
      if (this.#isOver) return
      this.#socket.resume()
      const body = this.#heldBody
      this.#heldBody = undefined
      if (body) this.end(body)
    })
  }

  #keepBody(call: Call, body: Uint8Array): void {
    call.bodyAtMs = Date.now()
    if (this.#core.isQuiet) return
    call.body = body
    call.sha256 = createHash('sha256').update(body).digest('hex')
  }

  #answer(exchange: Exchange, body: Uint8Array): void {
    this.#play(exchange, body).catch((error: unknown) => {
      // A bug in the mock: the test must see it, not a hanging request.
      this.#outbox.write(Buffer.from(`HTTP/1.1 500 Mock Failed\r\nConnection: close\r\n\r\n${String(error)}`))
      this.#stop('fin')
    })
  }

  async #play(exchange: Exchange, body: Uint8Array): Promise<void> {
    const { head, behaviours, call } = exchange
    if (isControl(head)) {
      this.#outbox.write(control(this.#core, head, body))
      return this.#done(call, false)
    }
    const plan = await planAnswer(this.#core, { head, body, behaviours })
    if (!this.#core.isQuiet) call.answerBody = plan.payload
    for (const step of plan.steps) {
      if (this.#isOver) return
      await this.#do(step, exchange)
    }
  }

  async #do(step: Step, exchange: Exchange): Promise<void> {
    switch (step.kind) {
      case 'bytes':
        this.#outbox.write(step.bytes)
        return this.#outbox.flushed()
      case 'wait':
        return this.#sleep(step.ms)
      case 'hang':
        return
      case 'fin':
      case 'rst':
        return this.#stop(step.kind)
      case 'done':
        if (exchange.reading.early === 'drain' && exchange.call.bodyAtMs === undefined)
          await this.#sleep(DRAIN_LIMIT_MS, this.#bodyWaiters)
        return this.#done(exchange.call, step.closes)
    }
  }

  #done(call: Call, closes: boolean): void {
    if (this.#isOver) return
    call.answeredAtMs = Date.now()
    this.#served++
    if (closes) return this.#stop('fin')
    this.#exchange = undefined
    this.#reader.next()
  }

  #stop(how: 'fin' | 'rst'): void {
    this.#over()
    if (how === 'fin') this.#socket.end()
    else this.#socket.terminate()
  }

  #over(): void {
    this.#isOver = true
    this.#outbox.closed()
    wake(this.#sleepers)
    wake(this.#bodyWaiters)
  }

  /** Waits, but not beyond the end of the connection, nor once those in `sleepers` are woken. */
  #sleep(ms: number, sleepers = this.#sleepers): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = () => {
        clearTimeout(timer)
        sleepers.delete(wakeUp)
        resolve()
      }
      const timer = setTimeout(wakeUp, ms)
      sleepers.add(wakeUp)
    })
  }
}

function wake(sleepers: ReadonlySet<() => void>): void {
  for (const wakeUp of [...sleepers]) wakeUp()
}
