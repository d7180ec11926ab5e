import type { Failure } from '../core/failure.ts'
import type { Shared } from '../ports/shared.ts'

export type GateLimits = { readonly running: number; readonly waiting: number; readonly waitMs: number }

export type Gate = {
  /** A slot, now or when one is free. Every `true` is paid back by one `leave`. */
  enter(gone: AbortSignal): Promise<Failure | undefined>
  /** The quick way: true when a slot was free and nobody waits before us. */
  tryEnter(): boolean
  leave(): void
}

type Waiter = { readonly settle: (failure: Failure | undefined) => void; readonly untilMs: number }

/** A slot freed by another process is noticed within this time: memory shared by processes cannot wake anybody. */
const LOOK_EVERY_MS = 4
const SHORT_RETRY_MS = 1_000

/**
 * The limit of requests at once, over all processes: first come, first served inside a process. Waiting is bounded in
 * number (over all processes) and in time. Cost when nobody waits: a few atomic operations.
 */
export function gate(shared: Shared, limits: () => GateLimits, monoMs: () => number): Gate {
  const queue: Waiter[] = []
  let timer: ReturnType<typeof setInterval> | undefined

  const look = (): void => {
    const nowMs = monoMs()
    while (queue[0] && queue[0].untilMs <= nowMs) queue.shift()?.settle(busy('waited-too-long', limits().waitMs))
    while (queue[0] && shared.enter(limits().running)) queue.shift()?.settle(undefined)
    if (queue.length > 0) return
    clearInterval(timer)
    timer = undefined
  }

  const wait = (gone: AbortSignal): Promise<Failure | undefined> => {
    const { promise, resolve } = Promise.withResolvers<Failure | undefined>()
    const waiter: Waiter = {
      untilMs: monoMs() + limits().waitMs,
      settle(failure) {
        gone.removeEventListener('abort', leaveQueue)
        shared.stopWaiting()
        resolve(failure)
      },
    }
    const leaveQueue = (): void => {
      const at = queue.indexOf(waiter)
      if (at < 0) return
      queue.splice(at, 1)
      waiter.settle({ kind: 'client-gone' })
    }
    gone.addEventListener('abort', leaveQueue)
    queue.push(waiter)
    timer ??= setInterval(look, LOOK_EVERY_MS)
    return promise
  }

  return {
    tryEnter: () => queue.length === 0 && shared.enter(limits().running),
    async enter(gone) {
      if (gone.aborted) return { kind: 'client-gone' }
      if (queue.length === 0 && shared.enter(limits().running)) return undefined
      if (!shared.startWaiting(limits().waiting)) return busy('queue-full', SHORT_RETRY_MS)
      return wait(gone)
    },
    leave() {
      shared.leave()
      if (queue.length > 0) look()
    },
  }
}

function busy(why: 'queue-full' | 'waited-too-long', retryAfterMs: number): Failure {
  return { kind: 'busy', why, retryAfterMs }
}
