import type { AttemptLog } from '../ports/attempt-log.ts'
import type { Log } from '../ports/log.ts'
import { sliceSize } from './slice-size.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const FIRST_AFTER_MS = 60_000
/** Endings that come meanwhile wait for one slice. */
const SLICE = { least: 100, most: 2_000, wantedMs: 30 } as const
const PAUSE_MS = 50 // between slices, so that endings are never kept waiting

export type RetentionParts = {
  readonly logs: AttemptLog
  readonly log: Log
  readonly days: () => number
  readonly nowMs: () => number
}

/** Forgets old log rows, once an hour, in small slices. @returns Stops it. */
export function startRetention({ logs, log, days, nowMs }: RetentionParts): () => void {
  let stopped = false
  const size = sliceSize(SLICE)
  const run = async (): Promise<void> => {
    if (days() < 0) return // for ever
    const beforeMs = nowMs() - days() * DAY_MS
    while (!stopped) {
      const rows = size.rows()
      const startMs = performance.now()
      if ((await logs.prune(beforeMs, rows)) < rows) return
      size.took(performance.now() - startMs)
      await Bun.sleep(PAUSE_MS)
    }
  }
  const attempt = (): void =>
    void run().catch((error) => log.write('warn', 'old log rows could not be deleted', { error }))
  const first = setTimeout(attempt, FIRST_AFTER_MS)
  const timer = setInterval(attempt, HOUR_MS)
  return () => {
    stopped = true
    clearTimeout(first)
    clearInterval(timer)
  }
}
