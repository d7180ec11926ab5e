import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { channelDraft, kindOfFailure, logQuery, logRow, T0 } from './contract-rows.ts'
import { sqlite } from './dialect.ts'
import { logInsert } from './log-statements.ts'
import { databaseFolder, readAll, tamper } from './old-databases.ts'
import type { JournalMode } from './open-options.ts'
import { openStore } from './open-store.ts'
import { sqlStore } from './sql-store.ts'
import { sqliteEngine } from './sqlite-engine.ts'

const { fresh, remove } = databaseFolder()
afterAll(remove)

const open = (path: string, journalMode: JournalMode = 'WAL') => openStore({ path, journalMode })

test('the file is for its owner alone: it holds the keys of the channels', async () => {
  const path = fresh()
  const { store, close } = await open(path)
  await store.channels.create(channelDraft(), T0)
  for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o077).toBe(0)
  await close()
})

describe('journal modes', () => {
  test('WAL is kept in the file, the others leave it; a database goes from any to any', async () => {
    const path = fresh()
    const modes: readonly JournalMode[] = ['WAL', 'DELETE', 'WAL', 'OFF', 'PERSIST', 'WAL', 'MEMORY', 'TRUNCATE']
    for (const [place, mode] of modes.entries()) {
      const { store, warnings, close } = await open(path, mode)
      await store.channels.create(channelDraft({ name: `c${place}` }), T0)
      await close()
      expect(warnings).toEqual([])
      const [header] = readAll(path, 'PRAGMA journal_mode')
      expect(header).toEqual({ journal_mode: mode === 'WAL' ? 'wal' : 'delete' })
    }
    const { store, close } = await open(path)
    expect(await store.channels.list()).toHaveLength(modes.length)
    await close()
  })
})

test('a write that another program holds up is "busy" and can be repeated', async () => {
  const path = fresh()
  await (await open(path, 'DELETE')).close()
  const [other, impatient] = [new Database(path), new Database(path)]
  const engine = sqliteEngine(impatient)
  const store = sqlStore(engine)
  other.run('BEGIN EXCLUSIVE')
  expect(await kindOfFailure(store.settings.save([], T0))).toBe('busy')
  expect(await kindOfFailure(store.logs.append([logRow()]))).toBe('busy')
  expect(await kindOfFailure(store.channels.list())).toBe('busy')
  other.run('ROLLBACK')
  other.close(true)
  await store.logs.append([logRow()])
  expect((await store.logs.page(logQuery())).total).toBe(1)
  await engine.db.destroy()
})

test('a database from before gets one index of the log for three', async () => {
  const path = fresh()
  await (await open(path)).close()
  const older = ['time, channel_id, model', 'time, status_code', 'time, auth_token_id']
  const names = ['idx_logs_time_channel_model', 'idx_logs_time_status', 'idx_logs_time_auth_token']
  tamper(
    path,
    'DROP INDEX idx_logs_time_filters',
    ...names.map((name, at) => `CREATE INDEX ${name} ON logs (${older[at]})`),
    `DELETE FROM schema_migrations WHERE version = '0007_log_index'`,
  )
  const { migrated, warnings, close } = await open(path)
  await close()
  expect([migrated, warnings]).toEqual([['0007_log_index'], []])
  const indexes = readAll(
    path,
    `SELECT name FROM sqlite_master WHERE tbl_name = 'logs' AND type = 'index' ORDER BY name`,
  )
  expect(indexes.map(({ name }) => name)).toEqual(['idx_logs_request', 'idx_logs_time_filters', 'uk_logs_attempt'])
})

describe('the pages of the log', () => {
  const PLANS = [
    [
      'the newest',
      'time >= 1 AND time < 9 ORDER BY time DESC, id DESC LIMIT 9',
      /USING INDEX idx_logs_time_\w+ \(time>\? AND time<\?\)/,
    ],
    [
      'of a token',
      'time >= 1 AND time < 9 AND auth_token_id = 3 ORDER BY time DESC, id DESC LIMIT 9',
      /USING INDEX idx_logs_time_/,
    ],
    [
      'of a status',
      'time >= 1 AND time < 9 AND status_code = 429 ORDER BY time DESC, id DESC LIMIT 9',
      /USING INDEX idx_logs_time_/,
    ],
    [
      'of a request',
      `request_id = 'r' AND time >= 1 AND time < 9 ORDER BY time DESC, id DESC LIMIT 9`,
      /idx_logs_request/,
    ],
  ] as const
  test.each(PLANS)('%s are found by an index', async (_, where, plan) => {
    const path = fresh()
    await (await open(path)).close()
    const steps = readAll(path, `EXPLAIN QUERY PLAN SELECT * FROM logs WHERE ${where}`).map(({ detail }) =>
      String(detail),
    )
    expect(steps[0]).toMatch(plan)
    expect(steps[0]).not.toStartWith('SCAN')
  })
})

describe('the connection', () => {
  const memory = () => {
    const database = new Database(':memory:')
    database.run('CREATE TABLE logs (id INTEGER PRIMARY KEY, time, attempt_id TEXT UNIQUE, message TEXT NOT NULL)')
    return sqliteEngine(database)
  }

  test('forgets old statements and prepares them again: hundreds of texts work, in any order', async () => {
    const engine = memory()
    for (let round = 0; round < 2; round++) {
      for (let n = 1; n < 300; n++) {
        const ids = Array.from({ length: n }, (_, id) => id)
        expect(await engine.db.selectFrom('logs').select('id').where('id', 'in', ids).execute()).toEqual([])
      }
    }
    await engine.db.destroy()
  })

  test('a failing batch is undone whole, and the next one works', async () => {
    const engine = memory()
    const insert = {
      ...logInsert(sqlite),
      sql: 'INSERT INTO logs (attempt_id, message) VALUES (?, ?) ON CONFLICT (attempt_id) DO NOTHING',
    }
    const none = () => []
    const failed = engine
      .insertEach(
        insert,
        [
          ['a', 'x'],
          ['b', null],
        ],
        none,
      )
      .catch((error: unknown) => sqlite.errorKind(error))
    expect(await failed).toBe('broken')
    expect(await engine.db.selectFrom('logs').select('id').execute()).toEqual([])
    await engine.insertEach(
      insert,
      [
        ['a', 'x'],
        ['a', 'y'],
      ],
      (isNew) => {
        expect(isNew).toEqual([true, false])
        return []
      },
    )
    expect(await engine.db.selectFrom('logs').select('message').execute()).toEqual([{ message: 'x' }])
    await engine.db.destroy()
  })

  test('a batch never lands inside a transaction that is open', async () => {
    const path = fresh()
    const { store, close } = await open(path)
    const doomed = store.channels.create(channelDraft(), T0).then(() => store.channels.create(channelDraft(), T0))
    const appended = [store.logs.append([logRow()]), store.logs.append([logRow()])]
    expect(await kindOfFailure(doomed)).toBe('conflict')
    await Promise.all(appended)
    await close()
    expect(readAll(path, 'SELECT count(*) AS n FROM logs')).toEqual([{ n: 2 }])
  })
})
