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
  // Orders to a reverse proxy or browser in front of us: an upstream has none to give.
  'x-accel-redirect',
  'x-sendfile',
  'clear-site-data',
  'x-ccload-request-id',
]

const ASK_DROPS = new Set(NOT_FORWARDED)
const ANSWER_DROPS = new Set(NOT_ANSWERED)

/**
 * The headers of an ask: the client's, less what must not travel. Credentials are put in by the sender.
 *
 * @param strip  Further names from the settings, lower case.
 */
export function askHeaders(client: Headers, strip: readonly string[]): Record<string, string> {
  const kept = keptHeaders(client, ASK_DROPS)
  for (const name of strip) delete kept[name]
  return kept
}

/** The headers of an answer as the client gets them. @param requestId  Ours, so that a user can ask about it. */
export function answerHeaders(upstream: Headers, requestId: string): Record<string, string> {
  const kept = keptHeaders(upstream, ANSWER_DROPS)
  kept['x-ccload-request-id'] = requestId
  return kept
}

/** Names come in lower case; a plain object costs half of a second `Headers`, on a path that every request takes twice. */
function keptHeaders(all: Headers, drops: ReadonlySet<string>): Record<string, string> {
  const kept: Record<string, string> = {}
  const named = namedByConnection(all.get('connection'))
  all.forEach((value, name) => {
    if (!drops.has(name) && !named?.includes(name)) kept[name] = value
  })
  return kept
}

/** RFC 9110 §7.6.1: what `Connection` names is for this hop only. */
function namedByConnection(value: string | null): readonly string[] | undefined {
  if (value === null || value === 'keep-alive') return undefined
  return value.split(',').map((name) => name.trim().toLowerCase())
}
