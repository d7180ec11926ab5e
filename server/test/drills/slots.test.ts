// The limit of requests at once holds over all processes, and waiting for it is bounded and fair to those who leave.
import { afterEach, expect, test } from 'bun:test'
import { ask, type Call, tally } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, launch, until } from './program.ts'

const LIMIT = 5

afterEach(cleanUp)

test('200 at once under a limit of 5 over two workers: the upstream never sees a sixth, everybody is served', async () => {
  const upstream = pacedUpstream({ headersAfterMs: 5 })
  upstream.finish()
  const program = await launch({ workers: 2, env: { CCLOAD_MAX_CONCURRENCY: String(LIMIT) } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const calls = Array.from({ length: 200 }, () => ask({ port, token }))
  const over = await Promise.all(calls.map((call) => call.over))
  expect([...tally(over.map((call) => `${call.status} ${call.ending}`))]).toEqual([['200 whole', 200]])
  expect({ calls: upstream.calls, most: upstream.mostOpen }).toEqual({ calls: 200, most: LIMIT })
  await upstream.close()
}, 20_000)

test('a slot freed in one process wakes who waits in the other', async () => {
  const upstream = pacedUpstream()
  const program = await launch({ workers: 2, env: { CCLOAD_MAX_CONCURRENCY: '1' } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const wakesMs: number[] = []
  let holder = ask({ port, token })
  await holder.shows('word')
  for (let round = 0; round < 12; round++) {
    const next = ask({ port, token })
    await Bun.sleep(30) // it waits, in whichever process took the connection
    expect(next.status).toBe(0)
    const freedAtMs = performance.now()
    holder.leave()
    await next.shows('word')
    wakesMs.push(next.headAtMs - freedAtMs)
    holder = next
  }
  const median = wakesMs.toSorted((a, b) => a - b)[6] ?? 0
  expect(median).toBeLessThan(25) // 4 ms of looking, the way through two sockets, and a busy machine
  await upstream.close()
}, 20_000)

test('a full waiting room and a wait that is too long are refused in the dialect, with a time to come back', async () => {
  const upstream = pacedUpstream()
  const program = await launch({ workers: 2, env: { CCLOAD_MAX_CONCURRENCY: '1' } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  await program.settings({ queue_max_waiting: '2', queue_max_wait: '1' })
  const holder = ask({ port, token })
  await holder.shows('word')
  const waiting = [ask({ port, token }), ask({ port, token })]
  await Bun.sleep(150)
  const third = await ask({ port, token }).over
  expect(third.endedAtMs - third.startedAtMs).toBeLessThan(500)
  expectBusy(third)
  const late = await Promise.all(waiting.map((call) => call.over))
  for (const call of late) {
    expectBusy(call)
    expect(call.endedAtMs - call.startedAtMs).toBeWithin(900, 2_000)
  }
  const openai = ask({ port, token, path: '/v1/chat/completions' })
  const refused = await openai.over
  expect(refused.status).toBe(503)
  expect(Object.keys((JSON.parse(refused.text) as { error: object }).error).toSorted()).toEqual([
    'code',
    'message',
    'param',
    'type',
  ])
  expect(upstream.calls).toBe(1)
  await upstream.close()
}, 20_000)

test('who leaves while waiting frees his place in the room, and never reaches the upstream', async () => {
  const upstream = pacedUpstream()
  const program = await launch({ workers: 2, env: { CCLOAD_MAX_CONCURRENCY: '1' } })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  await program.settings({ queue_max_waiting: '3' })
  const holder = ask({ port, token })
  await holder.shows('word')
  for (let round = 0; round < 3; round++) {
    const leaving = Array.from({ length: 3 }, () => ask({ port, token }))
    await Bun.sleep(100)
    expect(leaving.map((call) => call.status)).toEqual([0, 0, 0]) // there was room for all three again
    for (const call of leaving) call.leave()
    await Bun.sleep(100)
  }
  const patient = ask({ port, token })
  await Bun.sleep(50)
  holder.leave()
  await patient.shows('word')
  expect(upstream.calls).toBe(2)
  await upstream.close()
}, 20_000)

test('every way to end gives its slot back: errors, refusals, cuts, clients that leave', async () => {
  const broken = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('{"error":{"message":"no"}}', { status: 500 }),
  })
  const upstream = pacedUpstream()
  const program = await launch({ workers: 2, env: { CCLOAD_MAX_CONCURRENCY: '3' } })
  const { port } = program
  const token = await program.token()
  await program.channel(`http://127.0.0.1:${broken.port}`, { models: ['broken'] })
  await program.channel(upstream.url)
  const body = (model: unknown) => JSON.stringify({ model, max_tokens: 5, stream: true, messages: [] })
  const ends: Call[] = []
  for (let round = 0; round < 5; round++) {
    ends.push(await ask({ port, token, body: body('broken') }).over)
    ends.push(await ask({ port, token, body: body('nobody-has-it') }).over)
    ends.push(await ask({ port, token, body: body(5) }).over)
    ends.push(await ask({ port, token: 'wrong', body: body('m') }).over)
    const left = ask({ port, token })
    await left.shows('word')
    left.leave()
  }
  expect(ends.filter((call) => call.status < 400)).toEqual([])
  await until(() => upstream.open === 0, 1_000)
  const all = Array.from({ length: 3 }, () => ask({ port, token }))
  await Promise.all(all.map((call) => call.shows('word')))
  await upstream.close()
  await broken.stop(true)
}, 20_000)

function expectBusy(call: Call): void {
  expect([call.status, Number(call.headers.get('retry-after')) >= 1]).toEqual([503, true])
  const body = JSON.parse(call.text) as { type: string; error: { type: string; message: string } }
  expect([body.type, typeof body.error.type, body.error.message.length > 0]).toEqual(['error', 'string', true])
}
