import { sql } from 'kysely'
import type { KeyStrategy } from '../core/snapshot.ts'
import type { ChannelDraft, ChannelStore, CooldownToSave, StoredChannel, StoredModel } from '../ports/channel-store.ts'
import { planKeys } from './channel-keys.ts'
import { channelsOf, cooldownColumns, cooldownOf } from './channel-rows.ts'
import { readReasons, removeReason, saveReason } from './cooldown-reasons.ts'
import { inSnapshot, inTransaction, type SqlEngine, type Tx } from './sql-engine.ts'

/** Channels with keys, models, cooldowns and rotation: tables `channels`, `api_keys`, `channel_models`, `key_rr`, `channel_model_cooldowns`. */
export function sqlChannels(engine: SqlEngine): ChannelStore {
  return {
    list: () => inSnapshot(engine, (tx) => read(tx, undefined)),

    get: (id) => inSnapshot(engine, async (tx) => (await read(tx, id))[0]),

    create: (draft, nowMs) => inTransaction(engine, (tx) => create(tx, draft, Math.floor(nowMs / 1000))),

    update: (id, patch, nowMs) =>
      inTransaction(engine, (tx) => update(tx, { id, patch, nowS: Math.floor(nowMs / 1000) })),

    remove: (id) =>
      inTransaction(engine, async (tx) => {
        const { numDeletedRows } = await tx.deleteFrom('channels').where('id', '=', id).executeTakeFirst()
        return numDeletedRows > 0n // keys, models, rests and rotation go with it (ON DELETE CASCADE)
      }),

    saveCooldowns: (rows) =>
      inTransaction(engine, async (tx) => {
        for (const row of rows) await saveCooldown(engine, tx, row)
      }),

    cooldownReasons: () => readReasons(engine),

    async modelCooldowns() {
      const rows = await engine.db
        .selectFrom('channel_model_cooldowns')
        .selectAll()
        .where('cooldown_until', '>', 0)
        .orderBy('channel_id')
        .orderBy('model')
        .execute()
      return rows.map((row) => ({ channelId: row.channel_id, model: row.model, cooldown: cooldownOf(row) }))
    },

    saveKeyTurns: (turns) =>
      inTransaction(engine, async (tx) => {
        const overwrite = sql.raw(engine.dialect.overwrite(['channel_id'], ['idx']))
        for (const { channelId, turn } of turns) {
          if (!(await channelExists(tx, channelId))) continue
          await tx.insertInto('key_rr').values({ channel_id: channelId, idx: turn }).modifyEnd(overwrite).execute()
        }
      }),
  }
}

async function create(tx: Tx, draft: ChannelDraft, nowS: number): Promise<StoredChannel> {
  // First, because it is the one statement that may be refused: nothing has to be undone then.
  const { insertId } = await tx
    .insertInto('channels')
    .values({ ...channelColumns(draft), created_at: nowS, updated_at: nowS })
    .executeTakeFirstOrThrow()
  const id = Number(insertId)
  await writeKeys(tx, { id, apiKeys: draft.apiKeys, keyStrategy: draft.keyStrategy, nowS })
  await writeModels(tx, { id, models: draft.models, nowS })
  return readOne(tx, id)
}

type Change = { readonly id: number; readonly patch: Partial<ChannelDraft>; readonly nowS: number }

async function update(tx: Tx, { id, patch, nowS }: Change): Promise<StoredChannel | undefined> {
  const [before] = await read(tx, id)
  if (!before) return undefined
  const after = { ...before, ...patch }
  const columns = { ...channelColumns(after), updated_at: nowS }
  await tx.updateTable('channels').set(columns).where('id', '=', id).execute()
  const { keyStrategy } = after
  if (patch.apiKeys) await writeKeys(tx, { id, apiKeys: patch.apiKeys, keyStrategy, nowS })
  if (keyStrategy !== before.keyStrategy) await writeKeyStrategy(tx, id, keyStrategy)
  if (patch.models) await writeModels(tx, { id, models: patch.models, nowS })
  return readOne(tx, id)
}

function channelColumns(draft: Omit<ChannelDraft, 'apiKeys' | 'models'>) {
  return {
    name: draft.name,
    url: draft.url,
    priority: draft.priority,
    channel_type: draft.type,
    enabled: draft.enabled ? 1 : 0,
    daily_cost_limit: draft.dailyCostLimitUsd,
    cost_multiplier: draft.costMultiplier,
    rpm_limit: draft.rpmLimit,
    max_concurrency: draft.maxConcurrency,
    ask_for_usage: draft.askForUsage ? 1 : 0,
    key_strategy: draft.keyStrategy,
  }
}

/** All channels, or the one with that id, by id. */
async function read(tx: Tx, id: number | undefined): Promise<StoredChannel[]> {
  const channels = tx.selectFrom('channels').selectAll().orderBy('id')
  const keys = tx.selectFrom('api_keys').selectAll().orderBy('channel_id').orderBy('key_index')
  const models = tx
    .selectFrom('channel_models')
    .selectAll()
    .orderBy('channel_id')
    .orderBy('position')
    .orderBy('created_at')
    .orderBy('model')
  const turns = tx.selectFrom('key_rr').selectAll()
  if (id === undefined) {
    return channelsOf({
      channels: await channels.execute(),
      keys: await keys.execute(),
      models: await models.execute(),
      turns: await turns.execute(),
    })
  }
  return channelsOf({
    channels: await channels.where('id', '=', id).execute(),
    keys: await keys.where('channel_id', '=', id).execute(),
    models: await models.where('channel_id', '=', id).execute(),
    turns: await turns.where('channel_id', '=', id).execute(),
  })
}

