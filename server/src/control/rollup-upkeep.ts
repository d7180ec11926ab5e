import type { Zone } from '../core/zone.ts'
import type { Log } from '../ports/log.ts'
import type { Statistics } from '../ports/statistics.ts'

const EVERY_MS = 30_000
const FIRST_AFTER_MS = 2_000
const HISTORY_ROWS = 500
const PAUSE_MS = 25 // between slices, so that endings are never kept waiting

export type RollupUpkeepParts = {
  readonly statistics: Pick<Statistics, 'buildHistory' | 'compactRollups'>
  readonly log: Log
  readonly nowMs: () => number
  readonly zone: () => Zone
}

/**
 * Keeps the sums in order: first those of log rows from before there were sums, then, for ever, the folding of minutes
 * into coarser ones. In small slices; a failure is logged and made up for the next time. @returns Stops it.
 */
export function startRollupUpkeep({ statistics, log, nowMs, zone }: RollupUpkeepParts): () => void {
  let stopped = false
  const run = async (): Promise<void> => {
    let built = 0
    while (!stopped && (await statistics.buildHistory(HISTORY_ROWS))) {
      if (built++ === 0) log.write('info', 'statistics of earlier log rows are being made')
      await Bun.sleep(PAUSE_MS)
    }
    if (built > 0 && !stopped) log.write('info', 'statistics of earlier log rows are made')
    while (!stopped && (await statistics.compactRollups(nowMs(), zone()))) await Bun.sleep(PAUSE_MS)
  }
  let timer: ReturnType<typeof setTimeout>
  const again = (afterMs: number): void => {
    timer = setTimeout(() => {
      void run()
        .catch((error) => log.write('warn', 'statistics could not be brought up to date', { error }))
        .finally(() => {
          if (!stopped) again(EVERY_MS)
        })
    }, afterMs)
  }
  again(FIRST_AFTER_MS)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
