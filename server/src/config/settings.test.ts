import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { defaultSettings, parseSetting, settingRow, settingsOf, settingText } from './settings.ts'
import { SETTINGS } from './settings-table.ts'

/** Key, type, default of the earlier program, as they stand in databases and scripts out there. */
const KEPT = [
  ['log_retention_days', 'int', '7'],
  ['max_key_retries', 'int', '3'],
  ['upstream_first_byte_timeout', 'duration', '0'],
  ['non_stream_timeout', 'duration', '120'],
  ['model_lookup_strip_date_suffix', 'bool', 'true'],
  ['model_fuzzy_match', 'bool', 'false'],
  ['channel_test_content', 'string', 'sonnet 4.0的发布日期是什么'],
  ['channel_stats_range', 'string', 'today'],
  ['enable_health_score', 'bool', 'false'],
  ['success_rate_penalty_weight', 'int', '100'],
  ['health_score_window_minutes', 'int', '30'],
  ['health_score_update_interval', 'int', '30'],
  ['health_min_confident_sample', 'int', '20'],
  ['cooldown_fallback_enabled', 'bool', 'true'],
] as const

describe('the table of settings', () => {
  test.each(KEPT)('%s keeps its type %s and its default %s', (key, type, text) => {
    const row = settingRow(key)
    expect(row?.type).toBe(type)
    expect(settingText(row?.fallback ?? '')).toBe(text)
  })

  test('no key stands twice, and every default would be accepted if it were typed', () => {
    expect(new Set(SETTINGS.map((row) => row.key)).size).toBe(SETTINGS.length)
    for (const row of SETTINGS) {
      expect([row.key, parseSetting(row.key, settingText(row.fallback))]).toEqual([
        row.key,
        { ok: true, value: row.fallback },
      ])
    }
  })

  test('every row says what it means in both languages, and every number has bounds', () => {
    for (const row of SETTINGS) {
      expect([row.key, row.en.endsWith('.'), row.zh.endsWith('。')]).toEqual([row.key, true, true])
      if (row.type === 'int' || row.type === 'duration') expect([row.key, row.min < row.max]).toEqual([row.key, true])
    }
  })
})

describe('parseSetting', () => {
  test.each([
    ['log_retention_days', '-1', -1],
    ['log_retention_days', '365', 365],
    ['max_key_retries', '+5', 5],
    ['upstream_first_byte_timeout', '0', 0],
    ['non_stream_timeout', '007', 7],
    ['model_fuzzy_match', '1', true],
    ['model_fuzzy_match', 'false', false],
    ['channel_stats_range', 'whenever', 'whenever'],
    ['success_rate_penalty_weight', '-1', -1],
    ['cooldown_scope', 'model', 'model'],
    ['reset_time_zone', '', ''],
    ['reset_time_zone', 'Europe/Berlin', 'Europe/Berlin'],
    ['soft_error_texts', '', ''],
    ['strip_client_headers', 'X-A\nx-b', 'X-A\nx-b'],
  ])('%s accepts "%s"', (key, text, value) => {
    expect(parseSetting(key, text)).toEqual({ ok: true, value })
  })

  test.each([
    ['no_such_setting', '1', 'no such setting'],
    ['__proto__', '1', 'no such setting'],
    ['log_retention_days', '0', 'but not 0'],
    ['log_retention_days', '366', 'from -1 to 365'],
    ['log_retention_days', '-2', 'from -1 to 365'],
    ['log_retention_days', '', 'whole number'],
    ['max_key_retries', '0', 'from 1'],
    ['max_key_retries', '1.5', 'whole number'],
    ['max_key_retries', '0x10', 'whole number'],
    ['max_key_retries', '1e3', 'whole number'],
    ['max_key_retries', 'NaN', 'whole number'],
    ['max_key_retries', ' 3', 'whole number'],
    ['max_key_retries', '99999999999999999999', 'whole number'],
    ['non_stream_timeout', '-1', 'from 0'],
    ['non_stream_timeout', '30s', 'seconds'],
    ['health_min_confident_sample', '-2', 'from -1'],
    ['upstream_connect_timeout', '0', 'from 1'],
    ['model_fuzzy_match', 'yes', 'true, false, 1 or 0'],
    ['model_fuzzy_match', 'TRUE', 'true, false, 1 or 0'],
    ['channel_test_content', '', 'must not be empty'],
    ['channel_test_content', 'x'.repeat(10_001), '10000 characters'],
    ['cooldown_scope', 'key', 'one of channel, model'],
    ['reset_time_zone', 'Mars/Olympus', 'time zone'],
    ['strip_client_headers', 'x-a\nx b', '"x b" is not the name of a header'],
  ])('%s refuses "%s"', (key, text, why) => {
    expect(parseSetting(key, text)).toEqual({ ok: false, message: expect.stringContaining(why) })
  })
})

describe('settingsOf', () => {
  test('without values everything has its default, durations in milliseconds', () => {
    expect(settingsOf({})).toEqual(settingsOf(defaultSettings()))
    expect(settingsOf({})).toMatchObject({
      logRetentionDays: 7,
      maxKeyRetries: 3,
      upstreamFirstByteTimeoutMs: 0,
      nonStreamTimeoutMs: 120_000,
      healthScoreWindowMs: 1_800_000,
      cooldownScope: 'channel',
      affinityMs: 3_600_000,
      softErrorTexts: ['当前模型负载过高', 'Current model load too high'],
      stripClientHeaders: [],
      queueMaxWaiting: 1000,
      queueMaxWaitMs: 30_000,
      upstreamConnectTimeoutMs: 10_000,
      upstreamFirstContentTimeoutMs: 120_000,
      streamIdleTimeoutMs: 300_000,
      requestTotalTimeoutMs: 900_000,
      maxAttempts: 8,
      answerHoldBytes: 4_194_304,
      retryBudgetPercent: 20,
      retryBudgetMinRequests: 100,
      maxConcurrency: 0,
      resetTimeZone: '',
    })
  })

  test('0 turns a timeout off, it does not become the default', () => {
    expect(settingsOf({ non_stream_timeout: 0, stream_idle_timeout: 0 })).toMatchObject({
      nonStreamTimeoutMs: 0,
      streamIdleTimeoutMs: 0,
    })
  })

  test('-1, which old databases hold for "default", is the default', () => {
    const old = {
      success_rate_penalty_weight: -1,
      health_score_window_minutes: 0,
      health_score_update_interval: -1,
      health_min_confident_sample: 0,
    }
    expect(settingsOf(old)).toEqual(settingsOf({}))
  })

  test('a weight of 0 is none, not the default', () => {
    expect(settingsOf({ success_rate_penalty_weight: 0 }).successRatePenaltyWeight).toBe(0)
  })

  test('lists lose blanks, empty lines and CRLF; header names lose their case', () => {
    const read = settingsOf({ soft_error_texts: ' a b \r\n\n c', strip_client_headers: 'X-Trace\r\nx-b' })
    expect(read.softErrorTexts).toEqual(['a b', 'c'])
    expect(read.stripClientHeaders).toEqual(['x-trace', 'x-b'])
  })

  test('whatever stands in the database, every number is finite and every list is a list', () => {
    const value = fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.string())
    const values = fc.record(Object.fromEntries(SETTINGS.map((row) => [row.key, value])), { requiredKeys: [] })
    fc.assert(
      fc.property(values, (stored) => {
        const read = settingsOf(stored as Record<string, string>)
        return Object.values(read).every((each) => typeof each !== 'number' || Number.isFinite(each))
      }),
    )
  })
})
