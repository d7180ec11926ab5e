import type { ColumnType } from '../dialect.ts'

/** A column. All are NOT NULL unless `nullable`. `fallback` is the SQL literal of the default. */
export type ColumnDef = {
  readonly name: string
  readonly type: ColumnType
  readonly fallback?: string
  readonly nullable?: true
}

export type TableDef = {
  readonly name: string
  readonly columns: readonly ColumnDef[]
  readonly primaryKey?: readonly string[]
  /** Rows lie in the order of the primary key: for tables that are read by ranges of it. */
  readonly inKeyOrder?: true
  readonly unique?: readonly (readonly string[])[]
  /** Column that points at `channels(id)`; the row goes when the channel goes. */
  readonly ofChannel?: string
  /** Index name -> columns. */
  readonly indexes?: Readonly<Record<string, string>>
  /** Unique indexes made after existing rows have been repaired. */
  readonly uniqueIndexes?: Readonly<Record<string, string>>
}

const id: ColumnType = { kind: 'id' }
const int: ColumnType = { kind: 'int' }
const bigint: ColumnType = { kind: 'bigint' }
const flag: ColumnType = { kind: 'flag' }
const double: ColumnType = { kind: 'double' }
const text: ColumnType = { kind: 'text' }
const varchar = (chars: number): ColumnType => ({ kind: 'varchar', chars })
const col = (name: string, type: ColumnType, fallback?: string): ColumnDef => ({
  name,
  type,
  ...(fallback !== undefined && { fallback }),
})

/**
 * The tables after migration 1: those of the earlier program (January 2026) with its names and defaults, and what we add
 * (marked). In the order in which they are created.
 */
