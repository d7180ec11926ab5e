import type { MigrationDb } from './migration.ts'

type Row = Readonly<Record<string, unknown>>

/** What the August 2026 release can do and we cannot, as columns with the value that means "not used". */
const UNKNOWN_TO_US: readonly (readonly [table: string, column: string, unused: string, what: string])[] = [
  ['channels', 'proxy_url', "''", 'a proxy of its own'],
  ['channels', 'available_time_start', "''", 'hours of availability'],
  ['channels', 'custom_request_rules', "''", 'custom request rules'],
]

/** Takes what the August 2026 release stores in another way into ours, and says what we do not have. */
export async function takeOverAugust(db: MigrationDb): Promise<void> {
  await flattenUrls(db)
  await dropDisabled(db, 'api_keys')
  await dropDisabled(db, 'channel_models')
  const columns = await db.columnsOf('channels')
  if (columns.includes('auth_type')) {
    const byLogin = await db.all(`SELECT id, name FROM channels WHERE auth_type <> 'api_key'`)
    for (const { id, name } of byLogin) {
      await db.run('UPDATE channels SET enabled = 0 WHERE id = ?', [id])
      db.warn(`channel "${String(name)}" signs in by OAuth, which this version does not do: disabled`)
    }
  }
  await turnRestrictions(db)
  for (const [table, column, unused, what] of UNKNOWN_TO_US) {
    if (!(await db.columnsOf(table)).includes(column)) continue
    const name = table === 'channels' ? 'name' : 'description'
    const rows = await db.all(`SELECT ${name} AS name FROM ${table} WHERE coalesce(${column}, ${unused}) <> ${unused}`)
    for (const row of rows) {
      db.warn(
        `${table === 'channels' ? 'channel' : 'token'} "${String(row['name'])}" has ${what}, which is not applied`,
      )
    }
  }
}

/** A list of channels that a token may *not* use becomes the list of all others; channels made later are not in it. */
async function turnRestrictions(db: MigrationDb): Promise<void> {
  if (!(await db.columnsOf('auth_tokens')).includes('channel_restriction_mode')) return
  const tokens = await db.all(
    `SELECT id, description, allowed_channel_ids AS list FROM auth_tokens
      WHERE channel_restriction_mode = 'deny' AND coalesce(allowed_channel_ids, '') NOT IN ('', '[]')`,
  )
  const channels = tokens.length === 0 ? [] : await db.all('SELECT id FROM channels ORDER BY id')
  for (const { id, description, list } of tokens) {
    const denied = idsOf(String(list))
    const others = channels.flatMap((channel) => (denied?.has(Number(channel['id'])) ? [] : [Number(channel['id'])]))
    // What cannot be read, and the ban of all, stay a list that lets nobody in.
    const allowed = denied === undefined ? String(list) : JSON.stringify(others.length > 0 ? others : [0])
    await db.run('UPDATE auth_tokens SET allowed_channel_ids = ? WHERE id = ?', [allowed, id])
    db.warn(`token "${String(description)}" was kept off some channels: it may now use the others, but none made later`)
  }
}

function idsOf(text: string): ReadonlySet<number> | undefined {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? new Set(list.map(Number)) : undefined
  } catch {
    return undefined // the token is switched off when it is read
  }
}

/** `[{"url":"…"}]` becomes the first address that is not switched off. */
async function flattenUrls(db: MigrationDb): Promise<void> {
  const off = (await db.hasTable('channel_url_states'))
    ? await db.all('SELECT channel_id, url FROM channel_url_states WHERE disabled <> 0')
    : []
  const isOff = new Set(off.map((row) => JSON.stringify([row['channel_id'], row['url']])))
  const channels = await db.all(`SELECT id, name, url FROM channels WHERE url LIKE '[%'`)
  for (const channel of channels) {
    const urls = urlsOf(channel)
    const inUse = urls.filter((url) => !isOff.has(JSON.stringify([channel['id'], url])))
    const url = inUse[0] ?? urls[0]
    const name = String(channel['name'])
    if (url === undefined) {
      await db.run('UPDATE channels SET enabled = 0 WHERE id = ?', [channel['id']])
      db.warn(`channel "${name}": its address cannot be read; disabled`)
      continue
    }
    await db.run('UPDATE channels SET url = ? WHERE id = ?', [url.replace(/\/$/, ''), channel['id']])
    if (inUse.length > 1) db.warn(`channel "${name}" has ${inUse.length} addresses; only ${url} is kept`)
  }
}

function urlsOf(channel: Row): string[] {
  let entries: unknown
  try {
    entries = JSON.parse(String(channel['url']))
  } catch {
    return [] // the caller warns
  }
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: unknown) => {
    const url = typeof entry === 'object' && entry !== null && 'url' in entry ? entry.url : entry
    return typeof url === 'string' && url !== '' ? [url] : []
  })
}

/** A key or model that was switched off must not come into use by the update; the backup has it. */
async function dropDisabled(db: MigrationDb, table: 'api_keys' | 'channel_models'): Promise<void> {
  if (!(await db.columnsOf(table)).includes('disabled')) return
  const disabled = `FROM ${table} WHERE disabled <> 0`
  const rows = await db.all(`SELECT channel_id, count(*) AS n ${disabled} GROUP BY channel_id`)
  for (const { channel_id, n } of rows) {
    const what = table === 'api_keys' ? 'keys' : 'models'
    db.warn(`channel ${String(channel_id)}: ${String(n)} disabled ${what} removed (they are in the backup)`)
  }
  await db.run(`DELETE ${disabled}`)
}
