/**
 * Why a database was not opened. `too-old`: made by a release before January 2026. `too-new`: by a later one of ours.
 * `not-ours`: no ccLoad database. `already-running`: another process owns it. `unwritable`: no space, or no right to write.
 */
export type OpenErrorReason = 'already-running' | 'too-old' | 'too-new' | 'not-ours' | 'unwritable' | 'broken'

/** A database that cannot be used. The message says what to do; it is meant for the person who started the program. */
export class OpenError extends Error {
  readonly reason: OpenErrorReason

  constructor(reason: OpenErrorReason, message: string) {
    super(message)
    this.name = 'OpenError'
    this.reason = reason
  }
}
