import type { SettingValues } from '../core/snapshot.ts'
import type { RestReason, Running } from '../link/messages.ts'
import type { AttemptLog } from '../ports/attempt-log.ts'
import type { ChannelDraft, CooldownTarget, StoredChannel } from '../ports/channel-store.ts'
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
  readonly why?: Pick<RestReason, 'reason' | 'statusCode' | 'requestId'>
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
  createToken(draft: TokenDraft): Promise<Change<StoredToken>>
  updateToken(id: number, patch: Partial<Omit<TokenDraft, 'hash' | 'hint'>>): Promise<Change<StoredToken | undefined>>
  removeToken(id: number): Promise<Change<boolean>>

  /** Typed, defaults included. */
  settings(): SettingValues
  /** Unix seconds of the last change; 0 = never changed. */
  settingUpdatedAtS(key: string): number
  /** Already validated by `parseSetting`; all or none. */
  saveSettings(values: SettingValues): Promise<Change<void>>

  /** Asked of all proxies now, newest first. */
  running(): Promise<readonly Running[]>
  /** Rows up to this instant are in it: what is still on its way is written first. */
  readonly logs: AttemptLog
  /** Up to this instant, as `logs`. */
  readonly statistics: StatisticsReads
  readonly sessions: SessionStore
}
