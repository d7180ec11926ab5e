import type { Api } from '../core/channel-type.ts'
import { estimateJsonTokens } from '../core/count-tokens/estimate-json.ts'
import type { Usage } from '../core/usage.ts'
import { ContentMeter } from './content-meter.ts'
import { utf8 } from './find-bytes.ts'
import { readGeminiChunk } from './gemini/read-event.ts'
import { READERS, vocabularyOf } from './index.ts'
import { JsonCursor } from './json-cursor.ts'
import { asObject, type Json, parseJson } from './json-fields.ts'
import { errorIn, type StreamError } from './stream-error.ts'
import { watchStream } from './stream-watch.ts'
import { freshState, usageOfState, type WatchState } from './watch-state.ts'

export type WholeFinding =
  | {
      readonly kind: 'ok'
      readonly usage: Usage
      readonly responseId?: string
      readonly complete: true
      /** About how many tokens of output there are, when the answer does not say it; 0 for embeddings. */
      readonly outputGuess?: number
    }
  /** An error inside a success. `usage`: what was used up nevertheless. */
  | ({ readonly kind: 'soft-error'; readonly usage: Usage } & StreamError)
  | { readonly kind: 'empty' }
  | { readonly kind: 'html' }
  /** JSON, or a stream, that breaks off. */
  | { readonly kind: 'cut' }
  /** Neither JSON nor an error: goes to the client as it is. */
  | { readonly kind: 'opaque'; readonly usage: Usage }

/** Notices that overloaded relays send as plain text with status 200. Compared with the beginning of the body. */
export const DEFAULT_SOFT_ERROR_TEXTS: readonly string[] = ['当前模型负载过高', 'Current model load too high']

const MAX_NOTICE_BYTES = 256 // longer text that begins so is an answer about overload, not a notice
const HTML_HEAD_CHARS = 1024
const HTML_TYPE = /^(text\/html|application\/xhtml)/i
const HTML_TAG = /<(!doctype\s+html|html|head|body)[\s>]/i
const MEDIA = /^(audio|image|video)\/|^application\/octet-stream/i
const SSE_LINE = /^(?:data|event|id|retry)?:/
const ONLY_KEEP_ALIVES = /^(:|event:)/
const OPAQUE = { kind: 'opaque', usage: {} } as const satisfies WholeFinding

/**
 * What a whole 2xx answer really is, before anything of it goes to the client.
 *
 * @param bytes            The whole body, decoded (no gzip). The caller bounds it; JSON of n bytes costs O(n) memory.
 * @param contentType      Header as it came, `''` when absent. Only used where the body itself leaves doubt.
 * @param softErrorTexts   Beginnings of plain-text overload notices.
 * Errors: none; what cannot be understood is `opaque`.
 */
// biome-ignore lint/complexity/useMaxParams: the last one has its default; callers read well as they are
export function inspectWhole(
  api: Api,
  bytes: Uint8Array,
  contentType: string,
  softErrorTexts: readonly string[] = DEFAULT_SOFT_ERROR_TEXTS,
): WholeFinding {
  if (bytes.length === 0) return { kind: 'empty' }
  if (MEDIA.test(contentType)) return OPAQUE
  const text = utf8(bytes).trim() // trim takes a byte order mark too
  if (text === '' || text === 'null') return { kind: 'empty' }
  if (text[0] === '{' || text[0] === '[' || text[0] === '"') {
    const json = parseJson(text)
    if (json !== undefined) return withGuess(inspectJson(api, json, softErrorTexts), { api, json, bytes })
    if (text[0] !== '"' && breaksOff(text)) return { kind: 'cut' }
  } else if (SSE_LINE.test(text)) return inspectSse(api, bytes, text)
  if (isHtml(text, contentType)) return { kind: 'html' }
  return isNotice(text, softErrorTexts) ? notice(text) : OPAQUE
}

/** What an answer has that says something; others (a count, a moderation) cost nothing. */
const ANSWERS: Readonly<Record<Api, readonly string[]>> = {
  messages: ['content'],
  chat: ['choices'],
  completions: ['choices'],
  responses: ['output'],
  embeddings: ['data'],
  gemini: ['candidates', 'embedding', 'embeddings'],
}

type Answered = { readonly api: Api; readonly json: unknown; readonly bytes: Uint8Array }

