import type { Rest } from '../core/cooldown.ts'
import type { Cell, Seat, Shared } from '../ports/shared.ts'
import { MeterPage, meterBytes } from './meter-page.ts'

/** Processes that may share one page; each writes its own holdings into its own row. */
export const MAX_ROWS = 64
/** Row 0 is control's; each proxy may have one that takes its place at its side. */
export const MAX_PROXIES = Math.floor((MAX_ROWS - 1) / 2)
const ROW_INTS = 16 // one cache line, so that processes do not fight over one
const RUNNING = 0
const WAITING = 1
const BUFFERED_KIB = 2

const TURN_GROUPS = 65_536
const KEY_TURNS = 65_536
/** Channels, keys and (channel, model) pairs together. The file is sparse: cells never touched cost nothing. */
export const MAX_CELLS = 2_097_152

const EPOCH_AT = 0
const GENERATION_AT = 8
const ROWS_USED_AT = 12
const ROWS_AT = 64
const TURNS_AT = ROWS_AT + MAX_ROWS * ROW_INTS * 4
const KEY_TURNS_AT = TURNS_AT + TURN_GROUPS * 4
const RESTS_AT = KEY_TURNS_AT + KEY_TURNS * 4
const SEATS = 262_144
const SEATS_AT = RESTS_AT + MAX_CELLS * 8
const METERS_AT = SEATS_AT + SEATS * 8
export const PAGE_BYTES = METERS_AT + meterBytes(MAX_ROWS)

// A seat is one word too: 12 bits that tell sessions of one place apart, 16 bits of minutes, 18 bits a channel, 18 a key.
const ID_BITS = 18n
const ID_MASK = (1n << ID_BITS) - 1n
const MINUTE_BITS = 16n
const MINUTE_MASK = (1n << MINUTE_BITS) - 1n
const CHECK_SHIFT = 40n
const CHECK_MASK = 0xfffn
const MINUTE_MS = 60_000

const TICK_MS = 10
const DURATION_BITS = 29n // x 10 ms = 62 days, above the 7 days that any rest may last
const DURATION_MASK = (1n << DURATION_BITS) - 1n
const KIB = 1024
const POSITIVE = 0x7fff_ffff

/**
 * The counters of `Shared` in one block of memory, mapped into every process (or a plain buffer when there is one).
 *
 * A rest is one 64-bit word, `since` (34 bits) and duration (29 bits) in ticks of 10 ms from the page's epoch, so
 * that compare-and-swap moves it whole and a process killed in between leaves nothing half written. `since` is
 * rounded up: an attempt that began in the same tick counts as begun before.
 *
 * What a process holds stands in its own row and totals are sums over rows, so the rows of a dead process can be
 * given back exactly. Cost of a total: a load for each row in use. Taking is "add to mine, sum, undo when over": two that race
 * for the last slot may both be refused, but the limit is never passed.
 */
export class SharedPage implements Shared {
  readonly meters: MeterPage
  readonly #row: number
  readonly #epochMs: number
  readonly #rows: Int32Array
  readonly #turns: Int32Array
  readonly #keyTurns: Int32Array
  readonly #rests: BigInt64Array
  /** The same words in halves. */
  readonly #restHalves: Int32Array
  readonly #seats: BigInt64Array
  readonly #generation: Int32Array
  readonly #rowsUsed: Int32Array

