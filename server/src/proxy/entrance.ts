import { withPassed } from '../core/decision.ts'
import type { Skip } from '../core/order-channels.ts'
import type { Match } from '../core/standee.ts'
import { enterChannel } from './channel-limits.ts'
import { upstreamModel } from './target.ts'
import type { Trip } from './trip.ts'
import { isRefusedUnpriced } from './unpriced.ts'

/** The last check before a channel is asked: also when the order was made it may reach its limits. */
export class Entrance {
  readonly #way: Way
  readonly #skipped: Skip[]
  #notedCount: number

  /** @param left  Who was left out when the order was made. */
  constructor(way: Way, left: readonly Skip[]) {
    this.#way = way
    this.#skipped = left.slice()
    this.#notedCount = left.length
  }

  /** Everybody who was left out, when the order was made and since. */
  get skipped(): readonly Skip[] {
    return this.#skipped
  }

  /** Takes what the attempt needs; false = it is passed over, and stands among the skipped. */
  enter(match: Match): boolean {
    const { deps, exchange, asked } = this.#way
    const { channel } = match
    if (isRefusedUnpriced(deps, [channel.limits, exchange.token?.limits], upstreamModel(match, asked))) {
      this.passOver({ channelId: channel.id, why: 'unpriced' })
      return false
    }
    if (channel.limits === undefined) return true
    const entry = enterChannel(deps, channel, { model: asked.model, bodyBytes: asked.body.plain.length })
    if (entry.ok) exchange.channelHold = entry.leave
    else this.passOver(entry.skip)
    return entry.ok
  }

  /** It cannot be asked after all. */
  passOver(skip: Skip): void {
    this.#skipped.push(skip)
  }

  /** Writes who was passed over since the last time into the next row. */
  note(): void {
    if (this.#skipped.length === this.#notedCount) return
    const { exchange } = this.#way
    exchange.decision = withPassed(exchange.decision, this.#skipped.slice(this.#notedCount))
    this.#notedCount = this.#skipped.length
  }
}

type Way = Pick<Trip, 'deps' | 'exchange' | 'asked'>
