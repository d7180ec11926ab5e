import type { MigrationDb } from './migration.ts'

const MOVED = 'v1_channel_models_redirect' // mark of the earlier program: it has moved them itself
const COLUMNS = ['models', 'model_redirects']

/**
 * Models that old databases keep as JSON inside `channels` (`models` an array, `model_redirects` an object) become rows
 * of `channel_models`; then the columns go, because they are NOT NULL and would refuse every new channel.
 */
export async function moveLegacyModels(db: MigrationDb): Promise<void> {
  const columns = await db.columnsOf('channels')
  const legacy = COLUMNS.filter((column) => columns.includes(column))
  if (legacy.length === 0) return
  const moved = await db.all('SELECT version FROM schema_migrations WHERE version = ?', [MOVED])
  if (moved.length === 0 && legacy.includes('models')) {
    const redirects = legacy.includes('model_redirects') ? 'model_redirects' : "''"
    const channels = await db.all(`SELECT id, name, created_at, models, ${redirects} AS redirects FROM channels`)
    for (const channel of channels) await moveModels(db, channel)
  }
  for (const column of legacy) await db.run(`ALTER TABLE channels DROP COLUMN ${column}`)
}

async function moveModels(db: MigrationDb, channel: Readonly<Record<string, unknown>>): Promise<void> {
  const models = parsed(channel['models'])
  const redirects = parsed(channel['redirects'])
  if (models === undefined || redirects === undefined) {
    db.warn(`channel "${String(channel['name'])}": its old list of models is no JSON; check its models`)
  }
  if (!Array.isArray(models)) return
  const redirectOf = new Map(typeof redirects === 'object' && redirects !== null ? Object.entries(redirects) : [])
  for (const model of new Set(models)) {
    if (typeof model !== 'string' || model === '') continue
    const redirect = redirectOf.get(model)
    await db.run(
      `INSERT INTO channel_models (channel_id, model, redirect_model, created_at) VALUES (?, ?, ?, ?)
       ${db.dialect.keepExisting('channel_id, model')}`,
      [channel['id'], model, typeof redirect === 'string' && redirect !== model ? redirect : '', channel['created_at']],
    )
  }
}

/** The value of a JSON column; an empty one is an empty list, `undefined` is unreadable. */
function parsed(text: unknown): unknown {
  if (typeof text !== 'string' || text.trim() === '' || text.trim() === 'null') return []
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller warns
  }
}
