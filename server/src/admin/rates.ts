import type { RpmStats } from '@ccload/contract/rpm-stats.ts'
import type { RecentRow } from '../ports/statistics.ts'

/** What "recent" means, ms: exactly the last minute, whenever one asks. */
export const RECENT_MS = 60_000

export type Rate = {
  readonly requests: number
  readonly peakRpm: number
  readonly recent: number
  readonly durationS: number
}

/** Requests per minute. The last minute may lie across two minutes of the clock, so it may be the busiest one. */
export function ratesOf({ requests, peakRpm, recent, durationS }: Rate) {
  return { peak: Math.max(peakRpm, recent), average: (requests * 60) / durationS, recent }
}

export function rpmStatsOf(rate: Rate): RpmStats {
  const { peak, average, recent } = ratesOf(rate)
  return {
    peak_rpm: peak,
    peak_qps: peak / 60,
    avg_rpm: average,
    avg_qps: average / 60,
    recent_rpm: recent,
    recent_qps: recent / 60,
  }
}

/** The rates of a single row: absent where they are 0. */
export function rowRates(rate: Rate): { peak_rpm?: number; avg_rpm?: number; recent_rpm?: number } {
  const { peak, average, recent } = ratesOf(rate)
  return {
    ...(peak > 0 && { peak_rpm: peak }),
    ...(average > 0 && { avg_rpm: average }),
    ...(recent > 0 && { recent_rpm: recent }),
  }
}

export function requestsOf(rows: readonly RecentRow[]): number {
  return rows.reduce((sum, row) => sum + row.requests, 0)
}
