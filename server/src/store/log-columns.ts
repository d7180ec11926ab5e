import type { Insertable, Selectable } from 'kysely'
import type { UsageState } from '../core/usage.ts'
import type { LogRow, StoredLogRow } from '../ports/attempt-log.ts'
import { costPartsIn, costPartsText } from './cost-parts-text.ts'
import type { CountedRow } from './rollup-batch.ts'
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

/** The columns that an append writes. */
export const LOG_COLUMNS = [
  'time',
  'minute_bucket',
  'model',
  'actual_model',
  'channel_id',
  'status_code',
  'message',
  'duration',
  'is_streaming',
  'first_byte_time',
  'api_key_used',
  'auth_token_id',
  'client_ip',
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'cache_5m_input_tokens',
  'cache_1h_input_tokens',
  'cost',
  'request_id',
  'attempt_id',
  'attempt_no',
  'usage_state',
  'cost_nano',
  'reasoning_tokens',
  'path',
  'bytes_sent',
  'cost_parts',
  'decision',
] as const satisfies readonly Column[]

type ValuesOf<Columns extends readonly Column[]> = {
  readonly [At in keyof Columns]: Insertable<LogsTable>[Columns[At]]
}
type Missing = Exclude<Column, (typeof LOG_COLUMNS)[number] | 'id'>

/**
 * What a row is in the table, in the order of `LOG_COLUMNS`; nothing, so that it does not compile, when a column is not
 * in the list. Plain data: as text it crosses to another thread.
 */
export type LogValues = [Missing] extends [never] ? ValuesOf<typeof LOG_COLUMNS> : never

/**
 * Text is cut to what every database takes and numbers are made whole here, row by row: one impossible value must not
 * lose the batch it came with.
 */
export function logValues(row: LogRow): LogValues {
  const timeMs = wholeNumber(row.timeMs)
  const costNano = wholeNumber(row.costNanoUsd)
  // One literal costs a third of a loop over the columns.
  return [
    timeMs,
    Math.floor(timeMs / MINUTE_MS),
    textOfChars(row.model, MODEL_CHARS),
    textOfChars(row.actualModel, MODEL_CHARS),
    wholeNumber(row.channelId),
    wholeNumber(row.statusCode),
    textOfBytes(row.message, MESSAGE_BYTES),
    secondsOf(row.durationMs),
    row.streaming ? 1 : 0,
    secondsOf(row.firstByteMs),
    textOfChars(row.apiKeyUsed, KEY_CHARS),
    wholeNumber(row.tokenId),
    textOfChars(row.clientIp, IP_CHARS),
    wholeNumber(row.inputTokens),
    wholeNumber(row.outputTokens),
    wholeNumber(row.cacheReadTokens),
    wholeNumber(row.cacheWriteTokens),
    wholeNumber(row.cacheWrite5mTokens),
    wholeNumber(row.cacheWrite1hTokens),
    costNano / NANO,
    textOfChars(row.requestId, ID_CHARS),
    textOfChars(row.attemptId, ID_CHARS),
    wholeNumber(row.attemptNo),
    row.usageState,
    costNano,
    wholeNumber(row.reasoningTokens),
    textOfBytes(row.path, PATH_BYTES),
    wholeNumber(row.bytesSent),
    costPartsText(row.costParts),
    row.decision === undefined ? null : textOfBytes(row.decision, DECISION_BYTES),
  ]
}

/** What sums need to know of a row, read from its values. */
export function countedOf(values: LogValues): CountedRow {
  const {
    0: timeMs,
    2: model,
    4: channelId,
    5: statusCode,
    7: duration,
    8: isStreaming,
    9: firstByte,
    11: tokenId,
  } = values
  const { 13: inputTokens, 14: outputTokens, 15: cacheReadTokens, 16: cacheWriteTokens, 24: costNanoUsd } = values
  return {
    timeMs,
    model,
    channelId,
    tokenId,
    statusCode,
    streaming: isStreaming !== 0,
    durationMs: millisecondsOf(duration),
    firstByteMs: millisecondsOf(firstByte),
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    costNanoUsd,
  }
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
