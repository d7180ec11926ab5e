import { z } from 'zod'
import type { Route } from './route.ts'

export const LOG_ROUTES = {
  page: { method: 'GET', path: '/admin/logs' },
  models: { method: 'GET', path: '/admin/models' },
} as const satisfies Record<string, Route>

const tokens = z.int().min(0)

/** One attempt, or one request that never reached a channel. */
export const logRowAnswer = z.strictObject({
  id: z.int(),
  /** Start of the attempt, Unix seconds. */
  time: z.int(),
  /** The same in ms: with `id` the cursor of the next page (`before=<time_ms>,<id>`). */
  time_ms: z.int(),
  model: z.string(),
  /** What the upstream was asked for, when it differs. */
  actual_model: z.string().optional(),
  /** 0 = no channel was tried. */
  channel_id: z.int(),
  /** Absent when there is no such channel (any more). */
  channel_name: z.string().optional(),
  status_code: z.int(),
  message: z.string(),
  /** Seconds. */
  duration: z.number(),
  is_streaming: z.boolean(),
  /** Seconds; 0 = none came, or not streamed. */
  first_byte_time: z.number(),
  /** Masked. */
  api_key_used: z.string(),
  /** 0 = none. */
  auth_token_id: z.int(),
  client_ip: z.string(),
  input_tokens: tokens,
  output_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_5m_input_tokens: tokens,
  cache_1h_input_tokens: tokens,
  /** Part of `output_tokens`. */
  reasoning_tokens: tokens,
  usage_state: z.enum(['seen', 'estimated', 'unknown']),
  /** USD. */
  cost: z.number(),
  /** How the cost came about; absent when nothing was charged. */
  cost_parts: z
    .strictObject({
      parts: z.array(
        z.strictObject({
          what: z.enum(['input', 'output', 'cache-read', 'cache-write-5m', 'cache-write-1h', 'web-search', 'request']),
          /** Tokens; searches or requests for the last two. */
          count: z.number().min(0),
          /** USD for a million tokens; for one search or request. Before the multiplier. */
          price: z.number().min(0),
          /** USD, with the multiplier. */
          cost: z.number().min(0),
        }),
      ),
      /** Of the channel, at that time. */
      multiplier: z.number().min(0),
      /** `standard`, `priority`, `flex`, `batch` or `fast`: the one whose prices were taken. */
      tier: z.string(),
      /** The prompt was so long that it cost more. */
      long_context: z.boolean(),
      /** The row of prices, where it is not that of the model itself. */
      priced_as: z.string().optional(),
      /** The upstream reported a count that cannot be. */
      clamped: z.boolean(),
      /** Counts are estimates: the upstream did not report them. */
      estimated: z.boolean(),
      /** Nobody has a price for the model, so it cost nothing here. */
      unpriced: z.boolean(),
    })
    .optional(),
  /** Ties all attempts of one client request; the client has it from the header `x-ccload-request-id`. */
  request_id: z.string(),
  /** 0 for the first attempt of its request. */
  attempt_no: z.int().min(0),
  /** Without query. */
  path: z.string(),
  bytes_sent: z.int().min(0),
})
export type LogRow = z.output<typeof logRowAnswer>

/** Newest first; the envelope's `count` is that of all matching rows. */
export const logPageAnswer = z.array(logRowAnswer)

/** Sorted. */
export const loggedModelsAnswer = z.array(z.string())
