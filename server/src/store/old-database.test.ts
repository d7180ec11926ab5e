import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, statSync } from 'node:fs'
import answers from '../../test/fixtures/ccload-2026-01.answers.json' with { type: 'json' }
import { channelDraft, kindOfFailure, logQuery, logRow, T0 } from './contract-rows.ts'
import { MIGRATIONS } from './migrations/index.ts'
import { databaseFolder, type Release, readAll, TO_LEGACY_SHAPE, tamper } from './old-databases.ts'
import { OpenError } from './open-error.ts'
import { openStore } from './open-store.ts'

const { fresh, remove } = databaseFolder()
afterAll(remove)

const RELEASES: readonly Release[] = ['2026-01', '2026-08']
const open = (path: string) => openStore({ path, journalMode: 'WAL', version: '9.9.9' })

async function refusal(path: string): Promise<OpenError> {
  try {
    await (await open(path)).close()
  } catch (error) {
    if (error instanceof OpenError) return error
    throw error
  }
  throw new Error('it was opened')
}

const LOG_TOTALS = `SELECT count(*) AS n, sum(cost_nano) AS nano, round(sum(cost), 8) AS usd, sum(input_tokens) AS input,
  sum(output_tokens) AS output, sum(cache_read_input_tokens) AS cached, count(attempt_id) AS ids,
  sum(usage_state <> 'seen') AS unseen, sum(minute_bucket <> time / 60000) AS misplaced FROM logs`

