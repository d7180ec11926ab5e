import type { BodyScan, ByteRange } from './body-scan.ts'
import { needle } from './find-bytes.ts'

/** A change of some bytes: those of the range become `text`. An empty range is a place to put it. */
export type Edit = ByteRange & { readonly text: string }

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const SPACE = 0x20

/**
 * What to change in the body of a streamed chat, so that it asks for its usage: `stream_options.include_usage` becomes
 * true, and every other byte stays.
 *
 * @param scan  Of `bytes`, in which `include_usage` is not true.
 * Source: https://platform.openai.com/docs/api-reference/chat/create, `stream_options`.
 */
export function askForUsage(bytes: Uint8Array, { streamOptions }: BodyScan): Edit {
  if (streamOptions === undefined) {
    const at = bytes.indexOf(OPEN_BRACE) + 1
    return { start: at, end: at, text: '"stream_options":{"include_usage":true},' } // a body that streams is not empty
  }
  const { start, end, includeUsage } = streamOptions
  if (includeUsage !== undefined) return { ...includeUsage, text: 'true' }
  if (bytes[start] !== OPEN_BRACE) return { start, end, text: '{"include_usage":true}' }
  let first = start + 1
  while ((bytes[first] ?? 0xff) <= SPACE) first++
  const isEmpty = bytes[first] === CLOSE_BRACE
  return { start: start + 1, end: start + 1, text: `"include_usage":true${isEmpty ? '' : ','}` }
}

/** `bytes` with these changes; ranges must not overlap. */
export function spliced(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const sorted = edits.toSorted((a, b) => a.start - b.start)
  const parts: Uint8Array[] = []
  let at = 0
  for (const { start, end, text } of sorted) {
    parts.push(bytes.subarray(at, start), needle(text))
    at = end
  }
  parts.push(bytes.subarray(at))
  return Buffer.concat(parts)
}
