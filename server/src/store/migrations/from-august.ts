import type { MigrationDb } from './migration.ts'

type Row = Readonly<Record<string, unknown>>

/** What the August 2026 release can do and we cannot, as columns with the value that means "not used". */
const UNKNOWN_TO_US: readonly (readonly [table: string, column: string, unused: string, what: string])[] = [
  ['channels', 'rpm_limit', '0', 'a limit of requests per minute'],
  ['channels', 'max_concurrency', '0', 'a limit of parallel requests'],
  ['channels', 'cost_multiplier', '1', 'a cost multiplier'],
  ['channels', 'proxy_url', "''", 'a proxy of its own'],
  ['channels', 'available_time_start', "''", 'hours of availability'],
  ['channels', 'custom_request_rules', "''", 'custom request rules'],
  ['auth_tokens', 'allowed_channel_ids', "''", 'a restriction to channels'],
  ['auth_tokens', 'cost_daily_limit_microusd', '0', 'a daily cost limit'],
  ['auth_tokens', 'cost_monthly_limit_microusd', '0', 'a monthly cost limit'],
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
