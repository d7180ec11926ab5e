/** RFC 9110 §7.6.1, plus the non-standard ones that proxies strip. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** The client's own secrets and traces, which are nobody else's business, and what we say to the upstream ourselves. */
const NOT_FORWARDED: readonly string[] = [
  ...HOP_BY_HOP,
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'host',
  'content-length',
  'expect',
  'cookie',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
  'x-timeout-ms',
  'x-timeout-s',
]

/** What an upstream says to us and not to the client: connection handling, cookies and claims about its own host. */
const NOT_ANSWERED: readonly string[] = [
  ...HOP_BY_HOP,
  'content-length',
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'strict-transport-security',
  'x-ccload-request-id',
]

/**
 * The headers of an ask: the client's, less what must not travel. Credentials are put in by the sender.
 *
 * @param strip  Further names from the settings, lower case.
 */
export function askHeaders(client: Headers, strip: readonly string[]): Headers {
  const headers = new Headers(client)
  dropConnectionNamed(headers)
  for (const name of NOT_FORWARDED) headers.delete(name)
  for (const name of strip) headers.delete(name)
  return headers
}

/** The headers of an answer as the client gets them. @param requestId  Ours, so that a user can ask about it. */
export function answerHeaders(upstream: Headers, requestId: string): Headers {
  const headers = new Headers(upstream)
  dropConnectionNamed(headers)
  for (const name of NOT_ANSWERED) headers.delete(name)
  headers.set('x-ccload-request-id', requestId)
  return headers
}

function dropConnectionNamed(headers: Headers): void {
  const named = headers.get('connection')
  if (named === null) return
  for (const name of named.split(',')) {
    const token = name.trim().toLowerCase()
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(token)) headers.delete(token)
  }
}
