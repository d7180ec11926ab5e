import { StoreError, type StoreErrorKind } from '../ports/store.ts'
import { OpenError, type OpenErrorReason } from './open-error.ts'
import type { OpenedStore, SqliteOptions } from './open-options.ts'
import type { StoreCall } from './store-methods.ts'

/*
 * What goes between the program and its database threads. Messages are JSON text: everything in the ports is plain
 * data, and text crosses a thread at half the cost of a structured clone (measured, batches of 100 log rows).
 */

/** To the thread. The first message is `open` or `read`; `read` opens a second connection that only reads. */
export type ToThread =
  | { readonly id: number; readonly open: SqliteOptions }
  | { readonly id: number; readonly read: string }
  | { readonly id: number; readonly call: StoreCall }
  | { readonly id: number; readonly close: true }

/** From the thread, one for each message, in any order. */
export type FromThread =
  | { readonly id: number; readonly value?: unknown }
  | { readonly id: number; readonly storeError: StoreErrorKind; readonly message: string }
  | { readonly id: number; readonly openError: OpenErrorReason; readonly message: string }

/** What `open` answers. */
export type ThreadOpened = Omit<OpenedStore, 'store' | 'close'>

export function failureMessage(id: number, error: unknown): FromThread {
  if (error instanceof OpenError) return { id, openError: error.reason, message: error.message }
  if (error instanceof StoreError) return { id, storeError: error.kind, message: error.message }
  return { id, storeError: 'broken', message: 'the database thread failed' }
}

/** The error that a message stands for; `undefined` when it is a value. */
export function errorOf(message: FromThread): Error | undefined {
  if ('openError' in message) return new OpenError(message.openError, message.message)
  if ('storeError' in message) return new StoreError(message.storeError, message.message)
  return undefined
}
