import type { ErrorBody } from '../core/error-body.ts'
import type { ByteRange } from './body-scan.ts'
import { utf8 } from './find-bytes.ts'
import { JsonCursor } from './json-cursor.ts'

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const LOWER_N = 0x6e
const MAX_NAME_BYTES = 128 // `encrypted_content` all in \u escapes takes 104

const CODE = 'invalid_encrypted_content'
const UNVERIFIED = /encrypted content\b[^\n]{0,400}could not be (?:verified|decrypted|decoded)/

/** Whether an upstream says that it cannot open the reasoning that another one has sealed. */
export function refusesEncryptedContent({ code, type, words }: ErrorBody): boolean {
  return code === CODE || type === CODE || UNVERIFIED.test(words)
}

/** A comma-separated part of an array or object, and whether it goes. */
type Piece = ByteRange & { readonly isDropped: boolean }

/**
 * The body of a Responses request without what only its maker can open: reasoning items with `encrypted_content` go as a
 * whole (an item without its content would be looked up and not found), other items lose the field alone. Only `input` is
 * looked at. Every other byte stays.
 *
 * @param bytes  A JSON object that `scanBody` has passed. Not changed.
 * @returns      `undefined` when there is nothing to take out.
 * Cost: linear; one pass and one copy. Source: https://platform.openai.com/docs/guides/reasoning ("encrypted reasoning items").
 */
export function withoutEncryptedContent(bytes: Uint8Array): Uint8Array | undefined {
  const cursor = new JsonCursor(bytes)
  const cuts: ByteRange[] = []
  const isRead = eachPiece(cursor, OPEN_BRACE, () => {
    const name = nameAt(cursor)
    if (name === undefined) return undefined
    const isInput = name === 'input' && cursor.peek() === OPEN_BRACKET
    return (isInput ? readInput(cursor, cuts) : cursor.skipValue()) ? 'kept' : undefined
  })
  return isRead && cuts.length > 0 ? without(bytes, cuts) : undefined
}

function readInput(cursor: JsonCursor, cuts: ByteRange[]): boolean {
  const items = eachPiece(cursor, OPEN_BRACKET, () => {
    if (cursor.peek() !== OPEN_BRACE) return cursor.skipValue() ? 'kept' : undefined
    return readItem(cursor, cuts)
  })
  if (items) cuts.push(...cutsOf(items))
  return items !== undefined
}

type Fate = 'kept' | 'dropped'

function readItem(cursor: JsonCursor, cuts: ByteRange[]): Fate | undefined {
  let isReasoning = false
  const members = eachPiece(cursor, OPEN_BRACE, () => {
    const name = nameAt(cursor)
    if (name === undefined) return undefined
    const first = cursor.peek()
    const start = cursor.at
    if (!cursor.skipValue()) return undefined
    if (name === 'type') isReasoning = textOf(cursor, start) === 'reasoning'
    return name === 'encrypted_content' && first !== LOWER_N ? 'dropped' : 'kept'
  })
  if (members === undefined) return undefined
  if (!members.some(({ isDropped }) => isDropped)) return 'kept'
  if (isReasoning) return 'dropped'
  cuts.push(...cutsOf(members))
  return 'kept'
}

/** Walks over one array or object. `read` must skip what stands there, and says whether it goes; `undefined` = broken. */
function eachPiece(
  cursor: JsonCursor,
  open: typeof OPEN_BRACE | typeof OPEN_BRACKET,
  read: () => Fate | undefined,
): readonly Piece[] | undefined {
  const close = open === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET
  if (cursor.peek() !== open || !cursor.enter(open)) return undefined
  const pieces: Piece[] = []
  if (cursor.peek() === close) {
    cursor.leave()
    return pieces
  }
  for (;;) {
    cursor.peek()
    const start = cursor.at
    const fate = read()
    if (fate === undefined) return undefined
    pieces.push({ start, end: cursor.at, isDropped: fate === 'dropped' })
    const byte = cursor.peek()
    if (byte !== COMMA && byte !== close) return undefined
    if (byte === close) break
    cursor.at++
  }
  cursor.leave()
  return pieces
}

/** A member's name, with the cursor behind its colon; `''` for one too long to be ours. */
function nameAt(cursor: JsonCursor): string | undefined {
  cursor.peek()
  const start = cursor.at
  if (!cursor.skipKey()) return undefined
  const end = cursor.bytes.lastIndexOf(0x22, cursor.at - 1) + 1
  return end - start <= MAX_NAME_BYTES ? textBetween(cursor.bytes, start, end) : ''
}

function textOf({ bytes, at }: JsonCursor, start: number): string {
  return bytes[start] === 0x22 && at - start <= MAX_NAME_BYTES ? textBetween(bytes, start, at) : ''
}

function textBetween(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(utf8(bytes.subarray(start, end))) as string // checked by the cursor just now
}

/** Each dropped piece goes with one comma: the one before it, or the one behind it while nothing kept came before. */
function cutsOf(pieces: readonly Piece[]): readonly ByteRange[] {
  const firstKept = pieces.findIndex(({ isDropped }) => !isDropped)
  return pieces.flatMap(({ start, end, isDropped }, index) => {
    if (!isDropped) return []
    if (firstKept >= 0 && index > firstKept) return [{ start: pieces[index - 1]?.end ?? start, end }]
    return [{ start, end: pieces[index + 1]?.start ?? end }]
  })
}

function without(bytes: Uint8Array, cuts: ByteRange[]): Uint8Array {
  const inOrder = cuts.toSorted((one, other) => one.start - other.start)
  const left = new Uint8Array(bytes.length - inOrder.reduce((sum, { start, end }) => sum + end - start, 0))
  let from = 0
  let at = 0
  for (const { start, end } of [...inOrder, { start: bytes.length, end: bytes.length }]) {
    left.set(bytes.subarray(from, start), at)
    at += start - from
    from = end
  }
  return left
}
