import type { MigrationDb } from './migration.ts'

const OF_CHANNELS = ['api_keys', 'channel_models', 'channel_model_cooldowns', 'key_rr', 'channel_url_states']

/** Makes true what the earlier program did not enforce: whole references, unique names, dense indices, one strategy, an order. */
export async function repairChannels(db: MigrationDb): Promise<void> {
  await removeOrphans(db)
  await renameDuplicates(db)
  await numberKeys(db)
  await numberModels(db)
  await db.run(
    `UPDATE channels SET key_strategy = coalesce(
       (SELECT key_strategy FROM api_keys WHERE channel_id = channels.id ORDER BY key_index LIMIT 1), key_strategy)`,
  )
}

async function removeOrphans(db: MigrationDb): Promise<void> {
  for (const table of OF_CHANNELS) {
    if (!(await db.hasTable(table))) continue
    const orphans = `FROM ${table} WHERE channel_id NOT IN (SELECT id FROM channels)`
    const [row] = await db.all(`SELECT count(*) AS n ${orphans}`)
    if (row?.['n'] === 0) continue
    await db.run(`DELETE ${orphans}`)
    db.warn(`${String(row?.['n'])} rows of deleted channels removed from ${table}`)
  }
}

/** The oldest keeps its name, the others become `name (2)`, `name (3)`, … */
async function renameDuplicates(db: MigrationDb): Promise<void> {
  const channels = await db.all('SELECT id, name FROM channels ORDER BY id')
  const taken = new Set(channels.map((channel) => channel['name']))
  const seen = new Set<unknown>()
  for (const { id, name } of channels) {
    if (!seen.has(name)) {
      seen.add(name)
      continue
    }
    let number = 2
    while (taken.has(`${String(name)} (${number})`)) number++
    const unique = `${String(name)} (${number})`
    taken.add(unique)
    await db.run('UPDATE channels SET name = ? WHERE id = ?', [unique, id])
    db.warn(`two channels were named "${String(name)}": channel ${String(id)} is now "${unique}"`)
  }
}

/** Indices 0..n-1 in each channel, in their order. */
async function numberKeys(db: MigrationDb): Promise<void> {
  const keys = await db.all('SELECT id, channel_id, key_index FROM api_keys ORDER BY channel_id, key_index, id')
  const moves = numbered(keys).filter(({ row, place }) => row['key_index'] !== place)
  // Out of the way first: (channel, index) may already be unique.
  for (const { row } of moves) await db.run('UPDATE api_keys SET key_index = -1 - id WHERE id = ?', [row['id']])
  for (const { row, place } of moves) await db.run('UPDATE api_keys SET key_index = ? WHERE id = ?', [place, row['id']])
}

/** Positions in the order in which the models were typed, which is the order in which the earlier program inserted them. */
async function numberModels(db: MigrationDb): Promise<void> {
  const order = `channel_id, created_at, ${db.dialect.insertionOrder}`
  const models = await db.all(`SELECT channel_id, model FROM channel_models ORDER BY ${order}`)
  for (const { row, place } of numbered(models)) {
    if (place === 0) continue
    const key = [place, row['channel_id'], row['model']]
    await db.run('UPDATE channel_models SET position = ? WHERE channel_id = ? AND model = ?', key)
  }
}

type Row = Readonly<Record<string, unknown>>

/** Rows sorted by channel, each with its place inside its channel. */
function numbered(rows: readonly Row[]): { row: Row; place: number }[] {
  let place = 0
  return rows.map((row, index) => {
    place = index > 0 && rows[index - 1]?.['channel_id'] === row['channel_id'] ? place + 1 : 0
    return { row, place }
  })
}

/** What releases before January 2026 left in `system_settings`. */
export async function repairSettings(db: MigrationDb, nowMs: number): Promise<void> {
  await db.run(
    "UPDATE system_settings SET value_type = 'int' WHERE `key` = 'success_rate_penalty_weight' AND value_type = 'float'",
  )
  const [threshold] = await db.all("SELECT value FROM system_settings WHERE `key` = 'cooldown_fallback_threshold'")
  if (threshold) {
    const enabled = Number(threshold['value']) === 0 ? 'false' : 'true'
    await db.run(
      `INSERT INTO system_settings (\`key\`, value, value_type, description, default_value, updated_at)
       VALUES ('cooldown_fallback_enabled', ?, 'bool', '', 'true', ?) ${db.dialect.keepExisting('`key`')}`,
      [enabled, Math.floor(nowMs / 1000)],
    )
  }
  await db.run(
    `DELETE FROM system_settings WHERE \`key\` IN
     ('88code_free_only', 'skip_tls_verify', 'minute_bucket_backfill_done', 'cooldown_fallback_threshold')`,
  )
}
