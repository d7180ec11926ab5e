import { LOGIN_ROUTE, LOGOUT_ROUTE, type LoginAnswer, loginBody, SESSION_SECONDS } from '@ccload/contract/login.ts'
import type { AdminDeps } from './deps.ts'
import { type Ask, type Endpoint, endpoint } from './endpoint.ts'
import { type LoginGate, loginGate } from './login-gate.ts'
import { type PasswordCheck, passwordCheck } from './password.ts'
import { readJsonObject } from './read-json.ts'
import { done, jsonResponse, type Refused, refused } from './reply.ts'
import type { Sessions } from './sessions.ts'
import { type Slots, slots } from './slots.ts'

/** A password is no novel; the body of a stranger is not read further. */
const MAX_LOGIN_BYTES = 64 * 1024
const CHECKS_AT_ONCE = 2
const CHECKS_WAITING = 64
const BUSY_S = 2

type LoginParts = {
  readonly deps: Pick<AdminDeps, 'log'>
  readonly sessions: Sessions
  readonly gate: LoginGate
  readonly password: PasswordCheck
  readonly checks: Slots
}

/** `POST /login` and `POST /logout`. */
export function loginEndpoints(deps: AdminDeps, sessions: Sessions): readonly Endpoint[] {
  const parts: LoginParts = {
    deps,
    sessions,
    gate: loginGate(() => deps.clock.monoMs()),
    password: passwordCheck(deps.adminPassword),
    checks: slots(CHECKS_AT_ONCE, CHECKS_WAITING),
  }
  return [
    endpoint(LOGIN_ROUTE, (ask) => login(parts, ask)),
    endpoint(LOGOUT_ROUTE, async ({ headers }) => {
      const token = bearerOf(headers)
      if (token !== undefined) await sessions.close(token)
      return done({ message: '已登出' })
    }),
  ]
}

/** The credential of `Authorization: Bearer …`; the name of the scheme in any case (RFC 9110 §11.1). */
export function bearerOf(headers: Headers): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
}

/** Counted before the body is read: a slow body must not buy attempts. */
async function login(parts: LoginParts, ask: Ask): Promise<Refused | Response> {
  const { gate, deps } = parts
  const waitMs = gate.enter(ask.ip)
  if (waitMs > 0) return locked(waitMs)
  let settle: 'failed' | 'passed' | 'dropped' = 'dropped'
  try {
    const typed = await typedPassword(ask.request)
    if (typeof typed !== 'string') {
      settle = 'failed'
      return typed
    }
    const right = await parts.checks.run(() => parts.password.matches(typed))
    if (right === undefined) return busy()
    settle = right ? 'passed' : 'failed'
    if (!right) return refused(401, 'Invalid password')
    return loggedIn(await parts.sessions.open())
  } finally {
    gate[settle](ask.ip)
    deps.log.write(settle === 'passed' ? 'info' : 'warn', 'login', { outcome: settle, ip: ask.ip })
  }
}

async function typedPassword(request: Request): Promise<string | Refused> {
  const read = await readJsonObject(request, MAX_LOGIN_BYTES)
  if (!read.ok && read.status !== 400) return refused(read.status, read.message)
  const body = read.ok ? loginBody.safeParse(read.value) : undefined
  return body?.data?.password ?? refused(400, 'Invalid request format')
}

/** Both documented shapes at once: the session inside `data` and beside it. */
function loggedIn(token: string): Response {
  const session = { token, expiresIn: SESSION_SECONDS } as const
  const answer: LoginAnswer = { success: true, status: 'success', ...session, data: session, error: '', count: 0 }
  return jsonResponse(200, answer)
}

function locked(waitMs: number): Refused {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return refused(429, 'Too many failed login attempts', {
    data: { message: `Account locked for ${seconds} seconds. Please try again later.`, lockout_seconds: seconds },
    headers: { 'retry-after': String(seconds) },
  })
}

/** Not a lock: so many are trying at this moment that one more would not be served soon. */
function busy(): Refused {
  return refused(429, 'Too many logins at this moment, please try again in a few seconds', {
    data: { message: `Please try again in ${BUSY_S} seconds.`, lockout_seconds: BUSY_S },
    headers: { 'retry-after': String(BUSY_S) },
  })
}
