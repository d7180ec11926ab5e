import type { ContentSpec, ErrorSpec } from './behaviour.ts'

export type ApiName = 'messages' | 'chat' | 'completions' | 'embeddings' | 'responses' | 'gemini' | 'models'

/** `sse`: server-sent events; `array`: Gemini's JSON array that grows. */
export type StreamForm = 'none' | 'sse' | 'array'

/** What a request asks for, as far as an answer needs it. */
export type Asked = {
  readonly model: string
  readonly stream: StreamForm
  /** The last thing the user said. */
  readonly text: string
  /** Names of the tools offered. */
  readonly tools: readonly string[]
  /** What the tool answered, when the last message is a tool's result. */
  readonly toolResult: string | undefined
  /** The whole request, for the few things only one API asks. */
  readonly body: unknown
  readonly bodyChars: number
}

/** Tokens. `input` is what was neither read from nor written to a cache; `output` includes `reasoning`. */
export type Usage = {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly reasoningTokens: number
}

export type ToolCall = { readonly id: string; readonly name: string; readonly args: unknown }

/** One answer, before any vendor's clothes. */
export type Say = {
  /** 24 hex digits; the same request to the same mock has the same seed, and so the same answer. */
  readonly seed: string
  readonly asked: Asked
  readonly thinking: string
  readonly pieces: readonly string[]
  readonly tool: ToolCall | undefined
  readonly usage: Usage
}

/**
 * A piece of a body. `meta`: says nothing yet (role, `message_start`, `response.created`); `open`: announces content;
 * `content`; `finish`: reason and usage before the marker; `end`: the protocol's end marker; `error`.
 */
export type PartKind = 'meta' | 'ping' | 'open' | 'content' | 'finish' | 'end' | 'error'

export type Part = { readonly kind: PartKind; readonly text: string; readonly waitMs?: number }

/** One vendor's wire format. */
export interface Wire {
  readonly name: ApiName
  ask(path: string, body: unknown, bodyChars: number): Asked
  /** The body of an answer that does not stream. */
  whole(say: Say): string
  stream(say: Say): readonly Part[]
  errorBody(error: ErrorSpec): string
  /** An error inside a stream; `isFirst`: nothing came before it. */
  errorEvent(error: ErrorSpec, asked: Asked, isFirst: boolean): string
  /** What keeps a stream alive; `''` where clients bear nothing. */
  readonly ping: string
}

/** 2026-01-01. Fixed, so that the same request has the same answer to the byte. */
export const CREATED_S = 1_767_225_600

const CHARS_PER_TOKEN = 4
const DEFAULT_PIECES = 5

/**
 * What to answer: an echo with Chinese and an emoji in it, so that characters of two to four bytes are in every answer;
 * or a tool call, when one is wished, tools are on offer and no result has come yet.
 */
export function sayFor(asked: Asked, spec: ContentSpec, seed: string): Say {
  const tool = spec.tool && asked.toolResult === undefined ? toolFor(asked, spec, seed) : undefined
  const said = asked.toolResult === undefined ? `Echo 你好 🌍: ${asked.text}` : `Tool said 👌: ${asked.toolResult}`
  const text = spec.text ?? (tool ? '' : said)
  const thinking = spec.thinking ?? ''
  const args = tool ? JSON.stringify(tool.args) : ''
  const estimate: Usage = {
    inputTokens: tokensOf(asked.bodyChars),
    outputTokens: tokensOf(text.length + thinking.length + args.length),
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: thinking === '' ? 0 : tokensOf(thinking.length),
  }
  return {
    seed,
    asked,
    thinking,
    pieces: cut(text, spec.pieces ?? DEFAULT_PIECES),
    tool,
    usage: withUsage(estimate, spec),
  }
}

export function wholeText(say: Say): string {
  return say.pieces.join('')
}

/** Cuts between characters, never inside a surrogate pair: a vendor's delta is valid text. */
export function cut(text: string, pieces: number): readonly string[] {
  const sizeChars = Math.max(1, Math.ceil(text.length / pieces))
  const cuts: string[] = []
  for (let from = 0, end = 0; from < text.length; from = end) {
    end = from + sizeChars
    if (isLowSurrogate(text.charCodeAt(end))) end++
    cuts.push(text.slice(from, end))
  }
  return cuts
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

function toolFor(asked: Asked, spec: ContentSpec, seed: string): ToolCall | undefined {
  const name = spec.tool?.name ?? asked.tools[0]
  if (name === undefined || asked.tools.length === 0) return undefined
  return { id: seed, name, args: spec.tool?.args ?? {} }
}

function withUsage(estimate: Usage, spec: ContentSpec): Usage {
  const { usage } = spec
  if (!usage) return estimate
  return {
    inputTokens: usage.inputTokens ?? estimate.inputTokens,
    outputTokens: usage.outputTokens ?? estimate.outputTokens,
    cacheReadTokens: usage.cacheReadTokens ?? 0,
    cacheWriteTokens: usage.cacheWriteTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? estimate.reasoningTokens,
  }
}

function tokensOf(chars: number): number {
  return Math.max(1, Math.ceil(chars / CHARS_PER_TOKEN))
}
