import { remainingMs } from '../core/cooldown.ts'
import type { Candidate } from '../core/order-channels.ts'
import { firstKeyReadyAtMs } from '../core/pick-key.ts'
import type { Cell, Shared } from '../ports/shared.ts'
import type { Field, Match } from './view.ts'

export type Standee = Candidate & { readonly match: Match }

/** How the candidates of one (type, model) stand, as long as no rest changes or ends. */
export type Standing = {
  readonly generation: number
  /** The first of the rests ends here, Unix ms. */
  readonly untilMs: number
  readonly madeAtMs: number
  readonly standees: readonly Standee[]
}

/**
 * The candidates with their rests and usable keys. Kept until a rest changes in any process or ends, so that the healthy
 * request costs no look at each of a thousand keys.
 */
export function standees(field: Field, shared: Shared, nowMs: number): readonly Standee[] {
  const generation = shared.restGeneration()
  const known = field.standing
  if (known && known.generation === generation && nowMs < known.untilMs && nowMs >= known.madeAtMs)
    return known.standees
  let untilMs = Number.POSITIVE_INFINITY
  const restUntilMs = (cell: Cell): number => {
    const leftMs = remainingMs(shared.rest(cell), nowMs)
    if (leftMs === 0) return 0
    untilMs = Math.min(untilMs, nowMs + leftMs)
    return nowMs + leftMs
  }
  const list = field.matches.map((match) => standee(match, restUntilMs, nowMs))
  field.standing = { generation, untilMs, madeAtMs: nowMs, standees: list }
  return list
}

function standee(match: Match, restUntilMs: (cell: Cell) => number, nowMs: number): Standee {
  const { channel, model } = match
  const keyRest = (key: { readonly cell: Cell }): number => restUntilMs(key.cell)
  let weight = 0
  for (const key of channel.keys) if (keyRest(key) === 0) weight++
  return {
    match,
    id: channel.id,
    effectivePriority: channel.effectivePriority,
    weight,
    keyCount: channel.keys.length,
    overDailyLimit: channel.overDailyLimit,
    channelRestUntilMs: restUntilMs(channel.cell),
    modelRestUntilMs: model ? restUntilMs(model.cell) : 0,
    keyRestUntilMs: weight > 0 ? 0 : firstKeyReadyAtMs(channel.keys, keyRest, nowMs),
  }
}