async function readOne(tx: Tx, id: number): Promise<StoredChannel> {
  const [channel] = await read(tx, id)
  if (!channel) throw new Error(`channel ${id} is gone inside its own transaction`)
  return channel
}

type WantedKeys = {
  readonly id: number
  readonly apiKeys: readonly string[]
  readonly keyStrategy: KeyStrategy
  readonly nowS: number
}

async function writeKeys(tx: Tx, { id, apiKeys, keyStrategy, nowS }: WantedKeys): Promise<void> {
  const existing = await tx
    .selectFrom('api_keys')
    .select(['id', 'api_key as apiKey'])
    .where('channel_id', '=', id)
    .orderBy('key_index')
    .execute()
  const plan = planKeys(existing, apiKeys)
  for (const keyId of plan.drop) {
    await tx.deleteFrom('api_keys').where('id', '=', keyId).execute()
    await removeReason(tx, { scope: 'key', channelId: id, keyId })
  }
  // Out of the way first: (channel, index) is unique at every moment.
  await tx.updateTable('api_keys').set({ key_index: sql`-1 - key_index` }).where('channel_id', '=', id).execute()
  for (const { id: keyId, index } of plan.keep) {
    await tx.updateTable('api_keys').set({ key_index: index }).where('id', '=', keyId).execute()
  }
  for (const { apiKey, index } of plan.add) {
    const row = { channel_id: id, key_index: index, api_key: apiKey, key_strategy: keyStrategy }
    await tx
      .insertInto('api_keys')
      .values({ ...row, created_at: nowS, updated_at: nowS })
      .execute()
  }
}

/** The strategy stands in every key row too, where the earlier program reads it. */
async function writeKeyStrategy(tx: Tx, id: number, keyStrategy: KeyStrategy): Promise<void> {
  await tx.updateTable('api_keys').set({ key_strategy: keyStrategy }).where('channel_id', '=', id).execute()
}

type WantedModels = { readonly id: number; readonly models: readonly StoredModel[]; readonly nowS: number }

/** Replaces the list; a name that stands in it twice counts once, the first time. Rests of models that left go too. */
async function writeModels(tx: Tx, { id, models, nowS }: WantedModels): Promise<void> {
  const before = await tx
    .selectFrom('channel_models')
    .select(['model', 'created_at'])
    .where('channel_id', '=', id)
    .execute()
  const createdAt = new Map(before.map((row) => [row.model, row.created_at]))
  await tx.deleteFrom('channel_models').where('channel_id', '=', id).execute()
  const seen = new Set<string>()
  for (const { name, redirect } of models) {
    if (seen.has(name)) continue
    const row = { channel_id: id, model: name, redirect_model: redirect, created_at: createdAt.get(name) ?? nowS }
    await tx
      .insertInto('channel_models')
      .values({ ...row, position: seen.size })
      .execute()
    seen.add(name)
  }
  for (const model of createdAt.keys()) {
    if (!seen.has(model)) await deleteModelCooldown(tx, id, model)
  }
}

async function deleteModelCooldown(tx: Tx, channelId: number, model: string): Promise<void> {
  await tx
    .deleteFrom('channel_model_cooldowns')
    .where('channel_id', '=', channelId)
    .where('model', '=', model)
    .execute()
  await removeReason(tx, { scope: 'model', channelId, model })
}

async function saveCooldown(engine: SqlEngine, tx: Tx, row: CooldownToSave): Promise<void> {
  const columns = cooldownColumns(row)
  if (await targetExists(tx, row)) await saveReason(engine, tx, row)
  if (row.scope === 'channel') {
    await tx.updateTable('channels').set(columns).where('id', '=', row.channelId).execute()
  } else if (row.scope === 'key') {
    await tx
      .updateTable('api_keys')
      .set(columns)
      .where('id', '=', row.keyId)
      .where('channel_id', '=', row.channelId)
      .execute()
  } else if (columns.cooldown_until === 0) {
    await deleteModelCooldown(tx, row.channelId, row.model)
  } else if (await modelExists(tx, row.channelId, row.model)) {
    const stored = { channel_id: row.channelId, model: row.model, ...columns, updated_at: columns.cooldown_until }
    const overwrite = engine.dialect.overwrite(['channel_id', 'model'], ['cooldown_until', 'cooldown_duration_ms'])
    await tx.insertInto('channel_model_cooldowns').values(stored).modifyEnd(sql.raw(overwrite)).execute()
  }
}

async function targetExists(tx: Tx, row: CooldownToSave): Promise<boolean> {
  if (row.scope === 'channel') return channelExists(tx, row.channelId)
  return row.scope === 'key' ? keyExists(tx, row.channelId, row.keyId) : modelExists(tx, row.channelId, row.model)
}

async function keyExists(tx: Tx, channelId: number, keyId: number): Promise<boolean> {
  const row = await tx
    .selectFrom('api_keys')
    .select('id')
    .where('id', '=', keyId)
    .where('channel_id', '=', channelId)
    .executeTakeFirst()
  return row !== undefined
}

async function channelExists(tx: Tx, id: number): Promise<boolean> {
  return (await tx.selectFrom('channels').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
}

async function modelExists(tx: Tx, channelId: number, model: string): Promise<boolean> {
  const row = await tx
    .selectFrom('channel_models')
    .select('model')
    .where('channel_id', '=', channelId)
    .where('model', '=', model)
    .executeTakeFirst()
  return row !== undefined
}
