import type { Generated } from 'kysely'

/*
 * The tables as Kysely sees them. Names and columns are those of the earlier program; what it did not have says so.
 * `…_at` of channels, keys, settings and sessions are Unix seconds, of tokens and logs Unix ms. Flags are 0 and 1.
 */

export type ChannelsTable = {
  id: Generated<number>
  name: string
  url: string
  priority: number
  channel_type: string
  enabled: number
  /** Seconds, 0 = none. */
  cooldown_until: Generated<number>
  cooldown_duration_ms: Generated<number>
  daily_cost_limit: number
  created_at: number
  updated_at: number
  /** New: the earlier program kept it in the key rows alone and lost it with the last key. */
  key_strategy: string
  /** New from here on: see migration 4. */
  cost_multiplier: Generated<number>
  rpm_limit: Generated<number>
  max_concurrency: Generated<number>
  ask_for_usage: Generated<number>
}

export type ApiKeysTable = {
  id: Generated<number>
  channel_id: number
  /** Dense, 0..n-1. */
  key_index: number
  api_key: string
  key_strategy: string
  cooldown_until: Generated<number>
  cooldown_duration_ms: Generated<number>
  created_at: number
  updated_at: number
}

export type ChannelModelsTable = {
  channel_id: number
  model: string
  redirect_model: string
  created_at: number
  /** New: the order in which the user typed the models. */
  position: number
}

/** New (also in the August 2026 release): only rests that run. */
export type ChannelModelCooldownsTable = {
  channel_id: number
  model: string
  cooldown_until: number
  cooldown_duration_ms: number
  updated_at: number
}

/** New: `key_id` 0 and `model` '' where the scope has none. Instants are Unix ms. */
export type CooldownReasonsTable = {
  scope: string
  channel_id: number
  key_id: number
  model: string
  reason: string
  status_code: number
  request_id: string
  since_ms: number
  until_ms: number
  /** See migration 6: -1 = no step of the ladder. */
  step: Generated<number>
  capped: Generated<number>
}

export type KeyRotationTable = { channel_id: number; idx: number }

export type AuthTokensTable = {
  id: Generated<number>
  /** SHA-256, lower-case hex. */
  token: string
  description: string
  created_at: number
  expires_at: number
  last_used_at: Generated<number>
  is_active: number
  success_count: Generated<number>
  failure_count: Generated<number>
  stream_avg_ttfb: Generated<number>
  non_stream_avg_rt: Generated<number>
  stream_count: Generated<number>
  non_stream_count: Generated<number>
  prompt_tokens_total: Generated<number>
  completion_tokens_total: Generated<number>
  cache_read_tokens_total: Generated<number>
  cache_creation_tokens_total: Generated<number>
  total_cost_usd: Generated<number>
  cost_used_microusd: Generated<number>
  cost_limit_microusd: number
  /** JSON array, or `''` = every model. */
  allowed_models: string
  /** New: first and last characters of the plain token. */
  hint: string
  /** New: what `cost_used_microusd` leaves over, 0..999 nano-USD, so that small requests add up. */
  cost_used_rest_nano: Generated<number>
  /** New from here on: see migration 4. */
  cost_daily_limit_microusd: Generated<number>
  cost_monthly_limit_microusd: Generated<number>
  rpm_limit: Generated<number>
  max_concurrency: Generated<number>
  /** JSON array, or `''` = every channel. */
  allowed_channel_ids: Generated<string>
  /** JSON array, or `''` = from everywhere. */
  allowed_addresses: Generated<string>
}

export type SystemSettingsTable = {
  key: string
  value: string
  value_type: string
  description: string
  default_value: string
  updated_at: number
}

export type AdminSessionsTable = { token: string; expires_at: number; created_at: number }

export type LogsTable = {
  id: Generated<number>
  time: number
  /** floor(time / 60000). */
  minute_bucket: number
  model: string
  actual_model: string
  channel_id: number
  status_code: number
  message: string
  /** Seconds. */
  duration: number
  is_streaming: number
  /** Seconds. */
  first_byte_time: number
  api_key_used: string
  auth_token_id: number
  client_ip: string
  input_tokens: number
  output_tokens: number
  cache_read_input_tokens: number
  cache_creation_input_tokens: number
  cache_5m_input_tokens: number
  cache_1h_input_tokens: number
  /** USD; `cost_nano` is the exact one. */
  cost: number
  /** New from here on. */
  request_id: string
  /** `null` for rows of the earlier program. */
  attempt_id: string | null
  attempt_no: number
  usage_state: string
  cost_nano: number
  reasoning_tokens: number
  path: string
  cost_parts: string
  bytes_sent: number
  /** JSON of `core/decision.ts`; `null` = nothing to say. See migration 6. */
  decision: string | null
}

/** New: see migration 3 for what the codes mean. */
export type RollupsTable = {
  tier: number
  family: number
  /** Unix ms at which the bucket begins. */
  bucket_ms: number
  channel_id: number
  model: string
  token_id: number
  success: number
  error: number
  input_tokens: number
  output_tokens: number
  cache_read_tokens: number
  cache_write_tokens: number
  cost_nano: number
  duration_us: number
  error_duration_us: number
  ttfb_us: number
  ttfb_count: number
  whole_us: number
  whole_count: number
  peak_rpm: number
  /** Texts of `core/histogram.ts`, which may be joined. */
  ttfb_hist: string
  duration_hist: string
}

/** New. */
export type RollupStateTable = { name: string; value: string }

export type SchemaMigrationsTable = { version: string; applied_at: number }

export type Schema = {
  channels: ChannelsTable
  api_keys: ApiKeysTable
  channel_models: ChannelModelsTable
  channel_model_cooldowns: ChannelModelCooldownsTable
  cooldown_reasons: CooldownReasonsTable
  key_rr: KeyRotationTable
  auth_tokens: AuthTokensTable
  system_settings: SystemSettingsTable
  admin_sessions: AdminSessionsTable
  logs: LogsTable
  rollups: RollupsTable
  rollup_state: RollupStateTable
  schema_migrations: SchemaMigrationsTable
}
