import { settingsOf } from '../config/settings.ts'
import { type RangeName, rangeNameOf, timeRange } from '../core/time-range.ts'
import type { Zone } from '../core/zone.ts'
import type { AdminDeps } from './deps.ts'

/** A range of time as statistics are asked about it. */
export type StatisticsRange = {
  readonly name: RangeName
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
  readonly zone: Zone
  readonly isToday: boolean
  /** At least 1. */
  readonly durationS: number
}

/** @param text  Empty and unknown mean today. */
export function statisticsRange({ control, clock, zone }: AdminDeps, text: string | null): StatisticsRange {
  const nowMs = clock.nowMs()
  const inForce = settingsOf(control.settings()).resetTimeZone || zone
  const name = rangeNameOf(text ?? '')
  const { fromMs, toMs } = timeRange(name, nowMs, inForce)
  const durationS = Math.max(1, (Math.min(toMs, nowMs) - fromMs) / 1000)
  return { name, fromMs, toMs, nowMs, zone: inForce, isToday: name === 'today', durationS }
}