describe.each(RELEASES)('a database of the %s release', (release) => {
  test('opens in place with every row, token and cent', async () => {
    const path = fresh(release)
    const { migrated, warnings, close } = await open(path)
    await close()
    expect(migrated).toEqual(MIGRATIONS.map(({ version }) => version))
    expect(warnings).toEqual([])
    expect(readAll(path, LOG_TOTALS)).toEqual([
      {
        n: 245,
        nano: 2_294_892_450,
        usd: 2.29489245,
        input: 485_420,
        output: 143_010,
        cached: 242_860,
        ids: 0,
        unseen: 0,
        misplaced: 0,
      },
    ])
  })

  test('shows the channels, keys and models that the earlier program showed', async () => {
    const { store, close } = await open(fresh(release))
    const channels = await store.channels.list()
    await close()
    const shown = answers.answers['/admin/channels'].data.toSorted((a, b) => a.id - b.id)
    expect(
      channels.map(({ id, name, url, type, priority, enabled, dailyCostLimitUsd }) => [
        id,
        name,
        url,
        type,
        priority,
        enabled,
        dailyCostLimitUsd,
      ]),
    ).toEqual(shown.map((c) => [c.id, c.name, c.url, c.channel_type, c.priority, c.enabled, c.daily_cost_limit]))
    expect(channels.map(({ keyStrategy }) => keyStrategy)).toEqual(shown.map((c) => c.key_strategy as never))
    for (const [place, { models }] of channels.entries()) {
      const names = shown[place]?.models.map((m) => `${m.model} ${m.redirect_model}`).sort()
      expect(models.map((m) => `${m.name} ${m.redirect || m.name}`).sort()).toEqual(names as string[])
    }
    const keys = answers.answers['/admin/channels/1/keys'].data
    expect(channels[0]?.keys.map(({ id, index, apiKey }) => [id, index, apiKey])).toEqual(
      keys.map((key) => [key.id, key.key_index, key.api_key]),
    )
    expect(channels[0]?.keys[0]?.cooldown).toEqual({
      untilMs: (keys[0]?.cooldown_until ?? 0) * 1000,
      durationMs: keys[0]?.cooldown_duration_ms ?? 0,
    })
    expect(channels[0]?.models[0]?.name).toBe('claude-sonnet-4-5-20250929') // typed first
  })

  test('knows the API tokens by the hashes of the plain ones, with their counters', async () => {
    const { store, close } = await open(fresh(release))
    const tokens = await store.tokens.list()
    await close()
    for (const [description, plain] of Object.entries(answers.tokens_plain)) {
      const hash = new Bun.CryptoHasher('sha256').update(plain).digest('hex')
      expect(tokens.find((token) => token.description === description)?.hash).toBe(hash)
    }
    for (const old of answers.answers['/admin/auth-tokens'].data.tokens) {
      expect(tokens.find(({ id }) => id === old.id)).toMatchObject({
        description: old.description,
        active: old.is_active,
        successCount: old.success_count,
        failureCount: old.failure_count,
        promptTokens: old.prompt_tokens_total,
        totalCostUsd: old.total_cost_usd,
        hint: '',
      })
    }
    const restricted = tokens.find(({ description }) => description.startsWith('Claude Code'))
    expect(restricted?.allowedModels).toEqual(['claude-sonnet-4-5-20250929'])
  })

  test('goes on being used: new channels, keys, log rows and counters', async () => {
    const { store, close } = await open(fresh(release))
    const made = await store.channels.create(channelDraft(), T0)
    expect(made.id).toBe(8)
    await store.channels.update(1, { apiKeys: ['sk-ant-main-3333333333333333', 'new'] }, T0)
    await store.logs.append([logRow({ tokenId: 1, timeMs: 2e12 })])
    const { rows, total } = await store.logs.page(logQuery())
    expect([total, rows[0]?.id]).toEqual([246, 246])
    expect((await store.tokens.get(1))?.successCount).toBe(81)
    expect((await store.logs.page(logQuery({ before: { timeMs: 2e12, id: 246 }, limit: 1 }))).rows[0]?.id).toBe(245)
    await close()
  })

  test('is copied first, whole and for the owner alone; the second start copies and migrates nothing', async () => {
    const path = fresh(release)
    const first = await open(path)
    await first.close()
    expect(first.backupPath).toBe(`${path}.before-ccload-9.9.9`)
    const copy = first.backupPath ?? ''
    expect(statSync(copy).mode & 0o077).toBe(0)
    expect(readAll(copy, 'SELECT count(*) AS n, round(sum(cost), 8) AS usd FROM logs')).toEqual([
      { n: 245, usd: 2.29489245 },
    ])
    expect(readAll(copy, `SELECT version FROM schema_migrations WHERE version LIKE '0%'`)).toEqual([])
    const second = await open(path)
    await second.close()
    expect([second.migrated, second.backupPath, second.warnings]).toEqual([[], undefined, []])
  })

  test('has the same tables afterwards as a new one, where they are ours', async () => {
    const columns = (path: string, table: string) =>
      readAll(
        path,
        `SELECT name, type, "notnull" OR pk > 0 AS required, dflt_value FROM pragma_table_info('${table}') ORDER BY name`,
      )
    const indexes = (path: string) =>
      readAll(path, `SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
    const [old, empty] = [fresh(release), fresh()]
    await (await open(old)).close()
    await (await open(empty)).close()
    const tables = readAll(empty, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`)
    expect(tables).toHaveLength(13)
    for (const { name } of tables) {
      const had = columns(old, String(name))
      for (const column of columns(empty, String(name))) expect(had).toContainEqual(column)
    }
    const ofOthers = (index: { name?: unknown }) => /debug|web_sessions/.test(String(index.name))
    expect(indexes(old).filter((index) => !ofOthers(index))).toEqual(indexes(empty))
  })
})

