import { vectorOf } from './answer-completions.ts'
import type { ErrorSpec } from './behaviour.ts'
import { at, listAt, textAt } from './json.ts'
import { type Asked, cut, type Part, type Say, type StreamForm, type Usage, type Wire, wholeText } from './say.ts'
import { dataEvent } from './sse.ts'

/** Google Gemini. Source: https://ai.google.dev/api/generate-content */
export const gemini: Wire = {
  name: 'gemini',
  ask,
  whole: (say) => JSON.stringify(answer(say, partsOf(say), true), undefined, 2),
  stream: (say) => (say.asked.stream === 'array' ? arrayStream(say) : sseStream(say)),
  errorBody: (error) => JSON.stringify(errorObject(error), undefined, 2),
  errorEvent,
  ping: '', // the official client takes a comment line for a broken chunk
}

const MODEL_AND_METHOD = /^\/v1(?:beta)?\/models\/([^/:?]+):([A-Za-z]+)/

/** The method behind the colon: `generateContent`, `countTokens`, …; `''` when there is none. */
export function geminiMethod(path: string): string {
  return MODEL_AND_METHOD.exec(path)?.[2] ?? ''
}

/** The answer of `:countTokens`. */
export function countedGeminiTokens(asked: Asked): string {
  const tokens = Math.ceil(asked.bodyChars / 4)
  return JSON.stringify({ totalTokens: tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }] })
}

/** The answer of `:embedContent` and `:batchEmbedContents`. */
export function embeddedContent(asked: Asked, method: string): string {
  const values = (request: unknown) => ({ values: vectorOf(textOf(at(request, 'content'))) })
  if (method === 'embedContent') return JSON.stringify({ embedding: values(asked.body) })
  return JSON.stringify({ embeddings: listAt(asked.body, 'requests').map(values) })
}

function ask(path: string, body: unknown, bodyChars: number): Asked {
  const last = at(body, 'contents', -1)
  const result = at(
    listAt(last, 'parts').find((part) => at(part, 'functionResponse') !== undefined),
    'functionResponse',
    'response',
  )
  const declarations = listAt(body, 'tools').flatMap((tool) => listAt(tool, 'functionDeclarations'))
  return {
    model: MODEL_AND_METHOD.exec(path)?.[1] ?? 'gemini-mock',
    stream: streamForm(path),
    text: textOf(last),
    tools: declarations.map((tool) => textAt(tool, 'name') ?? ''),
    toolResult: result === undefined ? undefined : (textAt(result, 'output') ?? JSON.stringify(result)),
    body,
    bodyChars,
  }
}

function streamForm(path: string): StreamForm {
  if (geminiMethod(path) !== 'streamGenerateContent') return 'none'
  return /[?&]alt=sse(?:&|$)/.test(path) ? 'sse' : 'array'
}

function textOf(content: unknown): string {
  return listAt(content, 'parts')
    .flatMap((part) => textAt(part, 'text') ?? [])
    .join('\n')
}

type GeminiPart = Readonly<Record<string, unknown>>

function partsOf(say: Say): readonly GeminiPart[] {
  const list: GeminiPart[] = []
  if (say.thinking !== '') list.push({ text: say.thinking, thought: true })
  if (say.pieces.length > 0) list.push({ text: wholeText(say) })
  if (say.tool) list.push(callPart(say))
  return list
}

function callPart(say: Say): GeminiPart {
  return { functionCall: { name: say.tool?.name, args: say.tool?.args }, thoughtSignature: `c2ln${say.seed}` }
}

function answer(say: Say, parts: readonly GeminiPart[], isLast: boolean) {
  const candidate = { content: { parts, role: 'model' }, ...(isLast ? { finishReason: 'STOP' } : {}), index: 0 }
  const usageMetadata = wireUsage(isLast ? say.usage : { ...say.usage, outputTokens: 0, reasoningTokens: 0 })
  return { candidates: [candidate], usageMetadata, modelVersion: say.asked.model, responseId: say.seed }
}

/** Gemini counts thoughts beside the candidates, not among them. */
function wireUsage(usage: Usage) {
  const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens
  const candidates = usage.outputTokens - usage.reasoningTokens
  return {
    promptTokenCount: prompt,
    ...(candidates > 0 ? { candidatesTokenCount: candidates } : {}),
    ...(usage.reasoningTokens > 0 ? { thoughtsTokenCount: usage.reasoningTokens } : {}),
    ...(usage.cacheReadTokens > 0 ? { cachedContentTokenCount: usage.cacheReadTokens } : {}),
    totalTokenCount: prompt + usage.outputTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
  }
}

/** The chunks with content; the last one, which has none, is the one with reason and usage. */
function chunks(say: Say) {
  const contents: readonly GeminiPart[] = [
    ...cut(say.thinking, 2).map((text) => ({ text, thought: true })),
    ...say.pieces.map((text) => ({ text })),
    ...(say.tool ? [callPart(say)] : []),
  ]
  return { contents: contents.map((part) => answer(say, [part], false)), last: answer(say, [{ text: '' }], true) }
}

function sseStream(say: Say): readonly Part[] {
  const { contents, last } = chunks(say)
  return [...contents.map((chunk): Part => ({ kind: 'content', text: sse(chunk) })), { kind: 'end', text: sse(last) }]
}

function arrayStream(say: Say): readonly Part[] {
  const { contents, last } = chunks(say)
  const texts = contents.map((chunk): Part => ({ kind: 'content', text: JSON.stringify(chunk, undefined, 2) }))
  const all: readonly Part[] = [...texts, { kind: 'finish', text: JSON.stringify(last, undefined, 2) }]
  return [
    ...all.map((part, index): Part => ({ ...part, text: `${index === 0 ? '[' : '\n,\r\n'}${part.text}` })),
    { kind: 'end', text: '\n]' },
  ]
}

/** Google ends its lines with CRLF. */
function sse(data: unknown): string {
  return dataEvent(data).replaceAll('\n', '\r\n')
}

function errorEvent(error: ErrorSpec, asked: Asked, isFirst: boolean): string {
  if (asked.stream !== 'array') return sse(errorObject(error))
  return `${isFirst ? '[' : '\n,\r\n'}${JSON.stringify(errorObject(error), undefined, 2)}\n]`
}

function errorObject(error: ErrorSpec) {
  const code = error.status ?? 503
  const message = error.message ?? 'The model is overloaded. Please try again later.'
  return { error: { code, message, status: error.type ?? error.code ?? NAME_OF_STATUS[code] ?? 'INTERNAL' } }
}

const NAME_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}
