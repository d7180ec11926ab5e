import type { HealthPoint } from '@ccload/contract/statistics.ts'
import type { StatisticsRow } from '../ports/statistics.ts'
import { isoTime } from './iso-time.ts'
import { measuresOf } from './measures.ts'
import type { StatisticsRange } from './statistics-range.ts'

const POINTS = 48
const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
const HOUR_MS = 60 * MINUTE_MS
const LONG_STEP_MS = 4 * HOUR_MS
const TODAY_STEP_MS = 5 * MINUTE_MS

/** Where the points of a timeline lie, and what has to be read for them. */
export type TimelineGrid = {
  readonly startMs: number
  readonly stepMs: number
  /** Not before the range begins: the first points of a young day stay empty. */
  readonly fromMs: number
}

/**
 * Today: the last four hours in steps of five minutes; else the range in 48 parts from its beginning. The parts of a range
 * that still runs are rounded up to quarter-hours, long ones to hours, for these are what sums are kept of.
 */
export function timelineGrid({ isToday, fromMs, toMs, nowMs }: StatisticsRange): TimelineGrid {
  if (!isToday) {
    const lengthMs = Math.min(toMs, nowMs) - fromMs
    const unitMs = lengthMs > POINTS * LONG_STEP_MS ? HOUR_MS : lengthMs > POINTS * QUARTER_MS ? QUARTER_MS : MINUTE_MS
    const isExact = toMs <= nowMs && lengthMs % (POINTS * MINUTE_MS) === 0
    const stepMs = isExact ? lengthMs / POINTS : Math.max(1, Math.ceil(lengthMs / POINTS / unitMs)) * unitMs
    return { startMs: fromMs, stepMs, fromMs }
  }
  const endMs = nowMs - (nowMs % TODAY_STEP_MS) + TODAY_STEP_MS
  const startMs = endMs - POINTS * TODAY_STEP_MS
  return { startMs, stepMs: TODAY_STEP_MS, fromMs: Math.max(startMs, fromMs) }
}

/** Makes the 48 points of one (channel, model) from its rows, whose steps count from `grid.fromMs`. */
export function timelineMaker({
  startMs,
  stepMs,
  fromMs,
}: TimelineGrid): (rows: readonly StatisticsRow[]) => HealthPoint[] {
  const skipped = Math.round((fromMs - startMs) / stepMs)
  const stamps = Array.from({ length: POINTS }, (_, step) => isoTime(startMs + step * stepMs))
  return (rows) => {
    const byStep = new Map(rows.map((row) => [row.step + skipped, row]))
    return stamps.map((ts, step) => pointOf(ts, byStep.get(step)))
  }
}

function pointOf(ts: string, row: StatisticsRow | undefined): HealthPoint {
  if (row === undefined) return { ts, rate: -1, ...NOTHING }
  const { sums } = row
  const { costUsd, firstByteS = 0, anyDurationS = 0 } = measuresOf(sums)
  const total = sums.success + sums.error
  return {
    ts,
    rate: total === 0 ? -1 : sums.success / total,
    success: sums.success,
    error: sums.error,
    avg_first_byte_time: firstByteS,
    avg_duration: anyDurationS,
    input_tokens: sums.inputTokens,
    output_tokens: sums.outputTokens,
    cache_read_tokens: sums.cacheReadTokens,
    cache_creation_tokens: sums.cacheWriteTokens,
    cost: costUsd,
  }
}

const NOTHING = {
  success: 0,
  error: 0,
  avg_first_byte_time: 0,
  avg_duration: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_creation_tokens: 0,
  cost: 0,
}
