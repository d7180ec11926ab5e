import type { Api } from '../core/channel-type.ts'

const ANTHROPIC_HEADERS = ['x-api-key', 'authorization'] as const
const GEMINI_HEADERS = ['x-goog-api-key'] as const
const OPENAI_HEADERS = ['authorization'] as const

/** Every header that may carry a client's credential; none of them goes to an upstream. */
export const CLIENT_CREDENTIAL_HEADERS: readonly string[] = ['authorization', 'x-api-key', 'x-goog-api-key']

/** Headers that carry the upstream's key. `authorization` takes `Bearer <key>`, the others the key alone. */
export function credentialHeaders(api: Api): readonly string[] {
  switch (api) {
    case 'messages':
    case 'responses': // relays want one or the other
      return ANTHROPIC_HEADERS
    case 'gemini':
      return GEMINI_HEADERS
    default:
      return OPENAI_HEADERS
  }
}

const BEARER = 'Bearer ' // compared as it stands: clients rely on other schemes being passed over

/**
 * The token a client presents: the first of `Authorization: Bearer`, `x-api-key`, `x-goog-api-key` and query `key` that is
 * there. A later one is not tried when the first is wrong.
 *
 * @param query  Without the question mark.
 * @returns      `undefined` when none is there. An empty one counts as absent.
 */
export function presentedToken(headers: Headers, query: string): string | undefined {
  const authorization = headers.get('authorization')
  if (authorization?.startsWith(BEARER))
    return nonEmpty(authorization.slice(BEARER.length)) ?? afterBearer(headers, query)
  return afterBearer(headers, query)
}

function afterBearer(headers: Headers, query: string): string | undefined {
  return nonEmpty(headers.get('x-api-key')) ?? nonEmpty(headers.get('x-goog-api-key')) ?? keyParam(query)
}

function nonEmpty(text: string | null): string | undefined {
  return text === null || text === '' ? undefined : text
}

function keyParam(query: string): string | undefined {
  if (query === '') return undefined
  return nonEmpty(new URLSearchParams(query).get('key'))
}

/**
 * The query without its `key` parameters; all other bytes, also odd ones, stay as the client wrote them.
 *
 * @param query  Without the question mark. Names are compared decoded, so `k%65y=` is one too.
 */
export function withoutKeyParam(query: string): string {
  const pairs = query.split('&')
  const kept = pairs.filter((pair) => !isKeyPair(pair))
  return kept.length === pairs.length ? query : kept.join('&')
}

function isKeyPair(pair: string): boolean {
  const equals = pair.indexOf('=')
  const name = equals < 0 ? pair : pair.slice(0, equals)
  if (name === 'key') return true
  if (!name.includes('%')) return false
  try {
    return decodeURIComponent(name) === 'key'
  } catch {
    return false // a broken escape is no spelling of "key"
  }
}
