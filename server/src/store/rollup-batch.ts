import { addAttempt, emptyRollup, isCounted, type Rollup } from '../core/rollup.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import { FAMILY, type RollupRow, TIER_CODE } from './rollup-table.ts'
import { textOfChars, wholeNumber } from './stored-text.ts'

const MINUTE_MS = 60_000
const MODEL_CHARS = 191
const MAX_OF_ONE = 1e14 // $100,000 as nano-USD; as many tokens in one request are far from any model

/** What statistics read of a row of the log. */
export type CountedRow = Pick<
  LogRow,
  | 'timeMs'
  | 'model'
  | 'channelId'
  | 'tokenId'
  | 'statusCode'
  | 'streaming'
  | 'durationMs'
  | 'firstByteMs'
  | 'inputTokens'
  | 'outputTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  | 'costNanoUsd'
>

/**
 * Sums of the rows that are new and count, by minute, channel, model and token. Numbers are made whole as in the log.
 *
 * @param isNew  One for each row; absent = all are.
 */
export function minutesOf(rows: readonly CountedRow[], isNew?: readonly boolean[]): RollupRow[] {
  const found = new Map<string, RollupRow>()
  let last: Last | undefined
  for (const [index, row] of rows.entries()) {
    if ((isNew && !isNew[index]) || !isCounted(row)) continue
    const minute = Math.floor(wholeNumber(row.timeMs) / MINUTE_MS)
    // Most rows are of the same minute, channel, model and token as the one before.
    if (last?.minute !== minute || !isOfSame(last.row, row)) last = { minute, row, sum: sumIn(found, minute, row) }
    addRow(last.sum.rollup, row)
  }
  return [...found.values()]
}

type Last = { readonly minute: number; readonly row: CountedRow; readonly sum: RollupRow }

function isOfSame(a: CountedRow, b: CountedRow): boolean {
  return a.channelId === b.channelId && a.tokenId === b.tokenId && a.model === b.model
}

function sumIn(found: Map<string, RollupRow>, minute: number, row: CountedRow): RollupRow {
  const name = `${minute} ${row.channelId} ${row.tokenId} ${row.model}`
  const known = found.get(name)
  if (known !== undefined) return known
  const sum = { key: keyOf(row, minute * MINUTE_MS), rollup: emptyRollup(), peakRpm: 0 }
  found.set(name, sum)
  return sum
}

function keyOf(row: CountedRow, bucketMs: number) {
  return {
    tier: TIER_CODE.pending,
    family: FAMILY.full,
    bucketMs,
    channelId: wholeNumber(row.channelId),
    model: textOfChars(row.model, MODEL_CHARS),
    tokenId: wholeNumber(row.tokenId),
  }
}

function addRow(rollup: Rollup, row: CountedRow): void {
  addAttempt(rollup, {
    channelId: row.channelId,
    statusCode: row.statusCode,
    streaming: row.streaming,
    durationMs: finite(row.durationMs),
    firstByteMs: finite(row.firstByteMs),
    inputTokens: possible(row.inputTokens),
    outputTokens: possible(row.outputTokens),
    cacheReadTokens: possible(row.cacheReadTokens),
    cacheWriteTokens: possible(row.cacheWriteTokens),
    costNanoUsd: possible(row.costNanoUsd),
  })
}

/** What no request can have had would spoil the sum of all others. */
function possible(value: number): number {
  const whole = wholeNumber(value)
  return whole <= MAX_OF_ONE ? whole : 0
}

function finite(ms: number): number {
  return ms > 0 && ms < 1e12 ? ms : 0
}
