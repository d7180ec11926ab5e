/** One thing that waits. Move `atMs` as often as you like; it costs a store. */
export type Deadline = {
  /** On the clock of `Deadlines`; Infinity = not waiting now. */
  atMs: number
  /** Called once when `atMs` is past; then it is out of the list until armed again. */
  expire(): void
  /** Called once at the second tick that finds it watched: what only those need who wait at all. */
  lingers?(): void
  /** The wheel's own count of the ticks that have found it. */
  ticks?: number
}

export type Deadlines = {
  /** Starts watching; `atMs` may change while watched. */
  watch(deadline: Deadline): void
  drop(deadline: Deadline): void
  monoMs(): number
}

const TICK_MS = 20

/**
 * All timeouts of all requests behind one ticking timer: a request sets and moves several limits per chunk, and a timer
 * each would cost more than the relaying. Late by at most one tick; ticks only while something is watched.
 */
export function deadlineWheel(monoMs: () => number): Deadlines {
  const watched = new Set<Deadline>()
  let timer: ReturnType<typeof setInterval> | undefined

  const tick = (): void => {
    const nowMs = monoMs()
    for (const deadline of watched) {
      deadline.ticks = (deadline.ticks ?? 0) + 1
      if (deadline.ticks === 2) deadline.lingers?.()
      if (deadline.atMs > nowMs) continue
      watched.delete(deadline)
      deadline.expire()
    }
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    watch(deadline) {
      watched.add(deadline)
      timer ??= setInterval(tick, TICK_MS)
    },
    drop(deadline) {
      watched.delete(deadline)
    },
    monoMs,
  }
}
