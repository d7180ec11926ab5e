import type { MeterCell } from '../ports/meters.ts'

export type Closings = {
  /** What was held for one request of this meter is over: control gives it back when it has charged what was used. */
  close(meter: MeterCell): void
  flush(): void
}

export type ClosingsParts = {
  /** Sends the endings that wait: what an attempt has cost must be charged before its hold is released. */
  readonly sendEndings: () => void
  readonly send: (meters: readonly MeterCell[]) => void
  readonly everyMs: number
}

/** Holds that are over, batched for a few ms; always behind the endings of their requests. */
export function closings({ sendEndings, send, everyMs }: ClosingsParts): Closings {
  let pending: MeterCell[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (pending.length === 0) return
    sendEndings()
    send(pending)
    pending = []
  }
  return {
    close(meter) {
      pending.push(meter)
      timer ??= setTimeout(flush, everyMs)
    },
    flush,
  }
}
