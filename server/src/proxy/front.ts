import type { Handed } from '../link/hand-over.ts'
import type { Health } from '../link/messages.ts'
import { clientAddress, type TrustedProxies } from './client-address.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client } from './exchange.ts'
import { readBody, releaseBody } from './read-body.ts'
import { ownVerdict, refusal } from './refuse.ts'
import { serve } from './serve.ts'

/** What control answers: console, admin API, public pages. */
export type HandOver = (request: Handed) => Promise<Response>

export type FrontParts = {
  readonly deps: ProxyDeps
  readonly handOver: HandOver
  readonly health: () => Health
  readonly trusted: TrustedProxies
  readonly accessLog: boolean
}

type Server = Pick<Bun.Server<undefined>, 'requestIP' | 'timeout'>

/** A client that takes nothing of a whole answer for this long is cut off. */
const DELIVERY_S = 30
/** A file of channels to import, at most. */
const MAX_ADMIN_BODY_BYTES = 64 * 1024 * 1024

/** The door: which of proxy, control and the few answers of our own a request is for. */
export function front(parts: FrontParts): (request: Request, server: Server) => Response | Promise<Response> {
  const answer: Answering = (request, server, { path, query }) => {
    const client = (): Client => {
      let isLifted = false
      return {
        request,
        method: request.method,
        path,
        query,
        ip: clientAddress(server.requestIP(request)?.address ?? '', request.headers, parts.trusted),
        gone: () => request.signal,
        ownTimers() {
          if (isLifted) return
          isLifted = true
          server.timeout(request, 0)
        },
        serverTimers() {
          if (isLifted) server.timeout(request, DELIVERY_S)
        },
      }
    }
    if (path.startsWith('/v1/') || path.startsWith('/v1beta/')) return serve(parts.deps, client())
    if (path === '/health' && (request.method === 'GET' || request.method === 'HEAD'))
      return healthAnswer(parts.health(), request.method)
    if (path === '/api/event_logging/batch' && request.method === 'POST') return Response.json({})
    return toControl(parts, client())
  }
  return parts.accessLog ? logged(parts, answer) : (request, server) => answer(request, server, targetOf(request.url))
}

type Target = { readonly path: string; readonly query: string }
type Answering = (request: Request, server: Server, target: Target) => Response | Promise<Response>

/** Path and query of an absolute URL, without building a `URL`. */
function targetOf(url: string): Target {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const mark = url.indexOf('?', start)
  return mark < 0 ? { path: url.slice(start), query: '' } : { path: url.slice(start, mark), query: url.slice(mark + 1) }
}

function healthAnswer({ ok, why }: Health, method: string): Response {
  const body = JSON.stringify({ success: ok, data: ok ? { status: 'ok' } : null, error: why, count: 0 })
  return new Response(method === 'HEAD' ? null : body, {
    status: ok ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  })
}

async function toControl({ deps, handOver }: FrontParts, client: Client): Promise<Response> {
  const { shared, deadlines, limits } = deps
  const read = await readBody(client, {
    shared,
    deadlines,
    maxBytes: MAX_ADMIN_BODY_BYTES,
    maxBufferedBytes: limits.maxBufferedBytes,
  })
  if (!read.ok) {
    const result = ownVerdict(read.failure, deps.clock.nowMs())
    return refusal(read.failure, result, { api: undefined, requestId: deps.newId(), secrets: [] })
  }
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
    releaseBody(shared, read.body)
    client.serverTimers()
  }
}

/** One line a request, without its query: Gemini clients put their token there. */
function logged({ deps }: FrontParts, answer: Answering) {
  return (request: Request, server: Server): Response | Promise<Response> => {
    const startedMs = deps.clock.monoMs()
    const target = targetOf(request.url)
    const noted = (response: Response): Response => {
      deps.log.write('info', 'request', {
        method: request.method,
        path: target.path,
        status: response.status,
        ms: Math.round(deps.clock.monoMs() - startedMs),
      })
      return response
    }
    const answered = answer(request, server, target)
    return answered instanceof Promise ? answered.then(noted) : noted(answered)
  }
}
