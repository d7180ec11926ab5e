import type { Insertable, Selectable } from 'kysely'
import type { UsageState } from '../core/usage.ts'
import type { LogRow, StoredLogRow } from '../ports/attempt-log.ts'
import { costPartsIn, costPartsText } from './cost-parts-text.ts'
import type { LogsTable } from './schema.ts'
import { textOfBytes, textOfChars, wholeNumber } from './stored-text.ts'

const MESSAGE_BYTES = 512
const MODEL_CHARS = 191
const KEY_CHARS = 191
const IP_CHARS = 45
const ID_CHARS = 191
const PATH_BYTES = 512
const MINUTE_MS = 60_000
const DECISION_BYTES = 16_384
const NANO = 1e9

type Column = keyof Insertable<LogsTable>

/**
 * The columns that an append writes, each with how it comes out of a row. Text is cut to what every database takes and
 * numbers are made whole here, row by row: one impossible value must not lose the batch it came with.
 */
export const LOG_COLUMNS: readonly (readonly [Column, (row: LogRow) => string | number | null])[] = [
  ['time', (row) => wholeNumber(row.timeMs)],
  ['minute_bucket', (row) => Math.floor(wholeNumber(row.timeMs) / MINUTE_MS)],
  ['model', (row) => textOfChars(row.model, MODEL_CHARS)],
  ['actual_model', (row) => textOfChars(row.actualModel, MODEL_CHARS)],
  ['channel_id', (row) => wholeNumber(row.channelId)],
  ['status_code', (row) => wholeNumber(row.statusCode)],
  ['message', (row) => textOfBytes(row.message, MESSAGE_BYTES)],
  ['duration', (row) => secondsOf(row.durationMs)],
  ['is_streaming', (row) => (row.streaming ? 1 : 0)],
  ['first_byte_time', (row) => secondsOf(row.firstByteMs)],
  ['api_key_used', (row) => textOfChars(row.apiKeyUsed, KEY_CHARS)],
  ['auth_token_id', (row) => wholeNumber(row.tokenId)],
  ['client_ip', (row) => textOfChars(row.clientIp, IP_CHARS)],
  ['input_tokens', (row) => wholeNumber(row.inputTokens)],
  ['output_tokens', (row) => wholeNumber(row.outputTokens)],
  ['cache_read_input_tokens', (row) => wholeNumber(row.cacheReadTokens)],
  ['cache_creation_input_tokens', (row) => wholeNumber(row.cacheWriteTokens)],
  ['cache_5m_input_tokens', (row) => wholeNumber(row.cacheWrite5mTokens)],
  ['cache_1h_input_tokens', (row) => wholeNumber(row.cacheWrite1hTokens)],
  ['cost', (row) => wholeNumber(row.costNanoUsd) / NANO],
  ['request_id', (row) => textOfChars(row.requestId, ID_CHARS)],
  ['attempt_id', (row) => textOfChars(row.attemptId, ID_CHARS)],
  ['attempt_no', (row) => wholeNumber(row.attemptNo)],
  ['usage_state', (row) => row.usageState],
  ['cost_nano', (row) => wholeNumber(row.costNanoUsd)],
  ['reasoning_tokens', (row) => wholeNumber(row.reasoningTokens)],
  ['path', (row) => textOfBytes(row.path, PATH_BYTES)],
  ['bytes_sent', (row) => wholeNumber(row.bytesSent)],
  ['cost_parts', (row) => costPartsText(row.costParts)],
  ['decision', (row) => (row.decision === undefined ? null : textOfBytes(row.decision, DECISION_BYTES))],
]

const TO_VALUE = LOG_COLUMNS.map(([, value]) => value)

/** The values of a row in the order of `LOG_COLUMNS`. */
export function logValues(row: LogRow): (string | number | null)[] {
  return TO_VALUE.map((value) => value(row))
}

export function logRowOf(row: Selectable<LogsTable>): StoredLogRow {
  const costParts = costPartsIn(row.cost_parts)
  return {
    id: row.id,
    attemptId: row.attempt_id ?? '',
    requestId: row.request_id,
    attemptNo: row.attempt_no,
    timeMs: row.time,
    model: row.model,
    actualModel: row.actual_model,
    channelId: row.channel_id,
    statusCode: row.status_code,
    message: row.message,
    durationMs: millisecondsOf(row.duration),
    streaming: row.is_streaming !== 0,
    firstByteMs: millisecondsOf(row.first_byte_time),
    apiKeyUsed: row.api_key_used,
    tokenId: row.auth_token_id,
    clientIp: row.client_ip,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_input_tokens,
    cacheWriteTokens: row.cache_creation_input_tokens,
    cacheWrite5mTokens: row.cache_5m_input_tokens,
    cacheWrite1hTokens: row.cache_1h_input_tokens,
    reasoningTokens: row.reasoning_tokens,
    usageState: usageStateOf(row.usage_state),
    costNanoUsd: row.cost_nano,
    path: row.path,
    bytesSent: row.bytes_sent,
    ...(costParts && { costParts }),
    ...(row.decision !== null && { decision: row.decision }),
  }
}

function usageStateOf(text: string): UsageState {
  return text === 'seen' || text === 'estimated' ? text : 'unknown'
}

function secondsOf(durationMs: number): number {
  return durationMs > 0 && durationMs < Number.MAX_SAFE_INTEGER ? durationMs / 1000 : 0
}

/** To the microsecond, so that what was written as 412 ms is read as 412 ms. */
function millisecondsOf(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3
}