export const TABLES: readonly TableDef[] = [
  {
    name: 'channels',
    columns: [
      col('id', id),
      col('name', varchar(191)),
      col('url', varchar(512)),
      col('priority', int, '0'),
      col('channel_type', varchar(64), "'anthropic'"),
      col('enabled', flag, '1'),
      col('cooldown_until', bigint, '0'),
      col('cooldown_duration_ms', bigint, '0'),
      col('daily_cost_limit', double, '0'),
      col('created_at', bigint),
      col('updated_at', bigint),
      col('key_strategy', varchar(32), "'sequential'"), // ours
    ],
    unique: [['name']],
    indexes: {
      idx_channels_enabled: 'enabled',
      idx_channels_priority: 'priority DESC',
      idx_channels_type_enabled: 'channel_type, enabled',
      idx_channels_cooldown: 'cooldown_until',
    },
  },
  {
    name: 'api_keys',
    columns: [
      col('id', id),
      col('channel_id', int),
      col('key_index', int),
      col('api_key', text),
      col('key_strategy', varchar(32), "'sequential'"),
      col('cooldown_until', bigint, '0'),
      col('cooldown_duration_ms', bigint, '0'),
      col('created_at', bigint),
      col('updated_at', bigint),
    ],
    unique: [['channel_id', 'key_index']],
    ofChannel: 'channel_id',
    indexes: {
      idx_api_keys_cooldown: 'cooldown_until',
      idx_api_keys_channel_cooldown: 'channel_id, cooldown_until',
    },
  },
  {
    name: 'channel_models',
    columns: [
      col('channel_id', int),
      col('model', varchar(191)),
      col('redirect_model', varchar(191), "''"),
      col('created_at', bigint, '0'),
      col('position', int, '0'), // ours
    ],
    primaryKey: ['channel_id', 'model'],
    ofChannel: 'channel_id',
    indexes: { idx_channel_models_model: 'model' },
  },
  {
    name: 'channel_model_cooldowns', // ours, in the shape of the August 2026 release
    columns: [
      col('channel_id', int),
      col('model', varchar(191)),
      col('cooldown_until', bigint),
      col('cooldown_duration_ms', bigint, '0'),
      col('updated_at', bigint),
    ],
    primaryKey: ['channel_id', 'model'],
    ofChannel: 'channel_id',
    indexes: { idx_channel_model_cooldowns_until: 'cooldown_until' },
  },
  {
    name: 'key_rr', // promised by the documents, missing in the program
    columns: [col('channel_id', int), col('idx', int, '0')],
    primaryKey: ['channel_id'],
    ofChannel: 'channel_id',
  },
  {
    name: 'auth_tokens',
    columns: [
      col('id', id),
      col('token', varchar(100)),
      col('description', varchar(512)),
      col('created_at', bigint),
      col('expires_at', bigint, '0'),
      col('last_used_at', bigint, '0'),
      col('is_active', flag, '1'),
      col('success_count', int, '0'),
      col('failure_count', int, '0'),
      col('stream_avg_ttfb', double, '0.0'),
      col('non_stream_avg_rt', double, '0.0'),
      col('stream_count', int, '0'),
      col('non_stream_count', int, '0'),
      col('prompt_tokens_total', bigint, '0'),
      col('completion_tokens_total', bigint, '0'),
      col('cache_read_tokens_total', bigint, '0'),
      col('cache_creation_tokens_total', bigint, '0'),
      col('total_cost_usd', double, '0.0'),
      col('cost_used_microusd', bigint, '0'),
      col('cost_limit_microusd', bigint, '0'),
      col('allowed_models', text, "''"),
      col('hint', varchar(32), "''"), // ours
      col('cost_used_rest_nano', int, '0'), // ours
    ],
    unique: [['token']],
    indexes: { idx_auth_tokens_active: 'is_active', idx_auth_tokens_expires: 'expires_at' },
  },
  {
    name: 'system_settings',
    columns: [
      col('key', varchar(128)),
      col('value', text),
      col('value_type', varchar(32)),
      col('description', varchar(512)),
      col('default_value', varchar(512)),
      col('updated_at', bigint),
    ],
    primaryKey: ['key'],
  },
  {
    name: 'admin_sessions',
    columns: [col('token', varchar(64)), col('expires_at', bigint), col('created_at', bigint)],
    primaryKey: ['token'],
    indexes: { idx_admin_sessions_expires: 'expires_at' },
  },
  {
    name: 'logs',
    columns: [
      col('id', id),
      col('time', bigint),
      col('minute_bucket', bigint, '0'),
      col('model', varchar(191), "''"),
      col('actual_model', varchar(191), "''"),
      col('channel_id', int, '0'),
      col('status_code', int),
      col('message', text),
      col('duration', double, '0.0'),
      col('is_streaming', flag, '0'),
      col('first_byte_time', double, '0.0'),
      col('api_key_used', varchar(191), "''"),
      col('auth_token_id', bigint, '0'),
      col('client_ip', varchar(45), "''"),
      col('input_tokens', int, '0'),
      col('output_tokens', int, '0'),
      col('cache_read_input_tokens', int, '0'),
      col('cache_creation_input_tokens', int, '0'),
      col('cache_5m_input_tokens', int, '0'),
      col('cache_1h_input_tokens', int, '0'),
      col('cost', double, '0.0'),
      col('request_id', varchar(191), "''"), // ours from here on
      { name: 'attempt_id', type: varchar(191), nullable: true },
      col('attempt_no', int, '0'),
      col('usage_state', varchar(16), "'seen'"),
      col('cost_nano', bigint, '0'),
      col('reasoning_tokens', int, '0'),
      col('path', varchar(512), "''"),
      col('bytes_sent', bigint, '0'),
    ],
    // Each page of the log reads newest first inside a range of time, so `time` leads. Left out, measured at 1 us a row
    // each: (time, model), a part of the first; (time, actual_model) and (minute_bucket, …), which nothing reads.
    indexes: {
      idx_logs_time_channel_model: 'time, channel_id, model',
      idx_logs_time_status: 'time, status_code',
      idx_logs_time_auth_token: 'time, auth_token_id',
      idx_logs_request: 'request_id',
    },
    uniqueIndexes: { uk_logs_attempt: 'attempt_id' },
  },
]

/** Indexes of earlier releases that no query of ours reads. */
export const UNUSED_INDEXES: readonly string[] = [
  'idx_logs_time_model',
  'idx_logs_time_actual_model',
  'idx_logs_minute_channel_model',
  'idx_logs_channel_model_time_id',
  'idx_logs_channel_time_id',
  'idx_logs_minute_auth_token_status',
  'idx_logs_source_minute',
  'idx_logs_source_time',
]
