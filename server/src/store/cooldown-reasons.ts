import { type Selectable, sql } from 'kysely'
import type { CooldownTarget, CooldownToSave, StoredReason } from '../ports/channel-store.ts'
import type { CooldownReasonsTable } from './schema.ts'
import type { SqlEngine, Tx } from './sql-engine.ts'
import { textOfChars, wholeNumber } from './stored-text.ts'

const REASON_CHARS = 512
const ID_CHARS = 191
const KEY = ['scope', 'channel_id', 'key_id', 'model'] as const
const VALUES = ['reason', 'status_code', 'request_id', 'since_ms', 'until_ms', 'step', 'capped'] as const
const NO_STEP = -1

/** Writes why a rest is, or forgets it when the rest is over or nobody knows why. The channel must exist. */
export async function saveReason({ dialect }: SqlEngine, tx: Tx, row: CooldownToSave): Promise<void> {
  const { why, untilMs, durationMs } = row
  if (untilMs <= 0 || why === undefined) return removeReason(tx, row)
  const columns = {
    ...keyOf(row),
    reason: textOfChars(why.reason, REASON_CHARS),
    status_code: wholeNumber(why.statusCode),
    request_id: textOfChars(why.requestId, ID_CHARS),
    since_ms: Math.round(untilMs - durationMs),
    until_ms: Math.round(untilMs),
    step: why.step ?? NO_STEP,
    capped: why.capped ? 1 : 0,
  }
  const overwrite = sql.raw(dialect.overwrite(KEY, VALUES))
  await tx.insertInto('cooldown_reasons').values(columns).modifyEnd(overwrite).execute()
}

export async function removeReason(tx: Tx, target: CooldownTarget): Promise<void> {
  const { scope, channel_id, key_id, model } = keyOf(target)
  await tx
    .deleteFrom('cooldown_reasons')
    .where('scope', '=', scope)
    .where('channel_id', '=', channel_id)
    .where('key_id', '=', key_id)
    .where('model', '=', model)
    .execute()
}

export async function readReasons({ db }: SqlEngine): Promise<StoredReason[]> {
  const rows = await db.selectFrom('cooldown_reasons').selectAll().orderBy('channel_id').execute()
  return rows.flatMap((row) => {
    const target = targetOf(row)
    if (!target) return []
    const { reason, status_code: statusCode, request_id: requestId, since_ms: sinceMs, until_ms: untilMs } = row
    const ladder = { ...(row.step > NO_STEP && { step: row.step }), ...(row.capped === 1 && { capped: true as const }) }
    return [{ ...target, reason, statusCode, requestId, sinceMs, untilMs, ...ladder }]
  })
}

function keyOf(target: CooldownTarget) {
  return {
    scope: target.scope,
    channel_id: target.channelId,
    key_id: target.scope === 'key' ? target.keyId : 0,
    model: target.scope === 'model' ? target.model : '',
  }
}

function targetOf(row: Selectable<CooldownReasonsTable>): CooldownTarget | undefined {
  const { scope, channel_id: channelId, key_id: keyId, model } = row
  if (scope === 'channel') return { scope, channelId }
  if (scope === 'key') return { scope, channelId, keyId }
  return scope === 'model' ? { scope, channelId, model } : undefined
}