/** Only what the upstream does not report is guessed. */
function withGuess(finding: WholeFinding, { api, json, bytes }: Answered): WholeFinding {
  if (finding.kind !== 'ok' || isComplete(finding.usage)) return finding
  const fields: Json = asObject(Array.isArray(json) ? json[0] : json) ?? {}
  const answer = ANSWERS[api].find((name) => fields[name] !== undefined && fields[name] !== null)
  if (answer === undefined) return finding
  if (answer === 'data' || answer.startsWith('embedding')) return { ...finding, outputGuess: 0 }
  const content = new ContentMeter(api)
  content.whole(bytes)
  return { ...finding, outputGuess: content.tokens || estimateJsonTokens(bytes, vocabularyOf(api)) }
}

function isComplete({ inputTokens, outputTokens }: Usage): boolean {
  return inputTokens !== undefined && outputTokens !== undefined
}

function inspectJson(api: Api, json: unknown, softErrorTexts: readonly string[]): WholeFinding {
  if (typeof json === 'string') return isNotice(json.trim(), softErrorTexts) ? notice(json.trim()) : OPAQUE
  if (Array.isArray(json)) return inspectArray(api, json)
  const fields = asObject(json)
  if (fields === undefined) return OPAQUE
  const state = freshState(api)
  READERS[api].whole(state, fields)
  state.error ??= errorIn(fields)
  return verdict(state)
}

/** A Gemini stream asked for without `alt=sse`; other APIs answer with no arrays. */
function inspectArray(api: Api, elements: readonly unknown[]): WholeFinding {
  if (elements.length === 0) return { kind: 'empty' }
  const state = freshState(api)
  for (const element of elements) {
    const fields = asObject(element)
    if (fields === undefined) return OPAQUE
    if (api === 'gemini') readGeminiChunk(state, fields)
    else state.error ??= errorIn(fields)
  }
  if (api !== 'gemini') state.sawContent = true
  return verdict(state)
}

function verdict(state: WatchState): WholeFinding {
  const usage = usageOf(state)
  if (state.error !== undefined) return { kind: 'soft-error', usage, ...state.error }
  if (!state.sawContent) return { kind: 'empty' }
  const { responseId } = state
  return responseId === undefined
    ? { kind: 'ok', usage, complete: true }
    : { kind: 'ok', usage, responseId, complete: true }
}

/** An embedding has no output: that is 0, not unknown. */
function usageOf(state: WatchState): Usage {
  const usage = usageOfState(state)
  if (state.api !== 'embeddings' || usage.inputTokens === undefined) return usage
  return { outputTokens: 0, ...usage }
}

/** A stream although none was asked for. */
function inspectSse(api: Api, bytes: Uint8Array, text: string): WholeFinding {
  const watch = watchStream(api, bytes.length)
  watch.push(bytes)
  watch.end()
  const { usage, error, responseId, contentTokens } = watch
  if (error !== undefined) return { kind: 'soft-error', usage, ...error }
  if (watch.events === 0) return ONLY_KEEP_ALIVES.test(text) ? { kind: 'empty' } : OPAQUE
  if (!watch.sawContent) return { kind: 'empty' }
  if (watch.phase !== 'finished' && watch.terminalReason === undefined) return { kind: 'cut' }
  return {
    kind: 'ok',
    usage,
    ...(responseId !== undefined && { responseId }),
    complete: true,
    ...(!isComplete(usage) && { outputGuess: contentTokens }),
  }
}

/** Whether the text is the beginning of valid JSON. */
function breaksOff(text: string): boolean {
  const cursor = new JsonCursor(new TextEncoder().encode(text))
  return !cursor.skipValue() && cursor.fault === 'cut'
}

function isHtml(text: string, contentType: string): boolean {
  return HTML_TYPE.test(contentType) || (text[0] === '<' && HTML_TAG.test(text.slice(0, HTML_HEAD_CHARS)))
}

function isNotice(text: string, beginnings: readonly string[]): boolean {
  if (text.length > MAX_NOTICE_BYTES || new TextEncoder().encode(text).length > MAX_NOTICE_BYTES) return false
  return beginnings.some((beginning) => beginning !== '' && text.startsWith(beginning))
}

function notice(text: string): WholeFinding {
  return { kind: 'soft-error', usage: {}, body: text, type: '', code: '', message: text }
}
