import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attemptLogContract } from './attempt-log.contract.ts'
import { channelRestsContract } from './channel-rests.contract.ts'
import { channelStoreContract } from './channels.contract.ts'
import type { Fresh } from './contract-rows.ts'
import { logPagesContract } from './log-pages.contract.ts'
import { tamper } from './old-databases.ts'
import type { JournalMode, OpenedStore } from './open-options.ts'
import { openStore } from './open-store.ts'
import { sessionStoreContract } from './sessions.contract.ts'
import { settingStoreContract } from './settings.contract.ts'
import { statisticsContract } from './statistics.contract.ts'
import { openStoreThread } from './thread-store.ts'
import { tokenStoreContract } from './tokens.contract.ts'

const MODES: readonly JournalMode[] = ['WAL', 'DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'OFF']

const folder = mkdtempSync(join(tmpdir(), 'ccload-store-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function freshFile(): string {
  files++
  return join(folder, `${files}.db`)
}

function everyContract(name: string, fresh: Fresh): void {
  channelStoreContract(name, fresh)
  channelRestsContract(name, fresh)
  tokenStoreContract(name, fresh)
  settingStoreContract(name, fresh)
  sessionStoreContract(name, fresh)
  attemptLogContract(name, fresh)
  logPagesContract(name, fresh)
  statisticsContract(name, fresh)
}

for (const journalMode of MODES) {
  everyContract(`SQLite, ${journalMode}`, () => openStore({ path: freshFile(), journalMode }))
}
everyContract('SQLite in memory', () => openStore({ path: ':memory:', journalMode: 'WAL' }))

/** One thread for all cases, emptied before each: a thread takes longer to start than all of its cases to run. */
function oneThread(): Fresh {
  const path = freshFile()
  let opened: Promise<OpenedStore> | undefined
  afterAll(async () => (await opened)?.close())
  return async () => {
    opened ??= openStoreThread({ path, journalMode: 'WAL' })
    const { store } = await opened
    const tables = ['channels', 'auth_tokens', 'system_settings', 'admin_sessions', 'logs', 'rollups']
    tamper(path, 'PRAGMA foreign_keys = ON', ...tables.map((table) => `DELETE FROM ${table}`))
    return { store, close: async () => {} }
  }
}

everyContract('SQLite in a thread', oneThread())
