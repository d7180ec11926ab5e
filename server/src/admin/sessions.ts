import { createHmac, randomBytes } from 'node:crypto'
import { SESSION_SECONDS } from '@ccload/contract/login.ts'
import type { SessionStore } from '../ports/store.ts'

/** Who is logged in. Tokens are opaque; memory and database know only keyed hashes of them. */
export type Sessions = {
  /** A new session, stored. @returns Its token, 64 hex digits. Errors: `StoreError`. */
  open(): Promise<string>
  /** Errors: `StoreError` while the stored sessions have not been read yet; then nobody can tell. */
  isOpen(token: string): Promise<boolean>
  /** In memory at once, then in the database. */
  close(token: string): Promise<void>
}

export type SessionParts = {
  readonly store: SessionStore
  /** Of the password: see `sessionKey`. */
  readonly key: Uint8Array
  readonly nowMs: () => number
}

const TOKEN = /^[0-9a-f]{64}$/
/** Each needs the password; the bound is for a script that logs in anew for every call. */
const MAX_SESSIONS = 10_000

/**
 * Sessions of earlier starts are read from the database at the first question. Rows made under another password, or by
 * the earlier program, which kept plain hashes, open nothing: their owners log in once more.
 */
export function sessions({ store, key, nowMs }: SessionParts): Sessions {
  const hashOf = (token: string): string => sessionHash(key, token)
  let loaded: Promise<Map<string, number>> | undefined

  /** Hash to expiry, Unix seconds, oldest first. A read that failed is tried again by the next caller. */
  const known = (): Promise<Map<string, number>> => {
    loaded ??= read(store, nowMs()).catch((error) => {
      loaded = undefined
      throw error
    })
    return loaded
  }

  return {
    async open() {
      const open = await known()
      const token = randomBytes(32).toString('hex')
      const expiresAtS = Math.floor(nowMs() / 1000) + SESSION_SECONDS
      await store.removeExpired(nowMs())
      await store.add(hashOf(token), expiresAtS, nowMs())
      forgetOld(open, nowMs())
      open.set(hashOf(token), expiresAtS)
      return token
    },

    async isOpen(token) {
      if (!TOKEN.test(token)) return false
      const expiresAtS = (await known()).get(hashOf(token))
      return expiresAtS !== undefined && nowMs() < expiresAtS * 1000
    },

    async close(token) {
      if (!TOKEN.test(token)) return
      const open = await known()
      if (open.delete(hashOf(token))) await store.remove(hashOf(token))
    },
  }
}

/** What memory and database know of a session: 64 hex digits. */
export function sessionHash(key: Uint8Array, token: string): string {
  return createHmac('sha256', key).update(token).digest('hex')
}

async function read(store: SessionStore, nowMs: number): Promise<Map<string, number>> {
  const rows = await store.list(nowMs)
  return new Map(rows.map((row) => [row.hash, row.expiresAtS]))
}

function forgetOld(open: Map<string, number>, nowMs: number): void {
  for (const [hash, expiresAtS] of open) {
    if (expiresAtS * 1000 > nowMs && open.size < MAX_SESSIONS) continue
    open.delete(hash)
  }
}
