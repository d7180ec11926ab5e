import type { ClosableStore } from './closable-store.ts'
import { openSqlite, openSqliteReader } from './open-sqlite.ts'
import { runCall } from './store-methods.ts'
import { type FromThread, failureMessage, type ThreadOpened, type ToThread } from './thread-wire.ts'

/*
 * Entry point of a database thread (see `thread-store.ts`): one connection, commands in, answers out. It must be an
 * entry point of its own in `bun build`, too.
 */

declare const self: Worker

let opened: ClosableStore | undefined

async function answerTo(message: ToThread): Promise<unknown> {
  if ('open' in message) {
    const { store, close, ...migrated } = await openSqlite(message.open)
    opened = { store, close }
    return migrated satisfies ThreadOpened
  }
  if ('read' in message) {
    opened = openSqliteReader(message.read)
    return undefined
  }
  if (!opened) throw new Error('a call before the database was opened')
  if ('close' in message) return opened.close()
  return runCall(opened.store, message.call)
}

function send(message: FromThread): void {
  self.postMessage(JSON.stringify(message))
}

self.onmessage = (event: MessageEvent) => {
  const message = JSON.parse(event.data as string) as ToThread
  answerTo(message).then(
    (value) => send({ id: message.id, value }),
    (error: unknown) => send(failureMessage(message.id, error)),
  )
}
