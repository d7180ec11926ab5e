import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { CostParts } from '../core/cost-parts.ts'
import { logRow } from './contract-rows.ts'
import { countedOf, LOG_COLUMNS, logValues } from './log-columns.ts'

const PARTS: CostParts = {
  parts: [{ what: 'input', count: 7, usdPerUnit: 3 }],
  ...{ multiplier: 1, tier: 'standard', isLongContext: false, isClamped: false, isEstimated: false, isUnpriced: false },
}

test('every value of a row is in the place of its column', () => {
  const row = logRow({
    ...{ attemptId: 'r-2', requestId: 'r', attemptNo: 2, timeMs: 120_001, model: 'asked', actualModel: 'sent' },
    ...{ channelId: 3, statusCode: 204, message: 'said', durationMs: 1_500, streaming: true, firstByteMs: 250 },
    ...{ apiKeyUsed: 'key', tokenId: 4, clientIp: '::1', inputTokens: 5, outputTokens: 6, cacheReadTokens: 7 },
    ...{ cacheWriteTokens: 8, cacheWrite5mTokens: 9, cacheWrite1hTokens: 10, reasoningTokens: 11, bytesSent: 12 },
    ...{ usageState: 'estimated', costNanoUsd: 13, path: '/p', costParts: PARTS, decision: 'why' },
  })
  const values = logValues(row)
  expect(Object.fromEntries(LOG_COLUMNS.map((column, at) => [column, values[at]]))).toEqual({
    ...{ attempt_id: 'r-2', request_id: 'r', attempt_no: 2, time: 120_001, minute_bucket: 2 },
    ...{ model: 'asked', actual_model: 'sent', channel_id: 3, status_code: 204, message: 'said' },
    ...{ duration: 1.5, is_streaming: 1, first_byte_time: 0.25, api_key_used: 'key', auth_token_id: 4 },
    ...{ client_ip: '::1', input_tokens: 5, output_tokens: 6, cache_read_input_tokens: 7 },
    ...{ cache_creation_input_tokens: 8, cache_5m_input_tokens: 9, cache_1h_input_tokens: 10, reasoning_tokens: 11 },
    ...{ bytes_sent: 12, usage_state: 'estimated', cost_nano: 13, cost: 13 / 1e9, path: '/p' },
    ...{ cost_parts: '{"i":[7,3]}', decision: 'why' },
  })
})

test('sums see in the values of a row what is in the row', () => {
  const wholeMs = fc.nat(10_000_000).map((us) => us / 1_000)
  const change = fc.record({
    ...{ timeMs: fc.nat(), model: fc.string({ maxLength: 20 }), channelId: fc.nat(99), tokenId: fc.nat(99) },
    ...{
      statusCode: fc.integer({ min: 100, max: 599 }),
      streaming: fc.boolean(),
      durationMs: wholeMs,
      firstByteMs: wholeMs,
    },
    ...{ inputTokens: fc.nat(), outputTokens: fc.nat(), cacheReadTokens: fc.nat(), cacheWriteTokens: fc.nat() },
    costNanoUsd: fc.nat(),
  })
  fc.assert(fc.property(change, (some) => expect(countedOf(logValues(logRow(some)))).toEqual(some)))
})

test('a row of impossible values is one of possible ones', () => {
  const odd = { timeMs: Number.NaN, channelId: -1, tokenId: 0.4, durationMs: Number.POSITIVE_INFINITY, firstByteMs: -1 }
  const none = { timeMs: 0, channelId: 0, tokenId: 0, durationMs: 0, firstByteMs: 0 }
  expect(countedOf(logValues(logRow(odd)))).toMatchObject(none)
})
