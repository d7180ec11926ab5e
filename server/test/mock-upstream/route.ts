import { anthropic, countedTokens } from './answer-anthropic.ts'
import { chat } from './answer-chat.ts'
import { completions, embeddings } from './answer-completions.ts'
import { countedGeminiTokens, embeddedContent, gemini, geminiMethod } from './answer-gemini.ts'
import { type Dialect, modelsAnswer } from './answer-models.ts'
import { compacted, responses } from './answer-responses.ts'
import { type Draft, streamDraft, wholeDraft } from './draft.ts'
import { headerOf, type RequestHead } from './request-reader.ts'
import type { Asked, Say, StreamForm, Wire } from './say.ts'

/** What a request line leads to. */
export type Route =
  | { readonly kind: 'generate'; readonly wire: Wire }
  /** An answer of one piece that only one API knows. */
  | { readonly kind: 'special'; readonly wire: Wire; readonly answer: (say: Say) => string }
  | { readonly kind: 'stored'; readonly wire: Wire; readonly id: string }
  | { readonly kind: 'models'; readonly wire: Wire; readonly dialect: Dialect; readonly id: string | undefined }
  | { readonly kind: 'none'; readonly wire: Wire; readonly status: 404 | 405 }

const POSTS: readonly (readonly [path: string, route: Route])[] = [
  ['/v1/messages/count_tokens', { kind: 'special', wire: anthropic, answer: (say) => countedTokens(say.asked) }],
  ['/v1/messages', { kind: 'generate', wire: anthropic }],
  ['/v1/chat/completions', { kind: 'generate', wire: chat }],
  ['/v1/completions', { kind: 'generate', wire: completions }],
  ['/v1/embeddings', { kind: 'generate', wire: embeddings }],
  ['/v1/responses/compact', { kind: 'special', wire: responses, answer: compacted }],
  ['/v1/responses', { kind: 'generate', wire: responses }],
]

const MODELS = /^\/v1(beta)?\/models(?:\/([^/:]+))?$/
const STORED = /^\/v1\/responses\/([^/]+)$/

export function routeOf(head: RequestHead): Route {
  const path = pathOf(head.target)
  const post = POSTS.find(([known]) => known === path)?.[1]
  if (head.method === 'POST' && post) return post
  const method = geminiMethod(path)
  if (head.method === 'POST' && method !== '') return geminiRoute(method)
  const stored = STORED.exec(path)
  if (head.method !== 'POST' && stored && !post) return { kind: 'stored', wire: responses, id: stored[1] ?? '' }
  const models = MODELS.exec(path)
  if (head.method === 'GET' && models) return modelsRoute(head, models[1] !== undefined, models[2])
  return { kind: 'none', wire: wireOf(path), status: post ? 405 : 404 }
}

/** The target without query; of an absolute one, its path. */
export function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/]*/i, '').replace(/[?#].*$/, '')
}

function geminiRoute(method: string): Route {
  if (method === 'countTokens')
    return { kind: 'special', wire: gemini, answer: (say) => countedGeminiTokens(say.asked) }
  if (/embedcontents?$/i.test(method)) {
    return { kind: 'special', wire: gemini, answer: (say) => embeddedContent(say.asked, method) }
  }
  return { kind: 'generate', wire: gemini }
}

function modelsRoute(head: RequestHead, isBeta: boolean, id: string | undefined): Route {
  const isGoogle = isBeta || headerOf(head.headers, 'x-goog-api-key') !== undefined || /[?&]key=/.test(head.target)
  if (isGoogle) return { kind: 'models', wire: gemini, dialect: 'gemini', id }
  const isAnthropic = headerOf(head.headers, 'anthropic-version') !== undefined
  return isAnthropic
    ? { kind: 'models', wire: anthropic, dialect: 'anthropic', id }
    : { kind: 'models', wire: chat, dialect: 'openai', id }
}

function wireOf(path: string): Wire {
  if (path.startsWith('/v1beta') || path.startsWith('/v1/models/')) return gemini
  if (path.startsWith('/v1/messages')) return anthropic
  return path.startsWith('/v1/responses') ? responses : chat
}

/** The happy answer, before any behaviour. `stored` is the answer kept under the id that a `stored` route names. */
export function happyDraft(route: Route, say: Say, stored: string | undefined): Draft {
  switch (route.kind) {
    case 'generate':
      return say.asked.stream === 'none' ? wholeDraft(route.wire.whole(say)) : streamed(route.wire, say)
    case 'special':
      return wholeDraft(route.answer(say))
    case 'models':
      return wholeDraft(modelsAnswer(route.dialect, route.id))
    case 'stored':
      return stored === undefined
        ? refused(route.wire, 404, `Response with id '${route.id}' not found.`)
        : wholeDraft(stored)
    case 'none':
      return refused(route.wire, route.status, 'Invalid URL')
  }
}

function streamed(wire: Wire, say: Say): Draft {
  const contentType =
    say.asked.stream === 'array' ? 'application/json; charset=UTF-8' : 'text/event-stream; charset=utf-8'
  return streamDraft(wire.stream(say), contentType)
}

function refused(wire: Wire, status: number, message: string): Draft {
  return wholeDraft(wire.errorBody({ status, message, type: 'invalid_request_error' }), status)
}

/** The same question with the other form of answer wished for. */
export function swapped(asked: Asked): Asked {
  const stream: StreamForm = asked.stream === 'none' ? 'sse' : 'none'
  return { ...asked, stream }
}
