import type { Rest } from '../core/cooldown.ts'

/** Cells and counters that a process addresses by number; who owns which number is decided by control. */
export type Cell = number

/**
 * What all processes must agree on at every instant, as counters and not as messages. Every method is one or a few
 * atomic operations, never blocks and never throws for a cell inside the page.
 */
export interface Shared {
  /** Takes one turn of a weighted round robin group; returns how many were taken before, 0..2^31-1. */
  takeTurn(group: number): number

  /** Advances a channel's key rotation; returns the counter *after* the step. */
  takeKeyTurn(cell: Cell): number
  keyTurn(cell: Cell): number
  setKeyTurn(cell: Cell, turn: number): void

  /** Grows with every rest that is changed or cleared, in any process: what was derived before it may be stale. */
  restGeneration(): number
  /** Instants are rounded up to 10 ms. */
  rest(cell: Cell): Rest | undefined
  /**
   * Replaces a rest by what `decide` makes of it, all or nothing; `decide` may run several times.
   * @returns The rest that was written; `undefined` when `decide` left it alone.
   */
  changeRest(cell: Cell, decide: (previous: Rest | undefined) => Rest | undefined): Rest | undefined
  /** Clears a rest that `may` allows to clear. True when it did. */
  clearRest(cell: Cell, may: (rest: Rest) => boolean): boolean

  /** Takes one of `limit` slots, counted over all processes; never more than `limit` are held. */
  enter(limit: number): boolean
  leave(): void
  running(): number

  /** Joins the waiting room when fewer than `limit` wait in all processes. */
  startWaiting(limit: number): boolean
  stopWaiting(): void
  waiting(): number

  /** Reserves memory for buffered bytes, counted over all processes. False when `maxBytes` would be passed. */
  reserveBytes(bytes: number, maxBytes: number): boolean
  releaseBytes(bytes: number): void
  reservedBytes(): number

  /** Gives back everything a dead process held. @param row The row the process was started with. */
  forget(row: number): void
}
