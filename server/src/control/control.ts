import type { ChannelType } from '../core/channel-type.ts'
import type { Skip } from '../core/order-channels.ts'
import type { PriceBook } from '../core/price-book.ts'
import type { PriceOverride } from '../core/price-overrides.ts'
import type { SettingValues } from '../core/snapshot.ts'
import type { Running } from '../link/messages.ts'
import type { AttemptLog } from '../ports/attempt-log.ts'
import type { ChannelDraft, CooldownTarget, StoredChannel, StoredWhy } from '../ports/channel-store.ts'
import type { Statistics } from '../ports/statistics.ts'
import type { SessionStore } from '../ports/store.ts'
import type { StoredToken, TokenDraft } from '../ports/token-store.ts'

/** What is asked of statistics; their upkeep is control's own. */
export type StatisticsReads = Pick<Statistics, 'read' | 'recent' | 'readByStatus'>

/** A rest that is running now, with why. */
export type RunningRest = CooldownTarget & {
  readonly sinceMs: number
  readonly untilMs: number
  /** Absent for rests that were running before this start. */
  readonly why?: StoredWhy
}

/** A feed that is in force: prices that were imported as a whole. */
export type PriceFeed = {
  /** Day of its data, `YYYY-MM-DD`. */
  readonly date: string
  readonly importedAtMs: number
  readonly prices: readonly PriceOverride[]
}

/** A change of prices, or up to 20 reasons against it. */
export type PriceSaved =
  | { readonly ok: true; readonly change: Change<void> }
  | { readonly ok: false; readonly reasons: readonly string[] }

/** What models cost. Changes are stored and in force for the next row, when they resolve. */
export interface Prices {
  /** In force. */
  readonly book: PriceBook
  readonly overrides: readonly PriceOverride[]
  readonly feed: PriceFeed | undefined
  /** Adds it, or replaces the one of that model. `force`: also when it is far from the known price. */
  put(override: PriceOverride, options: { readonly force: boolean }): Promise<PriceSaved>
  /** `undefined`: there is none. */
  remove(model: string): Promise<Change<void> | undefined>
  /** All of it or nothing: what was in force stays when it is refused, and the log says so. */
  importFeed(feed: Readonly<Record<string, unknown>>): Promise<PriceSaved>
}

export type SimulationAsk = {
  readonly type: ChannelType
  /** As a client writes it; `*` = none. */
  readonly model: string
  readonly tokenId?: number
  /** As the client names it; needs a token. */
  readonly session?: string
}

/** A channel that would be asked, with its keys (indexes) in their order. */
export type SimulatedStep = {
  readonly channelId: number
  readonly effectivePriority: number
  readonly weight: number
  /** What the upstream is asked for. */
  readonly asksModel: string
  readonly keyIndexes: readonly number[]
  /** Its limit of requests at once is reached: it is passed over as long as that is so. */
  readonly isFull: boolean
}

export type LeftOut = {
  readonly channelId: number
  readonly why: 'disabled' | 'wrong-model' | 'not-for-token'
}

/** How a request would go. `order` says nothing of requests a minute and of money held, which only taking them tells. */
export type Simulated = {
  readonly order: readonly SimulatedStep[]
  readonly skipped: readonly Skip[]
  /** Channels of the type that are no candidates. */
  readonly leftOut: readonly LeftOut[]
  /** Everybody rests; the one that is ready first would be asked all the same. */
  readonly isLastResort: boolean
  readonly seatChannelId: number | undefined
  /** The token would be refused before any channel. */
  readonly tokenRefused: 'inactive' | 'expired' | 'model-forbidden' | undefined
}

/** What was written, and which proxies have not taken it over within a second (they are being replaced). */
export type Change<T> = { readonly value: T; readonly laggingProxies: readonly number[] }

/**
 * What the admin API may see and do. Every change is resolved when it is stored *and* every proxy uses it, so the next
 * line of a script may rely on it. Errors: `StoreError` (`conflict` when a name is taken).
 */
export interface Control {
  /** In memory, by id; cooldowns in it are as of the last start: use `rests`. */
  channels(): readonly StoredChannel[]
  channel(id: number): StoredChannel | undefined
  createChannel(draft: ChannelDraft): Promise<Change<StoredChannel>>
  /** What `patch` leaves out stays. `undefined`: no such channel. */
  updateChannel(id: number, patch: Partial<ChannelDraft>): Promise<Change<StoredChannel | undefined>>
  removeChannel(id: number): Promise<Change<boolean>>

  /** Read from the shared page at this instant. */
  rests(): readonly RunningRest[]
  /** False when there is no such target. True everywhere when it returns. */
  setRest(target: CooldownTarget, untilMs: number): boolean
  clearRest(target: CooldownTarget): boolean

  /** With the counters of this instant. Newest first. */
  tokens(): Promise<readonly StoredToken[]>
  /** What a token has spent since midnight and since the first of the month; with every ending that has come so far. */
  tokenSpend(id: number): { readonly todayMicroUsd: number; readonly monthMicroUsd: number }
  createToken(draft: TokenDraft): Promise<Change<StoredToken>>
  updateToken(id: number, patch: Partial<Omit<TokenDraft, 'hash' | 'hint'>>): Promise<Change<StoredToken | undefined>>
  removeToken(id: number): Promise<Change<boolean>>

  /** Typed, defaults included. */
  settings(): SettingValues
  /** Unix seconds of the last change; 0 = never changed. */
  settingUpdatedAtS(key: string): number
  /** Already validated by `parseSetting`; all or none. */
  saveSettings(values: SettingValues): Promise<Change<void>>

  /** Who would be asked now, and who not, without asking or taking a turn. `undefined`: there is no such token. */
  simulate(ask: SimulationAsk): Simulated | undefined

  /** Asked of all proxies now, newest first. */
  running(): Promise<readonly Running[]>
  /** Rows up to this instant are in it: what is still on its way is written first. */
  readonly logs: Pick<AttemptLog, 'page'>
  /** Up to this instant, as `logs`. */
  readonly statistics: StatisticsReads
  readonly sessions: SessionStore
  readonly prices: Prices
}
