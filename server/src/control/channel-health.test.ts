import { describe, expect, test } from 'bun:test'
import { ChannelHealth } from './channel-health.ts'

const NOW_MS = 1_000 * 60_000
const WINDOW_MS = 30 * 60_000
const OPTIONS = { penaltyWeight: 100, minConfidentSample: 20, windowMs: WINDOW_MS }

function ended(
  channelId: number,
  statusCode: number,
  count: number,
  timeMs = NOW_MS,
): { channelId: number; statusCode: number; timeMs: number }[] {
  return Array.from({ length: count }, () => ({ channelId, statusCode, timeMs }))
}

describe('the health of channels', () => {
  test('the worked example of the promise: a bad channel falls behind, a little-known one only a bit', () => {
    const health = new ChannelHealth()
    health.note([...ended(1, 200, 95), ...ended(1, 500, 5), ...ended(2, 200, 56), ...ended(2, 502, 24)])
    health.note([...ended(3, 200, 3), ...ended(3, 429, 2), ...ended(4, 200, 50)])
    const channels = [1, 2, 3, 4].map((id) => ({ id, priority: [100, 90, 80, 70][id - 1] ?? 0 }))
    const priorities = health.priorities(channels, OPTIONS, NOW_MS)
    expect(priorities.get(1)).toBeCloseTo(95)
    expect(priorities.get(2)).toBeCloseTo(60)
    expect(priorities.get(3)).toBeCloseTo(80 - 0.4 * 100 * (5 / 20))
    expect(priorities.get(4)).toBe(70)
  })

  test('mistakes of clients, clients that left and summary rows say nothing about a channel', () => {
    const health = new ChannelHealth()
    health.note([...ended(1, 400, 5), ...ended(1, 404, 5), ...ended(1, 499, 5), ...ended(0, 503, 5)])
    expect(health.sample(1, WINDOW_MS, NOW_MS)).toBeUndefined()
    expect(health.sample(0, WINDOW_MS, NOW_MS)).toBeUndefined()
  })

  test('what is older than the window is forgotten', () => {
    const health = new ChannelHealth()
    health.note(ended(1, 500, 10, NOW_MS - WINDOW_MS - 60_000))
    expect(health.sample(1, WINDOW_MS, NOW_MS)).toBeUndefined()
    health.note(ended(1, 200, 1, NOW_MS - WINDOW_MS + 60_000))
    expect(health.sample(1, WINDOW_MS, NOW_MS)).toEqual({ successRate: 1, samples: 1 })
  })

  test('a deleted channel leaves nothing behind', () => {
    const health = new ChannelHealth()
    health.note(ended(1, 500, 10))
    health.forget(1)
    expect(health.sample(1, WINDOW_MS, NOW_MS)).toBeUndefined()
  })
})
