import { MAX_CELLS } from '../link/shared-page.ts'
import type { Cell, Shared } from '../ports/shared.ts'

/** Gives every channel, key and (channel, model) its cell in the shared page, the same one for its whole life. */
export type Cells = {
  /** Errors: RangeError when the page is full. */
  of(name: string): Cell
  /** All that have been given, in no order. */
  all(): Iterable<readonly [name: string, cell: Cell]>
  /** Frees the cells of everything that `keep` no longer names; a later owner starts without a rest. */
  retain(keep: ReadonlySet<string>): void
}

export const channelCell = (channelId: number): string => `c${channelId}`
export const keyCell = (keyId: number): string => `k${keyId}`
export const modelCell = (channelId: number, model: string): string => `m${channelId} ${model}`

/** @param maxCells  How many the page has. */
export function cells(shared: Shared, maxCells = MAX_CELLS): Cells {
  const byName = new Map<string, Cell>()
  const free: Cell[] = []
  let next = 0
  return {
    of(name) {
      const known = byName.get(name)
      if (known !== undefined) return known
      // A request to what is gone may still fail and put its rest there: no place is used again while others are left.
      const cell = next < maxCells ? next++ : free.shift()
      if (cell === undefined) throw new RangeError(`more than ${maxCells} channels, keys and models`)
      shared.clearRest(cell, () => true) // what a late failure of its last owner has left
      byName.set(name, cell)
      return cell
    },
    all: () => byName,
    retain(keep) {
      for (const [name, cell] of byName) {
        if (keep.has(name)) continue
        byName.delete(name)
        shared.clearRest(cell, () => true)
        free.push(cell)
      }
    },
  }
}
