import { apiOfPath } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import type { Handed } from '../link/hand-over.ts'
import type { Health } from '../link/messages.ts'
import { clientAddress, type TrustedProxies } from './client-address.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client } from './exchange.ts'
import { readBody, releaseBody } from './read-body.ts'
import { ownVerdict, refusal } from './refuse.ts'
import { serve } from './serve.ts'
import { type Server, ServerClient } from './server-client.ts'

/** What control answers: console, admin API, public pages. */
export type HandOver = (request: Handed) => Promise<Response>

export type FrontParts = {
  readonly deps: ProxyDeps
  readonly handOver: HandOver
  readonly health: () => Health
  readonly trusted: TrustedProxies
  readonly accessLog: boolean
}

/** A file of channels to import, at most. */
const MAX_ADMIN_BODY_BYTES = 64 * 1024 * 1024

type Answered = Response | Promise<Response>

/** The door: which of proxy, control and the few answers of our own a request is for. */
export function front(parts: FrontParts): (request: Request, server: Server) => Answered {
  const { deps, trusted, accessLog } = parts
  return (request, server) => {
    const startedMs = accessLog ? deps.clock.monoMs() : 0
    const ip = clientAddress(server.requestIP(request)?.address ?? '', request.headers, trusted)
    const client = new ServerClient(server, request, { ip, url: request.url })
    const answered = answer(parts, client)
    if (!accessLog) return answered
    if (!(answered instanceof Promise)) return noted(parts, client, { response: answered, startedMs })
    return answered.then((response) => noted(parts, client, { response, startedMs }))
  }
}

function answer(parts: FrontParts, client: Client): Answered {
  const { method, path } = client
  if (client.request.headers.get('host')?.includes(',')) return closing(refused(parts.deps, client, TWO_HOSTS))
  if (path.startsWith('/v1/') || path.startsWith('/v1beta/')) return serve(parts.deps, client)
  if (path === '/health' && (method === 'GET' || method === 'HEAD')) return healthAnswer(parts.health(), method)
  if (path === '/api/event_logging/batch' && method === 'POST') return Response.json({})
  return toControl(parts, client)
}

function healthAnswer({ ok, why }: Health, method: string): Response {
  const body = JSON.stringify({ success: ok, data: ok ? { status: 'ok' } : null, error: why, count: 0 })
  return new Response(method === 'HEAD' ? null : body, {
    status: ok ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  })
}

async function toControl({ deps, handOver }: FrontParts, client: Client): Promise<Response> {
  const read = await readBody(client, deps, MAX_ADMIN_BODY_BYTES)
  if (!read.ok) return refused(deps, client, read.failure)
  client.ownTimers()
  try {
    return await handOver({
      method: client.method,
      path: client.path,
      query: client.query,
      headers: client.request.headers,
      body: read.body.bytes.length > 0 ? read.body.bytes : undefined,
      ip: client.ip,
    })
  } finally {
    releaseBody(deps.shared, read.body)
    client.serverTimers()
  }
}

/** Repeated header lines arrive as one, joined by commas. RFC 9112 §3.2: more than one `Host` is answered 400. */
const TWO_HOSTS: Failure = { kind: 'bad-request', message: 'a request has one Host header, and this one has more' }

/** What follows on this connection is not to be believed either. */
function closing(response: Response): Response {
  response.headers.set('connection', 'close')
  return response
}

function refused(deps: ProxyDeps, { path }: Client, failure: Failure): Response {
  const to = { api: apiOfPath(path), requestId: deps.newId(), secrets: [] }
  return refusal(failure, ownVerdict(failure, deps.clock.nowMs()), to)
}

/** One line a request, without its query: Gemini clients put their token there. */
function noted(
  { deps }: FrontParts,
  { method, path }: Client,
  { response, startedMs }: { readonly response: Response; readonly startedMs: number },
): Response {
  const { status } = response
  deps.log.write('info', 'request', { method, path, status, ms: Math.round(deps.clock.monoMs() - startedMs) })
  return response
}
