import type { Spend, SpendPeriods } from '../core/limits.ts'

/** Number of a meter; control says who owns which. */
export type MeterCell = number

/**
 * What tokens and channels with limits use, as counters that all processes share. Every method is one or a few atomic
 * operations, never blocks and never throws for a meter inside the page.
 *
 * Places and holds are noted by process, so that `Shared.forget` gives back what a dead one had.
 */
export interface Meters {
  /** Takes one of `limit` places, counted over all processes; never more than `limit` are taken. */
  enter(meter: MeterCell, limit: number): boolean
  leave(meter: MeterCell): void
  inside(meter: MeterCell): number

  /**
   * Counts one in the running minute of a meter, which begins with the first that is counted in it.
   *
   * @returns 0 = counted; else ms until the next minute may begin, and nothing was counted.
   */
  count(meter: MeterCell, limit: number, nowMs: number): number

  /**
   * Holds the money of one typical request until control, which knows what it has cost, gives it back.
   *
   * @param may  Told how many others are held; asked again while processes race, so it must read `spend` itself.
   */
  hold(meter: MeterCell, may: (others: number) => boolean): boolean
  /** Of any process. @param row  Where it was held. */
  release(meter: MeterCell, row: number): void
  held(meter: MeterCell): number
  /** Where this process notes what it holds. */
  readonly row: number

  /** Written by control alone, before it releases what was held for it. */
  setSpend(meter: MeterCell, spend: Spend): void
  spend(meter: MeterCell): Spend
  setPeriods(periods: SpendPeriods): void
  /** Before the first `setPeriods` they end never. */
  periods(): SpendPeriods

  /** What a typical request costs, nano-USD; 0 = nobody has said so yet. */
  typical(meter: MeterCell): number
  setTypical(meter: MeterCell, nanoUsd: number): void
  /** Only when nobody has said so yet. @returns What holds now. */
  guessTypical(meter: MeterCell, nanoUsd: number): number

  /** A new owner: nothing spent, no minute. Places and holds stay, for who took them gives them back. */
  reset(meter: MeterCell): void
}
