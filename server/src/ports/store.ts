import type { ChannelType } from '../core/channel-type.ts'
import type { Sums } from '../core/rollup.ts'
import type { KeyStrategy } from '../core/snapshot.ts'
import type { UsageState } from '../core/usage.ts'
import type { Zone } from '../core/zone.ts'

/**
 * What the program needs from durable storage. Every method is atomic: all of it happened or none.
 * Arguments and results are plain data (they cross a thread). Errors: `StoreError`, with `kind`.
 */
export type Store = {
  readonly channels: ChannelStore
  readonly tokens: TokenStore
  readonly settings: SettingStore
  readonly sessions: SessionStore
  readonly logs: AttemptLog
  readonly statistics: Statistics
}

/** `conflict`: a unique name is taken. `busy`: worth trying again. `full`: no space, or read-only. `broken`: anything else. */
export type StoreErrorKind = 'conflict' | 'busy' | 'full' | 'broken'

export class StoreError extends Error {
  readonly kind: StoreErrorKind

  constructor(kind: StoreErrorKind, message: string) {
    super(message)
    this.name = 'StoreError'
    this.kind = kind
  }
}

/** A running rest of a channel, key or (channel, model). */
export type StoredCooldown = {
  /** Unix ms, 0 = none. Kept to the second in the old columns, so rounded up on write. */
  readonly untilMs: number
  readonly durationMs: number
}

export type StoredKey = {
  /** Stable for the life of the key text in this channel, also when its index moves. */
  readonly id: number
  readonly index: number
  /** Plain text. Wrapped into `Secret` by whoever builds a snapshot. */
  readonly apiKey: string
  readonly cooldown: StoredCooldown
  readonly createdAtS: number
  readonly updatedAtS: number
}

export type StoredModel = { readonly name: string; readonly redirect: string }

export type StoredChannel = {
  readonly id: number
  readonly name: string
  readonly type: ChannelType
  readonly url: string
  readonly priority: number
  readonly enabled: boolean
  readonly keyStrategy: KeyStrategy
  readonly dailyCostLimitUsd: number
  readonly cooldown: StoredCooldown
  /** By index, dense 0..n-1. */
  readonly keys: readonly StoredKey[]
  /** In the order the user typed them. */
  readonly models: readonly StoredModel[]
  /** Position of the key rotation (table `key_rr`). */
  readonly keyTurn: number
  readonly createdAtS: number
  readonly updatedAtS: number
}

export type ChannelDraft = {
  readonly name: string
  readonly type: ChannelType
  readonly url: string
  readonly priority: number
  readonly enabled: boolean
  readonly keyStrategy: KeyStrategy
  readonly dailyCostLimitUsd: number
  readonly apiKeys: readonly string[]
  readonly models: readonly StoredModel[]
}

export type CooldownTarget =
  | { readonly scope: 'channel'; readonly channelId: number }
  | { readonly scope: 'key'; readonly channelId: number; readonly keyId: number }
  | { readonly scope: 'model'; readonly channelId: number; readonly model: string }

/** Why a rest exists. */
export type StoredWhy = { readonly reason: string; readonly statusCode: number; readonly requestId: string }

/** A rest to write; without `why` the reason that was stored for its target is forgotten. */
export type CooldownToSave = CooldownTarget & StoredCooldown & { readonly why?: StoredWhy }

/** The reason of a rest, and which rest it is the reason of: instants exact, not rounded as in the old columns. */
export type StoredReason = CooldownTarget & StoredWhy & { readonly sinceMs: number; readonly untilMs: number }

export interface ChannelStore {
  /** All channels, by id. One query per table, not per channel. */
  list(): Promise<readonly StoredChannel[]>
  get(id: number): Promise<StoredChannel | undefined>
  /** Ids of deleted channels are never given again. Errors: `conflict` when the name is taken. */
  create(draft: ChannelDraft, nowMs: number): Promise<StoredChannel>
  /**
   * Replaces what `patch` names and leaves the rest. Keys are matched by text: one that stays keeps its id and
   * cooldown, wherever it moves. Resolves to `undefined` when there is no such channel. Errors: `conflict`.
   */
  update(id: number, patch: Partial<ChannelDraft>, nowMs: number): Promise<StoredChannel | undefined>
  /** Removes the channel with keys, models and rotation; its log rows stay. False when there was none. */
  remove(id: number): Promise<boolean>
  /** Writes running and cleared (untilMs 0) cooldowns; unknown targets are skipped. */
  saveCooldowns(rows: readonly CooldownToSave[]): Promise<void>
  /** Reasons of the rests that were running when last saved. */
  cooldownReasons(): Promise<readonly StoredReason[]>
  /** Rests of (channel, model) pairs that were running when last saved. */
  modelCooldowns(): Promise<readonly { channelId: number; model: string; cooldown: StoredCooldown }[]>
  saveKeyTurns(turns: readonly { channelId: number; turn: number }[]): Promise<void>
}