describe('what the earlier program left broken is repaired', () => {
  test('keys and models of deleted channels go, and their ids are not given to anybody', async () => {
    const path = fresh('2026-01')
    tamper(
      path,
      'DELETE FROM channels WHERE id IN (6, 7)',
      `UPDATE sqlite_sequence SET seq = 5 WHERE name = 'channels'`,
    )
    const { store, warnings, close } = await open(path)
    expect(warnings.join('\n')).toMatch(/rows of deleted channels removed from api_keys/)
    expect(readAll(path, 'SELECT count(*) AS n FROM api_keys WHERE channel_id > 5')).toEqual([{ n: 0 }])
    expect((await store.channels.create(channelDraft(), T0)).id).toBe(8) // the log speaks of 7
    await close()
  })

  test('channels of one name get names of their own, and the name is unique from then on', async () => {
    const path = fresh('2026-01')
    tamper(
      path,
      ...TO_LEGACY_SHAPE,
      `UPDATE channels SET name = 'same' WHERE id IN (2, 3, 5)`,
      `UPDATE channels SET name = 'same (2)' WHERE id = 4`,
    )
    const { store, warnings, close } = await open(path)
    const names = (await store.channels.list()).map(({ name }) => name)
    expect(names.slice(1, 5)).toEqual(['same', 'same (3)', 'same (2)', 'same (4)'])
    expect(warnings.filter((warning) => warning.includes('"same"'))).toHaveLength(2)
    expect(await kindOfFailure(store.channels.create(channelDraft({ name: 'same' }), T0))).toBe('conflict')
    await close()
  })

  test('one-hour cache writes that were counted as five-minute writes too are counted once', async () => {
    const path = fresh('2026-01')
    const set = (id: number, total: number, m5: number, h1: number) =>
      `UPDATE logs SET cache_creation_input_tokens = ${total}, cache_5m_input_tokens = ${m5}, cache_1h_input_tokens = ${h1} WHERE id = ${id}`
    tamper(path, set(1, 100, 100, 100), set(2, 100, 60, 40), set(3, 100, 0, 0), set(4, 100, 0, 100), set(5, 0, 0, 0))
    await (await open(path)).close()
    const rows = readAll(
      path,
      'SELECT cache_5m_input_tokens AS m5, cache_1h_input_tokens AS h1 FROM logs WHERE id <= 5 ORDER BY id',
    )
    expect(rows.map(({ m5, h1 }) => [m5, h1])).toEqual([
      [0, 100],
      [60, 40],
      [100, 0],
      [0, 100],
      [0, 0],
    ])
  })

  test('gaps in key indices are closed and mixed strategies become the first one', async () => {
    const path = fresh('2026-01')
    tamper(
      path,
      'DELETE FROM api_keys WHERE channel_id = 1 AND key_index = 0',
      `UPDATE api_keys SET key_strategy = 'sequential' WHERE id = 3`,
    )
    const { store, close } = await open(path)
    const channel = await store.channels.get(1)
    expect(channel?.keys.map(({ index, id }) => [index, id])).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect(channel?.keyStrategy).toBe('round_robin')
    await close()
  })

  test('settings that are gone go, and the old threshold becomes the switch', async () => {
    const path = fresh('2026-01')
    const setting = (key: string, value: string) =>
      `REPLACE INTO system_settings VALUES ('${key}', '${value}', 'float', '', '', 1)`
    tamper(
      path,
      `DELETE FROM system_settings WHERE key = 'cooldown_fallback_enabled'`,
      setting('88code_free_only', 'true'),
      setting('cooldown_fallback_threshold', '0'),
      setting('success_rate_penalty_weight', '50'),
    )
    const { store, close } = await open(path)
    const settings = new Map((await store.settings.list()).map(({ key, value }) => [key, value]))
    await close()
    expect(settings.get('cooldown_fallback_enabled')).toBe('false')
    expect(settings.get('success_rate_penalty_weight')).toBe('50')
    expect(settings.get('log_retention_days')).toBe('30')
    expect([settings.has('88code_free_only'), settings.has('cooldown_fallback_threshold')]).toEqual([false, false])
    expect(readAll(path, `SELECT value_type FROM system_settings WHERE key = 'success_rate_penalty_weight'`)).toEqual([
      { value_type: 'int' },
    ])
  })

  test('models inside the old channels table become rows, and new channels can be made again', async () => {
    const [path, untouched] = [fresh('2026-01'), fresh('2026-01')]
    tamper(path, ...TO_LEGACY_SHAPE)
    const [old, plain] = [await open(path), await open(untouched)]
    const models = async (opened: typeof old) =>
      (await opened.store.channels.list()).map((channel) => channel.models.map((m) => `${m.name}>${m.redirect}`).sort())
    expect(await models(old)).toEqual(await models(plain))
    expect(await old.store.channels.create(channelDraft(), T0)).toMatchObject({ id: 8, models: channelDraft().models })
    expect(old.warnings).toEqual([])
    await old.close()
    await plain.close()
    expect(readAll(path, LOG_TOTALS)[0]).toMatchObject({ n: 245, nano: 2_294_892_450, misplaced: 0 })
  })

  test('an unreadable old list of models is said, and the rest is taken over', async () => {
    const path = fresh('2026-01')
    tamper(path, ...TO_LEGACY_SHAPE, `UPDATE channels SET models = '["a"', model_redirects = '{}' WHERE id = 2`)
    const { store, warnings, close } = await open(path)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('relay "B", cheap')
    expect((await store.channels.get(2))?.models).toEqual([])
    expect((await store.channels.get(3))?.models).toHaveLength(2)
    await close()
  })

  test('a token whose restriction cannot be read lets nobody in', async () => {
    const path = fresh('2026-01')
    tamper(path, `UPDATE auth_tokens SET allowed_models = '["a",' WHERE id = 1`)
    const { store, close } = await open(path)
    expect(await store.tokens.get(1)).toMatchObject({ active: false, allowedModels: [] })
    await close()
  })
})

