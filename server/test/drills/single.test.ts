// CCLOAD_WORKERS=0: everything in one process does what many do. And a proxy that hangs is noticed where there are many.
import { afterEach, expect, test } from 'bun:test'
import { ask, tally } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, isAlive, launch, until } from './program.ts'

const BROKEN = 599

afterEach(cleanUp)

test('in one process: streams, limits, changes in force at once, rows, an orderly end', async () => {
  const upstream = pacedUpstream()
  const program = await launch({ workers: 0, env: { CCLOAD_MAX_CONCURRENCY: '30' } })
  const { port } = program
  const id = await program.channel(upstream.url)
  for (let at = 0; at < 5; at++) {
    const token = await program.token() // works in the next line
    const call = ask({ port, token })
    await call.shows('word')
    call.leave()
  }
  const token = await program.token()
  const streams = Array.from({ length: 60 }, () => ask({ port, token }))
  await until(
    () => streams.filter((call) => call.text.includes('word')).length === 30,
    3_000,
    'as many as the limit allows',
  )
  expect(upstream.mostOpen).toBeLessThanOrEqual(30)
  upstream.finish()
  const over = await Promise.all(streams.map((call) => call.over))
  expect([...tally(over.map((call) => `${call.status} ${call.ending}`))]).toEqual([['200 whole', 60]])
  await program.admin('DELETE', `/channels/${id}`)
  expect((await ask({ port, token }).over).status).toBe(503) // never once more
  expect(upstream.calls).toBe(65)
  program.signal('SIGTERM')
  expect(await program.exited).toBe(0)
  expect(
    [
      ...tally(
        program
          .rows()
          .filter((row) => row.channel_id === id)
          .map((row) => row.status_code),
      ),
    ].toSorted(),
  ).toEqual([
    [200, 60],
    [499, 5],
  ])
  await upstream.close()
}, 20_000)

test('in one process: killed with -9 it is gone as a whole, the next start is at once possible, what ran is in its log', async () => {
  const upstream = pacedUpstream()
  const first = await launch({ workers: 0 })
  const { port, dir } = first
  const token = await first.token()
  await first.channel(upstream.url)
  const stream = ask({ port, token })
  await stream.shows('word')
  await Bun.sleep(1_100)
  first.signal('SIGKILL')
  expect((await stream.over).ending).toBe('cut')
  const second = await launch({ port, dir, workers: 0 })
  upstream.finish()
  expect((await ask({ port, token }).over).status).toBe(200)
  second.signal('SIGTERM')
  expect(await second.exited).toBe(0)
  await upstream.close()
}, 20_000)

test('a proxy that hangs does not hold up changes for more than a moment, and is replaced', async () => {
  const upstream = pacedUpstream()
  const program = await launch({ workers: 2 })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const streams = Array.from({ length: 12 }, () => ask({ port, token }))
  await Promise.all(streams.map((call) => call.shows('word')))
  await Bun.sleep(1_100)
  const [frozen = 0] = program.proxies()
  process.kill(frozen, 'SIGSTOP')
  const startedMs = performance.now()
  const made = await retried(() =>
    program.admin<{ token: string }>('POST', '/auth-tokens', { description: 'while it hangs' }),
  )
  expect(performance.now() - startedMs).toBeLessThan(8_000)
  await until(() => !isAlive(frozen) && program.proxies().length === 2, 8_000, 'its replacement')
  for (let at = 0; at < 10; at++) {
    const call = ask({ port, token: made.data.token })
    await call.shows('word')
    call.leave()
  }
  const cut = streams.filter((call) => call.ending !== 'open')
  expect(cut.every((call) => call.ending === 'cut')).toBe(true)
  await until(
    () => program.rows().filter((row) => row.status_code === BROKEN).length >= cut.length,
    3_000,
    'rows of the cut streams',
  )
  await upstream.close()
}, 25_000)

/** A connection may have fallen to the process that hangs, and ends with it: another one then. */
async function retried<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    const late = Bun.sleep(1_500).then(() => undefined)
    const reset = act().catch(() => undefined)
    const done = await Promise.race([reset, late])
    if (done !== undefined) return done
    await Bun.sleep(20)
  }
}
