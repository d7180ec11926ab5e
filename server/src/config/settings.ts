import type { FailureRules } from '../core/failure-rules.ts'
import type { SettingValues } from '../core/snapshot.ts'
import { failureRulesOf, parseFailureRules } from './failure-rules.ts'
import type { SettingRow } from './setting-row.ts'
import { SETTINGS, type SettingKey } from './settings-table.ts'
import { isTimeZone } from './time-zone.ts'

export type SettingValue = number | boolean | string

export type ParsedSetting =
  | { readonly ok: true; readonly value: SettingValue }
  | { readonly ok: false; readonly message: string }

/** All settings in the words and units of the program. */
export type Settings = {
  /** -1 = forever. */
  readonly logRetentionDays: number
  readonly maxKeyRetries: number
  /** 0 = off, as for every timeout here but the connect one. */
  readonly upstreamFirstByteTimeoutMs: number
  readonly nonStreamTimeoutMs: number
  readonly modelLookupStripDateSuffix: boolean
  readonly modelFuzzyMatch: boolean
  readonly channelTestContent: string
  readonly channelStatsRange: string
  readonly healthScoreEnabled: boolean
  readonly successRatePenaltyWeight: number
  readonly healthScoreWindowMs: number
  readonly healthScoreUpdateIntervalMs: number
  readonly healthMinConfidentSample: number
  readonly cooldownFallbackEnabled: boolean
  readonly cooldownScope: 'channel' | 'model'
  readonly affinityEnabled: boolean
  readonly affinityMs: number
  readonly softErrorTexts: readonly string[]
  /** Lower case. */
  readonly stripClientHeaders: readonly string[]
  /** Compiled. */
  readonly failureRules: FailureRules
  readonly maxAttempts: number
  readonly retryBudgetPercent: number
  readonly retryBudgetMinRequests: number
  readonly upstreamConnectTimeoutMs: number
  readonly upstreamFirstContentTimeoutMs: number
  readonly streamIdleTimeoutMs: number
  readonly requestTotalTimeoutMs: number
  /** 0 = never. */
  readonly keepAliveMs: number
  /** 0 = what the environment says. */
  readonly maxConcurrency: number
  readonly queueMaxWaiting: number
  readonly queueMaxWaitMs: number
  readonly answerHoldBytes: number
  /** IANA name; `''` = the zone of the environment. */
  /** Models without a price are refused where costs are limited. */
  readonly refuseUnpriced: boolean
  readonly resetTimeZone: string
}

const ROWS: ReadonlyMap<string, SettingRow> = new Map(SETTINGS.map((row) => [row.key, row]))
const MAX_TEXT_CHARS = 10_000
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/ // RFC 9110 §5.1, a token

/** `undefined` when there is no such setting. */
export function settingRow(key: string): SettingRow | undefined {
  return ROWS.get(key)
}

/** The value of every setting that nobody has changed. */
export function defaultSettings(): SettingValues {
  return Object.fromEntries(SETTINGS.map((row) => [row.key, row.fallback]))
}

/** How a value stands in the database and on the wire. */
export function settingText(value: SettingValue): string {
  return String(value)
}

/**
 * A typed text as the value of a setting.
 *
 * @param text  Untrusted, from the admin API or an old database.
 * @returns     Numbers in the unit of the row (`duration`: seconds), or why it is none, without the key in it.
 */
export function parseSetting(key: string, text: string): ParsedSetting {
  const row = ROWS.get(key)
  if (row === undefined) return { ok: false, message: 'no such setting' }
  switch (row.type) {
    case 'bool':
      return parseBool(text)
    case 'int':
    case 'duration':
      return parseNumber(row, text)
    case 'string':
      return parseText(row, text)
  }
}

function parseBool(text: string): ParsedSetting {
  if (text === 'true' || text === '1') return { ok: true, value: true }
  if (text === 'false' || text === '0') return { ok: true, value: false }
  return { ok: false, message: 'must be true, false, 1 or 0' }
}

function parseNumber(row: SettingRow, text: string): ParsedSetting {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  const inBounds = value >= (row.min ?? 0) && value <= (row.max ?? Number.MAX_SAFE_INTEGER)
  if (inBounds && !row.except?.includes(value)) return { ok: true, value: value === 0 ? 0 : value }
  const unit = row.unit === undefined ? '' : ` (${row.unit})`
  const except = row.except === undefined ? '' : `, but not ${row.except.join(', ')}`
  return { ok: false, message: `must be a whole number from ${row.min} to ${row.max}${unit}${except}` }
}

