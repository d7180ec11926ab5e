import { costOf } from '../core/cost.ts'
import { type PriceBook, priceOf } from '../core/price-book.ts'
import { startOfDayMs } from '../core/time-range.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { Store } from '../ports/store.ts'
import type { Registry } from './registry.ts'

const NANO_PER_MICRO = 1_000
const NANO_PER_USD = 1_000_000_000

/** Who has spent so much that the proxies must know: by token id and channel id. */
export type Spent = { readonly tokenIds: ReadonlySet<number>; readonly channelIds: ReadonlySet<number> }

export type SpendingParts = {
  readonly registry: Registry
  readonly book: () => PriceBook
  readonly nowMs: () => number
  /** Where a day begins and ends, IANA name. */
  readonly zone: () => string
}

/** What attempts cost, and who has reached a limit. Counts in nano-USD, so that small requests do not round to free. */
export class Spending {
  readonly #parts: SpendingParts
  readonly #todayByChannel = new Map<number, number>()
  readonly #restByToken = new Map<number, number>()
  #dayStartMs = 0

  constructor(parts: SpendingParts) {
    this.#parts = parts
  }

  /** Reads what today has cost so far. Channels over their limit are marked before the first proxy is told. */
  async load(store: Store): Promise<void> {
    this.#dayStartMs = this.#today()
    for (const { channelId, costUsd } of await store.logs.costByChannel(this.#dayStartMs)) {
      this.#todayByChannel.set(channelId, Math.round(costUsd * NANO_PER_USD))
    }
    this.limitsChanged()
  }

  /** The rows with their cost. A model without a price costs nothing, and its row says so by having tokens and no cost. */
  priced(rows: readonly LogRow[]): readonly LogRow[] {
    const book = this.#parts.book()
    return rows.map((row) => {
      const price = row.costNanoUsd > 0 ? undefined : priceOf(book, row.actualModel || row.model, row.timeMs)
      return price === undefined ? row : { ...row, costNanoUsd: costOf(price, row).nanoUsd }
    })
  }

  /** Counts what priced rows have cost. @returns Who has passed a limit by it, or has one and has spent. */
  note(rows: readonly LogRow[]): Spent {
    const tokenIds = new Set<number>()
    const channelIds = new Set<number>()
    for (const row of rows) {
      if (row.costNanoUsd === 0) continue
      if (this.#chargeToken(row)) tokenIds.add(row.tokenId)
      if (this.#chargeChannel(row)) channelIds.add(row.channelId)
    }
    return { tokenIds, channelIds }
  }

  /** At midnight every channel begins anew. @returns The channels that are back. */
  newDay(): readonly number[] {
    if (this.#today() === this.#dayStartMs) return []
    this.#dayStartMs = this.#today()
    this.#todayByChannel.clear()
    return this.limitsChanged()
  }

  /** Compares all channels with their limits. @returns Those whose state has changed. */
  limitsChanged(): readonly number[] {
    return [...this.#parts.registry.channels.keys()].filter((id) => this.#mark(id))
  }

  #chargeToken({ tokenId, costNanoUsd }: LogRow): boolean {
    const token = this.#parts.registry.tokens.get(tokenId)
    if (token === undefined) return false
    const nano = (this.#restByToken.get(tokenId) ?? 0) + costNanoUsd
    this.#restByToken.set(tokenId, nano % NANO_PER_MICRO)
    const costUsedMicroUsd = token.costUsedMicroUsd + Math.floor(nano / NANO_PER_MICRO)
    this.#parts.registry.tokens.set(tokenId, { ...token, costUsedMicroUsd })
    return token.costLimitMicroUsd > 0
  }

  #chargeChannel({ channelId, costNanoUsd, timeMs }: LogRow): boolean {
    if (timeMs < this.#dayStartMs) return false
    this.#todayByChannel.set(channelId, (this.#todayByChannel.get(channelId) ?? 0) + costNanoUsd)
    return this.#mark(channelId)
  }

  #mark(channelId: number): boolean {
    const { registry } = this.#parts
    const limitUsd = registry.channels.get(channelId)?.dailyCostLimitUsd ?? 0
    const isOver = limitUsd > 0 && (this.#todayByChannel.get(channelId) ?? 0) >= limitUsd * NANO_PER_USD
    if (isOver === registry.overDailyLimit.has(channelId)) return false
    if (isOver) registry.overDailyLimit.add(channelId)
    else registry.overDailyLimit.delete(channelId)
    return true
  }

  #today(): number {
    return startOfDayMs(this.#parts.nowMs(), this.#parts.zone())
  }
}
