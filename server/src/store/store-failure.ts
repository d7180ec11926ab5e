import { type Store, StoreError, type StoreErrorKind } from '../ports/store.ts'
import { codeOf, type SqlDialect } from './dialect.ts'
import { runCall, storeFrom } from './store-methods.ts'

const WORDS: Readonly<Record<StoreErrorKind, string>> = {
  conflict: 'the name is taken',
  busy: 'the database is busy',
  full: 'the database cannot be written: no space left, or read-only',
  broken: 'the database failed',
}

/** What a failed statement is to our callers. The message names the driver's code, never SQL text or values. */
export function storeErrorFrom(error: unknown, dialect: SqlDialect): StoreError {
  if (error instanceof StoreError) return error
  const kind = dialect.errorKind(error)
  const code = codeOf(error)
  const failure = new StoreError(kind, code === '' ? WORDS[kind] : `${WORDS[kind]} (${code})`)
  failure.cause = error
  return failure
}

/** `store`, throwing nothing but `StoreError`. */
export function withStoreErrors(store: Store, dialect: SqlDialect): Store {
  return storeFrom(async (call) => {
    try {
      return await runCall(store, call)
    } catch (error) {
      throw storeErrorFrom(error, dialect)
    }
  })
}
