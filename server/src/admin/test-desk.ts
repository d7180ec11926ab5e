import { randomBytes } from 'node:crypto'
import { SESSION_SECONDS } from '@ccload/contract/login.ts'
import { Secret } from '../core/secret.ts'
import { type AdminApp, adminApp } from './admin-app.ts'
import type { AdminDeps } from './deps.ts'
import { type FakeState, fakeControl, fakeState } from './fake-control.ts'
import { sessionKey } from './password.ts'
import { sessionHash } from './sessions.ts'

export const PASSWORD = 'correct horse battery staple'
export const START_MS = Date.UTC(2026, 0, 22, 10, 0, 0)

/** An admin API in memory, and a client that speaks to it; for tests. */
export type Desk = {
  readonly app: AdminApp
  readonly deps: AdminDeps
  readonly state: FakeState
  /** What was logged: event and fields. */
  readonly lines: { level: string; event: string; fields: unknown }[]
  readonly clock: { nowMs: number; monoMs: number }
  /** A session that is open from the start. */
  readonly token: string
  /** Sends, with `body` as JSON when there is one, and reads the envelope. */
  send(method: string, path: string, more?: Sending): Promise<Sent>
}

export type Sending = {
  readonly body?: unknown
  readonly token?: string
  readonly ip?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of `body`: the bytes as they are. */
  readonly raw?: string | Uint8Array
}

export type Sent = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it must be
  readonly json: any
}

export function testDesk(change: Partial<AdminDeps> = {}, state?: FakeState): Desk {
  const clock = { nowMs: START_MS, monoMs: 1_000 }
  const shared = state ?? fakeState(() => clock.nowMs)
  const lines: Desk['lines'] = []
  const deps: AdminDeps = {
    control: fakeControl(shared),
    clock: { nowMs: () => clock.nowMs, monoMs: () => clock.monoMs },
    log: { write: (level, event, fields) => void lines.push({ level, event, fields }) },
    adminPassword: new Secret(PASSWORD),
    version: '1.2.3',
    zone: 'UTC',
    refuseAddress: (url) => (url.hostname === '169.254.169.254' ? 'it is a cloud metadata address' : undefined),
    ...change,
  }
  const token = randomBytes(32).toString('hex')
  shared.sessions.set(sessionHash(sessionKey(deps.adminPassword), token), START_MS / 1000 + SESSION_SECONDS)
  const app = adminApp(deps)
  const send: Desk['send'] = (method, path, more = {}) => sent(app, { method, path, ...more })
  return {
    app,
    deps,
    state: shared,
    lines,
    clock,
    send,
    token,
  }
}

type Call = Sending & { readonly method: string; readonly path: string }

async function sent(
  app: AdminApp,
  { method, path, body, token, ip = '192.0.2.1', headers = {}, raw }: Call,
): Promise<Sent> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const request = new Request(`http://ccload.test${path}`, {
    method,
    headers: {
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(content === undefined ? {} : { body: content }),
  })
  const response = await app.fetch(request, { ip })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: text === '' ? undefined : JSON.parse(text) }
}
