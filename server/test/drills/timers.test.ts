// Clients that are slow on purpose: each is bounded by a timer, and holds little while it lasts.

import { afterEach, expect, test } from 'bun:test'
import net from 'node:net'
import { ask } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, launch, residentBytes, until } from './program.ts'

const MIB = 1024 ** 2
/** The HTTP server gives a head about twelve seconds, however steadily it drips. */
const HEAD_WITHIN_MS = 16_000

afterEach(cleanUp)

test('heads that drip, stop half-way or never begin are cut off, and others are served meanwhile', async () => {
  const upstream = pacedUpstream()
  upstream.finish()
  const program = await launch({ workers: 1 })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const slow = [
    drip(port, '', ''),
    drip(port, 'POST /v1/messages HTTP/1.1\r\nHost: x\r\n', ''),
    drip(port, 'POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a'),
    drip(port, 'POST /v1/mess', 'a'),
    ...Array.from({ length: 200 }, () => drip(port, 'GET / HTTP/1.1\r\nX-', 'a')),
  ]
  expect((await ask({ port, token }).over).status).toBe(200)
  await Promise.all(slow.map((one) => one.closed))
  expect(Math.max(...slow.map((one) => one.tookMs()))).toBeLessThan(HEAD_WITHIN_MS)
  await upstream.close()
}, 30_000)

test('a client that does not read its stream costs little memory, and the upstream is slowed down with it', async () => {
  const upstream = floodingUpstream()
  const program = await launch({ workers: 1 })
  const { port } = program
  const token = await program.token()
  await program.channel(upstream.url)
  const [proxy = 0] = program.proxies()
  const before = residentBytes([proxy])
  const calls = Array.from({ length: 10 }, () => ask({ port, token }))
  await Promise.all(calls.map((call) => call.shows('word')))
  for (const call of calls) call.pause()
  await until(() => upstream.isStalled(), 6_000, 'the upstream to be slowed down')
  expect(residentBytes([proxy]) - before).toBeLessThan(128 * MIB)
  expect((await ask({ port, token: 'wrong' }).over).status).toBe(401) // it answers others
  for (const call of calls) call.leave()
  await until(() => upstream.open() === 0, 2_000, 'the upstreams to be let go')
  await upstream.close()
}, 20_000)

type Drip = { readonly closed: Promise<void>; tookMs(): number }

/** Sends `first`, then `more` four times a second, until it is cut off. */
function drip(port: number, first: string, more: string): Drip {
  const startedAtMs = performance.now()
  let tookMs = Number.POSITIVE_INFINITY
  const socket = net.connect(port, '127.0.0.1')
  if (first !== '') socket.write(first)
  const timer = setInterval(() => more !== '' && socket.writable && socket.write(more), 250)
  socket.on('data', () => {})
  socket.on('error', () => {}) // `close` follows
  const late = setTimeout(() => socket.destroy(), HEAD_WITHIN_MS + 1_000)
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      tookMs = performance.now() - startedAtMs
      clearInterval(timer)
      clearTimeout(late)
      resolve()
    })
  })
  return { closed, tookMs: () => tookMs }
}

/** A stream of words as fast as they are taken. */
function floodingUpstream() {
  const word = `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${'word '.repeat(3_000)}"}}\n\n`
  const begin =
    'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
  let lastMs = performance.now()
  let open = 0
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch(request) {
      open++
      request.signal.addEventListener('abort', () => open--)
      let isFirst = true
      const body = new ReadableStream({
        pull(controller) {
          lastMs = performance.now()
          controller.enqueue(isFirst ? begin : word)
          isFirst = false
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    open: () => open,
    isStalled: () => performance.now() - lastMs > 700,
    close: () => server.stop(true),
  }
}
