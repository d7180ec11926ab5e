import type { ChannelType } from '../core/channel-type.ts'
import type { KeyStrategy } from '../core/snapshot.ts'

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
  readonly costMultiplier: number
  readonly rpmLimit: number
  readonly maxConcurrency: number
  readonly askForUsage: boolean
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
  /** What an answer costs times this; 0 = free. */
  readonly costMultiplier: number
  /** Requests in one minute, and at once; 0 = no limit. */
  readonly rpmLimit: number
  readonly maxConcurrency: number
  /** Streams are asked for their usage where the client did not. */
  readonly askForUsage: boolean
  readonly apiKeys: readonly string[]
  readonly models: readonly StoredModel[]
}

export type CooldownTarget =
  | { readonly scope: 'channel'; readonly channelId: number }
  | { readonly scope: 'key'; readonly channelId: number; readonly keyId: number }
  | { readonly scope: 'model'; readonly channelId: number; readonly model: string }

/** Why a rest exists. */
export type StoredWhy = {
  readonly reason: string
  readonly statusCode: number
  readonly requestId: string
  /** Doublings of the first step; absent when it is no step of the ladder: named by the upstream or a rule, or by hand. */
  readonly step?: number
  /** The instant that was named lay beyond 7 days and was cut to that. */
  readonly capped?: true
}

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
