import { dropAbandoned, readAbandoned } from '../link/running-file.ts'
import { dropSpooled, readSpool } from '../link/spool.ts'
import type { AttemptLog, LogRow } from '../ports/attempt-log.ts'
import type { Log } from '../ports/log.ts'
import type { Ledger } from './ledger.ts'

export type SpoolTakerParts = {
  readonly spoolDir: string
  readonly ledger: Pick<Ledger, 'flush' | 'trouble'>
  readonly logs: Pick<AttemptLog, 'known'>
  /** Stores rows that are not there yet. */
  readonly take: (rows: readonly LogRow[]) => void
  /**
   * Told once all are stored. They are charged by counting anew what is stored: some were charged when they were first
   * heard of, before the database was away for so long that they were put here.
   */
  readonly taken: () => void
  readonly nowMs: () => number
  readonly log: Log
}

/** The last words of a proxy that was killed under us are heard by then. */
const SETTLED_MS = 2_000

/**
 * Takes what earlier runs, or proxies that lost their control, have left behind: endings, then what was cut off. Each
 * attempt once, however often it was told of. To be called at the start and from time to time; never twice at once.
 */
export function spoolTaker(parts: SpoolTakerParts): () => Promise<void> {
  const { spoolDir, ledger, logs, nowMs, log } = parts
  let settledMs = 0
  let isFresh = false

  /** False: the database is away, and nothing is sure. */
  const takeIn = async (rows: readonly LogRow[]): Promise<boolean> => {
    await ledger.flush() // what waits here is not known there yet
    if (ledger.trouble() !== '') return false
    const known = new Set(await logs.known(rows.map((row) => row.attemptId)))
    const fresh = rows.filter((row) => !known.has(row.attemptId))
    if (fresh.length > 0) {
      isFresh = true
      parts.take(fresh)
    }
    await ledger.flush()
    return ledger.trouble() === ''
  }

  return async () => {
    // Looked at first: who is gone by now has put all of its endings where they are looked for next.
    const left = readAbandoned(spoolDir, { nowMs: nowMs(), settledMs, isAlive })
    settledMs = SETTLED_MS
    for (const file of readSpool(spoolDir, nowMs())) {
      if (!(await takeIn(file.rows))) return
      dropSpooled(file)
      log.write('info', 'endings of an earlier run were taken in', { rows: file.rows.length })
    }
    for (const one of left) {
      if (!(await takeIn(one.rows))) return
      dropAbandoned(one)
    }
    if (isFresh) parts.taken()
    isFresh = false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false // also when another user has its number now
  }
}
