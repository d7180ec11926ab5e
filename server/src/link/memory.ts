import type { LinkEnd } from '../ports/link.ts'

type Wire = { closed: boolean; onClose: (() => void)[] }

/** A line inside one process. Messages are copied as JSON and arrive in a later turn, as over the real one. */
export function memoryLink<A, B>(): readonly [LinkEnd<A, B>, LinkEnd<B, A>] {
  const wire: Wire = { closed: false, onClose: [] }
  const left = new MemoryEnd<A, B>(wire)
  const right = new MemoryEnd<B, A>(wire)
  left.other = right
  right.other = left
  return [left, right]
}

class MemoryEnd<Out, In> implements LinkEnd<Out, In> {
  other: MemoryEnd<In, Out> | undefined
  readonly #wire: Wire
  #hasClosed = false
  #listener: ((message: In) => void) | undefined

  constructor(wire: Wire) {
    this.#wire = wire
  }

  send(message: Out): boolean {
    if (this.#wire.closed) return false
    const copy = JSON.parse(JSON.stringify(message)) as Out
    queueMicrotask(() => this.other?.receive(copy))
    return true
  }

  receive(message: In): void {
    if (!this.#hasClosed) this.#listener?.(message) // what was sent before the other end closed still arrives
  }

  onMessage(listener: (message: In) => void): void {
    this.#listener = listener
  }

  onClose(listener: () => void): void {
    this.#wire.onClose.push(listener)
  }

  close(): void {
    this.#hasClosed = true
    if (this.#wire.closed) return
    this.#wire.closed = true
    for (const listener of this.#wire.onClose) queueMicrotask(listener)
  }
}
