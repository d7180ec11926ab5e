import type { AttemptLog } from './attempt-log.ts'
import type { ChannelStore } from './channel-store.ts'
import type { Statistics } from './statistics.ts'
import type { TokenStore } from './token-store.ts'

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
