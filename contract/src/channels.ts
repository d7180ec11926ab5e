import { z } from 'zod'
import { ignoring } from './ignoring.ts'
import { filledText, flag, plainText } from './plain-text.ts'
import type { Route } from './route.ts'

export const CHANNEL_ROUTES = {
  list: { method: 'GET', path: '/admin/channels' },
  create: { method: 'POST', path: '/admin/channels' },
  setPriorities: { method: 'POST', path: '/admin/channels/batch-priority' },
  get: { method: 'GET', path: '/admin/channels/:id' },
  update: { method: 'PUT', path: '/admin/channels/:id' },
  remove: { method: 'DELETE', path: '/admin/channels/:id' },
  keys: { method: 'GET', path: '/admin/channels/:id/keys' },
  removeKey: { method: 'DELETE', path: '/admin/channels/:id/keys/:keyIndex' },
  addModels: { method: 'POST', path: '/admin/channels/:id/models' },
  removeModels: { method: 'DELETE', path: '/admin/channels/:id/models' },
} as const satisfies Record<string, Route>

const MAX_KEYS = 10_000
const MAX_MODELS = 5_000
const MAX_UPDATES = 10_000
const MAX_PRIORITY = 99_999
const MAX_DAILY_COST_USD = 1e9
const MAX_MULTIPLIER = 1_000
const MAX_LIMIT = 1_000_000

export const channelTypeName = z.enum(['anthropic', 'codex', 'openai', 'gemini'])
export const keyStrategyName = z.enum(['sequential', 'round_robin'])

/** A choice, blanks and upper case forgiven; `''` = the default. */
function choice<const Name extends string>(names: readonly Name[]) {
  const error = `must be one of ${names.join(', ')}`
  return z
    .string({ error })
    .transform((text) => text.trim().toLowerCase() || undefined)
    .pipe(z.enum(names, { error }).optional())
}

const priority = z
  .int({ error: 'must be a whole number' })
  .min(-MAX_PRIORITY, `must be at least -${MAX_PRIORITY}`)
  .max(MAX_PRIORITY, `must be at most ${MAX_PRIORITY}`)

const dailyCostLimit = z
  .number({ error: 'must be a number of USD; 0 = no limit' })
  .min(0, 'must be >= 0; 0 = no limit')
  .max(MAX_DAILY_COST_USD, `must be at most ${MAX_DAILY_COST_USD}`)

const costMultiplier = z
  .number({ error: 'must be a number; 1 = list price, 0 = free' })
  .min(0, 'must be >= 0; 0 = free')
  .max(MAX_MULTIPLIER, `must be at most ${MAX_MULTIPLIER}`)

const numberLimit = z
  .int({ error: 'must be a whole number; 0 = no limit' })
  .min(0, 'must be >= 0; 0 = no limit')
  .max(MAX_LIMIT, `must be at most ${MAX_LIMIT}`)

/** `"name"` and `{"model":"name"}` mean the same. No redirect, `''` and the name itself mean: asked for by its name. */
export const modelInput = z.preprocess(
  (value) => (typeof value === 'string' ? { model: value } : value),
  z.strictObject(
    { model: filledText(191), redirect_model: plainText(191).optional() },
    {
      error: (issue) =>
        issue.code === 'invalid_type' ? 'must be a model name or {"model", "redirect_model"}' : undefined,
    },
  ),
)
export type ModelInput = z.output<typeof modelInput>

const modelList = z
  .array(modelInput, { error: 'must be a list of models' })
  .max(MAX_MODELS, `must not have more than ${MAX_MODELS} models`)

/** Keys, comma or line separated, or as a list; blank ones and repetitions are dropped. */
const keyText = z.string({ error: 'must be a text: one key, or several separated by commas or line breaks' })
const keyList = z
  .array(z.string({ error: 'must be a text' }), { error: 'must be a list of keys' })
  .max(MAX_KEYS, `must not have more than ${MAX_KEYS} keys`)

/** Fields of an answer that cannot be set. */
const READ_ONLY = [
  'id',
  'created_at',
  'updated_at',
  'key_count',
  'cooldown_until',
  'cooldown_duration_ms',
  'cooldown_remaining_ms',
  'cooldown_reason',
  'key_cooldowns',
  'model_cooldowns',
  'effective_priority',
  'success_rate',
] as const