export type StoredToken = {
  readonly id: number
  /** SHA-256 hex; the plain token is never stored. */
  readonly hash: string
  /** First and last characters of the plain token for recognising it, e.g. `abcd...wxyz`; `''` for rows of the old program. */
  readonly hint: string
  readonly description: string
  readonly createdAtMs: number
  /** 0 = never. */
  readonly expiresAtMs: number
  /** 0 = never. */
  readonly lastUsedAtMs: number
  readonly active: boolean
  readonly allowedModels: readonly string[]
  readonly costUsedMicroUsd: number
  readonly costLimitMicroUsd: number
  readonly successCount: number
  readonly failureCount: number
  /** Seconds, running mean over `streamCount` streamed answers. */
  readonly streamAvgTtfbS: number
  /** Seconds, running mean over `nonStreamCount` whole answers. */
  readonly nonStreamAvgS: number
  readonly streamCount: number
  readonly nonStreamCount: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly totalCostUsd: number
}

export type TokenDraft = {
  readonly hash: string
  readonly hint: string
  readonly description: string
  readonly expiresAtMs: number
  readonly active: boolean
  readonly allowedModels: readonly string[]
  readonly costLimitMicroUsd: number
}

export interface TokenStore {
  /** Newest first. */
  list(): Promise<readonly StoredToken[]>
  get(id: number): Promise<StoredToken | undefined>
  create(draft: TokenDraft, nowMs: number): Promise<StoredToken>
  /** PATCH: what is absent stays. `undefined` when there is no such token. */
  update(id: number, patch: Partial<Omit<TokenDraft, 'hash' | 'hint'>>): Promise<StoredToken | undefined>
  remove(id: number): Promise<boolean>
}

export type StoredSetting = { readonly key: string; readonly value: string; readonly updatedAtS: number }

export interface SettingStore {
  /** Only rows that exist; what is missing has its default. */
  list(): Promise<readonly StoredSetting[]>
  /** All or none. */
  save(
    rows: readonly { key: string; value: string; valueType: string; description: string; defaultValue: string }[],
    nowMs: number,
  ): Promise<void>
}

export interface SessionStore {
  /** @param hash SHA-256 hex of the session token. */
  add(hash: string, expiresAtS: number, nowMs: number): Promise<void>
  /** Sessions that have not expired. */
  list(nowMs: number): Promise<readonly { hash: string; expiresAtS: number }[]>
  remove(hash: string): Promise<void>
  removeExpired(nowMs: number): Promise<void>
}

/** One attempt (or one request that never reached a channel: `channelId` 0), as a row of `logs`. */
export type LogRow = {
  /** Unique over all processes and time; a repeated append of it is a no-op. */
  readonly attemptId: string
  /** Ties all attempts of one client request; also in the `x-ccload-request-id` header. */
  readonly requestId: string
  /** 0 for the first attempt of its request, counting up. */
  readonly attemptNo: number
  /** Start of the attempt, Unix ms. */
  readonly timeMs: number
  readonly model: string
  /** What the upstream was asked for when it differs, else `''`. */
  readonly actualModel: string
  /** 0 = no channel was tried. */
  readonly channelId: number
  readonly statusCode: number
  readonly message: string
  readonly durationMs: number
  readonly streaming: boolean
  /** To the first body byte; 0 = none came, or not streamed. */
  readonly firstByteMs: number
  /** Masked. */
  readonly apiKeyUsed: string
  /** 0 = none. */
  readonly tokenId: number
  readonly clientIp: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly cacheWrite5mTokens: number
  readonly cacheWrite1hTokens: number
  readonly reasoningTokens: number
  readonly usageState: UsageState
  /** Nano-USD (1e-9), whole number >= 0. */
  readonly costNanoUsd: number
  /** Path without query. */
  readonly path: string
  readonly bytesSent: number
}

export type StoredLogRow = LogRow & { readonly id: number }

