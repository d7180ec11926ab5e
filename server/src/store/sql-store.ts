import type { Store } from '../ports/store.ts'
import { sqlAttemptLog } from './sql-attempt-log.ts'
import { sqlChannels } from './sql-channels.ts'
import type { SqlEngine } from './sql-engine.ts'
import { sqlSessions } from './sql-sessions.ts'
import { sqlSettings } from './sql-settings.ts'
import { sqlStatistics } from './sql-statistics.ts'
import { sqlTokens } from './sql-tokens.ts'
import { withStoreErrors } from './store-failure.ts'

/** All ports over one database. Every error that comes out is a `StoreError`. */
export function sqlStore(engine: SqlEngine): Store {
  const ports: Store = {
    channels: sqlChannels(engine),
    tokens: sqlTokens(engine),
    settings: sqlSettings(engine),
    sessions: sqlSessions(engine),
    logs: sqlAttemptLog(engine),
    statistics: sqlStatistics(engine),
  }
  return withStoreErrors(ports, engine.dialect)
}
