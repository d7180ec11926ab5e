import { effectivePriority, type HealthOptions, type HealthSample, healthOfStatus } from '../core/health-score.ts'

type Minute = { readonly minute: number; success: number; failure: number }
type Ended = { readonly channelId: number; readonly statusCode: number; readonly timeMs: number }

const MINUTE_MS = 60_000
/** The longest window the settings allow is shorter. */
const KEPT_MINUTES = 24 * 60

/** How the attempts of each channel have ended lately, in minutes. Memory: two numbers a channel and busy minute. */
export class ChannelHealth {
  readonly #minutes = new Map<number, Minute[]>()

  note(rows: readonly Ended[]): void {
    for (const { channelId, statusCode, timeMs } of rows) {
      const health = channelId > 0 ? healthOfStatus(statusCode) : 'uncounted'
      if (health === 'uncounted') continue
      const bucket = this.#bucket(channelId, Math.floor(timeMs / MINUTE_MS))
      bucket[health]++
    }
  }

  /** Over the last `windowMs`. `undefined` = nothing is known. */
  sample(channelId: number, windowMs: number, nowMs: number): HealthSample | undefined {
    const first = Math.floor((nowMs - windowMs) / MINUTE_MS)
    let success = 0
    let samples = 0
    for (const bucket of this.#minutes.get(channelId) ?? []) {
      if (bucket.minute <= first) continue
      success += bucket.success
      samples += bucket.success + bucket.failure
    }
    return samples === 0 ? undefined : { successRate: success / samples, samples }
  }

  /** Priorities as the last window makes them, by channel id. */
  priorities(
    channels: Iterable<Ranked>,
    options: HealthOptions & { readonly windowMs: number },
    nowMs: number,
  ): Map<number, number> {
    const result = new Map<number, number>()
    for (const { id, priority } of channels) {
      result.set(id, effectivePriority(priority, this.sample(id, options.windowMs, nowMs), options))
    }
    return result
  }

  forget(channelId: number): void {
    this.#minutes.delete(channelId)
  }

  #bucket(channelId: number, minute: number): Minute {
    let list = this.#minutes.get(channelId)
    if (list === undefined) {
      list = []
      this.#minutes.set(channelId, list)
    }
    // Attempts end out of order by minutes at most, so the newest few are where to look.
    const known = list.findLast((bucket) => bucket.minute === minute)
    if (known !== undefined) return known
    const fresh: Minute = { minute, success: 0, failure: 0 }
    list.push(fresh)
    if (list.length > KEPT_MINUTES) list.shift()
    return fresh
  }
}

type Ranked = { readonly id: number; readonly priority: number }
