import { hasMember, needle, utf8 } from '../find-bytes.ts'
import { asArray, asObject, asText, type Json, parseObject } from '../json-fields.ts'
import { foldCommon, foldErrorEvent, foldUsage, type WatchState } from '../watch-state.ts'

const DONE = needle('[DONE]')
const USAGE = needle('"usage"')
const ERROR = needle('"error"')
const FINISH_REASON = needle('"finish_reason"')

/**
 * Chunks of Chat Completions and Completions. Content is a delta that says something, or a finish reason; once it has
 * been seen, only chunks are parsed that carry usage, an error or a finish reason.
 *
 * Source: https://platform.openai.com/docs/api-reference/chat-streaming.
 */
export function readChatEvent(state: WatchState, kind: string, data: Uint8Array): boolean {
  if (kind === 'ping' || kind === 'keepalive') return false
  if (kind === 'error') {
    foldErrorEvent(state, data)
    return true
  }
  if (isDone(data)) {
    state.finished = true
    return true
  }
  state.content.event(data)
  if (state.sawContent && !mayMatter(data)) return true
  const json = parseObject(data)
  if (json !== undefined) readChunk(state, json)
  return true
}

function isDone(data: Uint8Array): boolean {
  return data[0] === DONE[0] && data.length < 16 && utf8(data).trim() === '[DONE]'
}

function mayMatter(data: Uint8Array): boolean {
  return hasMember(data, USAGE) || hasMember(data, FINISH_REASON) || hasMember(data, ERROR)
}

function readChunk(state: WatchState, json: Json): void {
  foldCommon(state, json)
  state.responseId ??= asText(json['id'])
  for (const choice of asArray(json['choices'])) {
    const fields = asObject(choice)
    if (fields !== undefined) readChoice(state, fields)
  }
}

function readChoice(state: WatchState, choice: Json): void {
  const reason = asText(choice['finish_reason'])
  if (reason !== undefined) state.terminalReason = reason
  if ((reason !== undefined && reason !== 'error') || asText(choice['text']) !== undefined) state.sawContent = true
  const delta = asObject(choice['delta']) ?? asObject(choice['message'])
  if (delta !== undefined && saysSomething(delta)) state.sawContent = true
}

const TEXTS = ['content', 'reasoning', 'reasoning_content', 'refusal']
const PARTS = ['content', 'tool_calls', 'reasoning_details', 'images']
const OBJECTS = ['function_call', 'audio']

function saysSomething(delta: Json): boolean {
  return (
    TEXTS.some((name) => asText(delta[name]) !== undefined) ||
    PARTS.some((name) => asArray(delta[name]).length > 0) ||
    OBJECTS.some((name) => asObject(delta[name]) !== undefined)
  )
}

/** A whole chat completion, completion, embedding or moderation. */
export function readChatWhole(state: WatchState, json: Json): void {
  foldUsage(state, json)
  state.responseId = asText(json['id'])
  const choices = json['choices']
  state.sawContent = !Array.isArray(choices) || choices.length > 0
  state.terminalReason = asText(asObject(asArray(choices)[0])?.['finish_reason'])
}
