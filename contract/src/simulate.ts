import { z } from 'zod'
import { channelTypeName } from './channels.ts'
import { skipAnswer } from './requests.ts'
import type { Route } from './route.ts'

export const SIMULATE_ROUTE = { method: 'POST', path: '/admin/simulate' } as const satisfies Route

const MAX_TEXT_CHARS = 512
const text = z.string().min(1, 'must not be empty').max(MAX_TEXT_CHARS, `must be at most ${MAX_TEXT_CHARS} characters`)

export const simulateBody = z.strictObject({
  /** One of `type` and `path` says which API is asked. */
  type: channelTypeName.optional(),
  /** As a client calls it, such as `/v1/messages`. */
  path: text.optional(),
  /** May be left out where the path names it; `*` = none. */
  model: text.optional(),
  token_id: z.int().min(1, 'must be the id of a token').optional(),
  /** As the client names its session; needs `token_id`. */
  session: text.optional(),
})
export type SimulateBody = z.output<typeof simulateBody>

export const simulateAnswer = z.strictObject({
  channel_type: channelTypeName,
  model: z.string(),
  /** Why the token would be refused before any channel: `inactive`, `expired`, `model-forbidden`. */
  token_refused: z.string().optional(),
  order: z.array(
    z.strictObject({
      channel_id: z.int(),
      channel_name: z.string(),
      /** As configured. */
      priority: z.number(),
      /** With the penalty of bad health: this one decides. */
      effective_priority: z.number(),
      /** Its share inside its level: keys that do not rest. */
      weight: z.int().min(1),
      /** What the upstream is asked for. */
      asked_model: z.string(),
      /** In the order in which they would be tried. */
      keys: z.array(z.strictObject({ key_index: z.int().min(0), api_key: z.string() })),
      /** The session sits here. */
      has_seat: z.boolean(),
      /** As many requests as it may have are running: it is passed over while that is so. */
      is_full: z.boolean(),
    }),
  ),
  skipped: z.array(skipAnswer),
  /** Channels of the type that are no candidates, the first 100. */
  left_out: z.array(skipAnswer),
  more_left_out: z.int().min(0),
  /** Everybody rests; the one that is ready first would be asked all the same. */
  last_resort: z.boolean(),
})
export type Simulation = z.output<typeof simulateAnswer>
