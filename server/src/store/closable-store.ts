import { type Store, StoreError } from '../ports/store.ts'
import { runCall, storeFrom } from './store-methods.ts'

export type ClosableStore = { readonly store: Store; close(): Promise<void> }

/** `inner`, whose `close` waits for the calls that run and refuses the later ones. Closing twice is closing once. */
export function closable(inner: ClosableStore): ClosableStore {
  const running = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined
  const store = storeFrom((call) => {
    if (closing !== undefined) return Promise.reject(new StoreError('broken', 'the store is closed'))
    const answer = runCall(inner.store, call)
    running.add(answer)
    const done = () => void running.delete(answer)
    answer.then(done, done)
    return answer
  })
  return {
    store,
    close: () => {
      closing ??= Promise.allSettled(running).then(() => inner.close())
      return closing
    },
  }
}
