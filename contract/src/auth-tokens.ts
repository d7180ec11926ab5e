import { z } from 'zod'
import { ignoring } from './ignoring.ts'
import { filledText, flag } from './plain-text.ts'
import type { Route } from './route.ts'
import { rpmStats } from './rpm-stats.ts'

export const TOKEN_ROUTES = {
  list: { method: 'GET', path: '/admin/auth-tokens' },
  create: { method: 'POST', path: '/admin/auth-tokens' },
  update: { method: 'PUT', path: '/admin/auth-tokens/:id' },
  remove: { method: 'DELETE', path: '/admin/auth-tokens/:id' },
} as const satisfies Record<string, Route>

const MAX_MODELS = 1_000
const MAX_COST_LIMIT_USD = 1e9 // as micro-USD still a safe integer
const MAX_INSTANT_MS = 8.64e15 // the last instant of a `Date`
const EARLIEST_INSTANT_MS = 1e11 // below it seconds were meant

/** Unix ms; 0 and `null` = never. */
const expiresAt = z
  .int({ error: 'must be a Unix time in whole milliseconds; 0 or null = never' })
  .min(0, 'must not be negative; 0 or null = never')
  .max(MAX_INSTANT_MS, 'lies too far in the future; 0 or null = never')
  .refine((ms) => ms === 0 || ms >= EARLIEST_INSTANT_MS, 'must be in milliseconds, not in seconds')
  .nullable()

/** `null` = as if absent. */
const costLimit = z
  .number({ error: 'must be a number of USD; 0 = no limit' })
  .min(0, 'must be >= 0')
  .max(MAX_COST_LIMIT_USD, `must be at most ${MAX_COST_LIMIT_USD}`)
  .nullable()

/** Empty = every model. `null` is refused: it must not lift a restriction by accident. */
const allowedModels = z
  .array(filledText(191), { error: 'must be a list of model names; [] allows every model' })
  .max(MAX_MODELS, `must not name more than ${MAX_MODELS} models`)

const MAX_LIMIT = 1_000_000
const MAX_CHANNELS = 10_000
const MAX_ADDRESSES = 1_000

/** `null` = as if absent. */
const numberLimit = z
  .int({ error: 'must be a whole number; 0 = no limit' })
  .min(0, 'must be >= 0; 0 = no limit')
  .max(MAX_LIMIT, `must be at most ${MAX_LIMIT}`)
  .nullable()

/** Empty = every channel. `null` is refused, as for the models. */
const allowedChannelIds = z
  .array(z.int({ error: 'must be a channel id' }).min(1, 'must be a channel id'), {
    error: 'must be a list of channel ids; [] allows every channel',
  })
  .max(MAX_CHANNELS, `must not name more than ${MAX_CHANNELS} channels`)

/** IP addresses and CIDR ranges. Empty = from everywhere. `null` is refused, as for the models. */
const allowedAddresses = z
  .array(filledText(64), { error: 'must be a list of addresses and CIDR ranges; [] allows every address' })
  .max(MAX_ADDRESSES, `must not name more than ${MAX_ADDRESSES} ranges`)

/** Fields of an answer that cannot be set. */
const READ_ONLY = [
  'id',
  'token',
  'created_at',
  'last_used_at',
  'is_expired',
  'success_count',
  'failure_count',
  'stream_avg_ttfb',
  'non_stream_avg_rt',
  'stream_count',
  'non_stream_count',
  'prompt_tokens_total',
  'completion_tokens_total',
  'cache_read_tokens_total',
  'cache_creation_tokens_total',
  'total_cost_usd',
  'cost_used_usd',
  'cost_used_today_usd',
  'cost_used_this_month_usd',
  'peak_rpm',
  'avg_rpm',
  'recent_rpm',
] as const

const fields = {
  expires_at: expiresAt.optional(),
  is_active: flag.nullable().optional(),
  allowed_models: allowedModels.optional(),
  cost_limit_usd: costLimit.optional(),
  daily_cost_limit_usd: costLimit.optional(),
  monthly_cost_limit_usd: costLimit.optional(),
  rpm_limit: numberLimit.optional(),
  max_concurrency: numberLimit.optional(),
  allowed_channel_ids: allowedChannelIds.optional(),
  allowed_addresses: allowedAddresses.optional(),
}

export const tokenCreateBody = ignoring(READ_ONLY, z.strictObject({ description: filledText(512), ...fields }))
export type TokenCreate = z.output<typeof tokenCreateBody>

/** What is absent stays; `null` too, but for `expires_at`, where it means never. */
export const tokenUpdateBody = ignoring(
  READ_ONLY,
  z.strictObject({ description: filledText(512).nullable().optional(), ...fields }),
)
export type TokenUpdate = z.output<typeof tokenUpdateBody>

const count = z.int().min(0)

/** What a token may do; 0 = no limit, empty = no restriction. */
const limitAnswers = {
  cost_limit_usd: z.number(),
  /** From midnight to midnight in the zone of statistics. */
  daily_cost_limit_usd: z.number(),
  monthly_cost_limit_usd: z.number(),
  /** Requests in one minute. */
  rpm_limit: count,
  /** Requests at once. */
  max_concurrency: count,
  allowed_models: z.array(z.string()),
  allowed_channel_ids: z.array(z.int()),
  allowed_addresses: z.array(z.string()),
}

export const tokenAnswer = z.strictObject({
  id: z.int(),
  /** First and last four characters of the token, or `****` for tokens made by the earlier program. */
  token: z.string(),
  description: z.string(),
  /** RFC 3339. */
  created_at: z.string(),
  /** Unix ms; 0 = never. */
  expires_at: count,
  is_expired: z.boolean(),
  /** Unix ms; 0 = never. */
  last_used_at: count,
  is_active: z.boolean(),
  success_count: count,
  failure_count: count,
  /** Seconds. */
  stream_avg_ttfb: z.number(),
  /** Seconds. */
  non_stream_avg_rt: z.number(),
  stream_count: count,
  non_stream_count: count,
  prompt_tokens_total: count,
  completion_tokens_total: count,
  cache_read_tokens_total: count,
  cache_creation_tokens_total: count,
  total_cost_usd: z.number(),
  cost_used_usd: z.number(),
  cost_used_today_usd: z.number(),
  cost_used_this_month_usd: z.number(),
  ...limitAnswers,
  /** Only when a range was asked for; absent = 0. `recent_rpm` for today alone. */
  peak_rpm: z.number().optional(),
  avg_rpm: z.number().optional(),
  recent_rpm: z.number().optional(),
})
export type Token = z.output<typeof tokenAnswer>

/**
 * With a range other than `all`, counters, tokens, costs, times and rates are those of the range; `cost_used_…` and the
 * limits stay what they are.
 */
export const tokenListAnswer = z.strictObject({
  tokens: z.array(tokenAnswer),
  is_today: z.boolean(),
  /** Only when a range was asked for. */
  duration_seconds: z.number().optional(),
  rpm_stats: rpmStats.optional(),
})
export type TokenList = z.output<typeof tokenListAnswer>

/** The only answer that contains the token itself. */
export const newTokenAnswer = z.strictObject({
  id: z.int(),
  token: z.string().regex(/^[0-9a-f]{64}$/),
  description: z.string(),
  created_at: z.string(),
  expires_at: z.int().nullable(),
  is_active: z.boolean(),
  ...limitAnswers,
})
export type NewToken = z.output<typeof newTokenAnswer>

export const removedAnswer = z.strictObject({ id: z.int() })
