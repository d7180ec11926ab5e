import { asLabel, asObject, asText, type Json, parseObject } from '../json-fields.ts'
import { foldCommon, foldErrorEvent, foldUsage, type WatchState } from '../watch-state.ts'

/**
 * Events of a streamed message. Content begins with the first block; a stop reason is an answer too (an empty one).
 * Blocks and deltas are known by name and never parsed.
 *
 * Source: https://docs.anthropic.com/en/docs/build-with-claude/streaming.
 */
export function readAnthropicEvent(state: WatchState, kind: string, data: Uint8Array): boolean {
  switch (kind) {
    case 'content_block_start':
      state.sawContent = true
      return true
    case 'content_block_delta':
      state.sawContent = true
      state.content.event(data)
      return true
    case 'content_block_stop':
      return true
    case 'ping':
      return false
    case 'message_stop':
      if (parseObject(data) !== undefined) state.finished = true // half an event is no end
      return true
    case 'error':
      foldErrorEvent(state, data)
      return true
    default:
      return readParsed(state, kind, data)
  }
}

function readParsed(state: WatchState, kind: string, data: Uint8Array): boolean {
  const json = parseObject(data)
  if (json === undefined) return true
  const type = asLabel(json['type'])
  if (kind !== type && isBare(type)) return readAnthropicEvent(state, type, data)
  foldCommon(state, json)
  if (type === 'message_start') state.responseId ??= asText(asObject(json['message'])?.['id'])
  if (type === 'message_delta') readMessageDelta(state, json)
  return true
}

const BARE_TYPES = new Set(['content_block_start', 'content_block_delta', 'content_block_stop', 'ping', 'message_stop'])

/** Types that mean something without a look at their other fields. */
function isBare(type: string): boolean {
  return BARE_TYPES.has(type)
}

function readMessageDelta(state: WatchState, json: Json): void {
  const reason = asText(asObject(json['delta'])?.['stop_reason'])
  if (reason === undefined) return
  state.terminalReason = reason
  state.sawContent = true
}

/** A whole message: `{"type":"message",…}`. */
export function readAnthropicWhole(state: WatchState, json: Json): void {
  foldUsage(state, json)
  state.responseId = asText(json['id'])
  state.terminalReason = asText(json['stop_reason'])
  const content = json['content']
  state.sawContent = !Array.isArray(content) || content.length > 0 || state.terminalReason !== undefined
}
