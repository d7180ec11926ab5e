import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { channelDraft, kindOfFailure, logQuery, logRow, T0 } from './contract-rows.ts'
import { MIGRATIONS } from './migrations/index.ts'
import { tamper } from './old-databases.ts'
import { OpenError } from './open-error.ts'
import type { OpenedStore } from './open-options.ts'
import { openStoreThread, type ThreadOptions } from './thread-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'ccload-thread-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
let opened: OpenedStore | undefined
afterEach(async () => {
  await opened?.close().catch(() => {}) // some tests have killed it
  opened = undefined
})

async function open(options: Partial<ThreadOptions> = {}): Promise<OpenedStore & { path: string }> {
  files++
  const path = options.path ?? join(folder, `${files}.db`)
  opened = await openStoreThread({ journalMode: 'WAL', ...options, path })
  return { ...opened, path }
}

/** A thread that does what `onCall` says once the database is open. */
function brokenThread(onCall: string): string {
  files++
  const file = join(folder, `thread-${files}.ts`)
  writeFileSync(
    file,
    `self.onmessage = (event) => {
       const message = JSON.parse(event.data)
       if (message.open) postMessage(JSON.stringify({ id: message.id, value: { migrated: [], warnings: [], journalMode: 'WAL' } }))
       else { ${onCall} }
     }`,
  )
  return new URL(`file://${file}`).href
}

describe('the database thread', () => {
  test('reads what was just written, also through the reading thread', async () => {
    const { store } = await open()
    for (let n = 1; n <= 20; n++) {
      await store.logs.append([logRow()])
      expect((await store.logs.page(logQuery())).total).toBe(n)
    }
  })

  test('answers many calls at once, each with its own answer', async () => {
    const { store } = await open()
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, n) => store.channels.create(channelDraft({ name: `c${n}` }), T0)),
    )
    expect(made.map(({ name }) => name)).toEqual(Array.from({ length: 30 }, (_, n) => `c${n}`))
  })

  test('hands errors over with their kind, and without SQL in their words', async () => {
    const { store } = await open()
    await store.channels.create(channelDraft(), T0)
    const failure = await store.channels.create(channelDraft(), T0).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'StoreError', kind: 'conflict' })
    expect(String(failure)).not.toMatch(/insert|select|channels|UNIQUE constraint/i)
  })

  test('a refused database is an OpenError here, and its lock is free again', async () => {
    const path = join(folder, 'foreign.db')
    tamper(path, 'CREATE TABLE bookmarks (id INTEGER)')
    const failure = await open({ path }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OpenError)
    expect(failure).toMatchObject({ reason: 'not-ours' })
    tamper(path, 'DROP TABLE bookmarks')
    expect((await open({ path })).migrated).toEqual(MIGRATIONS.map(({ version }) => version))
  })

  test('a second opening of the same file is told that the program is already running', async () => {
    const { path } = await open()
    const second = await openStoreThread({ path, journalMode: 'WAL' }).catch((error: unknown) => error)
    expect(second).toMatchObject({ reason: 'already-running' })
  })

  test('a database in memory is one database, also for long reads', async () => {
    const { store } = await open({ path: ':memory:' })
    await store.logs.append([logRow({ model: 'm' })])
    expect(await store.logs.models(0, T0 + 1)).toEqual(['m'])
  })

  test('never holds up the event loop, however long a write takes', async () => {
    const { store } = await open()
    let longestMs = 0
    let last = performance.now()
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last)
      last = performance.now()
    }, 1)
    const rows = Array.from({ length: 2000 }, () => logRow())
    const beganMs = performance.now()
    for (let batch = 0; batch < 20; batch++)
      await store.logs.append(rows.map((row) => ({ ...row, attemptId: `${batch}-${row.attemptId}` })))
    clearInterval(timer)
    expect(longestMs).toBeLessThan((performance.now() - beganMs) / 4)
  })
})

describe('closing', () => {
  test('waits for what was asked before, and refuses what comes later', async () => {
    const { store, close, path } = await open()
    const writes = Array.from({ length: 10 }, () => store.logs.append([logRow(), logRow()]))
    await close()
    await Promise.all(writes)
    expect(await kindOfFailure(store.logs.append([logRow()]))).toBe('broken')
    expect(existsSync(`${path}-wal`)).toBe(false)
    const again = await open({ path })
    expect((await again.store.logs.page(logQuery())).total).toBe(20)
  })

  test('twice is once', async () => {
    const { close } = await open()
    await Promise.all([close(), close()])
    expect(await close()).toBeUndefined()
  })
})

describe('a thread that dies', () => {
  test('refuses everything that waits and everything that comes, and says so once', async () => {
    const deaths: string[] = []
    const { store } = await open({ threadUrl: brokenThread('process.exit(3)'), onDeath: (why) => deaths.push(why) })
    const waiting = [store.channels.list(), store.tokens.list(), store.settings.list()]
    const answers = await Promise.allSettled(waiting)
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await kindOfFailure(store.channels.list())).toBe('broken')
    expect(deaths).toHaveLength(1)
  })

  test('leaves the file free once the store is closed', async () => {
    const { store, close, path } = await open({ threadUrl: brokenThread('process.exit(3)') })
    expect(await kindOfFailure(store.channels.list())).toBe('broken')
    await close()
    expect((await open({ path })).migrated).toEqual(MIGRATIONS.map(({ version }) => version))
  })

  test('of a thrown error is named', async () => {
    const deaths: string[] = []
    const { store } = await open({
      threadUrl: brokenThread(`throw new Error('out of luck')`),
      onDeath: (why) => deaths.push(why),
    })
    expect(await kindOfFailure(store.channels.list())).toBe('broken')
    expect(deaths).toEqual([expect.stringContaining('out of luck')])
  })

  test('before the database is open is a failed opening that leaves the file free', async () => {
    const path = join(folder, 'never-opened.db')
    const threadUrl = brokenThread('').replace(/thread-\d+\.ts/, 'no-such-thread.ts')
    const failure = await open({ path, threadUrl }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'OpenError', reason: 'broken' })
    expect((await open({ path })).migrated).toEqual(MIGRATIONS.map(({ version }) => version))
  })
})