const fields = {
  channel_type: choice(channelTypeName.options).optional(),
  key_strategy: choice(keyStrategyName.options).optional(),
  priority: priority.optional(),
  enabled: flag.optional(),
  daily_cost_limit: dailyCostLimit.optional(),
  cost_multiplier: costMultiplier.optional(),
  rpm_limit: numberLimit.optional(),
  max_concurrency: numberLimit.optional(),
  ask_for_usage: flag.optional(),
  api_key: keyText.optional(),
  api_keys: keyList.optional(),
}

/** Judged further by the server: the address, the keys, and that no model is listed twice. */
export const channelCreateBody = ignoring(
  READ_ONLY,
  z.strictObject({
    name: filledText(191),
    url: filledText(512),
    models: modelList.min(1, 'must name at least one model'),
    ...fields,
  }),
)
export type ChannelCreate = z.output<typeof channelCreateBody>

/** What is absent stays. */
export const channelUpdateBody = ignoring(
  READ_ONLY,
  z.strictObject({
    name: filledText(191).optional(),
    url: filledText(512).optional(),
    models: modelList.optional(),
    ...fields,
  }),
)
export type ChannelUpdate = z.output<typeof channelUpdateBody>

export const prioritiesBody = z.strictObject({
  updates: z
    .array(z.strictObject({ id: z.int({ error: 'must be a channel id' }).min(1), priority }), {
      error: 'must be a list of {"id", "priority"}',
    })
    .max(MAX_UPDATES, `must not have more than ${MAX_UPDATES} entries`),
})
export type Priorities = z.output<typeof prioritiesBody>

export const modelsBody = z.strictObject({ models: modelList.min(1, 'must name at least one model') })
export type ModelsBody = z.output<typeof modelsBody>

const modelAnswer = z.strictObject({ model: z.string(), redirect_model: z.string() })

const channelFields = {
  id: z.int(),
  name: z.string(),
  channel_type: channelTypeName,
  url: z.string(),
  priority: z.int(),
  enabled: z.boolean(),
  key_strategy: keyStrategyName,
  /** As typed; without a redirect the name stands in both fields. */
  models: z.array(modelAnswer),
  /** Length of the running step; 0 = none. */
  cooldown_duration_ms: z.int().min(0),
  /** USD; 0 = no limit. */
  daily_cost_limit: z.number(),
  /** What an answer costs times this; 0 = free. */
  cost_multiplier: z.number(),
  /** Requests in one minute, and at once; 0 = no limit. */
  rpm_limit: z.int().min(0),
  max_concurrency: z.int().min(0),
  /** Streams are asked for their usage where the client did not. */
  ask_for_usage: z.boolean(),
  /** Unix seconds. */
  created_at: z.int(),
  updated_at: z.int(),
  key_count: z.int().min(0),
}

/** `cooldown_until`: Unix seconds, 0 = none. */
export const channelAnswer = z.strictObject({ ...channelFields, cooldown_until: z.int() })
export type Channel = z.output<typeof channelAnswer>

/** What runs now; fields are absent when nothing does. */
const rest = {
  /** RFC 3339. */
  cooldown_until: z.iso.datetime().optional(),
  cooldown_remaining_ms: z.int().min(1).optional(),
  cooldown_reason: z.string().optional(),
}

export const channelListAnswer = z.array(
  z.strictObject({
    ...channelFields,
    ...rest,
    /** One for each key. */
    key_cooldowns: z.array(z.strictObject({ key_index: z.int().min(0), ...rest })),
    /** Only models that rest. */
    model_cooldowns: z.array(z.strictObject({ model: z.string(), ...rest })),
  }),
)
export type ChannelList = z.output<typeof channelListAnswer>

export const keysAnswer = z.array(
  z.strictObject({
    id: z.int(),
    channel_id: z.int(),
    key_index: z.int().min(0),
    /** Plain text. */
    api_key: z.string(),
    key_strategy: keyStrategyName,
    /** Unix seconds; 0 = none. */
    cooldown_until: z.int(),
    cooldown_duration_ms: z.int(),
    created_at: z.int(),
    updated_at: z.int(),
  }),
)
export type Keys = z.output<typeof keysAnswer>

/** `data` of a 400 that names a better address. */
export const suggestedUrlAnswer = z.strictObject({ suggested_url: z.string() })
export const prioritiesAnswer = z.strictObject({ updated: z.int(), total: z.int() })
export const addedModelsAnswer = z.strictObject({ total: z.int() })
export const removedModelsAnswer = z.strictObject({ remaining: z.int() })
export const removedKeyAnswer = z.strictObject({ remaining_keys: z.int() })
