import type { Failure } from '../core/failure.ts'
import type { Asked } from './admit.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client, Exchange } from './exchange.ts'
import type { Target } from './target.ts'

/** A request that has been admitted, on its way through the channels. */
export type Trip = {
  readonly deps: ProxyDeps
  readonly exchange: Exchange
  readonly asked: Asked
  /** Gives slot and memory back; runs once, however often it is called. */
  readonly done: () => void
}

/** One attempt of it: one channel, one key. */
export type Leg = Trip & { readonly target: Target }

/** `act`, but only the first time. */
export function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}

/** A slot is not free at once: who waits for it is watched by our own timers. */
export function waitForSlot(deps: ProxyDeps, client: Client): Promise<Failure | undefined> {
  client.ownTimers()
  return deps.gate.enter(client.gone())
}
