import { z } from 'zod'

const rate = z.number().min(0)

/** Requests per minute, and the same per second (`qps` = `rpm` / 60). */
export const rpmStats = z.strictObject({
  /** Of the busiest minute; never below `recent_rpm`. */
  peak_rpm: rate,
  peak_qps: rate,
  /** Over the whole range. */
  avg_rpm: rate,
  avg_qps: rate,
  /** Of the last 60 seconds; 0 for ranges other than today. */
  recent_rpm: rate,
  recent_qps: rate,
})
export type RpmStats = z.output<typeof rpmStats>
