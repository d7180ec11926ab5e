import { afterAll, expect, test } from 'bun:test'
import { bucketStartMs } from '../core/rollup-tiers.ts'
import type { Statistics } from '../ports/statistics.ts'
import { logRow } from './contract-rows.ts'
import { databaseFolder, readAll, tamper } from './old-databases.ts'
import { openStore } from './open-store.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOW_MS = Date.UTC(2026, 10, 23, 11, 20, 30)
const DAYS = 20
const CHANNELS = 4

const { fresh, remove } = databaseFolder()
afterAll(remove)

/** One request every three hours at each channel. */
const rows = Array.from({ length: DAYS * 8 * CHANNELS }, (_, n) =>
  logRow({
    timeMs: NOW_MS - Math.floor(n / CHANNELS) * 3 * HOUR_MS,
    channelId: 1 + (n % CHANNELS),
    model: `m${n % 3}`,
    tokenId: n % 5,
  }),
)

async function folded(zone: string) {
  const path = fresh()
  const opened = await openStore({ path, journalMode: 'WAL' })
  await opened.store.logs.append(rows)
  await foldAll(opened.store.statistics, zone)
  return { path, ...opened }
}

async function foldAll(statistics: Statistics, zone: string): Promise<number> {
  let slices = 1
  while (await statistics.compactRollups(NOW_MS + HOUR_MS, zone)) slices++
  return slices
}

/** Requests of a range by what is told apart, and what the rows themselves say. */
async function compare(statistics: Statistics, zone: string): Promise<void> {
  for (const backMs of [DAYS * DAY_MS, 12 * DAY_MS + 5 * HOUR_MS, 3 * DAY_MS]) {
    const query = { fromMs: bucketStartMs('day', NOW_MS - backMs, zone), toMs: NOW_MS + 1, nowMs: NOW_MS, zone }
    const inRange = rows.filter(({ timeMs }) => timeMs >= query.fromMs)
    for (const by of [[], ['channel'], ['channel', 'model'], ['token'], ['channel', 'model', 'token']] as const) {
      const found = await statistics.read({ ...query, by })
      const isKnown = ({ tokenId }: { tokenId: number }) => by[0] !== 'token' || tokenId > 0
      const sum = found.filter(isKnown).reduce((all, { sums }) => all + sums.success, 0)
      expect([zone, by, sum]).toEqual([zone, by, inRange.filter(isKnown).length])
    }
    const stepMs = 15 * HOUR_MS
    for (const { step, sums } of await statistics.read({ ...query, by: [], stepMs })) {
      const at = query.fromMs + step * stepMs
      const wanted = inRange.filter(({ timeMs }) => timeMs >= at && timeMs < at + stepMs)
      expect([step, sums.success]).toEqual([step, wanted.length])
    }
  }
}

test('days that an earlier version made without their quarters are made anew, and read right meanwhile', async () => {
  const { path, store, close } = await folded('UTC')
  await close()
  tamper(path, 'DELETE FROM rollups WHERE tier = 5', `UPDATE rollup_state SET value = 'UTC' WHERE name = 'day_zone'`)
  const again = await openStore({ path, journalMode: 'WAL' })
  await compare(again.store.statistics, 'UTC')
  await foldAll(again.store.statistics, 'UTC')
  await compare(again.store.statistics, 'UTC')
  await again.close()
  const [quarters] = readAll(path, 'SELECT sum(success) AS n FROM rollups WHERE tier = 5 AND family = 1')
  expect(quarters).toEqual({ n: rows.length })
  expect(store).toBeDefined()
})

test.each(['Asia/Kolkata', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe'])(
  'a change of the zone to %s moves every request once, a channel and a day at a time, and may be broken off',
  async (zone) => {
    const { path, store, close } = await folded('UTC')
    for (let slice = 0; slice < 20; slice++)
      expect(await store.statistics.compactRollups(NOW_MS + HOUR_MS, zone)).toBe(true)
    await compare(store.statistics, 'UTC')
    await close()
    const again = await openStore({ path, journalMode: 'WAL' })
    const slices = await foldAll(again.store.statistics, zone)
    expect(slices).toBeGreaterThan(DAYS * CHANNELS - 20)
    await compare(again.store.statistics, zone)
    await again.close()
    for (const tier of [3, 4, 5]) {
      for (const family of [1, 2, 3, 5]) {
        const [sums] = readAll(
          path,
          `SELECT sum(success) AS n FROM rollups WHERE tier = ${tier} AND family = ${family}`,
        )
        expect([tier, family, sums]).toEqual([tier, family, { n: rows.length }])
      }
    }
  },
)

test('a zone that changes back before all is moved leaves nothing out and nothing twice', async () => {
  const { store, close } = await folded('UTC')
  for (let slice = 0; slice < 30; slice++) await store.statistics.compactRollups(NOW_MS + HOUR_MS, 'Asia/Kolkata')
  await foldAll(store.statistics, 'UTC')
  await compare(store.statistics, 'UTC')
  await close()
})
