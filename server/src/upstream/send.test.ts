import { afterEach, describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { blackHole } from '../../test/drills/full-backlog.ts'
import { EXPIRED, SELF_SIGNED } from '../../test/drills/tls-identities.ts'
import type { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import type { Ask, Sent } from '../ports/upstream-send.ts'
import { fetchSender, type SenderOptions } from './send.ts'

const CONNECT_TIMEOUT_MS = 300
const CALM_MS = 50

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const sender = (options: Partial<SenderOptions> = {}) =>
  fetchSender({
    guard: { check: () => undefined },
    insecureTls: false,
    connectTimeoutMs: () => CONNECT_TIMEOUT_MS,
    monoMs: () => performance.now(),
    ...options,
  })

function askOf(base: string, fields: Partial<Ask> = {}): Ask {
  return {
    method: 'POST',
    base,
    url: `${base}/v1/messages`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"a":1}'),
    key: new Secret('sk-1'),
    keyHeaders: ['x-api-key', 'authorization'],
    ...fields,
  }
}

type Peer = { readonly url: string; readonly connections: () => number; readonly requests: readonly string[] }

/** A peer that does with each request, counted from 1, what the test says. */
function peer(
  answer: (socket: Bun.Socket<{ at: number }>, at: number) => void,
  tls?: { cert: string; key: string },
): Peer {
  let connections = 0
  const requests: string[] = []
  const listener = Bun.listen<{ at: number }>({
    hostname: '127.0.0.1',
    port: 0,
    ...(tls && { tls }),
    socket: {
      open(socket) {
        socket.data = { at: ++connections }
      },
      data(socket, bytes) {
        requests.push(bytes.toString('latin1'))
        answer(socket, requests.length)
      },
    },
  })
  closers.push(() => listener.stop(true))
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${listener.port}`, connections: () => connections, requests }
}

const ok = (socket: Bun.Socket<unknown>, body = 'hi', headers = ''): void =>
  void socket.write(`HTTP/1.1 200 OK\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`)
const failureOf = (sent: Sent): Failure | 'no failure' => (sent.ok ? 'no failure' : sent.failure)

async function bodyOf(sent: Sent): Promise<string> {
  if (!sent.ok) throw new Error(JSON.stringify(sent.failure))
  return Buffer.from(await sent.answer.bytes()).toString()
}

describe('what a peer gets', () => {
  test('is what was asked: the bytes, the headers, the key where it belongs, nothing of our own', async () => {
    const one = peer((socket) => ok(socket))
    await bodyOf(await sender().send(askOf(one.url), new AbortController()))
    const [head = '', body] = (one.requests[0] ?? '').split('\r\n\r\n')
    expect(body).toBe('{"a":1}')
    expect(head).toContain('POST /v1/messages HTTP/1.1')
    expect(head.toLowerCase()).toContain('x-api-key: sk-1')
    expect(head.toLowerCase()).toContain('authorization: bearer sk-1')
    expect(head).not.toContain('Bun/')
  })
})

describe('what comes back as it came', () => {
  test('an encoded body stays encoded, with its header', async () => {
    const bytes = gzipSync('x'.repeat(1_000))
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response(bytes, { headers: { 'content-encoding': 'gzip' } }),
    })
    closers.push(() => server.stop(true))
    const sent = await sender().send(askOf(`http://127.0.0.1:${server.port}`), new AbortController())
    if (!sent.ok) throw new Error('failed')
    expect(sent.answer.headers.get('content-encoding')).toBe('gzip')
    expect(Buffer.from(await sent.answer.bytes()).equals(bytes)).toBe(true)
  })

  test.each([301, 302, 303, 307, 308])(
    'a redirect (%i) is an answer: the place it names is never called',
    async (status) => {
      const trap = peer((socket) => ok(socket))
      const one = peer(
        (socket) =>
          void socket.write(`HTTP/1.1 ${status} Moved\r\nLocation: ${trap.url}/stolen\r\nContent-Length: 0\r\n\r\n`),
      )
      const sent = await sender().send(askOf(one.url), new AbortController())
      expect(sent.ok && [sent.answer.status, sent.answer.headers.get('location')]).toEqual([
        status,
        `${trap.url}/stolen`,
      ])
      await Bun.sleep(CALM_MS)
      expect([trap.connections(), one.connections()]).toEqual([0, 1])
    },
  )

  test.each([400, 401, 413, 429, 500, 503, 529])('status %i is an answer, no failure', async (status) => {
    const one = peer((socket) => void socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nno`))
    const sent = await sender().send(askOf(one.url), new AbortController())
    expect(sent.ok && sent.answer.status).toBe(status)
  })
})

describe('a connection that was kept alive and is dead', () => {
  for (const how of ['end', 'terminate'] as const) {
    test(`(${how}) is replaced once, and the client sees nothing`, async () => {
      const one = peer((socket, at) => {
        if (at === 2) return void socket[how]()
        ok(socket)
      })
      const send = sender()
      expect(await bodyOf(await send.send(askOf(one.url), new AbortController()))).toBe('hi')
      expect(await bodyOf(await send.send(askOf(one.url), new AbortController()))).toBe('hi')
      expect([one.requests.length, one.connections()]).toEqual([3, 2])
    })
  }

  test('is replaced once and no more: the second loss is the upstream’s own', async () => {
    const one = peer((socket, at) => (at === 1 ? ok(socket) : void socket.terminate()))
    const send = sender()
    await bodyOf(await send.send(askOf(one.url), new AbortController()))
    expect(failureOf(await send.send(askOf(one.url), new AbortController()))).toMatchObject({ kind: 'reset' })
    expect(one.requests.length).toBe(3)
  })

  test('is not to be thought of on the first connection: a reset there is asked no second time', async () => {
    const one = peer((socket) => void socket.terminate())
    expect(failureOf(await sender().send(askOf(one.url), new AbortController()))).toMatchObject({ kind: 'reset' })
    await Bun.sleep(CALM_MS)
    expect([one.requests.length, one.connections()]).toEqual([1, 1])
  })

  test('fails at once: a reset that comes late may have cost the upstream something, and is not asked again', async () => {
    let nowMs = 0
    const one = peer((socket, at) => {
      if (at === 1) return ok(socket)
      nowMs += 5_000 // it has been thinking
      socket.terminate()
    })
    const send = sender({ monoMs: () => nowMs })
    await bodyOf(await send.send(askOf(one.url), new AbortController()))
    expect(failureOf(await send.send(askOf(one.url), new AbortController()))).toMatchObject({ kind: 'reset' })
    expect(one.requests.length).toBe(2)
  })

  test('is not replaced for a client that has left', async () => {
    const stop = new AbortController()
    const one = peer((socket, at) => {
      if (at === 1) return ok(socket)
      stop.abort({ kind: 'client-gone' } satisfies Failure)
      socket.terminate()
    })
    const send = sender()
    await bodyOf(await send.send(askOf(one.url), new AbortController()))
    expect(failureOf(await send.send(askOf(one.url), stop))).toEqual({ kind: 'client-gone' })
    await Bun.sleep(CALM_MS)
    expect(one.requests.length).toBe(2)
  })

  test('after half an answer nothing is asked again', async () => {
    const one = peer((socket, at) => {
      if (at === 1) return ok(socket)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
      setTimeout(() => socket.terminate(), 10)
    })
    const send = sender()
    await bodyOf(await send.send(askOf(one.url), new AbortController()))
    const sent = await send.send(askOf(one.url), new AbortController())
    expect(
      await bodyOf(sent).then(
        () => 'whole',
        () => 'cut',
      ),
    ).toBe('cut')
    expect(one.requests.length).toBe(2)
  })
})

describe('nobody there', () => {
  test('refused, unknown and blocked are named, and come at once', async () => {
    const closed = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const { port } = closed
    closed.stop(true)
    expect(failureOf(await sender().send(askOf(`http://127.0.0.1:${port}`), new AbortController()))).toMatchObject({
      kind: 'connect',
      cause: 'refused',
    })
    expect(failureOf(await sender().send(askOf('http://does-not-exist.invalid'), new AbortController()))).toMatchObject(
      { kind: 'connect', cause: 'dns' },
    )
    const guard = { check: async () => 'it is a cloud metadata address' }
    const never = peer((socket) => ok(socket))
    expect(failureOf(await sender({ guard }).send(askOf(never.url), new AbortController()))).toEqual({
      kind: 'connect',
      cause: 'blocked',
      code: 'it is a cloud metadata address',
    })
    expect(never.connections()).toBe(0)
  })

  test('an address that cannot be read is a failure of that channel, not a bug of ours', async () => {
    for (const base of ['api.example.com', 'http://', 'http://[::1', '']) {
      expect(failureOf(await sender().send(askOf(base), new AbortController()))).toMatchObject({ kind: 'connect' })
    }
  })

  test.skipIf(process.platform !== 'linux')(
    'an address that swallows everything is given up at the connect limit',
    async () => {
      const hole = await blackHole()
      closers.push(() => hole.close())
      const startedMs = performance.now()
      expect(
        failureOf(await sender().send(askOf(`http://127.0.0.1:${hole.port}`), new AbortController())),
      ).toMatchObject({ kind: 'connect', cause: 'timeout' })
      expect(performance.now() - startedMs).toBeWithin(CONNECT_TIMEOUT_MS * 0.8, CONNECT_TIMEOUT_MS * 3)
    },
  )

  test('a TLS peer that never answers is given up at the connect limit', async () => {
    const mute = peer(() => {})
    const startedMs = performance.now()
    expect(
      failureOf(await sender().send(askOf(mute.url.replace('http:', 'https:')), new AbortController())),
    ).toMatchObject({ kind: 'connect', cause: 'timeout' })
    expect(performance.now() - startedMs).toBeWithin(CONNECT_TIMEOUT_MS * 0.8, CONNECT_TIMEOUT_MS * 3)
  })

  test('a peer that is connected and thinks for longer than the connect limit is waited for', async () => {
    const slow = peer((socket) => void setTimeout(() => ok(socket, 'at last'), CONNECT_TIMEOUT_MS * 2.5))
    expect(await bodyOf(await sender().send(askOf(slow.url), new AbortController()))).toBe('at last')
  })

  test('so is one over TLS', async () => {
    const slow = peer((socket) => void setTimeout(() => ok(socket, 'at last'), CONNECT_TIMEOUT_MS * 2.5), SELF_SIGNED)
    expect(await bodyOf(await sender({ insecureTls: true }).send(askOf(slow.url), new AbortController()))).toBe(
      'at last',
    )
  })
})

