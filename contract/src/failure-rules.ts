import { z } from 'zod'
import { channelTypeName } from './channels.ts'
import type { Route } from './route.ts'

export const FAILURE_RULE_ROUTES = {
  test: { method: 'POST', path: '/admin/failure-rules/test' },
} as const satisfies Record<string, Route>

const MAX_BODY_CHARS = 1_048_576

export const failureRuleTestBody = z.strictObject({
  /** A list of rules, or the text of one; absent = those in force. */
  rules: z.union([z.array(z.unknown()), z.string()], { error: 'must be a list of rules' }).optional(),
  /** Of the upstream's answer. 200: an error inside a success. */
  status: z
    .int({ error: 'must be a status from 100 to 599' })
    .min(100, 'must be a status from 100 to 599')
    .max(599, 'must be a status from 100 to 599'),
  body: z.string().max(MAX_BODY_CHARS, `must be at most ${MAX_BODY_CHARS} characters`).default(''),
  headers: z.record(z.string(), z.string()).default({}),
  channel_type: channelTypeName,
  channel_id: z.int().min(1, 'must be a channel id').optional(),
  /** How many keys the channel has; with one, its failures are the channel's. */
  keys: z.int().min(1, 'must be at least 1').default(2),
})
export type FailureRuleTest = z.output<typeof failureRuleTestBody>

const verdictAnswer = z.strictObject({
  blame: z.string(),
  /** `stop`, `next-key`, `next-channel`. */
  next: z.string(),
  log_status: z.int(),
  client_status: z.int(),
  /**
   * Why who is to blame rests: `named` by the upstream or the rule, or a ladder of doublings: `auth`, `server`,
   * `timeout`, `rate-limit`. Absent when nobody rests.
   */
  rest_by: z.string().optional(),
  /** How long, where it is named, ms. */
  rest_ms: z.number().optional(),
  /** The time that was named lies beyond 7 days. */
  capped: z.boolean(),
})
export type TestedVerdict = z.output<typeof verdictAnswer>

export const failureRuleTestAnswer = z.strictObject({
  /** The rule that fits: `null` = none, the table decides. */
  rule: z
    .strictObject({ index: z.int().min(0), name: z.string(), captures: z.record(z.string(), z.string()) })
    .nullable(),
  verdict: verdictAnswer,
  /** What the built-in table says. */
  table: verdictAnswer,
  /** How much of a body the patterns see. */
  max_body_chars: z.int().min(0),
})
export type FailureRuleTested = z.output<typeof failureRuleTestAnswer>
