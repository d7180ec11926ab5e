import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { defaultSettings } from '../config/settings.ts'
import type { ApiToken } from '../core/snapshot.ts'
import { plainPage } from '../link/page-file.ts'
import { deadlineWheel } from './deadlines.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client } from './exchange.ts'
import { serve } from './serve.ts'
import { compileView } from './view.ts'

const NOW_MS = 1_790_000_000_000
const METER = 3

test('a bug on the way gives back what the request has taken of its token’s limits', async () => {
  const page = plainPage(NOW_MS)
  const none = { costMicroUsd: 0, dailyCostMicroUsd: 0, monthlyCostMicroUsd: 0, channelIds: [], addresses: [] }
  const token: ApiToken = {
    ...{ id: 1, hash: createHash('sha256').update('sk-me').digest('hex'), active: true, expiresAtMs: 0 },
    ...{ allowedModels: [], limits: { ...none, meter: METER, rpm: 0, maxConcurrency: 1 } },
  }
  const view = compileView({
    ...{ version: 1, channels: new Map(), settings: defaultSettings() },
    tokens: new Map([[token.hash, token]]),
  })
  const bugs: unknown[] = []
  const deps = {
    ...{ shared: page, view: () => view, stopping: () => false, newId: () => 'id' },
    clock: { nowMs: () => NOW_MS, monoMs: () => 0 },
    deadlines: deadlineWheel(() => 0),
    limits: { maxBodyBytes: 1_000, maxBufferedBytes: 1_000_000 },
    gate: {
      tryEnter() {
        throw new Error('a bug')
      },
    },
    log: { write: (_level: string, event: string) => void bugs.push(event) },
  } as unknown as ProxyDeps
  const body = '{"model":"m"}'
  const headers = { 'x-api-key': 'sk-me', 'content-length': String(body.length) }
  const client = {
    ...{ request: new Request('http://x/v1/messages', { method: 'POST', headers, body }), method: 'POST', ip: '::1' },
    ...{ path: '/v1/messages', query: '', gone: () => new AbortController().signal, ownTimers() {}, serverTimers() {} },
  } as Client
  const answer = await serve(deps, client)
  expect([answer.status, bugs, page.meters.inside(METER)]).toEqual([500, ['bug'], 0])
})
