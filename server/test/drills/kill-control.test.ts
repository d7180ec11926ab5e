// kill -9 of control under load: the proxies finish what runs, and the next start knows how all of it ended.
import { afterEach, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { ask, tally } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, isAlive, launch, rowsIn, until } from './program.ts'

const STREAMS = 40

afterEach(cleanUp)

test('streams outlive a killed control, and each is in the log of the next start exactly once', async () => {
  const upstream = pacedUpstream()
  const first = await launch({ workers: 2 })
  const { port, dir } = first
  const token = await first.token()
  await first.channel(upstream.url)
  const streams = Array.from({ length: STREAMS }, () => ask({ port, token }))
  await Promise.all(streams.map((stream) => stream.shows('word')))
  const orphans = first.proxies()

  first.signal('SIGKILL')
  await first.exited
  // At once, on the same port and database, while the orphans still serve.
  const second = await launch({ port, dir, workers: 2 })
  expect(orphans.filter(isAlive)).toEqual([...orphans])
  expect(streams.map((stream) => stream.ending)).toEqual(streams.map(() => 'open'))
  const fresh = Array.from({ length: 10 }, () => ask({ port, token }))
  await Promise.all(fresh.map((stream) => stream.shows('word')))

  upstream.finish()
  const over = await Promise.all([...streams, ...fresh].map((stream) => stream.over))
  expect([...tally(over.map((call) => `${call.status} ${call.ending}`))]).toEqual([['200 whole', STREAMS + 10]])
  await until(() => !orphans.some(isAlive), 6_000, 'the orphans to end by themselves')
  await until(() => second.rows().length >= STREAMS + 10, 8_000, 'the spool to be taken in')
  const rows = second.rows()
  expect([...tally(rows.map((row) => `${row.status_code} ${row.input_tokens}/${row.output_tokens}`))]).toEqual([
    ['200 10/7', STREAMS + 10],
  ])
  expect(new Set(rows.map((row) => row.request_id)).size).toBe(STREAMS + 10)
  await until(() => readdirSync(`${second.database}.spool`).length === 0, 8_000, 'the spool to be empty')
  await upstream.close()
}, 30_000)

test('an orphan that is killed too loses no ending older than a second', async () => {
  const upstream = pacedUpstream()
  const first = await launch({ workers: 1 })
  const { port, dir, database } = first
  const token = await first.token()
  await first.channel(upstream.url)
  const short = ask({ port, token })
  const long = ask({ port, token })
  await Promise.all([short.shows('word'), long.shows('word')])
  const [orphan = 0] = first.proxies()
  first.signal('SIGKILL')
  await first.exited
  short.leave() // ends while nobody listens
  await until(() => upstream.leftAtMs.length === 1, 2_000)
  await Bun.sleep(1_200)
  process.kill(orphan, 'SIGKILL')
  await long.over
  const second = await launch({ port, dir, workers: 1 })
  await second.admin('GET', '/logs?limit=10')
  expect(rowsIn(database).map((row) => row.status_code)).toContain(499)
  await upstream.close()
}, 20_000)

test('orphans take no new connection, and nothing of the old run is left when they have ended', async () => {
  const first = await launch({ workers: 2 })
  const orphans = first.proxies()
  first.signal('SIGKILL')
  await first.exited
  await until(() => !orphans.some(isAlive), 6_000, 'idle orphans to end')
  expect((await ask({ port: first.port, token: 'x' }).over).ending).toBe('refused')
  expect(first.stderr()).not.toContain('at <anonymous>')
  const leftovers = readdirSync('/dev/shm').filter((name) => name.startsWith(`ccload-${first.pid}-`))
  const second = await launch({ port: first.port, dir: first.dir, workers: 1 })
  // The page of a killed control is swept by the next start.
  expect(readdirSync('/dev/shm').filter((name) => leftovers.includes(name))).toEqual([])
  second.signal('SIGTERM')
  expect(await second.exited).toBe(0)
}, 20_000)
