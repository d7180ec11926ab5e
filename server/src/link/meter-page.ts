import type { Spend, SpendPeriods } from '../core/limits.ts'
import type { MeterCell, Meters } from '../ports/meters.ts'

/** Tokens and channels with limits. The file is sparse: meters never touched cost nothing. */
export const MAX_METERS = 32_768

const MINUTE_MS = 60_000
/** A clock that was set back by more than this begins a new minute; less is processes that looked at it in turn. */
const SKEW_MS = 1_000
/** Two that race for the last place may both be refused it; then they look again, this often. */
const TRIES = 64

const INT = 4
const WORD = 8
const USED_AT = 0
const DAY_ENDS = 0
const MONTH_ENDS = 1
const PERIODS_AT = 8
const WORDS_AT = 64
// The words of one meter, side by side.
const TOTAL = 0
const DAY = 1
const MONTH = 2
const TYPICAL = 3
const MINUTE = 4
const METER_WORDS = 8 // a cache line

// A minute is one word: 42 bits of Unix ms in which it began, 21 bits of count.
const COUNT_BITS = 21n
const COUNT_MASK = (1n << COUNT_BITS) - 1n

/** Bytes that the meters of `rows` processes take. */
export function meterBytes(rows: number): number {
  return WORDS_AT + MAX_METERS * METER_WORDS * WORD + 2 * MAX_METERS * rows * INT
}

export type MeterPart = {
  readonly buffer: ArrayBufferLike
  /** Where the meters begin, a multiple of 64. */
  readonly at: number
  readonly rows: number
  readonly row: number
  /** Rows in use, so that totals are sums over these only. */
  readonly rowsUsed: () => number
}

/** `Meters` in a part of the shared page: see `SharedPage` for why what is held stands in rows and is summed. */
export class MeterPage implements Meters {
  readonly row: number
  readonly #rows: number
  readonly #rowsUsed: () => number
  readonly #used: Int32Array
  readonly #periods: BigInt64Array
  readonly #words: BigInt64Array
  /** [meter][row], so that the rows of one meter lie side by side. */
  readonly #places: Int32Array
  readonly #holds: Int32Array

  constructor({ buffer, at, rows, row, rowsUsed }: MeterPart) {
    this.row = row
    this.#rows = rows
    this.#rowsUsed = rowsUsed
    this.#used = new Int32Array(buffer, at + USED_AT, 1)
    this.#periods = new BigInt64Array(buffer, at + PERIODS_AT, 2)
    this.#words = new BigInt64Array(buffer, at + WORDS_AT, MAX_METERS * METER_WORDS)
    const placesAt = at + WORDS_AT + MAX_METERS * METER_WORDS * WORD
    this.#places = new Int32Array(buffer, placesAt, MAX_METERS * rows)
    this.#holds = new Int32Array(buffer, placesAt + MAX_METERS * rows * INT, MAX_METERS * rows)
  }

  enter(meter: MeterCell, limit: number): boolean {
    return this.#take(this.#places, meter, (others) => others < limit)
  }

