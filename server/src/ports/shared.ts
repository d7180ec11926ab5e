import type { Rest } from '../core/cooldown.ts'
import type { Meters } from './meters.ts'

/** Which channel and key served a session last. Ids below 2^18. */
export type Seat = { readonly channelId: number; readonly keyId: number }

/** Cells and counters that a process addresses by number; who owns which number is decided by control. */
export type Cell = number

/**
 * What all processes must agree on at every instant, as counters and not as messages. Every method is one or a few
 * atomic operations, never blocks and never throws for a cell inside the page.
 */
export interface Shared {
  /** Takes one turn of a weighted round robin group; returns how many were taken before, 0..2^31-1. */
  takeTurn(group: number): number
  /** What `takeTurn` would return now. */
  turn(group: number): number

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

  /**
   * Where a session sits, until `nowMs` passes the end of its seat. In a table of fixed size: a newer session may have
   * taken the place, then nobody sits there.
   *
   * @param session  64-bit hash of its name.
   */
  seat(session: bigint, nowMs: number): Seat | undefined
  /** @param untilMs  Unix ms, rounded up to the minute, within 45 days of the making of the page. */
  sit(session: bigint, seat: Seat, untilMs: number): void

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

  /** What tokens and channels with limits use. */
  readonly meters: Meters

  /** Gives back everything a dead process held. @param row The row the process was started with. */
  forget(row: number): void
}