export type LogQuery = {
  /** Half-open [fromMs, toMs). */
  readonly fromMs: number
  readonly toMs: number
  readonly channelIds?: readonly number[]
  readonly model?: string
  /** Substring; `%` and `_` mean themselves. */
  readonly modelLike?: string
  readonly statusCode?: number
  readonly tokenId?: number
  readonly requestId?: string
  readonly limit: number
  readonly offset: number
  /** Only rows older than this (keyset page). */
  readonly before?: { readonly timeMs: number; readonly id: number }
  /** False: `total` is 0 instead of counted. Counting takes 30 ms for a million rows in the range. */
  readonly withTotal?: boolean
}

export interface AttemptLog {
  /**
   * Stores every row or none. A row whose `attemptId` is already there changes nothing, so a failed flush may be
   * repeated. In the same transaction each *new* row of a token is added to that token's counters, tokens, cost,
   * running means and `lastUsedAtMs` (2xx = success; 499 and other statuses = failure, charged all the same).
   */
  append(rows: readonly LogRow[]): Promise<void>
  /** Newest first: by start of the attempt, then id. */
  page(query: LogQuery): Promise<{ readonly rows: readonly StoredLogRow[]; readonly total: number }>
  /** Attempt ids out of `ids` that are already stored. */
  known(ids: readonly string[]): Promise<readonly string[]>
  /** Deletes at most `limit` rows older than `beforeMs`; resolves to how many. */
  prune(beforeMs: number, limit: number): Promise<number>
  /** USD of channels since `fromMs`, by channel id. */
  costByChannel(fromMs: number): Promise<readonly { channelId: number; costUsd: number }[]>
  /** Distinct requested models, sorted. */
  models(fromMs: number, toMs: number): Promise<readonly string[]>
}

/** What sums can be told apart by. */
export type StatisticsKey = 'channel' | 'model' | 'token'

export type StatisticsQuery = {
  /** Half-open [fromMs, toMs), by start of the attempt. To the minute; further back to what is kept (see `planRead`). */
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
  readonly zone: Zone
  readonly by: readonly StatisticsKey[]
  /** Also by steps of this width from `fromMs`; absent = one sum for the range. */
  readonly stepMs?: number
  readonly channelIds?: readonly number[]
  readonly model?: string
  /** Substring, case-insensitive; `%` and `_` mean themselves. */
  readonly modelLike?: string
  readonly tokenId?: number
  /** Reads `latency` as well; dearer. */
  readonly withLatency?: boolean
}

/** Of successes, ms; within 9.1 %. Absent when there was none. */
export type Quantiles = { readonly p50Ms: number; readonly p90Ms: number; readonly p99Ms: number }

/** What `by` does not name is 0 and `''`; `step` is 0 without `stepMs`. */
export type StatisticsRow = {
  readonly step: number
  readonly channelId: number
  readonly model: string
  readonly tokenId: number
  readonly sums: Readonly<Sums>
  /**
   * Most requests that started in one minute. Exact for everything, one channel, one (channel, model) or one token, and
   * for any filter within the last two days; else at least that of the greatest part.
   */
  readonly peakRpm: number
  readonly ttfb?: Quantiles
  readonly duration?: Quantiles
}

export type RecentRow = {
  readonly channelId: number
  readonly model: string
  readonly tokenId: number
  readonly requests: number
}

/**
 * Sums of finished attempts, kept beside the log and outliving it. Requests without a channel and clients that left
 * (499) are in none of them.
 */
export interface Statistics {
  /** By step, channel, model, token, in this order; only what has been asked for at least once. */
  read(query: StatisticsQuery): Promise<readonly StatisticsRow[]>
  /** Requests that started at `sinceMs` or later, from the log: meant for the last minute. */
  recent(sinceMs: number): Promise<readonly RecentRow[]>
  /**
   * The same for requests that ended with one status, by channel and model. Counted in the log, which forgets, and so
   * dearer: in proportion to the requests with that status.
   */
  readByStatus(query: StatisticsQuery, statusCode: number): Promise<readonly StatisticsRow[]>
  /**
   * One slice of regular work: folds closed minutes into coarser sums, forgets fine ones that are old, makes the sums
   * of days anew when the zone has changed. To be repeated while it resolves to true.
   */
  compactRollups(nowMs: number, zone: Zone): Promise<boolean>
  /**
   * One slice of sums for log rows that are older than the sums; goes on where it was after a restart.
   *
   * @param limit  Log rows in this slice. Resolves to true while there are more.
   */
  buildHistory(limit: number): Promise<boolean>
}
