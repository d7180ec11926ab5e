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
    allowed_models: draft.allowedModels.length > 0 ? JSON.stringify(draft.allowedModels) : '',
    cost_limit_microusd: draft.costLimitMicroUsd,
  }
}

function tokenOf(row: Selectable<AuthTokensTable>): StoredToken {
  const allowedModels = allowedModelsOf(row.allowed_models)
  return {
    id: row.id,
    hash: row.token,
    hint: row.hint,
    description: row.description,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    lastUsedAtMs: row.last_used_at,
    // A restriction that cannot be read must not become "every model".
    active: row.is_active !== 0 && allowedModels !== undefined,
    allowedModels: allowedModels ?? [],
    costUsedMicroUsd: row.cost_used_microusd,
    costLimitMicroUsd: row.cost_limit_microusd,
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

/** The list in the column; `undefined` when it is none. */
function allowedModelsOf(text: string): readonly string[] | undefined {
  if (text.trim() === '') return []
  try {
    const value: unknown = JSON.parse(text)
    if (value === null) return []
    return Array.isArray(value) && value.every((model) => typeof model === 'string') ? value : undefined
  } catch {
    return undefined // said by the result
  }
}
