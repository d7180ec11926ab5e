import type { Api } from '../core/channel-type.ts'

const COMMENT = ': keep-alive\n\n'

/**
 * What a client that waits for a stream may be sent before it, as often as one likes: no SDK makes anything of it.
 * `undefined` where it does harm: Google's clients break on comment lines, and embeddings are no stream.
 *
 * Sources: https://docs.anthropic.com/en/api/messages-streaming ("ping events"), WHATWG HTML §9.2.6 (lines that start with
 * a colon are ignored).
 */
export function signOfLife(api: Api): string | undefined {
  switch (api) {
    case 'messages':
      return 'event: ping\ndata: {"type": "ping"}\n\n'
    case 'chat':
    case 'completions':
    case 'responses':
      return COMMENT
    case 'gemini':
    case 'embeddings':
      return undefined
  }
}
