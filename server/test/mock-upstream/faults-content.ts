import { failedParts } from './answer-responses.ts'
import type { BehaviourOf, ErrorSpec } from './behaviour.ts'
import { type Draft, placeAfter, type Scene, streamDraft, wholeDraft, withHeader } from './draft.ts'
import type { Part } from './say.ts'
import { dataEvent, namedEvent } from './sse.ts'

const EVENT_STREAM = 'text/event-stream'

/** Any status; the body is the vendor's own error unless given. */
export function answerStatus(_draft: Draft, behaviour: BehaviourOf<'status'>, scene: Scene): Draft {
  const { body, status, headers = {} } = behaviour
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const contentType = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  const answer = wholeDraft(text ?? scene.wire.errorBody(errorOf(behaviour, status)), status, contentType)
  return Object.entries(headers).reduce((draft, [name, value]) => withHeader(draft, name, value), answer)
}

export function redirect(_draft: Draft, behaviour: BehaviourOf<'redirect'>): Draft {
  return withHeader(wholeDraft('moved', behaviour.status, 'text/plain'), 'Location', behaviour.location)
}

/** Breaks the stream off with the vendor's error event after some content. A whole answer stays as it is. */
export function errorMidStream(draft: Draft, behaviour: BehaviourOf<'error-mid-stream'>, scene: Scene): Draft {
  if (!draft.isStream) return draft
  const place = placeAfter(draft.parts, behaviour.afterEvents ?? 2)
  const text = scene.wire.errorEvent(errorOf(behaviour), scene.asked, place === 0)
  return { ...draft, parts: [...draft.parts.slice(0, place), { kind: 'error', text }] }
}

/** An event that no parser of JSON takes, in the middle of good ones. */
export function malformedEvent(draft: Draft, behaviour: BehaviourOf<'malformed-event'>): Draft {
  if (!draft.isStream) return draft
  const text = behaviour.text ?? 'data: {"broken":\n\n'
  return {
    ...draft,
    parts: draft.parts.toSpliced(placeAfter(draft.parts, behaviour.afterEvents ?? 1), 0, { kind: 'content', text }),
  }
}

/** A clean end of the body without the protocol's end marker; `alsoFinish` drops reason and usage too. */
export function noEndMarker(draft: Draft, behaviour: BehaviourOf<'no-end-marker'>): Draft {
  const isKept = (part: Part) => part.kind !== 'end' && !(behaviour.alsoFinish === true && part.kind === 'finish')
  return { ...draft, parts: draft.parts.filter(isKept) }
}

/** An error, or nothing at all, dressed as a 200. */
export function softError(draft: Draft, behaviour: BehaviourOf<'soft-error'>, scene: Scene): Draft {
  return SOFT_ERRORS[behaviour.form]({ draft, error: errorOf(behaviour), scene })
}

type SoftError = (given: { readonly draft: Draft; readonly error: ErrorSpec; readonly scene: Scene }) => Draft

const SOFT_ERRORS: Readonly<Record<BehaviourOf<'soft-error'>['form'], SoftError>> = {
  'error-json': ({ error }) => wholeDraft(JSON.stringify(errorObject(error))),
  'type-error-json': ({ error }) => wholeDraft(JSON.stringify(typedError(error))),
  'error-event': ({ error }) => events({ kind: 'error', text: namedEvent('error', typedError(error)) }),
  'error-data': ({ error }) => events({ kind: 'error', text: dataEvent(errorObject(error)) }),
  'response-failed': ({ error, scene }) => events(failedParts(scene.say, error).failed),
  'created-then-failed': ({ error, scene }) => {
    const { created, failed } = failedParts(scene.say, error)
    return events(created, failed)
  },
  'gemini-chunk': ({ error }) => events({ kind: 'error', text: dataEvent(geminiError(error)) }),
  'gemini-array': ({ error }) => wholeDraft(JSON.stringify([geminiError(error)])),
  'plain-chinese': () => wholeDraft('当前模型负载过高，请稍后再试', 200, 'text/plain; charset=utf-8'),
  'plain-english': () => wholeDraft('Current model load too high', 200, 'text/plain'),
  html: () => wholeDraft(HTML, 200, 'text/html; charset=utf-8'),
  'empty-length-0': ({ draft }) => ({ ...draft, isStream: false, parts: [], framing: 'length' }),
  'empty-chunked': ({ draft }) => ({ ...draft, isStream: false, parts: [], framing: 'chunked' }),
  'zero-events': () => events(),
  'ping-only': ({ scene }) => events(...pings(scene, 3)),
  'meta-then-error': ({ draft, error, scene }) => {
    const metas = draft.parts.filter((part) => part.kind === 'meta' || part.kind === 'ping')
    const text = scene.wire.errorEvent(error, scene.asked, metas.length === 0)
    return { ...draft, parts: [...metas, { kind: 'error', text }] }
  },
}

function events(...parts: readonly Part[]): Draft {
  return streamDraft(parts, EVENT_STREAM)
}

function pings(scene: Scene, howMany: number): readonly Part[] {
  const text = scene.wire.ping === '' ? ': ping\n\n' : scene.wire.ping
  return Array.from({ length: howMany }, (): Part => ({ kind: 'ping', text }))
}

function errorOf(given: ErrorSpec, status?: number): ErrorSpec {
  const { message, type, code } = given
  return { message, type, code, ...(status === undefined ? {} : { status }) }
}

function errorObject(error: ErrorSpec) {
  const { message = 'Service temporarily overloaded', type = 'server_error', code = null } = error
  return { error: { message, type, param: null, code } }
}

function typedError(error: ErrorSpec) {
  return { type: 'error', error: { type: error.type ?? 'overloaded_error', message: error.message ?? 'Overloaded' } }
}

function geminiError(error: ErrorSpec) {
  const message = error.message ?? 'The model is overloaded. Please try again later.'
  return { error: { code: Number(error.code ?? 503), message, status: error.type ?? 'UNAVAILABLE' } }
}

const HTML = `<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>
`
