import { withPassed } from '../core/decision.ts'
import type { Skip } from '../core/order-channels.ts'
import type { Match } from '../core/standee.ts'
import { enterChannel } from './channel-limits.ts'
import { upstreamModel } from './target.ts'
import type { Trip } from './trip.ts'
import { isRefusedUnpriced } from './unpriced.ts'

/** The last check before a channel is asked: also when the order was made it may reach its limits. */
export type Entrance = {
  /** Takes what the attempt needs; false = it is passed over, and stands among the skipped. */
  enter(match: Match): boolean
  /** It cannot be asked after all. */
  passOver(skip: Skip): void
  /** Everybody who was left out, when the order was made and since. */
  readonly skipped: readonly Skip[]
  /** Writes who was passed over since the last time into the next row. */
  note(): void
}

/** @param left  Who was left out when the order was made. */
export function entrance(
  { deps, exchange, asked }: Pick<Trip, 'deps' | 'exchange' | 'asked'>,
  left: readonly Skip[],
): Entrance {
  const skipped = [...left]
  const asking = { model: asked.model, bodyBytes: asked.body.plain.length }
  let noted = skipped.length
  return {
    skipped,
    enter(match) {
      const { channel } = match
      if (isRefusedUnpriced(deps, [channel.limits, exchange.token?.limits], upstreamModel(match, asked))) {
        skipped.push({ channelId: channel.id, why: 'unpriced' })
        return false
      }
      const entry = enterChannel(deps, channel, asking)
      if (entry.ok) exchange.channelHold = entry.leave
      else skipped.push(entry.skip)
      return entry.ok
    },
    passOver: (skip) => void skipped.push(skip),
    note() {
      if (skipped.length === noted) return
      exchange.decision = withPassed(exchange.decision, skipped.slice(noted))
      noted = skipped.length
    },
  }
}
