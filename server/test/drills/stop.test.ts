// SIGTERM: what runs is finished within the grace, what is new is refused, everything is written, and it ends when told twice.
import { afterEach, expect, test } from 'bun:test'
import net from 'node:net'
import { ask, requestBytes, tally } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, isAlive, launch, rowsIn, until } from './program.ts'

afterEach(cleanUp)

test('200 open streams are finished after SIGTERM, none is cut, new connections are refused, every row is written', async () => {
  const upstream = pacedUpstream({ everyMs: 200 })
  const program = await launch({ workers: 2, env: { CCLOAD_SHUTDOWN_GRACE: '10' } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const streams = Array.from({ length: 200 }, () => ask({ port, token }))
  await Promise.all(streams.map((stream) => stream.shows('word')))

  program.signal('SIGTERM')
  await until(() => isRefused(port), 1_000, 'new connections to be refused')
  expect(streams.filter((stream) => stream.ending !== 'open')).toEqual([])
  upstream.finish()
  const over = await Promise.all(streams.map((stream) => stream.over))
  expect([...tally(over.map((call) => `${call.status} ${call.ending}`))]).toEqual([['200 whole', 200]])
  const finishedAtMs = performance.now()
  expect(await program.exited).toBe(0)
  expect(performance.now() - finishedAtMs).toBeLessThan(2_000)
  const rows = rowsIn(program.database)
  const ids = new Set(rows.map((row) => row.request_id))
  expect(streams.filter((stream) => !ids.has(stream.requestId))).toEqual([])
  expect([...tally(rows.map((row) => row.status_code))]).toEqual([[200, rows.length]])
  await upstream.close()
}, 20_000)

test('what still runs when the grace is over is cut visibly and recorded, and the exit is an orderly one', async () => {
  const upstream = pacedUpstream()
  const program = await launch({ workers: 2, env: { CCLOAD_SHUTDOWN_GRACE: '1' } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const streams = Array.from({ length: 20 }, () => ask({ port, token }))
  await Promise.all(streams.map((stream) => stream.shows('word')))
  const signalledAtMs = performance.now()
  program.signal('SIGTERM')
  const over = await Promise.all(streams.map((stream) => stream.over))
  expect([...tally(over.map((call) => call.ending))]).toEqual([['cut', 20]])
  expect(Math.min(...over.map((call) => call.endedAtMs)) - signalledAtMs).toBeGreaterThan(900)
  expect(await program.exited).toBe(0)
  expect(performance.now() - signalledAtMs).toBeLessThan(3_500)
  const rows = rowsIn(program.database)
  expect(new Set(rows.map((row) => row.request_id))).toEqual(new Set(over.map((call) => call.requestId)))
  expect(rows.map((row) => row.input_tokens)).toEqual(rows.map(() => 10))
  expect(upstream.open).toBe(0)
  await upstream.close()
}, 20_000)

test('a large answer that a slow client is still reading is not cut by SIGTERM', async () => {
  const text = 'x'.repeat(30_000_000) // more than the system keeps for a connection
  const upstream = Bun.serve({
    port: 0,
    fetch: () =>
      Response.json({
        type: 'message',
        role: 'assistant',
        content: [{ type: 'text', text }],
        usage: { input_tokens: 1, output_tokens: 1 },
      }),
  })
  const program = await launch({ workers: 1, env: { CCLOAD_SHUTDOWN_GRACE: '10' } })
  const token = await program.token()
  await program.channel(`http://127.0.0.1:${upstream.port}`)
  await program.settings({ answer_hold_bytes: '64000000' })
  const call = ask({ port: program.port, token, stream: false })
  await call.shows('x')
  call.pause()
  program.signal('SIGTERM')
  await Bun.sleep(500)
  call.resume()
  await call.over
  expect({ ending: call.ending, isLong: call.text.length > text.length }).toEqual({ ending: 'whole', isLong: true })
  expect(await program.exited).toBe(0)
  await upstream.stop(true)
}, 20_000)

test('a request whose body is still arriving at SIGTERM is served, or told in words to come back: never just cut', async () => {
  const upstream = pacedUpstream()
  upstream.finish()
  const program = await launch({ workers: 1, env: { CCLOAD_SHUTDOWN_GRACE: '5' } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'y'.repeat(600_000) }] })
  const bytes = requestBytes({ port, token, body })
  const socket = net.connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.write(bytes.subarray(0, 300_000))
  await Bun.sleep(200)
  program.signal('SIGTERM')
  await Bun.sleep(300)
  socket.write(bytes.subarray(300_000))
  await until(() => received.includes('\r\n\r\n') || socket.closed, 3_000)
  expect(received.slice(0, 12)).toMatch(/^HTTP\/1.1 (200|503)/)
  socket.destroy()
  expect(await program.exited).toBe(0)
  await upstream.close()
}, 20_000)

test('an idle keep-alive connection does not hold the end up', async () => {
  const upstream = pacedUpstream()
  upstream.finish()
  const program = await launch({ workers: 1, env: { CCLOAD_SHUTDOWN_GRACE: '10' } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const socket = net.connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.write(requestBytes({ port, token }))
  await until(() => received.endsWith('0\r\n\r\n'), 3_000)
  const signalledAtMs = performance.now()
  program.signal('SIGTERM')
  expect(await program.exited).toBe(0)
  expect(performance.now() - signalledAtMs).toBeLessThan(1_500)
  socket.destroy()
  await upstream.close()
}, 20_000)

for (const workers of [0, 2]) {
  test(`a second signal ends at once, and leaves no process behind (workers ${workers})`, async () => {
    const upstream = pacedUpstream()
    const program = await launch({ workers, env: { CCLOAD_SHUTDOWN_GRACE: '60' } })
    const { port } = program
    const token = await program.token()
    await program.channel(upstream.url)
    const streams = Array.from({ length: 5 }, () => ask({ port, token }))
    await Promise.all(streams.map((stream) => stream.shows('word')))
    const proxies = program.proxies()
    await Bun.sleep(1_100) // so that each has been reported as running
    program.signal('SIGTERM')
    await Bun.sleep(700)
    expect(streams.map((stream) => stream.ending)).toEqual(streams.map(() => 'open'))
    const secondAtMs = performance.now()
    program.signal('SIGTERM')
    expect(await program.exited).not.toBe(0)
    expect(performance.now() - secondAtMs).toBeLessThan(1_000)
    await until(() => !proxies.some(isAlive), 1_000, 'the proxies to end too')
    const over = await Promise.all(streams.map((stream) => stream.over))
    expect(over.map((call) => call.ending)).toEqual(over.map(() => 'cut'))
    expect(rowsIn(program.database).length).toBe(5)
    await upstream.close()
  }, 20_000)

  test(`two signals within half a second are one: npm and a terminal deliver each twice (workers ${workers})`, async () => {
    const upstream = pacedUpstream()
    const program = await launch({ workers, env: { CCLOAD_SHUTDOWN_GRACE: '10' } })
    const { port } = program
    const token = await program.token()
    await program.channel(upstream.url)
    const stream = ask({ port, token })
    await stream.shows('word')
    program.signal('SIGINT')
    await Bun.sleep(100)
    program.signal('SIGTERM')
    await Bun.sleep(300)
    expect(stream.ending).toBe('open')
    upstream.finish()
    expect((await stream.over).ending).toBe('whole')
    expect(await program.exited).toBe(0)
    await upstream.close()
  }, 20_000)
}

function isRefused(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = net.connect(port, '127.0.0.1')
  socket.on('connect', () => resolve(false))
  socket.on('error', () => resolve(true))
  return promise.finally(() => socket.destroy())
}
