import type { Selectable } from 'kysely'
import type { StoredToken, TokenDraft, TokenStore } from '../ports/token-store.ts'
import type { AuthTokensTable } from './schema.ts'
import { inTransaction, type SqlEngine } from './sql-engine.ts'

/** API tokens, table `auth_tokens`. Their counters are written by the attempt log. */
export function sqlTokens(engine: SqlEngine): TokenStore {
  const { db } = engine
  return {
    async list() {
      const rows = await db
        .selectFrom('auth_tokens')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute()
      return rows.map(tokenOf)
    },

    async get(id) {
      const row = await db.selectFrom('auth_tokens').selectAll().where('id', '=', id).executeTakeFirst()
      return row && tokenOf(row)
    },

    create: (draft, nowMs) =>
      inTransaction(engine, async (tx) => {
        const row = { ...columnsOf(draft), token: draft.hash, hint: draft.hint, created_at: nowMs }
        const { insertId } = await tx.insertInto('auth_tokens').values(row).executeTakeFirstOrThrow()
        return tokenOf(
          await tx.selectFrom('auth_tokens').selectAll().where('id', '=', Number(insertId)).executeTakeFirstOrThrow(),
        )
      }),

    update: (id, patch) =>
      inTransaction(engine, async (tx) => {
        const row = await tx.selectFrom('auth_tokens').selectAll().where('id', '=', id).executeTakeFirst()
        if (!row) return undefined
        const columns = columnsOf({ ...tokenOf(row), ...patch })
        await tx.updateTable('auth_tokens').set(columns).where('id', '=', id).execute()
        return tokenOf({ ...row, ...columns })
      }),

    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('auth_tokens').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}

function columnsOf(draft: Omit<TokenDraft, 'hash' | 'hint'>) {
  return {
    description: draft.description,
    expires_at: draft.expiresAtMs,
    is_active: draft.active ? 1 : 0,
    allowed_models: listText(draft.allowedModels),
    cost_limit_microusd: draft.costLimitMicroUsd,
    cost_daily_limit_microusd: draft.dailyCostLimitMicroUsd,
    cost_monthly_limit_microusd: draft.monthlyCostLimitMicroUsd,
    rpm_limit: draft.rpmLimit,
    max_concurrency: draft.maxConcurrency,
    allowed_channel_ids: listText(draft.allowedChannelIds),
    allowed_addresses: listText(draft.allowedAddresses),
  }
}

function tokenOf(row: Selectable<AuthTokensTable>): StoredToken {
  const allowedModels = listOf(row.allowed_models, isText)
  const allowedChannelIds = listOf(row.allowed_channel_ids, isId)
  const allowedAddresses = listOf(row.allowed_addresses, isText)
  return {
    id: row.id,
    hash: row.token,
    hint: row.hint,
    description: row.description,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    lastUsedAtMs: row.last_used_at,
    // A restriction that cannot be read must not become "every model", "every channel" or "from everywhere".
    active: row.is_active !== 0 && !!allowedModels && !!allowedChannelIds && !!allowedAddresses,
    allowedModels: allowedModels ?? [],
    costUsedMicroUsd: row.cost_used_microusd,
    costLimitMicroUsd: row.cost_limit_microusd,
    dailyCostLimitMicroUsd: row.cost_daily_limit_microusd,
    monthlyCostLimitMicroUsd: row.cost_monthly_limit_microusd,
    rpmLimit: row.rpm_limit,
    maxConcurrency: row.max_concurrency,
    allowedChannelIds: allowedChannelIds ?? [],
    allowedAddresses: allowedAddresses ?? [],
    successCount: row.success_count,
    failureCount: row.failure_count,
    streamAvgTtfbS: row.stream_avg_ttfb,
    nonStreamAvgS: row.non_stream_avg_rt,
    streamCount: row.stream_count,
    nonStreamCount: row.non_stream_count,
    promptTokens: row.prompt_tokens_total,
    completionTokens: row.completion_tokens_total,
    cacheReadTokens: row.cache_read_tokens_total,
    cacheWriteTokens: row.cache_creation_tokens_total,
    totalCostUsd: row.total_cost_usd,
  }
}

function listText(list: readonly (string | number)[]): string {
  return list.length > 0 ? JSON.stringify(list) : ''
}

/** The list in the column; `undefined` when it is none, or holds something else. */
function listOf<Item>(text: string, isItem: (value: unknown) => value is Item): readonly Item[] | undefined {
  if (text.trim() === '') return []
  try {
    const value: unknown = JSON.parse(text)
    if (value === null) return []
    return Array.isArray(value) && value.every(isItem) ? value : undefined
  } catch {
    return undefined // said by the result
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
