import type { Failure } from '../core/failure.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client, Exchange } from './exchange.ts'
import { readBody, releaseBody } from './read-body.ts'

/** `POST /v1/messages/count_tokens` is answered here and costs nothing: no channel is asked. */
export function isCount({ method, path }: Client): boolean {
  return path === '/v1/messages/count_tokens' && method === 'POST'
}

/** Counting takes a vocabulary and time: control has both, off everybody's way. */
export async function countTokens(deps: ProxyDeps, exchange: Exchange): Promise<Response | Failure> {
  const read = await readBody(exchange.client, deps, deps.limits.maxBodyBytes)
  if (!read.ok) return read.failure
  try {
    const counted = await deps.countTokens(exchange.client, read.body.plain)
    const headers = new Headers(counted.headers)
    headers.set('x-ccload-request-id', exchange.id)
    return new Response(counted.body, { status: counted.status, headers })
  } finally {
    releaseBody(deps.shared, read.body)
  }
}
