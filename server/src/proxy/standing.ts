import { remainingMs } from '../core/cooldown.ts'
import type { TokenLimits } from '../core/snapshot.ts'
import { type Standee, standeeOf } from '../core/standee.ts'
import type { Cell, Shared } from '../ports/shared.ts'
import type { Field } from './view.ts'

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
  const standing = standingNow(field, shared, { generation, nowMs })
  field.standing = standing
  return standing.standees
}

function standingNow(
  { matches }: Field,
  shared: Shared,
  { generation, nowMs }: { readonly generation: number; readonly nowMs: number },
): Standing {
  let untilMs = Number.POSITIVE_INFINITY
  const restUntilMs = (cell: Cell): number => {
    const leftMs = remainingMs(shared.rest(cell), nowMs)
    if (leftMs === 0) return 0
    untilMs = Math.min(untilMs, nowMs + leftMs)
    return nowMs + leftMs
  }
  const list = matches.map((match) => standeeOf(match, restUntilMs, nowMs))
  return { generation, untilMs, madeAtMs: nowMs, standees: list }
}

/** Those that a token may be served by. */
export function allowedOf(all: readonly Standee[], limits: TokenLimits | undefined): readonly Standee[] {
  if (limits === undefined || limits.channelIds.length === 0) return all
  let ids = idsOf.get(limits)
  if (ids === undefined) {
    ids = new Set(limits.channelIds)
    idsOf.set(limits, ids)
  }
  const known = filtered.get(all)
  const kept = known?.get(limits) ?? all.filter(({ id }) => ids.has(id))
  if (known) known.set(limits, kept)
  else filtered.set(all, new WeakMap([[limits, kept]]))
  return kept
}

/** Kept as long as a standing, so that what is derived from those that are allowed can be kept with them. */
const filtered = new WeakMap<readonly Standee[], WeakMap<TokenLimits, readonly Standee[]>>()

/** Made on first use, kept as long as the snapshot that the limits stand in. */
const idsOf = new WeakMap<TokenLimits, ReadonlySet<number>>()
