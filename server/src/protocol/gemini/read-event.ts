import { asArray, asObject, asText, type Json, parseObject } from '../json-fields.ts'
import { foldCommon, foldErrorEvent, type WatchState } from '../watch-state.ts'

/**
 * Chunks of streamGenerateContent, as SSE or as elements of one JSON array. Content is the first part, a finish reason, or
 * a blocked prompt (a true answer). Every chunk carries usage, so every chunk is parsed. After a finish reason more chunks
 * may come: finished means "may end now".
 *
 * Source: https://ai.google.dev/api/generate-content.
 */
export function readGeminiEvent(state: WatchState, kind: string, data: Uint8Array): boolean {
  if (kind === 'ping' || kind === 'keepalive') return false
  if (kind === 'error') {
    foldErrorEvent(state, data)
    return true
  }
  const json = parseObject(data)
  if (json !== undefined) readGeminiChunk(state, json)
  return true
}

export function readGeminiChunk(state: WatchState, json: Json): void {
  foldCommon(state, json)
  state.responseId ??= asText(json['responseId'])
  const blocked = asText(asObject(json['promptFeedback'])?.['blockReason'])
  if (blocked !== undefined) finish(state, blocked)
  for (const candidate of asArray(json['candidates'])) {
    const fields = asObject(candidate)
    if (fields !== undefined) readCandidate(state, fields)
  }
}

function readCandidate(state: WatchState, candidate: Json): void {
  const parts = asArray(asObject(candidate['content'])?.['parts'])
  for (const part of parts) {
    if (!saysSomething(part)) continue
    state.sawContent = true
    const text = asText(asObject(part)?.['text'])
    if (text !== undefined) state.content.words(text)
  }
  const searches = asArray(asObject(candidate['groundingMetadata'])?.['webSearchQueries'])
  state.webSearches = Math.max(state.webSearches, searches.length)
  const reason = asText(candidate['finishReason'])
  if (reason !== undefined) finish(state, reason)
}

/** Any part but one with nothing but an empty text. */
function saysSomething(part: unknown): boolean {
  const fields = asObject(part)
  if (fields === undefined) return false
  return fields['text'] !== '' || Object.keys(fields).some((name) => name !== 'text' && name !== 'thought')
}

function finish(state: WatchState, reason: string): void {
  state.finished = true
  state.sawContent = true
  state.terminalReason = reason
}

/** A whole answer of generateContent (or of embedding and counting calls, which have no candidates and are complete). */
export function readGeminiWhole(state: WatchState, json: Json): void {
  readGeminiChunk(state, json)
  const isGeneration = json['candidates'] !== undefined || json['usageMetadata'] !== undefined
  const isEmbedding = json['embedding'] !== undefined || json['embeddings'] !== undefined
  if (!isGeneration || isEmbedding) state.sawContent = true
}