describe('what only the August release has', () => {
  const warningsAfter = async (...changes: string[]) => {
    const path = fresh('2026-08')
    tamper(path, ...changes)
    const { store, warnings, close } = await open(path)
    const channels = await store.channels.list()
    await close()
    return { warnings, channels }
  }

  test('of several addresses the first that is not switched off is kept, and it is said', async () => {
    const { warnings, channels } = await warningsAfter(
      `UPDATE channels SET url = '[{"url":"https://a.example"},{"url":"https://b.example/"},{"url":"https://c.example"}]' WHERE id = 2`,
      `INSERT INTO channel_url_states VALUES (2, 'x', 'https://a.example', 1, 0)`,
    )
    expect(channels[1]?.url).toBe('https://b.example')
    expect(warnings).toEqual([expect.stringContaining('has 2 addresses; only https://b.example')])
  })

  test.each(['[{"url":', '[]', '[{"address":1}]'])('an address like %s switches the channel off', async (url) => {
    const { warnings, channels } = await warningsAfter(`UPDATE channels SET url = '${url}' WHERE id = 2`)
    expect(channels[1]?.enabled).toBe(false)
    expect(warnings).toEqual([expect.stringContaining('relay "B", cheap')])
  })

  test('a key or model that was switched off does not come into use', async () => {
    const { warnings, channels } = await warningsAfter(
      'UPDATE api_keys SET disabled = 1 WHERE id = 1',
      `UPDATE channel_models SET disabled = 1 WHERE model = 'claude-opus-4-5'`,
    )
    expect(channels[0]?.keys.map(({ index, id }) => [index, id])).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect(channels[0]?.models.map(({ name }) => name)).not.toContain('claude-opus-4-5')
    expect(warnings).toHaveLength(2)
  })

  test('channels that we cannot speak to are switched off', async () => {
    const { warnings, channels } = await warningsAfter(
      `UPDATE channels SET auth_type = 'oauth' WHERE id = 1`,
      `UPDATE channels SET channel_type = 'something-new' WHERE id = 2`,
    )
    expect(channels.slice(0, 3).map(({ enabled }) => enabled)).toEqual([false, false, true])
    expect(warnings).toEqual([expect.stringContaining('OAuth')])
  })

  test('what is not applied any more is said by name', async () => {
    const { warnings } = await warningsAfter(`UPDATE channels SET proxy_url = 'http://p.example' WHERE id = 3`)
    expect(warnings).toEqual(['channel "codex-team" has a proxy of its own, which is not applied'])
  })

  test('limits go on: of channels, and of tokens', async () => {
    const path = fresh('2026-08')
    tamper(
      path,
      'UPDATE channels SET rpm_limit = 5, max_concurrency = 6, cost_multiplier = 0.25 WHERE id = 3',
      `UPDATE auth_tokens SET cost_daily_limit_microusd = 9, cost_monthly_limit_microusd = 8, max_concurrency = 7,
        allowed_channel_ids = '[2,3]' WHERE id = 1`,
    )
    const { store, warnings, close } = await open(path)
    expect(await store.channels.get(3)).toMatchObject({ rpmLimit: 5, maxConcurrency: 6, costMultiplier: 0.25 })
    expect(await store.channels.get(2)).toMatchObject({ rpmLimit: 0, maxConcurrency: 0, costMultiplier: 1 })
    expect(await store.tokens.get(1)).toMatchObject({
      dailyCostLimitMicroUsd: 9,
      monthlyCostLimitMicroUsd: 8,
      maxConcurrency: 7,
      rpmLimit: 0,
      allowedChannelIds: [2, 3],
      allowedAddresses: [],
    })
    expect(warnings).toEqual([])
    await close()
  })

  test.each([
    ['[1,2]', (ids: readonly number[]) => ({ active: true, allowedChannelIds: ids.filter((id) => id > 2) })],
    ['[]', () => ({ active: true, allowedChannelIds: [] })],
    ['[1,', () => ({ active: false })],
  ])('a token that is kept off the channels %s goes on being kept off them', async (list, expected) => {
    const path = fresh('2026-08')
    tamper(
      path,
      `UPDATE auth_tokens SET channel_restriction_mode = 'deny', allowed_channel_ids = '${list}' WHERE id = 1`,
    )
    const { store, close } = await open(path)
    const ids = (await store.channels.list()).map(({ id }) => id)
    expect(await store.tokens.get(1)).toMatchObject(expected(ids))
    await close()
  })
})

