import { documentTokens, UNSEEN_DOCUMENT_TOKENS } from './document-tokens.ts'
import { imageSize, imageTokens, UNSEEN_IMAGE_TOKENS } from './image-tokens.ts'

/** A text, and how many tokens of the model stand for 100 tokens of it. */
export type Part = { readonly text: string; readonly percent: number }

/** What one message, or the system prompt, is made of. */
export type ContentParts = {
  readonly texts: readonly string[]
  readonly scaledTexts: readonly Part[]
  /** Media. */
  readonly fixedTokens: number
  readonly toolUses: number
  readonly toolArguments: number
}

export type ContentOptions = { readonly countsThinking: boolean }

type Json = Readonly<Record<string, unknown>>
type Collected = { texts: string[]; fixedTokens: number; toolUses: number; toolArguments: number }

/** Results may hold blocks that hold blocks; the API knows three levels. */
const MAX_DEPTH = 8
/** Names of fields that hold something which no model reads as text. */
const UNREAD = new Set(['data', 'signature', 'encrypted_content', 'encrypted_index', 'cache_control'])

/**
 * The parts of a content: a text, a list of blocks, or anything else, which counts as the JSON it is.
 *
 * @param content  Untrusted. Blocks that are not known count as JSON, without what is encrypted or encoded in them.
 */
export function contentParts(content: unknown, options: ContentOptions): ContentParts {
  const collected: Collected = { texts: [], fixedTokens: 0, toolUses: 0, toolArguments: 0 }
  collect(collected, content, { ...options, depth: 0 })
  return { ...collected, scaledTexts: [] }
}

type Place = ContentOptions & { readonly depth: number }

function collect(into: Collected, content: unknown, place: Place): void {
  if (content === undefined || content === null || place.depth > MAX_DEPTH) return
  if (typeof content === 'string') into.texts.push(content)
  else if (!Array.isArray(content)) into.texts.push(jsonText(content))
  else for (const block of content) collectBlock(into, block, place)
}

function collectBlock(into: Collected, block: unknown, place: Place): void {
  if (typeof block !== 'object' || block === null) return collect(into, block, place)
  const json = block as Json
  switch (json['type']) {
    case 'text':
      if (typeof json['text'] === 'string') into.texts.push(json['text'])
      return
    case 'thinking':
      if (place.countsThinking && typeof json['thinking'] === 'string') into.texts.push(json['thinking'])
      return
    case 'redacted_thinking':
      return
    case 'image':
      into.fixedTokens += imageBlockTokens(json['source'])
      return
    case 'document':
      return collectDocument(into, json, place)
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return collectToolUse(into, json)
    case 'tool_result':
    case 'mcp_tool_result':
      return collect(into, json['content'], { ...place, depth: place.depth + 1 })
    case 'search_result':
      into.texts.push([json['title'], json['source']].filter((text) => typeof text === 'string').join('\n'))
      return collect(into, json['content'], { ...place, depth: place.depth + 1 })
    case 'tool_reference':
      return // its definition counts: see `toolParts`
    default:
      into.texts.push(jsonText(json))
  }
}

function imageBlockTokens(source: unknown): number {
  if (!isObject(source) || source['type'] !== 'base64' || typeof source['data'] !== 'string') return UNSEEN_IMAGE_TOKENS
  return imageTokens(imageSize(source['data']))
}

function collectDocument(into: Collected, block: Json, place: Place): void {
  for (const name of ['title', 'context']) if (typeof block[name] === 'string') into.texts.push(block[name])
  const source = block['source']
  if (!isObject(source)) {
    into.fixedTokens += UNSEEN_DOCUMENT_TOKENS
    return
  }
  const data = source['data']
  if (source['type'] === 'text' && typeof data === 'string') into.texts.push(data)
  else if (source['type'] === 'base64' && typeof data === 'string') into.fixedTokens += documentTokens(data)
  else if (source['type'] === 'content') collect(into, source['content'], { ...place, depth: place.depth + 1 })
  else into.fixedTokens += UNSEEN_DOCUMENT_TOKENS
}

function collectToolUse(into: Collected, block: Json): void {
  into.toolUses += 1
  const input = block['input']
  if (isObject(input)) into.toolArguments += Object.keys(input).length
  into.texts.push(`${String(block['name'] ?? '')} ${jsonText(input ?? {})}`)
}

/** `''` for what JSON cannot say, such as a nesting that is too deep. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value, (name, inner: unknown) => (UNREAD.has(name) ? undefined : inner)) ?? ''
  } catch {
    return '' // deeper than the platform can walk: no model would be asked that
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
