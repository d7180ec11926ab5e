import { findBytes, needle } from '../find-bytes.ts'
import { asArray, asLabel, asObject, asText, type Json, parseObject } from '../json-fields.ts'
import { errorFromText } from '../stream-error.ts'
import { foldCommon, foldErrorEvent, foldUsage, type WatchState } from '../watch-state.ts'

const RESPONSE = 'response.'

/**
 * Events of the Responses API. Content begins with the first output item or delta. Events about items and their parts
 * (`response.x.y`) are known by name and never parsed; they hold no usage.
 *
 * Source: https://platform.openai.com/docs/api-reference/responses-streaming.
 */
export function readResponsesEvent(state: WatchState, kind: string, data: Uint8Array): boolean {
  if (kind === 'ping' || kind === 'keepalive') return false
  if (kind === 'error') {
    foldErrorEvent(state, data)
    return true
  }
  if (isAboutPart(kind)) {
    if (isContent(kind)) state.sawContent = true
    if (kind.endsWith('.delta')) state.content.event(data)
    else if (kind === 'response.output_item.done') countSearch(state, data)
    return true
  }
  const isJustBegun = kind === 'response.in_progress' || kind === 'response.queued'
  if (isJustBegun && state.responseId !== undefined) return true // repeats the whole request, up to 100 KB
  const json = parseObject(data)
  if (json === undefined) return true
  const type = asLabel(json['type'])
  if (kind !== type && isAboutPart(type)) return readResponsesEvent(state, type, data)
  readParsed(state, TERMINAL.has(kind) ? kind : type, json)
  return true
}

function isAboutPart(kind: string): boolean {
  return kind.startsWith(RESPONSE) && kind.indexOf('.', RESPONSE.length) > 0
}

function isContent(kind: string): boolean {
  return (
    kind.endsWith('.delta') || kind.startsWith('response.output_item.') || kind.startsWith('response.content_part.')
  )
}

const SEARCH = needle('"web_search_call"')

/** One finished search; the last event sums all of them up, but a stream may break off before. */
function countSearch(state: WatchState, data: Uint8Array): void {
  if (findBytes(data, SEARCH, 0) >= 0 && isSearch(parseObject(data)?.['item'])) state.webSearches++
}

/** Opening a page of the results, and finding something on it, cost nothing. */
function isSearch(item: unknown): boolean {
  const fields = asObject(item)
  const action = asObject(fields?.['action'])?.['type']
  return fields?.['type'] === 'web_search_call' && (action === undefined || action === 'search')
}

function sumUpSearches(state: WatchState, output: unknown): void {
  state.webSearches = Math.max(state.webSearches, asArray(output).filter(isSearch).length)
}

const TERMINAL = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
  'response.done',
])
const COMPLETE = new Set(['response.completed', 'response.incomplete', 'response.done'])

function readParsed(state: WatchState, event: string, json: Json): void {
  foldCommon(state, json)
  const response = asObject(json['response'])
  state.responseId ??= asText(response?.['id'])
  sumUpSearches(state, response?.['output'])
  finishResponses(state, event, asText(response?.['status']))
  if (event === 'response.failed') state.error ??= { ...errorFromText(JSON.stringify(json)), message: '' }
}

/** @param status  Of the response object, where it is at hand; the event's own name says it too. */
export function finishResponses(state: WatchState, event: string, status: string | undefined): void {
  if (!TERMINAL.has(event)) return
  state.finished = true
  state.terminalReason = status ?? event.slice(RESPONSE.length)
  if (COMPLETE.has(event)) state.sawContent = true
}

/** A whole response object: `{"object":"response",…}`. */
export function readResponsesWhole(state: WatchState, json: Json): void {
  foldUsage(state, json)
  state.responseId = asText(json['id'])
  state.terminalReason = asText(json['status'])
  sumUpSearches(state, json['output'])
  state.sawContent = true
}
