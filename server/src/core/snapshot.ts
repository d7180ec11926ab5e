import type { ChannelType } from './channel-type.ts'
import type { Secret } from './secret.ts'

export type KeyStrategy = 'sequential' | 'round_robin'

/** One upstream key. `id` is stable for its life; `index` is its place in the channel's list and moves when others go. */
export type ChannelKey = {
  readonly id: number
  readonly index: number
  readonly secret: Secret
  /** Its cooldown cell in the shared page. */
  readonly cell: number
}

export type ChannelModel = {
  readonly name: string
  /** What the upstream is asked for instead; `''` = the name itself. */
  readonly redirect: string
  readonly cell: number
}

/** An upstream account or relay. Immutable: a change makes a new one. */
export type Channel = {
  readonly id: number
  readonly name: string
  readonly type: ChannelType
  /** scheme://host[:port][/path], no trailing slash. */
  readonly url: string
  readonly priority: number
  /** `priority` minus the health penalty; equal to it while health scoring is off. */
  readonly effectivePriority: number
  readonly enabled: boolean
  readonly keyStrategy: KeyStrategy
  readonly keys: readonly ChannelKey[]
  readonly models: readonly ChannelModel[]
  readonly cell: number
  /** Turn counter of its key rotation in the shared page. */
  readonly turnCell: number
  /** True when today's cost has reached `daily_cost_limit`. */
  readonly overDailyLimit: boolean
  /** What its answers cost times this; 0 = free. */
  readonly costMultiplier: number
  /** Streams are asked for their usage where the client did not. */
  readonly askForUsage: boolean
  /** Absent = none. */
  readonly limits?: UseLimits
}

/** How much a token or channel may be used; 0 = no limit. */
export type UseLimits = {
  /** Where its use is counted in the shared page. Absent: nothing is to be counted, or there was no room to. */
  readonly meter?: number
  /** Of its whole life; channels have none. */
  readonly costMicroUsd: number
  readonly dailyCostMicroUsd: number
  /** Channels have none. */
  readonly monthlyCostMicroUsd: number
  readonly rpm: number
  readonly maxConcurrency: number
}

/** A credential that ccLoad issues to its own clients. */
export type ApiToken = {
  readonly id: number
  /** SHA-256 of the plain token, lower-case hex. */
  readonly hash: string
  readonly active: boolean
  /** Unix ms; 0 = never. */
  readonly expiresAtMs: number
  /** Empty = every model. Compared without regard to case. */
  readonly allowedModels: readonly string[]
  /** Absent = none. */
  readonly limits?: TokenLimits
}

/** Empty = no restriction. */
export type TokenLimits = UseLimits & {
  readonly channelIds: readonly number[]
  /** IP addresses and CIDR ranges. */
  readonly addresses: readonly string[]
}

/** Values of all settings by key, parsed to their type. */
export type SettingValues = Readonly<Record<string, number | boolean | string>>

/** All that a proxy needs to know to serve requests; swapped whole, by one assignment. */
export type Snapshot = {
  readonly version: number
  readonly channels: ReadonlyMap<number, Channel>
  /** By `hash`. */
  readonly tokens: ReadonlyMap<string, ApiToken>
  readonly settings: SettingValues
}
