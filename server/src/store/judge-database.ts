import { OpenError } from './open-error.ts'

/** What is seen of a database before anything is done to it. */
export type Sighting = {
  readonly path: string
  readonly tables: readonly string[]
  /** Columns of `channels`. */
  readonly channelColumns: readonly string[]
  /** Marks in `schema_migrations`, ours and those of the earlier program. */
  readonly marks: readonly string[]
}

export type Judgement = { readonly found: 'nothing' | 'old-program' | 'ours'; readonly pending: readonly string[] }

const OUR_MARK = /^\d{4}_/
const NEEDED = ['channels', 'api_keys', 'channel_models', 'auth_tokens', 'logs']
const WHAT_TO_DO =
  'Start ccLoad of January 2026 with this file once, stop it, then start this version. Nothing was changed.'

/**
 * Whether we take this database, and which of our migrations it still needs.
 *
 * @param known  Versions of our migrations, in order.
 * Errors: `OpenError` (`too-new`, `too-old`, `not-ours`).
 */
export function judgeDatabase(seen: Sighting, known: readonly string[]): Judgement {
  const ours = seen.marks.filter((mark) => OUR_MARK.test(mark))
  const unknown = ours.filter((mark) => !known.includes(mark))
  if (unknown.length > 0) {
    const what = `${seen.path} was made by a newer version of ccLoad (it has ${unknown.join(', ')}).`
    throw new OpenError(
      'too-new',
      `${what} Start that version, or restore the backup made before it. Nothing was changed.`,
    )
  }
  const pending = known.filter((version) => !ours.includes(version))
  if (seen.tables.length === 0) return { found: 'nothing', pending }
  if (ours.length > 0) return { found: 'ours', pending }
  refuseTooOld(seen)
  return { found: 'old-program', pending }
}

function refuseTooOld(seen: Sighting): void {
  const has = (table: string) => seen.tables.includes(table)
  if (!has('channels')) {
    throw new OpenError(
      'not-ours',
      `${seen.path} is a database, but not one of ccLoad. Name another file in SQLITE_PATH.`,
    )
  }
  const why =
    has('cooldowns') && !seen.channelColumns.includes('cooldown_until')
      ? 'it keeps cooldowns in the table "cooldowns"'
      : !has('logs')
        ? 'its log is in a file of its own'
        : NEEDED.filter((table) => !has(table))
            .map((table) => `it has no table "${table}"`)
            .join(', ')
  if (why !== '') {
    throw new OpenError('too-old', `${seen.path} was made by a ccLoad from before January 2026: ${why}. ${WHAT_TO_DO}`)
  }
}
