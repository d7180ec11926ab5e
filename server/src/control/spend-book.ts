import { nextTypical, type Spend } from '../core/limits.ts'
import { endOfDayMs, endOfMonthMs, startOfDayMs, startOfMonthMs } from '../core/time-range.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { MeterCell, Meters } from '../ports/meters.ts'
import type { Store } from '../ports/store.ts'
import type { Registry } from './registry.ts'

export type SpendBookParts = {
  readonly registry: Registry
  readonly meters: Meters
  readonly nowMs: () => number
  /** Where days and months begin and end, IANA name. */
  readonly zone: () => string
}

/** Of one token or channel, nano-USD, so that small requests do not round to free. `typical` 0 = not known. */
type Tally = { total: number; day: number; month: number; typical: number }
type Tallies = Map<number, Tally>

/** The day and the month that run, half-open. */
type Periods = {
  readonly zone: string
  readonly dayStartMs: number
  readonly dayEndsAtMs: number
  readonly monthStartMs: number
  readonly monthEndsAtMs: number
}

const NANO_PER_MICRO = 1_000
const NANO_PER_USD = 1_000_000_000
const MINUTE_MS = 60_000

/**
 * What tokens and channels have spent in all, today and this month, and which channels are over their daily limit. It
 * stands in the meters, where proxies look before they let a request in, before anything held for it is released.
 */
export class SpendBook {
  readonly #parts: SpendBookParts
  readonly #tokens: Tallies = new Map()
  readonly #channels: Tallies = new Map()
  #periods: Periods
  /** What comes while sums are read from the store. */
  #meanwhile: LogRow[] | undefined

  constructor(parts: SpendBookParts) {
    this.#parts = parts
    this.#periods = this.#periodsNow()
  }

