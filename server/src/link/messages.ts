import { Secret } from '../core/secret.ts'
import type { ApiToken, Channel, ChannelKey, SettingValues, Snapshot } from '../core/snapshot.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { CooldownTarget, StoredWhy } from '../ports/channel-store.ts'
import type { MeterCell } from '../ports/meters.ts'

/** A channel as it crosses to a proxy: the same, with its secrets open. The link never leaves this machine. */
export type WireChannel = Omit<Channel, 'keys'> & {
  readonly keys: readonly (Omit<ChannelKey, 'secret'> & { readonly secret: string })[]
}

/** Everything, or what changed. `version` grows by one with each; a proxy that misses one asks for everything. */
export type SnapshotUpdate = {
  readonly version: number
  /** True: what is not named here no longer exists. */
  readonly whole: boolean
  readonly channels: readonly WireChannel[]
  readonly removedChannelIds: readonly number[]
  readonly tokens: readonly ApiToken[]
  readonly removedTokenHashes: readonly string[]
  readonly settings: SettingValues | undefined
}

/** A request on its way, as `/admin/active-requests` shows it and as control closes it when its process dies. */
export type Running = {
  readonly requestId: string
  readonly model: string
  readonly clientIp: string
  readonly startedAtMs: number
  readonly streaming: boolean
  readonly tokenId: number
  readonly channelId: number
  readonly channelName: string
  readonly channelType: string
  /** Masked; `''` until a key has been chosen. */
  readonly keyUsed: string
  readonly bytesReceived: number
  /** From the start of the request; 0 = nothing yet. */
  readonly clientFirstByteMs: number
  /** The row to store when nobody lives to write the true one: what was seen so far. */
  readonly row: LogRow
}

/** Why a rest exists; the instants themselves are in the shared page. */
export type RestReason = CooldownTarget & StoredWhy & { readonly sinceMs: number; readonly untilMs: number }

export type Health = { readonly ok: boolean; readonly why: string }

/** Control to proxy. */
export type Down =
  | { readonly t: 'update'; readonly update: SnapshotUpdate }
  | { readonly t: 'stored'; readonly upTo: number } // batches of endings that are on disk
  | { readonly t: 'list-running'; readonly ask: number }
  | { readonly t: 'heartbeat'; readonly health: Health }
  | { readonly t: 'drain'; readonly graceMs: number }

/** Proxy to control. */
export type Up =
  | { readonly t: 'hello'; readonly row: number }
  | { readonly t: 'listening'; readonly port: number }
  | { readonly t: 'failed'; readonly why: string }
  | { readonly t: 'applied'; readonly version: number }
  | { readonly t: 'resync' }
  | { readonly t: 'endings'; readonly batch: number; readonly rows: string } // see `unpackRows`
  | { readonly t: 'closed'; readonly meters: readonly MeterCell[] } // holds that are over; behind their endings
  | { readonly t: 'rested'; readonly reason: RestReason }
  | { readonly t: 'cleared'; readonly target: CooldownTarget }
  | { readonly t: 'running'; readonly ask: number; readonly running: readonly Running[] }
  | { readonly t: 'alive' }

/** Puts secrets back into their wrapper. */
export function openWire(wire: WireChannel): Channel {
  return { ...wire, keys: wire.keys.map((key) => ({ ...key, secret: new Secret(key.secret) })) }
}

/** The snapshot after an update; `undefined` when updates between were missed. */
export function applyUpdate(before: Snapshot, update: SnapshotUpdate): Snapshot | undefined {
  if (!update.whole && update.version !== before.version + 1) return undefined
  const channels = new Map(update.whole ? [] : before.channels)
  for (const id of update.removedChannelIds) channels.delete(id)
  for (const wire of update.channels) channels.set(wire.id, openWire(wire))
  const tokens = new Map(update.whole ? [] : before.tokens)
  for (const hash of update.removedTokenHashes) tokens.delete(hash)
  for (const token of update.tokens) tokens.set(token.hash, token)
  return { version: update.version, channels, tokens, settings: update.settings ?? before.settings }
}
