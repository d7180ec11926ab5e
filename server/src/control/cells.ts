import { MAX_METERS } from '../link/meter-page.ts'
import { MAX_CELLS } from '../link/shared-page.ts'
import type { Meters } from '../ports/meters.ts'
import type { Cell, Shared } from '../ports/shared.ts'

/** Gives everything that has a name its place in the shared page, the same one for its whole life. */
export type Cells = {
  /** Errors: RangeError when the page is full. */
  of(name: string): Cell
  /** As `of`; `undefined` when the page is full. */
  offer(name: string): Cell | undefined
  /** Whether `offer` has one. Nothing is given. */
  hasRoomFor(name: string): boolean
  /** All that have been given, in no order. */
  all(): Iterable<readonly [name: string, cell: Cell]>
  /** Frees the cells of everything that `keep` no longer names; a later owner starts afresh. */
  retain(keep: ReadonlySet<string>): void
}

export const channelCell = (channelId: number): string => `c${channelId}`
export const keyCell = (keyId: number): string => `k${keyId}`
export const modelCell = (channelId: number, model: string): string => `m${channelId} ${model}`
export const tokenMeter = (tokenId: number): string => `t${tokenId}`
export const channelMeter = (channelId: number): string => `c${channelId}`

/** The rests of channels, keys and (channel, model). @param maxCells  How many the page has. */
export function cells(shared: Shared, maxCells = MAX_CELLS): Cells {
  return numbered({
    max: maxCells,
    of: 'channels, keys and models',
    clean: (cell) => void shared.clearRest(cell, () => true),
  })
}

/** The meters of tokens and channels that have limits. */
export function meterCells(meters: Meters, maxMeters = MAX_METERS): Cells {
  return numbered({ max: maxMeters, of: 'tokens and channels with limits', clean: (meter) => meters.reset(meter) })
}

type Places = { readonly max: number; readonly of: string; readonly clean: (cell: Cell) => void }

function numbered({ max, of: what, clean }: Places): Cells {
  const byName = new Map<string, Cell>()
  const free: Cell[] = []
  let next = 0
  const offer = (name: string): Cell | undefined => {
    const known = byName.get(name)
    if (known !== undefined) return known
    // A request to what is gone may still fail and leave its mark there: no place is used again while others are left.
    const cell = next < max ? next++ : free.shift()
    if (cell === undefined) return undefined
    clean(cell) // what a late request of its last owner has left
    byName.set(name, cell)
    return cell
  }
  return {
    of(name) {
      const cell = offer(name)
      if (cell === undefined) throw new RangeError(`more than ${max} ${what}`)
      return cell
    },
    offer,
    hasRoomFor: (name) => byName.has(name) || next < max || free.length > 0,
    all: () => byName,
    retain(keep) {
      for (const [name, cell] of byName) {
        if (keep.has(name)) continue
        byName.delete(name)
        clean(cell)
        free.push(cell)
      }
    },
  }
}
