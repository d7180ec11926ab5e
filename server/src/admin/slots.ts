/** A few places, and a bounded line before them. */
export type Slots = {
  /** Runs `work` when a place is free. `undefined`: the line is full, nothing was run. Throws what `work` throws. */
  run<T>(work: () => Promise<T>): Promise<T | undefined>
}

/**
 * @param places      How much may run at once.
 * @param maxWaiting  How many may wait, first come first served.
 */
export function slots(places: number, maxWaiting: number): Slots {
  const waiting: (() => void)[] = []
  let running = 0

  /** True: the caller holds a place. It is handed over by `free`, so nobody overtakes the line. */
  const take = async (): Promise<boolean> => {
    if (running < places) {
      running++
      return true
    }
    if (waiting.length >= maxWaiting) return false
    await new Promise<void>((resolve) => waiting.push(resolve))
    return true
  }
  const free = (): void => {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }

  return {
    async run(work) {
      if (!(await take())) return undefined
      try {
        return await work()
      } finally {
        free()
      }
    },
  }
}
