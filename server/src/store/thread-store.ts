import type { Store } from '../ports/store.ts'
import { closable } from './closable-store.ts'
import { lockFile } from './file-lock.ts'
import { logValues } from './log-columns.ts'
import { OpenError } from './open-error.ts'
import { isMemory, type OpenedStore, type OpenOptions, withDefaults } from './open-options.ts'
import { type StoreCall, storeFrom } from './store-methods.ts'
import { STORE_THREAD_URL, ThreadLink } from './thread-link.ts'
import type { ThreadOpened } from './thread-wire.ts'

export type ThreadOptions = OpenOptions & {
  /** Called once when the writing thread ends by itself; from then on every call is refused. */
  readonly onDeath?: (why: string) => void
  /** For tests. */
  readonly threadUrl?: string
}

/** Reads that may take long on a big log; each is one statement or snapshot of its own. */
const HEAVY_READS: Readonly<Partial<Record<string, readonly string[]>>> = {
  logs: ['page', 'costByChannel', 'goneCostByToken', 'models'],
  statistics: ['read', 'recent', 'readByStatus'],
}

/**
 * The store with all of its SQL in a thread of its own, so that the caller's event loop never waits for a disk. With
 * WAL, long reads get a second thread when the first of them comes, so that they do not hold up writes.
 *
 * Errors: `OpenError`. Cost: 15 MB for each thread.
 */
export async function openStoreThread(options: ThreadOptions): Promise<OpenedStore> {
  const { threadUrl = STORE_THREAD_URL, onDeath = () => {}, ...opening } = options
  // Taken here and not in the thread: the lock lives as long as the process does.
  const lock = lockFile(opening.path)
  const writer = new ThreadLink(threadUrl, onDeath)
  try {
    const migrated = (await writer.ask({ open: withDefaults(opening) })) as ThreadOpened
    const readsApart = migrated.journalMode === 'WAL' && !isMemory(opening.path)
    const reader = readsApart ? lazyReader(opening.path, threadUrl) : undefined
    const store = storeFrom((call) =>
      reader && isHeavyRead(call) ? reader.ask(call) : writer.ask({ call: packed(call) }),
    )
    const close = async () => {
      try {
        await reader?.close()
        await endOrderly(writer)
      } finally {
        lock.release()
      }
    }
    return { ...migrated, ...closable({ store, close }) }
  } catch (error) {
    writer.end()
    lock.release()
    throw error instanceof OpenError
      ? error
      : new OpenError('broken', `${opening.path} cannot be opened: ${String(error)}`)
  }
}

/** A thread that is already dead has nothing left to close. */
async function endOrderly(link: ThreadLink): Promise<void> {
  if (link.isAlive()) await link.ask({ close: true }).finally(() => link.end())
}

/** Rows to append cross as the values of their columns: a third of the text that they are with their names. */
function packed(call: StoreCall): StoreCall {
  if (call.port !== 'logs' || call.method !== 'append') return call
  const [rows] = call.args as Parameters<Store['logs']['append']>
  return { ...call, args: [rows.map(logValues)] }
}

function isHeavyRead(call: StoreCall): boolean {
  return HEAVY_READS[call.port]?.includes(call.method) === true
}

type Reader = { ask(call: StoreCall): Promise<unknown>; close(): Promise<void> }

/** A reading thread that begins with its first question. One that dies or cannot open is followed by a new one. */
function lazyReader(path: string, threadUrl: string): Reader {
  let current: { readonly link: ThreadLink; readonly open: Promise<unknown> } | undefined
  const start = () => {
    const link = new ThreadLink(threadUrl, () => {})
    return { link, open: link.ask({ read: path }) }
  }
  return {
    async ask(call) {
      if (!current?.link.isAlive()) current = start()
      const { link, open } = current
      await open.catch((error: unknown) => {
        link.end()
        throw error
      })
      return link.ask({ call })
    },
    close: async () => current && endOrderly(current.link),
  }
}
