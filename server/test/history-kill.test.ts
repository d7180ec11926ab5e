// kill -9 while the statistics of an earlier program's log are being made.
import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { databaseFolder, readAll } from '../src/store/old-databases.ts'
import { openStore } from '../src/store/open-store.ts'

const { fresh, remove } = databaseFolder()
afterAll(remove)

/** Makes statistics of seven rows at a time, and says so after each; ends only when nothing is left. */
const maker = (path: string) => `
  import { openStore } from ${JSON.stringify(join(import.meta.dir, '../src/store/open-store.ts'))}
  const { store, close } = await openStore({ path: ${JSON.stringify(path)}, journalMode: 'WAL' })
  while (await store.statistics.buildHistory(7)) {
    process.stdout.write('slice\\n')
    await store.statistics.compactRollups(Date.UTC(2026, 11, 1), 'Asia/Kathmandu')
  }
  await close()`

/** @returns False when it was through before the kill. */
async function killedAfter(path: string, slices: number): Promise<boolean> {
  const child = Bun.spawn([process.execPath, '-e', maker(path)], { stdout: 'pipe', stderr: 'inherit' })
  let seen = 0
  for await (const chunk of child.stdout) {
    seen += new TextDecoder().decode(chunk).split('\n').length - 1
    if (seen >= slices) break
  }
  child.kill('SIGKILL')
  return (await child.exited) !== 0
}

const LEVELS = ['1', '2', '3', '4', '5'] // everything, channels, models, tokens, all of it
const SUMS = `sum(success + error) AS n, sum(cost_nano) AS nano, sum(input_tokens) AS input, sum(output_tokens) AS output,
  sum(cache_read_tokens) AS cache`

test('statistics of an earlier log are those of each row once, however often their making was killed', async () => {
  const path = fresh('2026-01')
  expect(await Promise.all([killedAfter(path, 2)])).toEqual([true])
  for (const slices of [1, 5, 9]) expect(await killedAfter(path, slices)).toBe(true)
  const { store, close } = await openStore({ path, journalMode: 'WAL' })
  while (await store.statistics.buildHistory(7));
  while (await store.statistics.compactRollups(Date.UTC(2026, 11, 1), 'Asia/Kathmandu'));
  await close()
  const wanted = { n: 234, nano: 2_294_892_450, input: 485_420, output: 143_010, cache: 242_860 }
  for (const family of LEVELS) {
    const [sums] = readAll(path, `SELECT ${SUMS} FROM rollups WHERE tier = 4 AND family = ${family}`)
    expect([family, sums]).toEqual([family, wanted])
  }
}, 30_000)