describe('a database that is not ours to take', () => {
  test.each([
    [
      'cooldowns in a table',
      ['CREATE TABLE channels (id INTEGER, name TEXT)', 'CREATE TABLE cooldowns (id INTEGER)'],
      'cooldowns',
    ],
    ['a log file of its own', ['CREATE TABLE channels (id INTEGER, cooldown_until INTEGER)'], 'file of its own'],
    ['keys inside channels', ['CREATE TABLE channels (id INTEGER)', 'CREATE TABLE logs (id INTEGER)'], '"api_keys"'],
  ])('with %s is refused by name, says what to do and is left alone', async (_, statements, named) => {
    const path = fresh()
    tamper(path, ...statements)
    const before = await Bun.file(path).bytes()
    const error = await refusal(path)
    expect(error.reason).toBe('too-old')
    expect(error.message).toContain(named)
    expect(error.message).toContain('January 2026')
    expect(await Bun.file(path).bytes()).toEqual(before)
    expect(existsSync(`${path}.before-ccload-9.9.9`)).toBe(false)
  })

  test('from a newer version is refused and left alone', async () => {
    const path = fresh()
    await (await open(path)).close()
    tamper(path, `INSERT INTO schema_migrations VALUES ('0002_future', 1)`)
    const error = await refusal(path)
    expect(error.reason).toBe('too-new')
    expect(error.message).toContain('0002_future')
  })

  test('of another program is refused', async () => {
    const path = fresh()
    tamper(path, 'CREATE TABLE bookmarks (id INTEGER)')
    expect((await refusal(path)).reason).toBe('not-ours')
  })

  test('that is no database at all is refused and left alone', async () => {
    const path = fresh()
    await Bun.write(path, 'id,name\n1,not a database, but long enough to have a header'.repeat(200))
    const before = await Bun.file(path).text()
    expect((await refusal(path)).reason).toBe('not-ours')
    expect(await Bun.file(path).text()).toBe(before)
  })

  test('that is damaged is refused as damaged, not as something else', async () => {
    const path = fresh('2026-01')
    const bytes = await Bun.file(path).bytes()
    bytes.fill(0xff, 4096, 4096 * 20)
    await Bun.write(path, bytes)
    expect((await refusal(path)).reason).toBe('broken')
  })

  test('because the earlier program still runs on it is refused, until that is stopped', async () => {
    const path = fresh('2026-01')
    const running = new Database(path)
    running.run('PRAGMA journal_mode = WAL')
    running.query('SELECT count(*) FROM logs').all()
    const error = await refusal(path)
    expect(error.reason).toBe('already-running')
    expect(readAll(path, 'SELECT count(*) AS n FROM schema_migrations')).toEqual([{ n: 2 }])
    running.close(true)
    const { migrated, close } = await open(path)
    await close()
    expect(migrated).toEqual(MIGRATIONS.map(({ version }) => version))
  })

  test('frees its lock again, so that the right one can be started', async () => {
    const path = fresh()
    tamper(path, 'CREATE TABLE bookmarks (id INTEGER)')
    await refusal(path)
    tamper(path, 'DROP TABLE bookmarks')
    await (await open(path)).close()
    expect(existsSync(path)).toBe(true)
  })
})
