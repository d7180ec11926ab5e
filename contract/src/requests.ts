import { z } from 'zod'
import type { Route } from './route.ts'

/** `:id` is what the client has from the header `x-ccload-request-id`. */
export const REQUEST_ROUTE = { method: 'GET', path: '/admin/requests/:id' } as const satisfies Route

const tokens = z.int().min(0)

export const skipAnswer = z.strictObject({
  channel_id: z.int(),
  /** Absent when there is no such channel (any more). */
  channel_name: z.string().optional(),
  /** A short name, such as `cooling` or `daily-limit`. */
  why: z.string(),
  /** The same for people. */
  reason: z.string(),
  /** Unix ms: when it can be tried again. Absent when that is not known, or waiting does not help. */
  until_ms: z.int().optional(),
})
export type Skipped = z.output<typeof skipAnswer>

const candidateAnswer = z.strictObject({
  channel_id: z.int(),
  channel_name: z.string().optional(),
  /** In force when the request came: with the penalty of bad health. */
  priority: z.number().optional(),
  /** In the order in which they were tried, then those that were not reached. */
  tried: z.boolean(),
})

const cooldownNote = z.strictObject({
  scope: z.enum(['channel', 'key', 'model']),
  /** Unix ms. */
  since_ms: z.int(),
  until_ms: z.int(),
  /** How many times the first step was doubled; absent when the upstream or a rule named the time. */
  step: z.int().min(0).optional(),
  capped: z.boolean(),
})

const attemptAnswer = z.strictObject({
  attempt_no: z.int().min(0),
  /** Still on its way. */
  running: z.boolean(),
  channel_id: z.int(),
  channel_name: z.string().optional(),
  /** Masked. */
  api_key_used: z.string(),
  /** What the upstream was asked for. */
  asked_model: z.string(),
  /** Unix ms. */
  started_ms: z.int(),
  /** From its start, ms; absent: none came, or not streamed. */
  first_byte_ms: z.number().optional(),
  duration_ms: z.number(),
  bytes_sent: z.int().min(0),
  /** Of the log; absent while it runs. */
  status_code: z.int().optional(),
  message: z.string(),
  /** What followed from its failure. Absent for a success, and for rows from before this was noted. */
  verdict: z
    .strictObject({
      blame: z.string(),
      next: z.string(),
      client_status: z.int(),
      /** Name of the rule of yours that decided. */
      rule: z.string().optional(),
    })
    .optional(),
  /** The rest that its failure began. Absent when nothing had to rest, or a parallel failure had seen to it. */
  cooldown: cooldownNote.optional(),
  /** Who was passed over on the way to it. */
  passed_over: z.array(skipAnswer),
  input_tokens: tokens,
  output_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  reasoning_tokens: tokens,
  usage_state: z.enum(['seen', 'estimated', 'unknown']),
  /** USD. */
  cost: z.number(),
})
export type RequestAttempt = z.output<typeof attemptAnswer>

/** The whole decision on one request. */
export const requestAnswer = z.strictObject({
  request_id: z.string(),
  state: z.enum(['running', 'succeeded', 'failed']),
  /** What the client was told; absent while it runs, and where the log does not tell. */
  client_status: z.int().optional(),
  model: z.string(),
  path: z.string(),
  streaming: z.boolean(),
  /** 0 = none. */
  token_id: z.int(),
  client_ip: z.string(),
  /** Unix ms. */
  started_ms: z.int(),
  duration_ms: z.number(),
  candidates: z.array(candidateAnswer),
  /** How many more could have been asked: only the first of them are kept. */
  more_candidates: z.int().min(0),
  /** Left out when the request came. */
  skipped: z.array(skipAnswer),
  more_skipped: z.int().min(0),
  /** How many have the model, but not for this token. */
  barred_by_token: z.int().min(0),
  /** Where its session sat. */
  seat_channel_id: z.int().optional(),
  /** Everybody rested; the one that was ready first was asked all the same. */
  last_resort: z.boolean(),
  attempts: z.array(attemptAnswer),
  /** Why no further attempt was made: `nobody-left`, `verdict`, `max-attempts`, `retry-budget`, `client-gone`. */
  over: z.string().optional(),
  /** USD, all attempts together. */
  cost: z.number(),
  /** The same told in sentences, one a step. */
  story: z.array(z.string()),
})
export type RequestExplained = z.output<typeof requestAnswer>
