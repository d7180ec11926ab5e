import { Hono } from 'hono'
import { LimitsFull } from '../control/limits-full.ts'
import { StoreError } from '../ports/store.ts'
import { activeRequestEndpoints } from './active-requests.ts'
import { authTokenEndpoints } from './auth-tokens.ts'
import { channelEndpoints } from './channels.ts'
import { cooldownEndpoints } from './cooldowns.ts'
import type { AdminDeps } from './deps.ts'
import type { Endpoint } from './endpoint.ts'
import { failureRuleEndpoints } from './failure-rules.ts'
import { firstPageEndpoints } from './first-page.ts'
import { bearerOf, loginEndpoints } from './login.ts'
import { logEndpoints } from './logs.ts'
import { metricsEndpoints } from './metrics.ts'
import { sessionKey } from './password.ts'
import { priceEndpoints } from './prices.ts'
import { publicEndpoints } from './public.ts'
import { type Refused, refused, responseTo } from './reply.ts'
import { requestEndpoints } from './requests.ts'
import { allowedMethods } from './routes.ts'
import { secured } from './security-headers.ts'
import { type Sessions, sessions } from './sessions.ts'
import { settingEndpoints } from './settings.ts'
import { simulateEndpoints } from './simulate.ts'
import { statsEndpoints } from './stats.ts'
import { summaryEndpoints } from './summary.ts'

export type AdminClient = {
  /** Address as the proxy judged it, from the connection or a trusted proxy's header. */
  readonly ip: string
}

export interface AdminApp {
  /** Never rejects. */
  fetch(request: Request, client: AdminClient): Promise<Response>
  /** For tests and documents: everything that is served. */
  readonly endpoints: readonly Endpoint[]
}

type Env = { Bindings: AdminClient }

/** The HTTP of the control plane: login, public pages and everything under `/admin`. */
export function adminApp(deps: AdminDeps): AdminApp {
  const open = sessions({
    store: deps.control.sessions,
    key: sessionKey(deps.adminPassword),
    nowMs: () => deps.clock.nowMs(),
  })
  const endpoints = [
    ...loginEndpoints(deps, open),
    ...publicEndpoints(deps),
    ...firstPageEndpoints(),
    ...channelEndpoints(deps),
    ...authTokenEndpoints(deps),
    ...settingEndpoints(deps),
    ...priceEndpoints(deps),
    ...logEndpoints(deps),
    ...statsEndpoints(deps),
    ...metricsEndpoints(deps),
    ...summaryEndpoints(deps),
    ...activeRequestEndpoints(deps),
    ...cooldownEndpoints(deps),
    ...requestEndpoints(deps),
    ...simulateEndpoints(deps),
    ...failureRuleEndpoints(deps),
  ]
  const app = routed({ deps, endpoints, sessions: open })
  return {
    endpoints,
    async fetch(request, client) {
      try {
        return secured(await app.fetch(request, client))
      } catch (error) {
        return secured(responseTo(failed(deps, request, error)))
      }
    },
  }
}

type Routing = { readonly deps: AdminDeps; readonly endpoints: readonly Endpoint[]; readonly sessions: Sessions }

/** A slash at the end of a path means nothing, as in the earlier program. */
function routed({ deps, endpoints, sessions }: Routing): Hono<Env> {
  const app = new Hono<Env>({ strict: false })
  app.use(async (c, next) => {
    // Browsers say where a request comes from; no page but ours has any business with what changes something.
    if (c.req.method !== 'GET' && c.req.header('sec-fetch-site') === 'cross-site') {
      return responseTo(refused(403, 'requests from pages of other sites are refused'))
    }
    return next()
  })
  app.use('/admin/*', async (c, next) => {
    const token = bearerOf(c.req.raw.headers)
    if (token === undefined || !(await sessions.isOpen(token))) return responseTo(refused(401, '未授权访问，请先登录'))
    return next()
  })
  for (const { route, handle } of endpoints) {
    app.on(route.method, route.path, async (c) => {
      const request = c.req.raw
      const reply = await handle({
        params: c.req.param(),
        query: new URL(request.url).searchParams,
        headers: request.headers,
        ip: c.env.ip,
        request,
      })
      if (route.method !== 'GET' && route.path.startsWith('/admin/'))
        audit(deps, request, { ip: c.env.ip, status: reply.status })
      return reply instanceof Response ? reply : responseTo(reply)
    })
  }
  app.notFound((c) => responseTo(unknownRoute(endpoints, c.req.path)))
  app.onError((error, c) => responseTo(failed(deps, c.req.raw, error)))
  return app
}

function unknownRoute(endpoints: readonly Endpoint[], path: string): Refused {
  const allowed = allowedMethods(
    endpoints.map(({ route }) => route),
    path,
  )
  if (allowed.length === 0) return refused(404, 'not found')
  const allow = allowed.join(', ')
  return refused(405, `method not allowed; use ${allow}`, { headers: { allow } })
}

function audit({ log }: AdminDeps, request: Request, { ip, status }: { ip: string; status: number }): void {
  log.write('info', 'admin change', { method: request.method, path: new URL(request.url).pathname, status, ip })
}

const STORE_FAILURES = {
  conflict: [409, 'the name is taken'],
  busy: [503, 'the database is busy; please try again'],
  full: [503, 'the database cannot be written (no space left, or read-only)'],
} as const

/** Detail goes to the log only: it may quote what must not be seen. */
function failed({ log }: AdminDeps, request: Request, error: unknown): Refused {
  if (error instanceof LimitsFull) return refused(409, error.message)
  log.write('error', 'admin request failed', { method: request.method, path: pathOf(request), error })
  if (!(error instanceof StoreError) || error.kind === 'broken') return refused(500, 'internal error')
  const [status, message] = STORE_FAILURES[error.kind]
  return refused(status, message, status === 503 ? { headers: { 'retry-after': '1' } } : {})
}

function pathOf(request: Request): string {
  return request.url.replace(/[?#].*$/s, '')
}
