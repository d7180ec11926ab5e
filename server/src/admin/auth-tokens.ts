import { createHash, randomBytes } from 'node:crypto'
import {
  type NewToken,
  TOKEN_ROUTES,
  type Token,
  type TokenCreate,
  type TokenList,
  type TokenUpdate,
  tokenCreateBody,
  tokenUpdateBody,
} from '@ccload/contract/auth-tokens.ts'
import { maskKey } from '../core/secret.ts'
import type { StoredToken, TokenDraft } from '../ports/token-store.ts'
import { changed } from './change.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint, endpointWithBody, idOf } from './endpoint.ts'
import { isoTime } from './iso-time.ts'
import { done, type Reply, refused } from './reply.ts'
import { isRangeOfTokens, tokensOfRange } from './token-statistics.ts'

const MICRO = 1_000_000
const INVALID_ID = refused(400, 'invalid token id')
const NOT_FOUND = refused(404, 'token not found')

/** The credentials that ccLoad issues to its own clients. */
export function authTokenEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [
    endpoint(TOKEN_ROUTES.list, ({ query }) => list(deps, query.get('range'))),
    endpointWithBody(TOKEN_ROUTES.create, tokenCreateBody, (body) => create(deps, body)),
    endpointWithBody(TOKEN_ROUTES.update, tokenUpdateBody, (body, { params }) =>
      update(deps, idOf(params['id']), body),
    ),
    endpoint(TOKEN_ROUTES.remove, ({ params }) => remove(deps, idOf(params['id']))),
  ]
}

async function list(deps: AdminDeps, range: string | null): Promise<Reply> {
  const { control, clock } = deps
  const tokens = (await control.tokens()).map((token) => tokenView(token, clock.nowMs()))
  const answer: TokenList = isRangeOfTokens(range)
    ? await tokensOfRange(deps, tokens, range)
    : { tokens, is_today: false }
  return done(answer)
}

/** The plain token is in this answer and nowhere else, ever. */
async function create({ control }: AdminDeps, body: TokenCreate): Promise<Reply> {
  const plain = randomBytes(32).toString('hex')
  const change = await control.createToken({
    hash: createHash('sha256').update(plain).digest('hex'),
    hint: maskKey(plain),
    description: body.description,
    expiresAtMs: body.expires_at ?? 0,
    active: body.is_active ?? true,
    allowedModels: unique(body.allowed_models ?? []),
    costLimitMicroUsd: microUsd(body.cost_limit_usd ?? 0),
  })
  const token = change.value
  const answer: NewToken = {
    id: token.id,
    token: plain,
    description: token.description,
    created_at: isoTime(token.createdAtMs),
    expires_at: token.expiresAtMs === 0 ? null : token.expiresAtMs,
    is_active: token.active,
    allowed_models: [...token.allowedModels],
    cost_limit_usd: token.costLimitMicroUsd / MICRO,
  }
  return changed(answer, change)
}

async function update({ control, clock }: AdminDeps, id: number | undefined, body: TokenUpdate): Promise<Reply> {
  if (id === undefined) return INVALID_ID
  const change = await control.updateToken(id, patchOf(body))
  return change.value === undefined ? NOT_FOUND : changed(tokenView(change.value, clock.nowMs()), change)
}

async function remove({ control }: AdminDeps, id: number | undefined): Promise<Reply> {
  if (id === undefined) return INVALID_ID
  const change = await control.removeToken(id)
  return change.value ? changed({ id }, change) : NOT_FOUND
}

function patchOf(body: TokenUpdate): Partial<Omit<TokenDraft, 'hash' | 'hint'>> {
  return {
    ...(body.description == null ? {} : { description: body.description }),
    ...(body.is_active == null ? {} : { active: body.is_active }),
    ...(body.expires_at === undefined ? {} : { expiresAtMs: body.expires_at ?? 0 }),
    ...(body.cost_limit_usd == null ? {} : { costLimitMicroUsd: microUsd(body.cost_limit_usd) }),
    ...(body.allowed_models === undefined ? {} : { allowedModels: unique(body.allowed_models) }),
  }
}

/** Rounded, so that $0.29 is 290,000; but a limit is never rounded to 0, which would mean none. */
function microUsd(usd: number): number {
  return usd === 0 ? 0 : Math.max(1, Math.round(usd * MICRO))
}

/** Names that differ only in case are one name: the limit is checked without regard to it. */
function unique(models: readonly string[]): readonly string[] {
  return [...new Map(models.toReversed().map((model) => [model.toLowerCase(), model])).values()].toReversed()
}

function tokenView(token: StoredToken, nowMs: number): Token {
  return {
    id: token.id,
    token: token.hint === '' ? '****' : token.hint,
    description: token.description,
    created_at: isoTime(token.createdAtMs),
    expires_at: token.expiresAtMs,
    is_expired: token.expiresAtMs !== 0 && token.expiresAtMs <= nowMs,
    last_used_at: token.lastUsedAtMs,
    is_active: token.active,
    success_count: token.successCount,
    failure_count: token.failureCount,
    stream_avg_ttfb: token.streamAvgTtfbS,
    non_stream_avg_rt: token.nonStreamAvgS,
    stream_count: token.streamCount,
    non_stream_count: token.nonStreamCount,
    prompt_tokens_total: token.promptTokens,
    completion_tokens_total: token.completionTokens,
    cache_read_tokens_total: token.cacheReadTokens,
    cache_creation_tokens_total: token.cacheWriteTokens,
    total_cost_usd: token.totalCostUsd,
    cost_used_usd: token.costUsedMicroUsd / MICRO,
    cost_limit_usd: token.costLimitMicroUsd / MICRO,
    allowed_models: [...token.allowedModels],
  }
}
