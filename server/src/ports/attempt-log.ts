import type { CostParts, Terms } from '../core/cost-parts.ts'
import type { UsageState } from '../core/usage.ts'

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
  /** How it is to be charged, where that is not as usual. Not stored: `costParts` says what became of it. */
  readonly terms?: Terms | undefined
  /** How the cost came about; absent when nothing was charged. */
  readonly costParts?: CostParts
  /** Path without query. */
  readonly path: string
  readonly bytesSent: number
  /** How it was decided, where that is more than the row says: text of `core/decision.ts`. */
  readonly decision?: string | undefined
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
  /** What tokens were charged for attempts whose client left (499), which no statistic counts, since `fromMs`. */
  goneCostByToken(fromMs: number): Promise<readonly { tokenId: number; costNanoUsd: number }[]>
  /** Distinct requested models, sorted. */
  models(fromMs: number, toMs: number): Promise<readonly string[]>
}
