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
  readonly dailyCostLimitMicroUsd: number
  readonly monthlyCostLimitMicroUsd: number
  readonly rpmLimit: number
  readonly maxConcurrency: number
  readonly allowedChannelIds: readonly number[]
  readonly allowedAddresses: readonly string[]
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
  /** Of its whole life. Here and below: 0 = no limit. */
  readonly costLimitMicroUsd: number
  /** From midnight to midnight, and from the first of a month to the next, in the zone of statistics. */
  readonly dailyCostLimitMicroUsd: number
  readonly monthlyCostLimitMicroUsd: number
  /** Requests in one minute. */
  readonly rpmLimit: number
  /** Requests at once. */
  readonly maxConcurrency: number
  /** Empty = every channel. Ids of channels that are gone may stand in it. */
  readonly allowedChannelIds: readonly number[]
  /** IP addresses and CIDR ranges; empty = from everywhere. */
  readonly allowedAddresses: readonly string[]
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
