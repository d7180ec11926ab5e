import { base } from './0001-base.ts'
import { cooldownReasons } from './0002-cooldown-reasons.ts'
import { rollups } from './0003-rollups.ts'
import { limits } from './0004-limits.ts'
import { costParts } from './0005-cost-parts.ts'
import { decisions } from './0006-decisions.ts'
import { logIndex } from './0007-log-index.ts'
import type { Migration } from './migration.ts'

/** All migrations, in their order. New ones are appended; a released one is never changed. */
export const MIGRATIONS: readonly Migration[] = [base, cooldownReasons, rollups, limits, costParts, decisions, logIndex]
