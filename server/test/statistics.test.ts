import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { fakeControl, fakeState } from '../src/admin/fake-control.ts'
import { testDesk } from '../src/admin/test-desk.ts'
import { databaseFolder, readAll } from '../src/store/old-databases.ts'
import type { OpenedStore } from '../src/store/open-options.ts'
import { openStore } from '../src/store/open-store.ts'
import answers from './fixtures/ccload-2026-01.answers.json' with { type: 'json' }

/** When the earlier program gave its answers. */
const NOW_MS = Date.UTC(2026, 10, 23) + 40_520_343

const folder = databaseFolder()
let path: string
let opened: OpenedStore
beforeAll(async () => {
  path = folder.fresh('2026-01')
  opened = await openStore({ path, journalMode: 'WAL' })
})
afterAll(async () => {
  await opened.close()
  folder.remove()
})

async function desk() {
  const state = fakeState(() => NOW_MS)
  state.channels.push(...(await opened.store.channels.list()))
  const control = { ...fakeControl(state), statistics: opened.store.statistics, tokens: opened.store.tokens.list }
  const made = testDesk({ control, clock: { nowMs: () => NOW_MS, monoMs: () => NOW_MS } }, state)
  // The desk's own session began at another time than the database was made.
  for (const hash of state.sessions.keys()) state.sessions.set(hash, NOW_MS)
  return async (where: string) => (await made.send('GET', where, { token: made.token })).json.data
}

describe('statistics of a database of the January release', () => {
  test('are made in slices that may be interrupted, and of each row once', async () => {
    const { statistics } = opened.store
    expect(await statistics.buildHistory(100)).toBe(true)
    await opened.close()
    opened = await openStore({ path, journalMode: 'WAL' })
    expect(await opened.store.statistics.buildHistory(100)).toBe(true)
    expect(await opened.store.statistics.buildHistory(100)).toBe(false)
    expect(await opened.store.statistics.buildHistory(100)).toBe(false)
    const sums = readAll(
      path,
      `SELECT sum(success + error) AS n, sum(cost_nano) AS nano, sum(input_tokens) AS input, sum(output_tokens) AS output,
       sum(cache_read_tokens) AS cache FROM rollups`,
    )
    expect(sums).toEqual([{ n: 234, nano: 2_294_892_450, input: 485_420, output: 143_010, cache: 242_860 }])
  })

  const rates = {
    peak_qps: expect.closeTo(3.9, 9),
    avg_qps: expect.any(Number),
    avg_rpm: expect.closeTo(0.34649262, 6),
  }
  test.each(['before', 'after'])('say what the earlier program said, %s folding', async (when) => {
    if (when === 'after') while (await opened.store.statistics.compactRollups(NOW_MS + 3_600_000, 'UTC'));
    const ask = await desk()
    const stats = await ask('/admin/stats?range=today')
    const old = answers.answers['/admin/stats?range=today'].data
    expect(stats.duration_seconds).toBeCloseTo(old.duration_seconds, 0)
    expect(stats.rpm_stats).toEqual({ ...old.rpm_stats, ...rates, recent_qps: expect.closeTo(3.9, 9) })
    expect(stats.stats.map(({ health_timeline, ...entry }: { health_timeline: unknown }) => entry)).toEqual(
      old.stats.map((entry) => ({
        ...entry,
        avg_rpm: expect.closeTo(entry.avg_rpm, 8),
        ...('total_cost' in entry && { total_cost: expect.closeTo(entry.total_cost ?? 0, 9) }),
      })),
    )
    const summary = await ask('/public/summary?range=today')
    const before = answers.answers['/public/summary?range=today'].data
    const usd = ({ total_cost, ...type }: { total_cost: number }) => [type, total_cost.toFixed(8)]
    for (const type of ['anthropic', 'codex', 'gemini', 'openai'] as const)
      expect(usd(summary.by_type[type])).toEqual(usd(before.by_type[type]))
    expect(summary).toMatchObject({ total_requests: 234, success_requests: 230, error_requests: 4, is_today: true })
  })

  test('of tokens are those of their counters, where these counted the same', async () => {
    const ask = await desk()
    const { tokens } = await ask('/admin/auth-tokens?range=today')
    for (const old of answers.answers['/admin/auth-tokens'].data.tokens) {
      const { success_count, failure_count, prompt_tokens_total, completion_tokens_total, cache_read_tokens_total } =
        old
      expect(tokens.find(({ id }: { id: number }) => id === old.id)).toMatchObject({
        success_count,
        failure_count,
        prompt_tokens_total,
        completion_tokens_total,
        cache_read_tokens_total,
        total_cost_usd: expect.closeTo(old.total_cost_usd, 9),
      })
    }
  })

  test('and what each channel has cost today are the same money', async () => {
    const midnightMs = Date.UTC(2026, 10, 23)
    const spent = new Map(
      (await opened.store.logs.costByChannel(midnightMs)).map((row) => [row.channelId, row.costUsd]),
    )
    const wanted = new Map<number, number>()
    for (const entry of answers.answers['/admin/stats?range=today'].data.stats) {
      const cost = 'total_cost' in entry ? (entry.total_cost ?? 0) : 0
      wanted.set(entry.channel_id, (wanted.get(entry.channel_id) ?? 0) + cost)
    }
    expect(wanted.size).toBeGreaterThan(4)
    for (const [channelId, cost] of wanted) expect(spent.get(channelId) ?? 0).toBeCloseTo(cost, 9)
  })

  test('name the models that were asked for', async () => {
    const ask = await desk()
    expect(await ask('/admin/models?range=today&channel_type=codex')).toEqual(['gpt-5', 'gpt-5-codex'])
  })
})
