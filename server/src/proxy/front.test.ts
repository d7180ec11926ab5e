import { describe, expect, test } from 'bun:test'
import type { Handed } from '../link/hand-over.ts'
import { plainPage } from '../link/page-file.ts'
import type { ProxyDeps } from './deps.ts'
import { type FrontParts, front } from './front.ts'

const PORT_IP = '203.0.113.9'

function open(parts: Partial<FrontParts> = {}) {
  const handed: Handed[] = []
  const lines: unknown[] = []
  const timers: number[] = []
  const shared = plainPage(0)
  const deps = {
    shared,
    deadlines: { watch() {}, drop() {}, monoMs: () => 0 },
    limits: { maxBufferedBytes: 1_000_000, maxBodyBytes: 1_000 },
    clock: { nowMs: () => 0, monoMs: () => 0 },
    newId: () => 'id',
    view: () => ({ token: () => undefined }),
    log: { write: (_level: string, event: string, fields: unknown) => lines.push([event, fields]) },
    report: { ended() {} },
    stopping: () => false,
  } as unknown as ProxyDeps
  const handle = front({
    deps,
    handOver: async (request) => {
      handed.push(request)
      return new Response('control')
    },
    health: () => ({ ok: true, why: '' }),
    trusted: [],
    accessLog: false,
    ...parts,
  })
  const server = {
    requestIP: () => ({ address: PORT_IP, port: 1, family: 'IPv4' as const }),
    timeout: (_request: Request, seconds: number) => void timers.push(seconds),
  }
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    handle(new Request(`http://x${path}`, init), server as never)
  return { ask, handed, lines, timers, shared }
}

describe('/health', () => {
  test('is answered here, without control, in the envelope', async () => {
    const { ask, handed } = open()
    const answer = await ask('/health')
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { success: true, data: { status: 'ok' }, error: '', count: 0 },
    ])
    const head = await ask('/health', { method: 'HEAD' })
    expect([head.status, await head.text(), handed.length]).toEqual([200, '', 0])
  })

  test('says what is in the way while it serves all the same', async () => {
    const { ask } = open({ health: () => ({ ok: true, why: 'the database does not take log rows (full)' }) })
    const answer = await ask('/health')
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { success: true, data: { status: 'ok' }, error: 'the database does not take log rows (full)', count: 0 },
    ])
  })

  test('is 503 with the reason when it cannot serve', async () => {
    const { ask } = open({ health: () => ({ ok: false, why: 'starting' }) })
    const answer = await ask('/health')
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([503, 'starting'])
  })
})

describe('who answers', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/web/index.html'],
    ['POST', '/login'],
    ['GET', '/admin/channels'],
    ['GET', '/v1'],
    ['GET', '/v1x/messages'],
    ['GET', '//v1/messages'],
    ['POST', '/health'],
    ['GET', '/V1/messages'],
  ])('%s %s is control’s', async (method, path) => {
    const { ask, handed } = open()
    await ask(path, { method })
    expect(handed.map((request) => [request.method, request.path])).toEqual([[method, path]])
  })

  test.each(['/v1/messages', '/v1/', '/v1/../admin/channels', '/v1beta/models/x:generateContent', '/v1//admin'])(
    'POST %s is never control’s, and needs a token',
    async (path) => {
      const { ask, handed } = open()
      const raw = await ask(path, { method: 'POST', body: '{}' })
      const isNormalised = path.includes('..') // the platform resolves dots before we see the path
      expect([raw.status, handed.length]).toEqual(isNormalised ? [200, 1] : [401, 0])
    },
  )

  test('the query goes along, and not into the access log', async () => {
    const { ask, handed, lines } = open({ accessLog: true })
    await ask('/admin/logs?key=secret&limit=5')
    expect(handed[0]?.query).toBe('key=secret&limit=5')
    expect(JSON.stringify(lines)).not.toContain('secret')
  })
})

describe('a body for control', () => {
  test('is held in the budget of memory only until control has it', async () => {
    const { ask, handed, shared } = open()
    await ask('/admin/channels', { method: 'POST', body: 'x'.repeat(5_000), headers: { 'content-length': '5000' } })
    expect([handed[0]?.body?.length, shared.reservedBytes()]).toEqual([5_000, 0])
  })

  test('that does not fit into memory is refused with a time to come back, and control is not asked', async () => {
    const { ask, handed } = open()
    const answer = await ask('/admin/channels', { method: 'POST', body: 'x', headers: { 'content-length': '2000000' } })
    expect([answer.status, answer.headers.get('retry-after'), handed.length]).toEqual([503, '5', 0])
  })
})

// Lifted for one request, the server's own timer stays lifted for all that follow on the connection, slow headers included.
test('a connection gets the timer of the server back when its request has been answered', async () => {
  const { ask, timers } = open()
  await ask('/admin/channels', { method: 'POST', body: 'x'.repeat(10), headers: { 'content-length': '10' } })
  expect(timers[0]).toBe(0)
  expect(timers.at(-1)).toBeGreaterThan(0)
})
