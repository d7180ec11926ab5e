import type { Failure } from '../core/failure.ts'
import type { Asked } from './admit.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client, Exchange } from './exchange.ts'
import { releaseBody } from './read-body.ts'
import type { Target } from './target.ts'

/** A request that has been admitted and holds a slot, on its way through the channels. */
export class Trip {
  readonly deps: ProxyDeps
  readonly exchange: Exchange
  readonly asked: Asked
  #isDone = false

  constructor(deps: ProxyDeps, exchange: Exchange, asked: Asked) {
    this.deps = deps
    this.exchange = exchange
    this.asked = asked
    deps.active.add(exchange)
  }

  /** Gives slot, limits and memory back; only the first call does. */
  done(): void {
    if (this.#isDone) return
    this.#isDone = true
    const { deps, exchange, asked } = this
    deps.active.delete(exchange)
    deps.gate.leave()
    exchange.leaveLimits()
    releaseBody(deps.shared, asked.body)
  }
}

/** One attempt of it: one channel, one key. */
export type Leg = Pick<Trip, 'deps' | 'exchange' | 'asked'> & { readonly target: Target }

/** A slot is not free at once: who waits for it is watched by our own timers. */
export function waitForSlot(deps: ProxyDeps, client: Client): Promise<Failure | undefined> {
  client.ownTimers()
  return deps.gate.enter(client.gone())
}
