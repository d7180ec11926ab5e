import { afterEach, beforeEach, expect, spyOn, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BASE_BOOK } from '../core/price-book.ts'
import { plainPage } from '../link/page-file.ts'
import { spool } from '../link/spool.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import { type Store, StoreError } from '../ports/store.ts'
import type { StoredToken } from '../ports/token-store.ts'
import { ChannelHealth } from './channel-health.ts'
import { Endings } from './endings.ts'
import { Pricing } from './pricing.ts'
import { Registry } from './registry.ts'
import { SpendBook } from './spend-book.ts'

const NOW_MS = 1_790_000_000_000
const NOBODY = 4_194_304 // beyond the greatest process id there is
const TOKEN = 1
const COST_MICRO = 3
const HELD = 100_000

let dir = ''
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'endings-')), 'x.db.spool')
})
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }))

const row = (attemptId: string): LogRow =>
  ({
    ...{ attemptId, tokenId: TOKEN, channelId: 0, statusCode: 200, timeMs: NOW_MS, path: '/v1/messages' },
    costNanoUsd: COST_MICRO * 1_000,
  }) as LogRow

/** A store that sums what it has been given, each attempt once, and may be away. */
function open(onMessages?: () => void) {
  const state = { isAway: false, rows: new Map<string, number>(), loads: 0 }
  const sum = () => [...state.rows.values()].reduce((all, one) => all + one, 0)
  const token = { id: TOKEN, hash: 'h', allowedModels: [], allowedChannelIds: [], allowedAddresses: [] }
  const none = { rpmLimit: 0, maxConcurrency: 0, costLimitMicroUsd: 0, monthlyCostLimitMicroUsd: 0, successCount: 0 }
  const limited = { ...token, ...none, dailyCostLimitMicroUsd: 1 } as unknown as StoredToken
  const store = {
    logs: {
      async append(rows: readonly LogRow[]) {
        if (state.isAway) throw new StoreError('full', 'no')
        for (const { attemptId, costNanoUsd } of rows)
          if (!state.rows.has(attemptId)) state.rows.set(attemptId, costNanoUsd)
      },
      known: async (ids: readonly string[]) => ids.filter((id) => state.rows.has(id)),
      goneCostByToken: async () => [],
      costByChannel: async () => [],
    },
    tokens: {
      async list() {
        state.loads++
        return [{ ...limited, costUsedMicroUsd: sum() / 1_000 }]
      },
    },
    statistics: { read: async () => [{ tokenId: TOKEN, sums: { costNanoUsd: sum() } }] },
  } as unknown as Store
  const page = plainPage(NOW_MS)
  const registry = new Registry(page)
  registry.putToken(limited)
  const clock = { nowMs: () => NOW_MS, monoMs: () => 0 }
  const spends = new SpendBook({ registry, meters: page.meters, nowMs: clock.nowMs, zone: () => 'UTC' })
  const endings = new Endings({
    ...{ store, clock, spends, spoolDir: dir, health: new ChannelHealth(), log: { write() {} } },
    pricing: new Pricing(() => BASE_BOOK),
    changed() {},
    onMessages,
  })
  return { state, endings, spentMicro: () => spends.tokenSpend(TOKEN).todayMicroUsd }
}

test('what the database did not take for so long that it went to the spool is charged once, not again with its return', async () => {
  const { state, endings, spentMicro } = open()
  state.isAway = true
  for (let batch = 0; batch <= HELD / 1_000; batch++)
    endings.take(Array.from({ length: 1_000 }, (_, at) => row(`${batch}-${at}`)))
  const all = HELD + 1_000
  expect(spentMicro()).toBe(all * COST_MICRO)
  expect(readdirSync(dir).length).toBeGreaterThan(0)
  await endings.takeSpool()
  expect(state.rows.size).toBe(0)
  state.isAway = false
  await endings.takeSpool()
  await endings.lookAtLimits()
  expect([state.rows.size, readdirSync(dir), spentMicro()]).toEqual([all, [], all * COST_MICRO])
  await endings.close()
})

test('what proxies without a control have left is charged when it is taken in', async () => {
  const { endings, spentMicro } = open()
  const orphan = spool(dir, `proxy-${NOBODY}-1`)
  orphan.write([row('ended')])
  orphan.running([row('cut')])
  endings.take([row('heard')])
  await endings.takeSpool()
  await endings.lookAtLimits()
  expect(spentMicro()).toBe(3 * COST_MICRO)
  await endings.close()
})

test('at the start what an earlier run has left is taken in first, so that one count is enough', async () => {
  const { state, endings, spentMicro } = open()
  state.rows.set('before', 5_000)
  spool(dir, `proxy-${NOBODY}-1`).write([row('left')])
  await endings.open()
  await endings.lookAtLimits()
  expect([state.loads, spentMicro()]).toEqual([1, 5 + COST_MICRO])
  await endings.close()
})

test('a count of what was spent that the database could not give is made up for when it is back', async () => {
  const { state, endings, spentMicro } = open()
  state.rows.set('of another zone’s day', 5_000)
  state.isAway = true
  endings.take([row('a')])
  await endings.recount()
  expect([state.loads, spentMicro()]).toEqual([0, COST_MICRO])
  state.isAway = false
  await endings.lookAtLimits()
  expect([state.loads, spentMicro()]).toEqual([1, COST_MICRO + 5])
  await endings.lookAtLimits()
  expect(state.loads).toBe(1)
  await endings.close()
})

test('who asks for messages has tokens counted soon, but what that takes waits for a quiet second', async () => {
  const ticks: (() => void)[] = []
  const timers = spyOn(globalThis, 'setInterval').mockImplementation(((tick: () => void) => ticks.push(tick)) as never)
  const second = async (attempts: number, path: string): Promise<void> => {
    endings.take(Array.from({ length: attempts }, (_, at) => ({ ...row(`${path}-${at}`), path })))
    for (const tick of ticks) tick()
    await Promise.resolve()
    await Promise.resolve()
  }
  let loads = 0
  const { endings } = open(() => {
    loads++
  })
  const stop = endings.start()
  timers.mockRestore()
  const loadsAfter = async (seconds: number, attempts: number, path: string): Promise<number> => {
    for (let at = 0; at < seconds; at++) await second(attempts, path)
    return loads
  }
  expect(await loadsAfter(20, 1, '/v1/chat/completions')).toBe(0)
  expect(await loadsAfter(20, 20, '/v1/messages')).toBe(0)
  expect(await loadsAfter(20, 1, '/v1/messages')).toBe(1)
  stop()
  await endings.close()
})
