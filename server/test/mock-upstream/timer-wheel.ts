export interface WheelTask {
  /** It is time. May add itself again. */
  fire(): void
}

type Waiting = { readonly task: WheelTask; rounds: number }

/**
 * One timer for any number of waiting tasks: a ring of slots, each one tick long. Tasks fire up to one tick late; nothing
 * runs while nothing waits.
 *
 * Cost: O(1) to add; each tick looks at one slot. Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987.
 */
export class TimerWheel {
  readonly #tickMs: number
  readonly #slots: Waiting[][]
  #timer: ReturnType<typeof setInterval> | undefined
  #startedAtMs = 0
  #turned = 0
  #count = 0

  constructor(tickMs: number, slots: number) {
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => [])
  }

  add(task: WheelTask, delayMs: number): void {
    if (this.#timer === undefined) this.#start()
    const ticks = Math.max(
      1,
      Math.ceil((performance.now() - this.#startedAtMs + delayMs) / this.#tickMs) - this.#turned,
    )
    const place = (this.#turned + ticks) % this.#slots.length
    this.#slots[place]?.push({ task, rounds: Math.floor((ticks - 1) / this.#slots.length) })
    this.#count++
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const slot of this.#slots) slot.length = 0
    this.#count = 0
  }

  #start(): void {
    this.#startedAtMs = performance.now()
    this.#turned = 0
    this.#timer = setInterval(() => this.#turn(), this.#tickMs)
  }

  #turn(): void {
    const due = Math.floor((performance.now() - this.#startedAtMs) / this.#tickMs)
    while (this.#turned < due && this.#count > 0) {
      this.#turned++
      this.#fireSlot(this.#turned % this.#slots.length)
    }
    if (this.#count === 0) this.stop()
  }

  #fireSlot(place: number): void {
    const waiting = this.#slots[place] ?? []
    this.#slots[place] = []
    for (const entry of waiting) {
      if (entry.rounds > 0) {
        entry.rounds--
        this.#slots[place]?.push(entry)
      } else {
        this.#count--
        entry.task.fire()
      }
    }
  }
}
