// A thousand large uploads at once in a small machine: most are told to come back, some are served, nothing bursts.
import { afterEach, expect, test } from 'bun:test'
import { ask, type Call, tally } from './client.ts'
import { cleanUp, isAlive, launch, type Program, residentBytes, until } from './program.ts'

const UPLOADS = 1_000
const UPLOAD_BYTES = 10_000_000
const MIB = 1024 ** 2
/** What the program takes for itself on a machine of 512 MB when nothing is said. */
const BUFFERED_BYTES = 128 * MIB
const MACHINE_BYTES = 512 * MIB
/** Ours, and the one that the sender makes. */
const COPIES = 2

afterEach(cleanUp)

test('1,000 uploads of 10 MB at once stay under 512 MB; refusals are quick, some are served, all is well afterwards', async () => {
  const upstream = swallowingUpstream()
  const program = await launch({ workers: 2, env: { CCLOAD_MAX_BUFFERED_BYTES: String(BUFFERED_BYTES) } })
  const token = await program.token()
  await program.channel(upstream.url)
  const body = bodyOf(UPLOAD_BYTES)
  const watch = watchMemory(program)
  const calls = Array.from({ length: UPLOADS }, () => ask({ port: program.port, token, body }))
  const over = await Promise.all(calls.map((call) => call.over))
  const mostBytes = watch.end()
  const refused = over.filter((call) => call.status === 503)
  const served = over.filter((call) => call.status === 200)
  console.log(describe(over, served.length, mostBytes))
  expect(
    over.filter((call) => call.status !== 503 && call.status !== 200).map((call) => `${call.status} ${call.ending}`),
  ).toEqual([])
  expect(served.length).toBeGreaterThan(3)
  expect(refused.length).toBeGreaterThan(UPLOADS / 2)
  expect(refused.filter((call) => !(Number(call.headers.get('retry-after')) >= 1))).toEqual([])
  expect(mostBytes).toBeLessThan(MACHINE_BYTES)
  expect(program.proxies().filter(isAlive).length).toBe(2)

  // No reservation is left behind: as many as fit into the budget are served at once.
  const fit = Math.floor(BUFFERED_BYTES / UPLOAD_BYTES / COPIES)
  upstream.hold()
  const again = Array.from({ length: fit }, () => ask({ port: program.port, token, body }))
  await until(() => upstream.waiting() === fit, 8_000, 'as many uploads as fit')
  upstream.release()
  expect([...tally((await Promise.all(again.map((call) => call.over))).map((call) => call.status))]).toEqual([
    [200, fit],
  ])
  await upstream.close()
}, 30_000)

test('a body whose length nobody announced is bounded all the same, and counted while it grows', async () => {
  const upstream = swallowingUpstream()
  const program = await launch({
    workers: 1,
    env: { CCLOAD_MAX_BUFFERED_BYTES: '40000000', CCLOAD_MAX_BODY_BYTES: '10000000' },
  })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const chunked = { 'transfer-encoding': 'chunked' }
  const fits = await ask({ port, token, headers: chunked, body: inChunks(bodyOf(9_000_000)) }).over
  const tooLong = await ask({ port, token, headers: chunked, body: inChunks(bodyOf(10_000_001)) }).over
  expect([fits.status, tooLong.status]).toEqual([200, 413])
  upstream.hold()
  const two = [1, 2].map(() => ask({ port, token, headers: chunked, body: inChunks(bodyOf(9_000_000)) }))
  await until(() => upstream.waiting() === 2, 5_000)
  expect((await ask({ port, token, headers: chunked, body: inChunks(bodyOf(9_000_000)) }).over).status).toBe(503)
  upstream.release()
  expect((await Promise.all(two.map((call) => call.over))).map((call) => call.status)).toEqual([200, 200])
  await upstream.close()
}, 20_000)

function describe(over: readonly Call[], served: number, mostBytes: number): string {
  const tookMs = over
    .filter((call) => call.status === 503)
    .map((call) => call.endedAtMs - call.startedAtMs)
    .toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round(tookMs[Math.floor(tookMs.length * share)] ?? 0)
  return `memory drill: ${served} served, ${tookMs.length} refused (median ${at(0.5)} ms, p99 ${at(0.99)} ms), most resident ${Math.round(mostBytes / MIB)} MB`
}

function bodyOf(bytes: number): Buffer {
  const [head, tail] = ['{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"', '"}]}']
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bytes - head.length - tail.length, 'a'), Buffer.from(tail)])
}

function inChunks(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
}

/** Takes whole bodies without keeping them, and answers, or waits with that until `release`. */
function swallowingUpstream() {
  let held: PromiseWithResolvers<void> | undefined
  let waiting = 0
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      for await (const chunk of request.body ?? []) if (chunk.length < 0) break
      waiting++
      await held?.promise
      waiting--
      return Response.json({
        type: 'message',
        role: 'assistant',
        content: [{ type: 'text', text: 'ok' }],
        usage: { input_tokens: 1, output_tokens: 1 },
      })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    waiting: () => waiting,
    hold() {
      held = Promise.withResolvers()
    },
    release() {
      held?.resolve()
      held = undefined
    },
    close: () => server.stop(true),
  }
}

function watchMemory(program: Program): { end(): number } {
  const pids = [program.pid, ...program.proxies()]
  let most = 0
  const look = (): void => {
    most = Math.max(most, residentBytes(pids))
  }
  const timer = setInterval(look, 5)
  return {
    end() {
      clearInterval(timer)
      look()
      return most
    },
  }
}
