import { lockFile } from './file-lock.ts'
import { type OpenedStore, type OpenOptions, withDefaults } from './open-options.ts'
import { openSqlite } from './open-sqlite.ts'

/**
 * The store in this very thread: for tools and tests. A server uses `openStoreThread`.
 *
 * Errors: `OpenError`.
 */
export async function openStore(options: OpenOptions): Promise<OpenedStore> {
  const lock = lockFile(options.path)
  try {
    const opened = await openSqlite(withDefaults(options))
    return {
      ...opened,
      async close() {
        await opened.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}
