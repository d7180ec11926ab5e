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
