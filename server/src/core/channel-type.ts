/** The four kinds of upstream account. A channel speaks exactly one; nothing is translated between them. */
export type ChannelType = 'anthropic' | 'codex' | 'openai' | 'gemini'

export const CHANNEL_TYPES: readonly ChannelType[] = ['anthropic', 'codex', 'openai', 'gemini']

/** The wire format of one request. Finer than the channel type: an `openai` channel serves three of them. */
export type Api = 'messages' | 'responses' | 'chat' | 'completions' | 'embeddings' | 'gemini'

const TYPE_OF_API: Readonly<Record<Api, ChannelType>> = {
  messages: 'anthropic',
  responses: 'codex',
  chat: 'openai',
  completions: 'openai',
  embeddings: 'openai',
  gemini: 'gemini',
}

export function channelTypeOf(api: Api): ChannelType {
  return TYPE_OF_API[api]
}

const PREFIXES: readonly (readonly [string, Api])[] = [
  ['/v1/messages', 'messages'],
  ['/v1/responses', 'responses'],
  ['/v1/chat/completions', 'chat'],
  ['/v1/completions', 'completions'],
  ['/v1/embeddings', 'embeddings'],
]

/** `/v1/models/X:generateContent`: what the newest Google SDK calls when no API version is named. */
const GEMINI_UNDER_V1 = /^\/v1\/models\/[^/]+:[A-Za-z]+$/

/**
 * Which API a path asks for; `undefined` when we serve none there.
 *
 * @param path  Path without query, as the client sent it (not percent-decoded).
 */
export function apiOfPath(path: string): Api | undefined {
  for (const [prefix, api] of PREFIXES) if (path === prefix || path.startsWith(`${prefix}/`)) return api
  if (path.startsWith('/v1beta/') || GEMINI_UNDER_V1.test(path)) return 'gemini'
  return undefined
}
