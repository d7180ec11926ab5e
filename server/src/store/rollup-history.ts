import type { SqlDialect } from './dialect.ts'
import { minutesOf } from './rollup-batch.ts'
import { run } from './rollup-fold.ts'
import { noteState, readState } from './rollup-state.ts'
import type { RollupRow } from './rollup-table.ts'
import type { SqlStatement, Tx } from './sql-engine.ts'

export type HistoryAsk = {
  /** Log rows in this slice. */
  readonly limit: number
  readonly dialect: SqlDialect
  readonly upsert: (rows: readonly RollupRow[]) => readonly SqlStatement[]
}

/** Adds log rows that were there before the rollups were, in the order of their ids. True: there are more. */
export async function historySlice(tx: Tx, { limit, dialect, upsert }: HistoryAsk): Promise<boolean> {
  const state = await readState(tx)
  const [doneId, untilId] = [Number(state('history_done_id')), Number(state('history_until_id'))]
  if (doneId >= untilId) return false
  const rows = await tx
    .selectFrom('logs')
    .select([
      'id',
      'time as timeMs',
      'model',
      'channel_id as channelId',
      'auth_token_id as tokenId',
      'status_code as statusCode',
      'is_streaming',
      'duration',
      'first_byte_time',
      'input_tokens as inputTokens',
      'output_tokens as outputTokens',
      'cache_read_input_tokens as cacheReadTokens',
      'cache_creation_input_tokens as cacheWriteTokens',
      'cost_nano as costNanoUsd',
    ])
    .where('id', '>', doneId)
    .where('id', '<=', untilId)
    .orderBy('id')
    .limit(limit)
    .execute()
  const counted = rows.map((row) => ({
    ...row,
    streaming: row.is_streaming !== 0,
    durationMs: row.duration * 1000,
    firstByteMs: row.first_byte_time * 1000,
  }))
  await run(tx, upsert(minutesOf(counted)))
  const lastId = rows.length < limit ? untilId : (rows.at(-1)?.id ?? untilId)
  await noteState(tx, dialect, { history_done_id: String(lastId) })
  return lastId < untilId
}
