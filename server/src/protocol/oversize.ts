import { findBytes, needle, utf8 } from './find-bytes.ts'
import { READERS } from './index.ts'
import { JsonCursor } from './json-cursor.ts'
import { asLabel, asObject, parseJson, parseObject } from './json-fields.ts'
import { finishResponses } from './openai-responses/read-event.ts'
import { errorFromText } from './stream-error.ts'
import { foldUsage, type WatchState } from './watch-state.ts'

const USAGE_NAMES = ['usage', 'usageMetadata'] as const
const NEEDLES = USAGE_NAMES.map((name) => needle(`"${name}"`))

const ERRORS = new Set(['error', 'response.failed'])
/** Events that may be large without being content: they repeat the request. */
const OPENINGS = new Set([
  'message_start',
  'response.created',
  'response.in_progress',
  'response.queued',
  'response.cancelled',
])

export type Oversize = {
  /** `''` = it has none. */
  readonly name: string
  /** Its last bytes. */
  readonly tail: Uint8Array
  /** What matters of its JSON, see `ANSWER_PARTS`; empty when that could not be made out. */
  readonly parts: Uint8Array
}

/**
 * Rescues what can be known of an event too large to be held: that it ends the stream (by its name), and usage, wherever
 * it stands; or, when the event is no JSON that we can follow, usage near its end.
 */
export function foldOversize(state: WatchState, { name, tail, parts }: Oversize): void {
  const json = parts.length > 0 ? parseObject(parts) : undefined
  if (json !== undefined) READERS[state.api].event(state, name || asLabel(json['type']), parts)
  if (state.api === 'responses') finishResponses(state, name, undefined)
  if (ERRORS.has(name)) state.error ??= errorFromText(utf8(tail))
  else if (!OPENINGS.has(name)) state.sawContent = true
  if (json === undefined) foldTail(state, tail)
}

function foldTail(state: WatchState, tail: Uint8Array): void {
  for (const [index, field] of USAGE_NAMES.entries()) {
    const usage = lastObject(tail, NEEDLES[index]!)
    if (usage !== undefined) foldUsage(state, { [field]: usage })
  }
}

/** The object behind the last occurrence of a member's name. */
function lastObject(tail: Uint8Array, name: Uint8Array): unknown {
  let last = -1
  for (let at = findBytes(tail, name, 0); at >= 0; at = findBytes(tail, name, at + 1)) last = at
  if (last < 0) return undefined
  const cursor = new JsonCursor(tail)
  cursor.at = last
  if (!cursor.skipKey()) return undefined
  cursor.peek()
  const start = cursor.at
  return cursor.skipValue() ? asObject(parseJson(utf8(tail.subarray(start, cursor.at)))) : undefined
}
