/** How a proxy gives a request to control over the local socket, and how control reads it. */

const CLIENT_IP = 'x-ccload-client-ip'
/** Says that it comes from a proxy of ours and not from somebody who found the socket. */
const PASS = 'x-ccload-pass'
const PURPOSE = 'x-ccload-purpose'

/** What a proxy itself wants of control, on behalf of a client it has let in. */
export type Purpose = 'count-tokens'

export type Handed = {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Headers
  readonly body: Uint8Array | undefined
  readonly ip: string
  readonly purpose?: Purpose
}

/** @param pass  The secret that control gave its proxies at start. */
export function handOverTo(socketPath: string, pass: string): (handed: Handed) => Promise<Response> {
  return async ({ method, path, query, headers: given, body, ip, purpose }) => {
    const headers = new Headers(given)
    headers.set(CLIENT_IP, ip)
    headers.set(PASS, pass)
    if (purpose === undefined) headers.delete(PURPOSE)
    else headers.set(PURPOSE, purpose)
    headers.delete('connection')
    headers.delete('transfer-encoding')
    headers.delete('accept-encoding')
    try {
      const response = await fetch(`http://control${path}${query === '' ? '' : `?${query}`}`, {
        method,
        headers,
        unix: socketPath,
        redirect: 'manual',
        decompress: false,
        ...(body && { body: body as Uint8Array<ArrayBuffer> }),
      })
      return new Response(response.body, { status: response.status, headers: response.headers })
    } catch {
      return unavailable()
    }
  }
}

/** Who really asks; `undefined` when it does not come from a proxy of ours. Takes our own headers off. */
export function handedFrom(request: Request, pass: string): string | undefined {
  const { headers } = request
  const ip = headers.get(CLIENT_IP) ?? undefined
  if (headers.get(PASS) !== pass) return undefined
  return ip
}

/** Set only by a proxy of ours: what clients write into this header is taken off. */
export function purposeOf(request: Request): Purpose | undefined {
  return request.headers.get(PURPOSE) === 'count-tokens' ? 'count-tokens' : undefined
}

/** The request of a proxy in the same process. */
export function handedRequest({ method, path, query, headers: given, body, purpose }: Handed): Request {
  const headers = new Headers(given)
  if (purpose === undefined) headers.delete(PURPOSE)
  else headers.set(PURPOSE, purpose)
  return new Request(`http://control${path}${query === '' ? '' : `?${query}`}`, {
    method,
    headers,
    ...(body && { body: body as Uint8Array<ArrayBuffer> }),
  })
}

function unavailable(): Response {
  const error = 'the control process is starting or being replaced: try again in a moment'
  return new Response(JSON.stringify({ success: false, data: null, error, count: 0 }), {
    status: 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'retry-after': '1' },
  })
}
