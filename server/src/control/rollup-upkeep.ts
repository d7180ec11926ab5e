import type { Zone } from '../core/zone.ts'
import type { Log } from '../ports/log.ts'
import type { Statistics } from '../ports/statistics.ts'
import { sliceSize } from './slice-size.ts'

const EVERY_MS = 30_000
const FIRST_AFTER_MS = 2_000
const SLICE = { least: 50, most: 500, wantedMs: 30 } as const
const PAUSE_MS = 25 // between slices, so that endings are never kept waiting

export type RollupUpkeepParts = {
  readonly statistics: Pick<Statistics, 'buildHistory' | 'compactRollups'>
  readonly log: Log
  readonly nowMs: () => number
  readonly zone: () => Zone
  /** The sums now hold what earlier log rows say. */
  readonly historyMade?: () => Promise<void>
}

/**
 * Keeps the sums in order: first those of log rows from before there were sums, then, for ever, the folding of minutes
 * into coarser ones. In small slices; a failure is logged and made up for the next time. @returns Stops it.
 */
export function startRollupUpkeep({ statistics, log, nowMs, zone, historyMade }: RollupUpkeepParts): () => void {
  let stopped = false
  const size = sliceSize(SLICE)
  const historySlice = async (): Promise<boolean> => {
    const startMs = performance.now()
    const isMore = await statistics.buildHistory(size.rows())
    size.took(performance.now() - startMs)
    return isMore
  }
  const run = async (): Promise<void> => {
    let built = 0
    while (!stopped && (await historySlice())) {
      if (built++ === 0) log.write('info', 'statistics of earlier log rows are being made')
      await Bun.sleep(PAUSE_MS)
    }
    if (built > 0 && !stopped) {
      log.write('info', 'statistics of earlier log rows are made')
      await historyMade?.()
    }
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
