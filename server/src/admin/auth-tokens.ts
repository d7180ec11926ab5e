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
import { badRequest, done, type Reply, refused } from './reply.ts'
import { complaintOfLimits, limitsPatch, limitsView, NO_TOKEN_LIMITS } from './token-limits.ts'
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
  const tokens = (await control.tokens()).map((token) => tokenView(deps, token, clock.nowMs()))
  const answer: TokenList = isRangeOfTokens(range)
    ? await tokensOfRange(deps, tokens, range)
    : { tokens, is_today: false }
  return done(answer)
}

/** The plain token is in this answer and nowhere else, ever. */
async function create({ control }: AdminDeps, body: TokenCreate): Promise<Reply> {
  const limits = limitsPatch(body)
  const complaint = complaintOfLimits(limits, control)
  if (complaint !== undefined) return badRequest(complaint)
  const plain = randomBytes(32).toString('hex')
  const change = await control.createToken({
    hash: createHash('sha256').update(plain).digest('hex'),
    hint: maskKey(plain),
    description: body.description,
    expiresAtMs: body.expires_at ?? 0,
    active: body.is_active ?? true,
    ...NO_TOKEN_LIMITS,
    ...limits,
  })
  const token = change.value
  const answer: NewToken = {
    id: token.id,
    token: plain,
    description: token.description,
    created_at: isoTime(token.createdAtMs),
    expires_at: token.expiresAtMs === 0 ? null : token.expiresAtMs,
    is_active: token.active,
    ...limitsView(token),
  }
  return changed(answer, change)
}

async function update(deps: AdminDeps, id: number | undefined, body: TokenUpdate): Promise<Reply> {
  if (id === undefined) return INVALID_ID
  const { control, clock } = deps
  const patch = patchOf(body)
  const before = patch.allowedChannelIds && (await control.tokens()).find((token) => token.id === id)
  const complaint = complaintOfLimits(patch, control, before)
  if (complaint !== undefined) return badRequest(complaint)
  const change = await control.updateToken(id, patch)
  return change.value === undefined ? NOT_FOUND : changed(tokenView(deps, change.value, clock.nowMs()), change)
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
    ...limitsPatch(body),
  }
}

function tokenView({ control }: AdminDeps, token: StoredToken, nowMs: number): Token {
  const { todayMicroUsd, monthMicroUsd } = control.tokenSpend(token.id)
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
    cost_used_today_usd: todayMicroUsd / MICRO,
    cost_used_this_month_usd: monthMicroUsd / MICRO,
    ...limitsView(token),
  }
}
