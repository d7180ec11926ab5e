import type { ChannelType } from '../core/channel-type.ts'

export type RetryBudgetLimits = {
  /** Share of the requests of the window that may be retries. */
  readonly percent: number
  /** So many failed retries in the window are always allowed. */
  readonly free: number
}

/**
 * Keeps an outage from becoming a storm: when everything is down, each request would try every channel, and eight
 * times the load would fall on what is left. Past the free ones, the retries of ten seconds that were *in vain* are a share
 * of the requests. Those that led to an answer cost nobody anything: while another channel is healthy there is no limit.
 */
export type RetryBudget = {
  request(type: ChannelType): void
  /** True when another attempt may be made. */
  mayRetry(type: ChannelType, limits: RetryBudgetLimits): boolean
  /** A request has failed in spite of so many retries. */
  failed(type: ChannelType, retries: number): void
}

const WINDOW_S = 10

type Second = { second: number; requests: number; retries: number }

/** In this process alone: each sees its share of the traffic, and the share of retries is the same everywhere. */
export function retryBudget(monoMs: () => number): RetryBudget {
  const windows = new Map<ChannelType, Second[]>()

  const current = (type: ChannelType): Second => {
    const second = Math.floor(monoMs() / 1000)
    const ring = windows.get(type) ?? Array.from({ length: WINDOW_S }, () => ({ second: -1, requests: 0, retries: 0 }))
    windows.set(type, ring)
    const place = ring[second % WINDOW_S] as Second
    if (place.second !== second) Object.assign(place, { second, requests: 0, retries: 0 })
    return place
  }

  const sums = (type: ChannelType, now: number): { requests: number; retries: number } => {
    const sum = { requests: 0, retries: 0 }
    for (const { second, requests, retries } of windows.get(type) ?? []) {
      if (now - second >= WINDOW_S) continue
      sum.requests += requests
      sum.retries += retries
    }
    return sum
  }

  return {
    request(type) {
      current(type).requests++
    },
    mayRetry(type, { percent, free }) {
      const { requests, retries } = sums(type, current(type).second)
      return retries < Math.max(free, (requests * percent) / 100)
    },
    failed(type, retries) {
      current(type).retries += retries
    },
  }
}
