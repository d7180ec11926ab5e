export type UrlJudgement =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly message: string; readonly suggestedUrl?: string }

/** `/v1`, `/v1beta` and so on as a whole part of a path: clients bring it along, so it would stand there twice. */
const API_VERSION = /\/v1(?:alpha|beta)?\d*(?=\/|$)/i
/** What stands last when somebody pastes the address of an endpoint that names no version. */
const API_ENDING = /\/(?:chat\/completions|completions|embeddings|messages|responses)$/i

/**
 * The address of a channel as it is stored: scheme://host[:port][/path], no slash at the end.
 *
 * @param text     Untrusted, trimmed.
 * @param refusal  Why the host must not be called; `undefined` = it may.
 */
export function judgeChannelUrl(text: string, refusal: (url: URL) => string | undefined): UrlJudgement {
  const wrong = (message: string): UrlJudgement => ({ ok: false, message: `url ${message}` })
  if (!/^https?:\/\/[^/\\]/i.test(text)) return wrong('must begin with http:// or https:// and name a host')
  if (/[\s\\\p{Cc}]/u.test(text)) return wrong('must not contain blanks, backslashes or control characters')
  if (text.includes('?') || text.includes('#')) return wrong('must not have a query or a fragment')
  if (text.split('/', 3)[2]?.includes('@')) return wrong('must not contain a user name or password')
  const url = parsed(text)
  if (url === undefined || url.hostname === '') return wrong('is not a valid address')
  const why = refusal(url)
  if (why !== undefined) return wrong(`must not be called: ${why}`)

  const path = url.pathname.replace(/\/+$/, '')
  const kept = withoutApiPath(path)
  const base = `${url.protocol}//${url.host}`
  if (kept === path) return { ok: true, url: base + path }
  const suggestedUrl = base + kept
  return {
    ok: false,
    message: `url must not contain an API path such as "${path.slice(kept.length)}", which clients add themselves; use ${suggestedUrl}`,
    suggestedUrl,
  }
}

function withoutApiPath(path: string): string {
  const at = path.search(API_VERSION)
  const kept = (at < 0 ? path.replace(API_ENDING, '') : path.slice(0, at)).replace(/\/+$/, '')
  return kept === path ? path : withoutApiPath(kept)
}

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
