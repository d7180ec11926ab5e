import type { BehaviourOf } from './behaviour.ts'
import { type Draft, type Header, placeAfter, type Step, withHeader } from './draft.ts'
import { withLineEnds } from './sse.ts'

/** One byte at a time: characters and lines of events are split everywhere. */
export function tinyChunks(draft: Draft, behaviour: BehaviourOf<'tiny-chunks'>): Draft {
  const per = behaviour.per ?? 'chunk'
  return { ...draft, grain: { per, bytes: behaviour.bytes ?? 1 }, framing: per === 'chunk' ? 'chunked' : draft.framing }
}

export function crlf(draft: Draft, behaviour: BehaviourOf<'crlf'>): Draft {
  if (!draft.isStream) return draft
  const lineEnd = behaviour.lineEnd === 'cr' ? '\r' : '\r\n'
  return { ...draft, parts: draft.parts.map((part) => ({ ...part, text: withLineEnds(part.text, lineEnd) })) }
}

export function encoded(draft: Draft, behaviour: BehaviourOf<'encoding'>): Draft {
  return { ...withHeader(draft, 'Content-Encoding', behaviour.coding), coding: behaviour.coding }
}

export function malformedChunk(draft: Draft, behaviour: BehaviourOf<'malformed-chunk'>): Draft {
  return { ...draft, framing: 'chunked', brokenChunkAt: placeAfter(draft.parts, behaviour.afterEvents ?? 1) }
}

/** Interim answers before the real one. Source: RFC 9110 §15.2, RFC 8297 (103). */
export function informational(draft: Draft, behaviour: BehaviourOf<'informational'>): Draft {
  const steps = (behaviour.statuses ?? [100, 103]).map((status): Step => {
    const link = status === 103 ? 'Link: </style.css>; rel=preload\r\n' : ''
    return { kind: 'bytes', bytes: Buffer.from(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Interim'}\r\n${link}\r\n`) }
  })
  return { ...draft, before: [...draft.before, ...steps] }
}

const REASONS: Readonly<Record<number, string>> = { 100: 'Continue', 102: 'Processing', 103: 'Early Hints' }

export function hostileHeaders(draft: Draft, behaviour: BehaviourOf<'hostile-headers'>): Draft {
  return HOSTILE[behaviour.what](draft)
}

const CHUNKED: Header = ['Transfer-Encoding', 'chunked']

const HOSTILE: Readonly<Record<BehaviourOf<'hostile-headers'>['what'], (draft: Draft) => Draft>> = {
  'set-cookie': (draft) =>
    plus(draft, ['Set-Cookie', 'sid=evil; Path=/'], ['Set-Cookie', 'track=1; Domain=.example.com']),
  'connection-named': (draft) =>
    plus(
      draft,
      ['Connection', 'keep-alive, X-Hop, X-Secret'],
      ['X-Hop', '1'],
      ['X-Secret', 'for this hop only'],
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Authenticate', 'Basic realm="x"'],
    ),
  many: (draft) => plus(draft, ...Array.from({ length: 300 }, (_, index): Header => [`X-Filler-${index}`, 'v'])),
  huge: (draft) => plus(draft, ['X-Huge', 'h'.repeat(65_536)]),
  'duplicate-content-type': (draft) => plus(draft, ['Content-Type', 'text/html']),
  accel: (draft) =>
    plus(
      draft,
      ['X-Accel-Redirect', '/internal/secret'],
      ['X-Accel-Buffering', 'yes'],
      ['X-Sendfile', '/etc/passwd'],
      ['X-Accel-Expires', '3600'],
      ['Alt-Svc', 'h3=":443"'],
      ['Upgrade', 'h2c'],
      ['Strict-Transport-Security', 'max-age=31536000'],
      ['Access-Control-Allow-Origin', '*'],
      ['Clear-Site-Data', '"*"'],
    ),
  'length-and-chunked': (draft) => framedAs(draft, CHUNKED, ['Content-Length', '5']),
  'te-gzip-chunked': (draft) => framedAs(draft, ['Transfer-Encoding', 'gzip, chunked']),
  'te-unknown': (draft) => framedAs(draft, ['Transfer-Encoding', 'xchunked']),
  'te-twice': (draft) => framedAs(draft, CHUNKED, CHUNKED),
  'two-lengths': (draft) => ({
    ...draft,
    framing: 'length',
    framingHeaders: [
      ['Content-Length', '5'],
      ['Content-Length', '7'],
    ],
  }),
  'chunk-extensions': (draft) => ({ ...draft, framing: 'chunked', chunkExtension: ';name="va;lue"' }),
  trailers: (draft) => ({
    ...plus(draft, ['Trailer', 'X-Sum']),
    framing: 'chunked',
    trailers: [
      ['X-Sum', 'abc'],
      ['Set-Cookie', 'late=1'],
    ],
  }),
  'bare-lf': (draft) => ({ ...draft, headLineEnd: '\n' }),
  'space-before-colon': (draft) => plus(draft, ['X-Spaced ', 'v']),
  folded: (draft) => plus(draft, ['X-Folded', 'one\r\n two']),
  'not-latin': (draft) => plus(draft, ['X-Text', '你好'], ['X-Bell', 'a\u0007b']),
}

function plus(draft: Draft, ...headers: readonly Header[]): Draft {
  return { ...draft, headers: [...draft.headers, ...headers] }
}

function framedAs(draft: Draft, ...framingHeaders: readonly Header[]): Draft {
  return { ...draft, framing: 'chunked', framingHeaders }
}
