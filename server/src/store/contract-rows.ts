import type { LogQuery, LogRow } from '../ports/attempt-log.ts'
import type { ChannelDraft } from '../ports/channel-store.ts'
import type { Store } from '../ports/store.ts'
import type { TokenDraft } from '../ports/token-store.ts'

/** A fresh store of the implementation under test, and its end. */
export type Fresh = () => Promise<{ readonly store: Store; close(): Promise<void> }>

export const T0 = 1_795_432_513_000 // Unix ms, a whole second
export const T0_S = T0 / 1000

export function channelDraft(changes: Partial<ChannelDraft> = {}): ChannelDraft {
  return {
    name: 'main',
    type: 'anthropic',
    url: 'https://api.example.com',
    priority: 10,
    enabled: true,
    keyStrategy: 'sequential',
    dailyCostLimitUsd: 0,
    costMultiplier: 1,
    rpmLimit: 0,
    maxConcurrency: 0,
    askForUsage: false,
    apiKeys: ['sk-one', 'sk-two'],
    models: [
      { name: 'zeta', redirect: '' },
      { name: 'alpha', redirect: 'alpha-2' },
    ],
    ...changes,
  }
}

export function tokenDraft(changes: Partial<TokenDraft> = {}): TokenDraft {
  return {
    hash: 'a'.repeat(64),
    hint: 'abcd...wxyz',
    description: 'laptop',
    expiresAtMs: 0,
    active: true,
    allowedModels: [],
    costLimitMicroUsd: 0,
    dailyCostLimitMicroUsd: 0,
    monthlyCostLimitMicroUsd: 0,
    rpmLimit: 0,
    maxConcurrency: 0,
    allowedChannelIds: [],
    allowedAddresses: [],
    ...changes,
  }
}

let rows = 0

export function logRow(changes: Partial<LogRow> = {}): LogRow {
  rows++
  return {
    attemptId: `attempt-${rows}`,
    requestId: `request-${rows}`,
    attemptNo: 0,
    timeMs: T0,
    model: 'claude-sonnet-4-5',
    actualModel: '',
    channelId: 1,
    statusCode: 200,
    message: 'ok',
    durationMs: 1234,
    streaming: false,
    firstByteMs: 0,
    apiKeyUsed: 'sk-a...2222',
    tokenId: 0,
    clientIp: '127.0.0.1',
    inputTokens: 10,
    outputTokens: 20,
    cacheReadTokens: 30,
    cacheWriteTokens: 40,
    cacheWrite5mTokens: 25,
    cacheWrite1hTokens: 15,
    reasoningTokens: 5,
    usageState: 'seen',
    costNanoUsd: 1500,
    path: '/v1/messages',
    bytesSent: 999,
    ...changes,
  }
}

export function logQuery(changes: Partial<LogQuery> = {}): LogQuery {
  return { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 100, offset: 0, ...changes }
}

/** The `kind` of the error that `work` ends with; fails when it ends well. */
export async function kindOfFailure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error instanceof Error && 'kind' in error ? error.kind : error
  }
  throw new Error('it should have failed')
}