  leave(meter: MeterCell): void {
    Atomics.sub(this.#places, meter * this.#rows + this.row, 1)
  }

  inside(meter: MeterCell): number {
    return this.#sum(this.#places, meter)
  }

  hold(meter: MeterCell, may: (others: number) => boolean): boolean {
    return this.#take(this.#holds, meter, may)
  }

  release(meter: MeterCell, row: number): void {
    Atomics.sub(this.#holds, meter * this.#rows + row, 1)
  }

  held(meter: MeterCell): number {
    return this.#sum(this.#holds, meter)
  }

  count(meter: MeterCell, limit: number, nowMs: number): number {
    const at = meter * METER_WORDS + MINUTE
    for (;;) {
      const before = Atomics.load(this.#words, at)
      const beganAtMs = Number(before >> COUNT_BITS)
      const isRunning = nowMs < beganAtMs + MINUTE_MS && nowMs >= beganAtMs - SKEW_MS
      if (isRunning && Number(before & COUNT_MASK) >= limit) return Math.max(beganAtMs + MINUTE_MS - nowMs, 1)
      if (!isRunning && limit <= 0) return MINUTE_MS
      const next = isRunning ? before + 1n : (BigInt(Math.floor(nowMs)) << COUNT_BITS) | 1n
      if (Atomics.compareExchange(this.#words, at, before, next) === before) return 0
    }
  }

  setSpend(meter: MeterCell, { totalNanoUsd, dayNanoUsd, monthNanoUsd }: Spend): void {
    this.#touch(meter)
    const at = meter * METER_WORDS
    Atomics.store(this.#words, at + TOTAL, whole(totalNanoUsd))
    Atomics.store(this.#words, at + DAY, whole(dayNanoUsd))
    Atomics.store(this.#words, at + MONTH, whole(monthNanoUsd))
  }

  spend(meter: MeterCell): Spend {
    return {
      totalNanoUsd: this.#number(meter, TOTAL),
      dayNanoUsd: this.#number(meter, DAY),
      monthNanoUsd: this.#number(meter, MONTH),
    }
  }

  setPeriods({ dayEndsAtMs, monthEndsAtMs }: SpendPeriods): void {
    Atomics.store(this.#periods, DAY_ENDS, whole(dayEndsAtMs))
    Atomics.store(this.#periods, MONTH_ENDS, whole(monthEndsAtMs))
  }

  periods(): SpendPeriods {
    const [day, month] = [Atomics.load(this.#periods, DAY_ENDS), Atomics.load(this.#periods, MONTH_ENDS)]
    return {
      dayEndsAtMs: Number(day) || Number.POSITIVE_INFINITY,
      monthEndsAtMs: Number(month) || Number.POSITIVE_INFINITY,
    }
  }

  typical(meter: MeterCell): number {
    return this.#number(meter, TYPICAL)
  }

  setTypical(meter: MeterCell, nanoUsd: number): void {
    this.#touch(meter)
    Atomics.store(this.#words, meter * METER_WORDS + TYPICAL, whole(nanoUsd))
  }

  guessTypical(meter: MeterCell, nanoUsd: number): number {
    const guess = whole(nanoUsd)
    const before = Atomics.compareExchange(this.#words, meter * METER_WORDS + TYPICAL, 0n, guess)
    return Number(before === 0n ? guess : before)
  }

  reset(meter: MeterCell): void {
    this.#touch(meter)
    for (let word = 0; word < METER_WORDS; word++) Atomics.store(this.#words, meter * METER_WORDS + word, 0n)
  }

  /** Gives back everything a dead process held. */
  forget(row: number): void {
    const used = Atomics.load(this.#used, 0)
    for (let meter = 0; meter < used; meter++) {
      for (const table of [this.#places, this.#holds]) {
        const at = meter * this.#rows + row
        if (Atomics.load(table, at) !== 0) Atomics.store(table, at, 0)
      }
    }
  }

  /** Adds to mine, looks at the sum, undoes it when `may` says no: no limit is ever passed, whoever races. */
  #take(table: Int32Array, meter: MeterCell, may: (others: number) => boolean): boolean {
    this.#touch(meter)
    const at = meter * this.#rows + this.row
    for (let tries = 0; tries < TRIES; tries++) {
      if (!may(this.#sum(table, meter))) return false
      Atomics.add(table, at, 1)
      if (may(this.#sum(table, meter) - 1)) return true
      Atomics.sub(table, at, 1) // somebody was here at the same time: look again
    }
    return false
  }

  #sum(table: Int32Array, meter: MeterCell): number {
    const start = meter * this.#rows
    const end = start + this.#rowsUsed()
    let total = 0
    for (let at = start; at < end; at++) total += Atomics.load(table, at)
    return total
  }

  #number(meter: MeterCell, word: number): number {
    return Number(Atomics.load(this.#words, meter * METER_WORDS + word))
  }

  /** Notes how far meters are in use: `forget` looks no further. */
  #touch(meter: MeterCell): void {
    for (let used = Atomics.load(this.#used, 0); used <= meter; used = Atomics.load(this.#used, 0)) {
      Atomics.compareExchange(this.#used, 0, used, meter + 1)
    }
  }
}

function whole(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.round(value)) : 0n
}