  /** Reads what has been spent so far. @returns Channels that are over their limit now, or are back. */
  async load(store: Store): Promise<readonly number[]> {
    this.#periods = this.#periodsNow()
    this.#meanwhile = []
    const { dayStartMs, monthStartMs } = this.#periods
    const [tokens, days, months, channels] = await Promise.all([
      store.tokens.list(),
      this.#sumsOfTokens(store, dayStartMs),
      this.#sumsOfTokens(store, monthStartMs),
      store.logs.costByChannel(dayStartMs),
    ])
    for (const { id, costUsedMicroUsd, totalCostUsd, successCount } of tokens) {
      const tally = tallyIn(this.#tokens, id)
      tally.total = Math.max(tally.total, costUsedMicroUsd * NANO_PER_MICRO)
      tally.day = days.get(id) ?? 0
      tally.month = months.get(id) ?? 0
      if (successCount > 0) tally.typical ||= Math.round((totalCostUsd / successCount) * NANO_PER_USD)
    }
    for (const tally of this.#channels.values()) tally.day = 0
    for (const { channelId, costUsd } of channels)
      tallyIn(this.#channels, channelId).day = Math.round(costUsd * NANO_PER_USD)
    const meanwhile = this.#meanwhile
    this.#meanwhile = undefined
    for (const row of meanwhile) this.#add(row, { isNew: false })
    this.#showAll()
    return this.limitsChanged()
  }

  /** Counts what priced rows have cost. @returns Channels that have passed their limit by it, or are back. */
  note(rows: readonly LogRow[]): readonly number[] {
    const back = this.#turn()
    const tokenIds = new Set<number>()
    const channelIds = new Set<number>()
    for (const row of rows) {
      if (row.costNanoUsd === 0 && !isSuccess(row)) continue
      this.#meanwhile?.push(row)
      this.#add(row, { isNew: true })
      tokenIds.add(row.tokenId)
      channelIds.add(row.channelId)
    }
    for (const id of tokenIds) this.showToken(id)
    for (const id of channelIds) this.showChannel(id)
    return [...back, ...[...channelIds].filter((id) => this.#mark(id))]
  }

  /** Regular work: begins a new day when it is there. @returns Channels that are over their limit now, or are back. */
  look(): readonly number[] {
    const { registry } = this.#parts
    for (const id of this.#tokens.keys()) if (!registry.tokens.has(id)) this.#tokens.delete(id)
    for (const id of this.#channels.keys()) if (!registry.channels.has(id)) this.#channels.delete(id)
    return [...this.#turn(), ...this.limitsChanged()]
  }

  /**
   * Another day runs than the one that is counted, and is not the next: its zone is another, or the clock was set back
   * over midnight. `load` again, when all rows are in the store.
   */
  isOutdated(): boolean {
    return this.#parts.zone() !== this.#periods.zone || this.#parts.nowMs() < this.#periods.dayStartMs
  }

  tokenSpend(id: number): { readonly todayMicroUsd: number; readonly monthMicroUsd: number } {
    const { day, month } = this.#tokens.get(id) ?? NOTHING
    return { todayMicroUsd: Math.floor(day / NANO_PER_MICRO), monthMicroUsd: Math.floor(month / NANO_PER_MICRO) }
  }

  /** Shows proxies what a token has spent; to be called when it gets limits, before they are told of these. */
  showToken(id: number): void {
    this.#show(this.#parts.registry.tokens.get(id)?.limits?.meter, this.#tokens.get(id))
  }

  showChannel(id: number): void {
    this.#show(this.#parts.registry.limitsOf(id)?.meter, this.#channels.get(id))
  }

  /** Compares all channels with their limits. @returns Those whose state has changed. */
  limitsChanged(): readonly number[] {
    return [...this.#parts.registry.channels.keys()].filter((id) => this.#mark(id))
  }

  async #sumsOfTokens(store: Store, fromMs: number): Promise<ReadonlyMap<number, number>> {
    const nowMs = this.#parts.nowMs()
    const zone = this.#periods.zone
    const [counted, gone] = await Promise.all([
      store.statistics.read({ fromMs, toMs: nowMs + MINUTE_MS, nowMs, zone, by: ['token'] }),
      store.logs.goneCostByToken(fromMs),
    ])
    const sums = new Map(counted.map(({ tokenId, sums: { costNanoUsd } }) => [tokenId, costNanoUsd]))
    for (const { tokenId, costNanoUsd } of gone) sums.set(tokenId, (sums.get(tokenId) ?? 0) + costNanoUsd)
    return sums
  }

  #add(row: LogRow, { isNew }: { readonly isNew: boolean }): void {
    const { registry } = this.#parts
    const owners = [
      registry.tokens.has(row.tokenId) ? tallyIn(this.#tokens, row.tokenId) : undefined,
      registry.channels.has(row.channelId) ? tallyIn(this.#channels, row.channelId) : undefined,
    ]
    const { dayStartMs, monthStartMs } = this.#periods
    for (const tally of owners) {
      if (tally === undefined) continue
      if (row.timeMs >= dayStartMs) tally.day += row.costNanoUsd
      if (row.timeMs >= monthStartMs) tally.month += row.costNanoUsd
      if (!isNew) continue
      tally.total += row.costNanoUsd
      if (isSuccess(row)) tally.typical = nextTypical(tally.typical || undefined, row.costNanoUsd)
    }
  }

  /** At midnight every day begins anew, at the end of a month every month. @returns The channels that are back. */
  #turn(): readonly number[] {
    const nowMs = this.#parts.nowMs()
    const before = this.#periods
    if (nowMs < before.dayEndsAtMs) return []
    this.#periods = periodsAt(nowMs, before.zone)
    const isNewMonth = this.#periods.monthStartMs !== before.monthStartMs
    for (const tally of [...this.#tokens.values(), ...this.#channels.values()]) {
      tally.day = 0
      if (isNewMonth) tally.month = 0
    }
    this.#showAll()
    return this.limitsChanged()
  }

  #periodsNow(): Periods {
    return periodsAt(this.#parts.nowMs(), this.#parts.zone())
  }

  /** The sums first: a new day must not begin with what was spent on the old one. */
  #showAll(): void {
    const { registry, meters } = this.#parts
    for (const id of registry.tokens.keys()) this.showToken(id)
    for (const id of registry.channels.keys()) this.showChannel(id)
    meters.setPeriods(this.#periods)
  }

  #show(meter: MeterCell | undefined, tally: Tally | undefined): void {
    if (meter === undefined) return
    const { meters } = this.#parts
    const { total, day, month, typical } = tally ?? NOTHING
    meters.setSpend(meter, { totalNanoUsd: total, dayNanoUsd: day, monthNanoUsd: month } satisfies Spend)
    if (typical > 0) meters.setTypical(meter, typical)
  }

  #mark(channelId: number): boolean {
    const { registry } = this.#parts
    const limitUsd = registry.channels.get(channelId)?.dailyCostLimitUsd ?? 0
    const isOver = limitUsd > 0 && (this.#channels.get(channelId)?.day ?? 0) >= limitUsd * NANO_PER_USD
    if (isOver === registry.overDailyLimit.has(channelId)) return false
    if (isOver) registry.overDailyLimit.add(channelId)
    else registry.overDailyLimit.delete(channelId)
    return true
  }
}

const NOTHING: Readonly<Tally> = { total: 0, day: 0, month: 0, typical: 0 }

function tallyIn(tallies: Tallies, id: number): Tally {
  const known = tallies.get(id)
  if (known) return known
  const tally = { ...NOTHING }
  tallies.set(id, tally)
  return tally
}

function isSuccess({ statusCode, channelId }: LogRow): boolean {
  return channelId > 0 && statusCode >= 200 && statusCode <= 299
}

function periodsAt(nowMs: number, zone: string): Periods {
  return {
    zone,
    dayStartMs: startOfDayMs(nowMs, zone),
    dayEndsAtMs: endOfDayMs(nowMs, zone),
    monthStartMs: startOfMonthMs(nowMs, zone),
    monthEndsAtMs: endOfMonthMs(nowMs, zone),
  }
}
