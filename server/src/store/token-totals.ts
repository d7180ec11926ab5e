import type { CountedRow } from './rollup-batch.ts'
import { wholeNumber } from './stored-text.ts'

/** What a batch of finished attempts adds to one token. */
export type TokenTotals = {
  tokenId: number
  successes: number
  failures: number
  /** Streamed answers with a first byte, and the sum of their times to it. */
  streams: number
  streamTtfbS: number
  /** Whole answers, and the sum of their durations. */
  wholes: number
  wholeS: number
  promptTokens: number
  completionTokens: number
  cacheReadTokens: number
  cacheWriteTokens: number
  costNanoUsd: number
  /** Latest start, Unix ms. */
  lastUsedAtMs: number
}

/**
 * Sums of the rows that are new, by token. Rows without a token (id 0) are left out.
 *
 * A 2xx is a success, every other status a failure; both are charged what was seen. Running means take every attempt
 * that has the number, failures included, as the earlier program does.
 */
export function totalsByToken(rows: readonly CountedRow[], isNew: readonly boolean[]): TokenTotals[] {
  const totals = new Map<number, TokenTotals>()
  let sum = emptyTotals(0)
  for (const [index, row] of rows.entries()) {
    if (!isNew[index] || row.tokenId <= 0) continue
    if (sum.tokenId !== row.tokenId) {
      sum = totals.get(row.tokenId) ?? emptyTotals(row.tokenId)
      totals.set(row.tokenId, sum)
    }
    addRow(sum, row)
  }
  return [...totals.values()]
}

function addRow(sum: TokenTotals, row: CountedRow): void {
  if (row.statusCode >= 200 && row.statusCode <= 299) sum.successes++
  else sum.failures++
  if (!row.streaming) {
    sum.wholes++
    sum.wholeS += row.durationMs > 0 ? row.durationMs / 1000 : 0
  } else if (row.firstByteMs > 0) {
    sum.streams++
    sum.streamTtfbS += row.firstByteMs / 1000
  }
  sum.promptTokens += wholeNumber(row.inputTokens)
  sum.completionTokens += wholeNumber(row.outputTokens)
  sum.cacheReadTokens += wholeNumber(row.cacheReadTokens)
  sum.cacheWriteTokens += wholeNumber(row.cacheWriteTokens)
  sum.costNanoUsd += wholeNumber(row.costNanoUsd)
  sum.lastUsedAtMs = Math.max(sum.lastUsedAtMs, wholeNumber(row.timeMs))
}

function emptyTotals(tokenId: number): TokenTotals {
  return {
    tokenId,
    successes: 0,
    failures: 0,
    streams: 0,
    streamTtfbS: 0,
    wholes: 0,
    wholeS: 0,
    promptTokens: 0,
    completionTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costNanoUsd: 0,
    lastUsedAtMs: 0,
  }
}
