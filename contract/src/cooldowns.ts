import { z } from 'zod'
import { filledText } from './plain-text.ts'
import type { Route } from './route.ts'

export const COOLDOWN_ROUTES = {
  stats: { method: 'GET', path: '/admin/cooldown/stats' },
  list: { method: 'GET', path: '/admin/cooldowns' },
  /** Any one entry of the list. */
  clear: { method: 'POST', path: '/admin/cooldowns/clear' },
  setChannel: { method: 'POST', path: '/admin/channels/:id/cooldown' },
  clearChannel: { method: 'DELETE', path: '/admin/channels/:id/cooldown' },
  /** The channel with all its keys and models. */
  clearAllOfChannel: { method: 'POST', path: '/admin/channels/:id/cooldown/clear' },
  setKey: { method: 'POST', path: '/admin/channels/:id/keys/:keyIndex/cooldown' },
  clearKey: { method: 'DELETE', path: '/admin/channels/:id/keys/:keyIndex/cooldown' },
} as const satisfies Record<string, Route>

const MIN_COOLDOWN_MS = 1_000
const MAX_COOLDOWN_MS = 7 * 86_400_000 // a channel that should rest longer is better disabled

export const cooldownBody = z.strictObject({
  duration_ms: z
    .int({ error: 'must be a whole number of milliseconds' })
    .min(MIN_COOLDOWN_MS, `must be at least ${MIN_COOLDOWN_MS}`)
    .max(MAX_COOLDOWN_MS, `must be at most ${MAX_COOLDOWN_MS} (7 days); to stop a channel for longer, disable it`),
})
export type CooldownBody = z.output<typeof cooldownBody>

const channelId = z.int({ error: 'must be a channel id' }).min(1, 'must be a channel id')

export const clearCooldownBody = z.discriminatedUnion(
  'scope',
  [
    z.strictObject({ scope: z.literal('channel'), channel_id: channelId }),
    z.strictObject({
      scope: z.literal('key'),
      channel_id: channelId,
      key_index: z.int({ error: 'must be the index of a key' }).min(0, 'must be the index of a key'),
    }),
    z.strictObject({ scope: z.literal('model'), channel_id: channelId, model: filledText(191) }),
  ],
  { error: 'must be channel, key or model' },
)
export type ClearCooldown = z.output<typeof clearCooldownBody>

export const cooldownStatsAnswer = z.strictObject({
  channel_cooldowns: z.int().min(0),
  key_cooldowns: z.int().min(0),
  model_cooldowns: z.int().min(0),
})

export const cooldownAnswer = z.strictObject({
  scope: z.enum(['channel', 'key', 'model']),
  channel_id: z.int(),
  channel_name: z.string(),
  key_index: z.int().min(0).optional(),
  model: z.string().optional(),
  /** `''` when it is not known: set by hand, or running since before this start. */
  reason: z.string(),
  /** Of the answer that caused it; 0 = none. */
  status_code: z.int(),
  /** Of the request that caused it. */
  request_id: z.string(),
  /** Unix ms. */
  since_ms: z.int(),
  until_ms: z.int(),
  remaining_ms: z.int().min(1),
  /** Its whole length. */
  step_ms: z.int().min(0),
  /**
   * How many times the first step was doubled. Absent when this is no step of the ladder: the upstream or a rule of yours
   * named the time, it was set by hand, or it has run since before this was noted.
   */
  step: z.int().min(0).optional(),
  /** The upstream named a time beyond 7 days; it rests 7 days. */
  capped: z.boolean(),
})
export type Cooldown = z.output<typeof cooldownAnswer>

/** The one that ends first comes first. */
export const cooldownListAnswer = z.array(cooldownAnswer)
export const cooldownMessageAnswer = z.strictObject({ message: z.string() })
