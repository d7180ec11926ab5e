import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { SessionStore } from '../ports/store.ts'
import { type Fresh, T0, T0_S } from './contract-rows.ts'

/** Every `SessionStore` must pass this, whatever it is made of. */
export function sessionStoreContract(name: string, fresh: Fresh): void {
  describe(`${name}: SessionStore`, () => {
    let sessions: SessionStore
    let close: () => Promise<void>
    beforeEach(async () => {
      const opened = await fresh()
      sessions = opened.store.sessions
      close = opened.close
    })
    afterEach(() => close())

    test('lists what has not expired; the second of expiry is expired', async () => {
      await sessions.add('alive', T0_S + 1, T0)
      await sessions.add('just-over', T0_S, T0)
      await sessions.add('over', T0_S - 1, T0)
      expect(await sessions.list(T0)).toEqual([{ hash: 'alive', expiresAtS: T0_S + 1 }])
    })

    test('adding a session again moves its expiry instead of failing', async () => {
      await sessions.add('s', T0_S + 1, T0)
      await sessions.add('s', T0_S + 99, T0)
      expect(await sessions.list(T0)).toEqual([{ hash: 's', expiresAtS: T0_S + 99 }])
    })

    test('removes one, also one that is not there', async () => {
      await sessions.add('s', T0_S + 9, T0)
      await sessions.remove('nobody')
      await sessions.remove('s')
      expect(await sessions.list(T0)).toEqual([])
    })

    test('removes the expired and leaves the others', async () => {
      await sessions.add('over', T0_S - 1, T0)
      await sessions.add('alive', T0_S + 5, T0)
      await sessions.removeExpired(T0)
      expect(await sessions.list(0)).toEqual([{ hash: 'alive', expiresAtS: T0_S + 5 }])
    })
  })
}