describe('TLS', () => {
  test.each([
    ['a certificate that nobody signed', SELF_SIGNED],
    ['a certificate that has expired', EXPIRED],
  ])('%s is refused by name, and nothing is sent', async (_what, identity) => {
    const one = peer((socket) => ok(socket), identity)
    expect(failureOf(await sender().send(askOf(one.url), new AbortController()))).toMatchObject({
      kind: 'connect',
      cause: 'tls',
    })
    expect(one.requests).toEqual([])
  })

  test('is let pass by the switch for it', async () => {
    const one = peer((socket) => ok(socket), EXPIRED)
    expect(await bodyOf(await sender({ insecureTls: true }).send(askOf(one.url), new AbortController()))).toBe('hi')
  })

  test('a peer that speaks no TLS at all is a failure of the connection, and soon', async () => {
    const plain = peer((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const failure = failureOf(await sender().send(askOf(plain.url.replace('http:', 'https:')), new AbortController()))
    expect(failure).not.toBe('no failure')
    expect(['connect', 'reset']).toContain((failure as Failure).kind)
  })
})

describe('answers that are none', () => {
  test.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['a status that is no number', 'HTTP/1.1 abc OK\r\n\r\n'],
    [
      '300 headers',
      `HTTP/1.1 200 OK\r\n${Array.from({ length: 300 }, (_, at) => `x-${at}: 1\r\n`).join('')}Content-Length: 0\r\n\r\n`,
    ],
  ])('%s is a failure, never a throw', async (_what, text) => {
    const one = peer((socket) => {
      socket.write(text)
      socket.end()
    })
    expect(failureOf(await sender().send(askOf(one.url), new AbortController()))).toMatchObject({ kind: 'reset' })
  })

  test('a key that cannot stand in a header is a failure, never a throw', async () => {
    const one = peer((socket) => ok(socket))
    const sent = await sender().send(askOf(one.url, { key: new Secret('sk-1\r\nx-evil: 1') }), new AbortController())
    if (sent.ok) expect(one.requests[0]).not.toContain('x-evil: 1\r\n')
    else expect(failureOf(sent)).toMatchObject({ kind: 'reset' })
  })
})

describe('a client that leaves', () => {
  test('before, during and after: the exchange ends with what it was told', async () => {
    const gone: Failure = { kind: 'client-gone' }
    const silent = peer(() => {})
    const already = new AbortController()
    already.abort(gone)
    expect(failureOf(await sender().send(askOf(silent.url), already))).toEqual(gone)
    const during = new AbortController()
    const sending = sender().send(askOf(silent.url), during)
    await Bun.sleep(CALM_MS)
    during.abort(gone)
    expect(failureOf(await sending)).toEqual(gone)
    const half = peer((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'))
    const after = new AbortController()
    const sent = await sender().send(askOf(half.url), after)
    const reading = bodyOf(sent).then(
      () => 'whole',
      () => 'cut',
    )
    after.abort(gone)
    expect(await reading).toBe('cut')
  })
})