function parseText(row: SettingRow, text: string): ParsedSetting {
  if (text === '') return row.mayBeEmpty ? { ok: true, value: '' } : { ok: false, message: 'must not be empty' }
  if (text.length > MAX_TEXT_CHARS)
    return { ok: false, message: `must not be longer than ${MAX_TEXT_CHARS} characters` }
  if (row.choices !== undefined && !row.choices.includes(text)) {
    return { ok: false, message: `must be one of ${row.choices.join(', ')}` }
  }
  if (row.format === 'time-zone' && !isTimeZone(text)) {
    return { ok: false, message: 'must be the name of a time zone, such as Asia/Shanghai' }
  }
  if (row.format === 'failure-rules') {
    const rules = parseFailureRules(text)
    return rules.ok ? { ok: true, value: text } : rules
  }
  const wrongName = row.format === 'header-names' ? linesOf(text).find((line) => !HEADER_NAME.test(line)) : undefined
  if (wrongName !== undefined) return { ok: false, message: `"${wrongName}" is not the name of a header` }
  return { ok: true, value: text }
}

/**
 * The settings as the program uses them. Total: a missing or unusable value is its default.
 *
 * @param values  As `parseSetting` gives them; keys that are no settings are ignored.
 */
export function settingsOf(values: SettingValues): Settings {
  const read = readerOf(values)
  return {
    logRetentionDays: read.number('log_retention_days'),
    maxKeyRetries: read.number('max_key_retries'),
    upstreamFirstByteTimeoutMs: read.ms('upstream_first_byte_timeout'),
    nonStreamTimeoutMs: read.ms('non_stream_timeout'),
    modelLookupStripDateSuffix: read.flag('model_lookup_strip_date_suffix'),
    modelFuzzyMatch: read.flag('model_fuzzy_match'),
    channelTestContent: read.text('channel_test_content'),
    channelStatsRange: read.text('channel_stats_range'),
    healthScoreEnabled: read.flag('enable_health_score'),
    successRatePenaltyWeight: read.numberFrom(0, 'success_rate_penalty_weight'),
    healthScoreWindowMs: read.numberFrom(1, 'health_score_window_minutes') * 60_000,
    healthScoreUpdateIntervalMs: read.numberFrom(1, 'health_score_update_interval') * 1000,
    healthMinConfidentSample: read.numberFrom(1, 'health_min_confident_sample'),
    cooldownFallbackEnabled: read.flag('cooldown_fallback_enabled'),
    cooldownScope: read.text('cooldown_scope') === 'model' ? 'model' : 'channel',
    affinityEnabled: read.flag('affinity_enabled'),
    affinityMs: read.number('affinity_minutes') * 60_000,
    softErrorTexts: linesOf(read.text('soft_error_texts')),
    stripClientHeaders: linesOf(read.text('strip_client_headers')).map((name) => name.toLowerCase()),
    failureRules: failureRulesOf(read.text('failure_rules')),
    maxAttempts: read.number('max_attempts'),
    retryBudgetPercent: read.number('retry_budget_percent'),
    retryBudgetMinRequests: read.number('retry_budget_min_requests'),
    upstreamConnectTimeoutMs: read.ms('upstream_connect_timeout'),
    upstreamFirstContentTimeoutMs: read.ms('upstream_first_content_timeout'),
    streamIdleTimeoutMs: read.ms('stream_idle_timeout'),
    requestTotalTimeoutMs: read.ms('request_total_timeout'),
    keepAliveMs: read.ms('keep_alive_seconds'),
    maxConcurrency: read.number('max_concurrency'),
    queueMaxWaiting: read.number('queue_max_waiting'),
    queueMaxWaitMs: read.ms('queue_max_wait'),
    answerHoldBytes: read.number('answer_hold_bytes'),
    refuseUnpriced: read.text('unpriced_policy') === 'refuse',
    resetTimeZone: read.text('reset_time_zone'),
  }
}

type SettingReader = {
  number(key: SettingKey): number
  /** Below `least` stands the default: the earlier program stored -1 for it. */
  numberFrom(least: number, key: SettingKey): number
  ms(key: SettingKey): number
  flag(key: SettingKey): boolean
  text(key: SettingKey): string
}

function readerOf(values: SettingValues): SettingReader {
  const usable = (key: SettingKey): SettingValue | undefined => {
    const value = values[key]
    const parsed = value === undefined ? undefined : parseSetting(key, settingText(value))
    return parsed?.ok ? parsed.value : ROWS.get(key)?.fallback
  }
  const number = (key: SettingKey): number => Number(usable(key))
  return {
    number,
    numberFrom: (least, key) => (number(key) < least ? Number(ROWS.get(key)?.fallback) : number(key)),
    ms: (key) => number(key) * 1000,
    flag: (key) => usable(key) === true,
    text: (key) => String(usable(key)),
  }
}

/** Lines without blanks around them; empty ones are dropped. */
function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
