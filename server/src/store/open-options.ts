import type { ClosableStore } from './closable-store.ts'

/** `OFF` means `MEMORY`: no journal file, but a failed write can still be undone. */
export type JournalMode = 'DELETE' | 'TRUNCATE' | 'PERSIST' | 'MEMORY' | 'WAL' | 'OFF'

export type OpenOptions = {
  /** Of the database file (its folder is created with mode 0750), or `:memory:`. */
  readonly path: string
  readonly journalMode: JournalMode
  /** Of the program, for the name of a backup. */
  readonly version?: string
}

export type Migrated = {
  /** Versions of the migrations that were applied now, in order. */
  readonly migrated: readonly string[]
  /** The copy made of an existing file before its first migration. */
  readonly backupPath?: string
  /** For the operator: what was repaired, changed or given up, and what is not possible here. */
  readonly warnings: readonly string[]
}

/** `close` waits for the calls that run, then closes and gives the lock back; later calls are refused. */
export type OpenedStore = Migrated &
  ClosableStore & {
    /** In force; another than the one asked for comes with a warning. */
    readonly journalMode: JournalMode
  }

export type SqliteOptions = Required<OpenOptions> & { readonly nowMs: number }

export function withDefaults(options: OpenOptions): SqliteOptions {
  return { version: 'upgrade', ...options, nowMs: Date.now() }
}

/** A database that lives in this process alone and ends with it. */
export function isMemory(path: string): boolean {
  return path === ':memory:'
}
