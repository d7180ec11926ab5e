import { sql } from 'kysely'
import type { SessionStore } from '../ports/store.ts'
import type { SqlEngine } from './sql-engine.ts'

/** Admin sessions, table `admin_sessions`: hash of the session token, expiry and creation in Unix seconds. */
export function sqlSessions(engine: SqlEngine): SessionStore {
  const { db, dialect } = engine
  const overwrite = sql.raw(dialect.overwrite(['token'], ['expires_at', 'created_at']))
  return {
    async add(hash, expiresAtS, nowMs) {
      const row = { token: hash, expires_at: expiresAtS, created_at: Math.floor(nowMs / 1000) }
      await db.insertInto('admin_sessions').values(row).modifyEnd(overwrite).execute()
    },

    async list(nowMs) {
      const rows = await db
        .selectFrom('admin_sessions')
        .select(['token', 'expires_at'])
        .where('expires_at', '>', nowMs / 1000)
        .orderBy('token')
        .execute()
      return rows.map((row) => ({ hash: row.token, expiresAtS: row.expires_at }))
    },

    async remove(hash) {
      await db.deleteFrom('admin_sessions').where('token', '=', hash).execute()
    },

    async removeExpired(nowMs) {
      await db
        .deleteFrom('admin_sessions')
        .where('expires_at', '<=', nowMs / 1000)
        .execute()
    },
  }
}