  /** @param row  Where this process notes what it holds, 0..MAX_ROWS-1. */
  constructor(memory: Uint8Array, row: number) {
    if (memory.byteLength < PAGE_BYTES)
      throw new RangeError(`shared page of ${memory.byteLength} bytes, need ${PAGE_BYTES}`)
    // Past the last row lie the counters of others.
    if (row >= MAX_ROWS) throw new RangeError(`row ${row} of a shared page that has ${MAX_ROWS}`)
    const { buffer, byteOffset } = memory
    this.#row = row * ROW_INTS
    this.#rows = new Int32Array(buffer, byteOffset + ROWS_AT, MAX_ROWS * ROW_INTS)
    this.#turns = new Int32Array(buffer, byteOffset + TURNS_AT, TURN_GROUPS)
    this.#keyTurns = new Int32Array(buffer, byteOffset + KEY_TURNS_AT, KEY_TURNS)
    this.#rests = new BigInt64Array(buffer, byteOffset + RESTS_AT, MAX_CELLS)
    this.#restHalves = new Int32Array(buffer, byteOffset + RESTS_AT, 2 * MAX_CELLS)
    this.#seats = new BigInt64Array(buffer, byteOffset + SEATS_AT, SEATS)
    this.#generation = new Int32Array(buffer, byteOffset + GENERATION_AT, 1)
    this.#rowsUsed = new Int32Array(buffer, byteOffset + ROWS_USED_AT, 1)
    for (let used = this.#rowsUsed[0] ?? 0; used <= row; used = Atomics.load(this.#rowsUsed, 0)) {
      Atomics.compareExchange(this.#rowsUsed, 0, used, row + 1)
    }
    this.#epochMs = Number(Atomics.load(new BigInt64Array(buffer, byteOffset + EPOCH_AT, 1), 0))
    const rowsUsed = (): number => Atomics.load(this.#rowsUsed, 0)
    this.meters = new MeterPage({ buffer, at: byteOffset + METERS_AT, rows: MAX_ROWS, row, rowsUsed })
  }

  /** A fresh page. @param epochMs  No instant before it can be stored; use a time a month ago. */
  static format(memory: Uint8Array, epochMs: number): void {
    Atomics.store(new BigInt64Array(memory.buffer, memory.byteOffset + EPOCH_AT, 1), 0, BigInt(epochMs))
  }

  takeTurn(group: number): number {
    return Atomics.add(this.#turns, (group >>> 0) % TURN_GROUPS, 1) & POSITIVE
  }

  turn(group: number): number {
    return Atomics.load(this.#turns, (group >>> 0) % TURN_GROUPS) & POSITIVE
  }

  takeKeyTurn(cell: Cell): number {
    return (Atomics.add(this.#keyTurns, cell % KEY_TURNS, 1) + 1) & POSITIVE
  }

  keyTurn(cell: Cell): number {
    return Atomics.load(this.#keyTurns, cell % KEY_TURNS) & POSITIVE
  }

  setKeyTurn(cell: Cell, turn: number): void {
    Atomics.store(this.#keyTurns, cell % KEY_TURNS, turn)
  }

  restGeneration(): number {
    return Atomics.load(this.#generation, 0)
  }

  rest(cell: Cell): Rest | undefined {
    return this.#mayRest(cell) ? this.#unpack(Atomics.load(this.#rests, cell)) : undefined
  }

  /** The usual answer is no, without a BigInt. The half that holds `since` is zero in no rest but that of no time at all. */
  #mayRest(cell: Cell): boolean {
    return Atomics.load(this.#restHalves, 2 * cell) !== 0 || Atomics.load(this.#restHalves, 2 * cell + 1) !== 0
  }

  changeRest(cell: Cell, decide: (previous: Rest | undefined) => Rest | undefined): Rest | undefined {
    for (;;) {
      const before = Atomics.load(this.#rests, cell)
      const next = decide(this.#unpack(before))
      if (!next) return undefined
      const packed = this.#pack(next)
      if (Atomics.compareExchange(this.#rests, cell, before, packed) !== before) continue
      Atomics.add(this.#generation, 0, 1)
      return this.#unpack(packed)
    }
  }

  clearRest(cell: Cell, may: (rest: Rest) => boolean): boolean {
    if (!this.#mayRest(cell)) return false
    const before = Atomics.load(this.#rests, cell)
    const rest = this.#unpack(before)
    // A rest that changed under our eyes is a newer judgement than ours: leave it.
    if (rest === undefined || !may(rest)) return false
    if (Atomics.compareExchange(this.#rests, cell, before, 0n) !== before) return false
    Atomics.add(this.#generation, 0, 1)
    return true
  }

  seat(session: bigint, nowMs: number): Seat | undefined {
    const word = BigInt.asUintN(64, Atomics.load(this.#seats, placeOf(session)))
    if (word === 0n || word >> (MINUTE_BITS + 2n * ID_BITS) !== checkOf(session)) return undefined
    const untilMs = this.#epochMs + Number((word >> (2n * ID_BITS)) & MINUTE_MASK) * MINUTE_MS
    if (untilMs <= nowMs) return undefined
    return { channelId: Number((word >> ID_BITS) & ID_MASK), keyId: Number(word & ID_MASK) }
  }

  sit(session: bigint, { channelId, keyId }: Seat, untilMs: number): void {
    const minutes = BigInt(Math.ceil((untilMs - this.#epochMs) / MINUTE_MS))
    const until = minutes > MINUTE_MASK ? MINUTE_MASK : minutes
    const ids = ((BigInt(channelId) & ID_MASK) << ID_BITS) | (BigInt(keyId) & ID_MASK)
    const word = (((checkOf(session) << MINUTE_BITS) | until) << (2n * ID_BITS)) | ids
    Atomics.store(this.#seats, placeOf(session), BigInt.asIntN(64, word))
  }

  enter(limit: number): boolean {
    return this.#take(RUNNING, 1, limit)
  }

  leave(): void {
    Atomics.sub(this.#rows, this.#row + RUNNING, 1)
  }

  running(): number {
    return this.#sum(RUNNING)
  }

  startWaiting(limit: number): boolean {
    return this.#take(WAITING, 1, limit)
  }

  stopWaiting(): void {
    Atomics.sub(this.#rows, this.#row + WAITING, 1)
  }

  waiting(): number {
    return this.#sum(WAITING)
  }

  reserveBytes(bytes: number, maxBytes: number): boolean {
    return this.#take(BUFFERED_KIB, Math.ceil(bytes / KIB), Math.floor(maxBytes / KIB))
  }

  releaseBytes(bytes: number): void {
    Atomics.sub(this.#rows, this.#row + BUFFERED_KIB, Math.ceil(bytes / KIB))
  }

  reservedBytes(): number {
    return this.#sum(BUFFERED_KIB) * KIB
  }

  forget(row: number): void {
    const start = row * ROW_INTS
    for (let i = start; i < start + ROW_INTS; i++) Atomics.store(this.#rows, i, 0)
    this.meters.forget(row)
  }

  #take(what: number, amount: number, limit: number): boolean {
    Atomics.add(this.#rows, this.#row + what, amount)
    if (this.#sum(what) <= limit) return true
    Atomics.sub(this.#rows, this.#row + what, amount)
    return false
  }

  #sum(what: number): number {
    const used = Atomics.load(this.#rowsUsed, 0)
    let total = 0
    for (let row = 0; row < used; row++) total += Atomics.load(this.#rows, row * ROW_INTS + what)
    return total
  }

  #pack(rest: Rest): bigint {
    const since = Math.max(Math.ceil((rest.sinceMs - this.#epochMs) / TICK_MS), 1) // 0 would read as "no rest"
    const until = Math.max(Math.ceil((rest.untilMs - this.#epochMs) / TICK_MS), since)
    const duration = BigInt(until - since)
    return (BigInt(since) << DURATION_BITS) | (duration > DURATION_MASK ? DURATION_MASK : duration)
  }

  #unpack(word: bigint): Rest | undefined {
    if (word === 0n) return undefined
    const sinceMs = this.#epochMs + Number(word >> DURATION_BITS) * TICK_MS
    return { sinceMs, untilMs: sinceMs + Number(word & DURATION_MASK) * TICK_MS }
  }
}

function placeOf(session: bigint): number {
  return Number(session & BigInt(SEATS - 1))
}

function checkOf(session: bigint): bigint {
  return (session >> CHECK_SHIFT) & CHECK_MASK
}
