import { chatUsage } from './answer-chat.ts'
import { at, listAt, textAt } from './json.ts'
import { openAiError } from './openai-error.ts'
import { type Asked, CREATED_S, type Part, type Say, type Wire, wholeText } from './say.ts'
import { comment, DONE_EVENT, dataEvent } from './sse.ts'

/** OpenAI Completions, the older API. Source: https://platform.openai.com/docs/api-reference/completions */
export const completions: Wire = {
  name: 'completions',
  ask: (_path, body, bodyChars) => askedWith(body, bodyChars, textsOf(at(body, 'prompt')).join('\n')),
  whole: (say) => JSON.stringify({ ...completion(say, wholeText(say), 'stop'), usage: chatUsage(say.usage) }),
  stream,
  errorBody: (error) => JSON.stringify(openAiError(error)),
  errorEvent: (error) => dataEvent(openAiError(error)),
  ping: comment('PROCESSING'),
}

/** OpenAI Embeddings; never streams. Source: https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: Wire = {
  ...completions,
  name: 'embeddings',
  ask: (_path, body, bodyChars) => ({
    ...askedWith(body, bodyChars, textsOf(at(body, 'input')).join('\n')),
    stream: 'none',
  }),
  whole: embedded,
}

function askedWith(body: unknown, bodyChars: number, text: string): Asked {
  return {
    model: textAt(body, 'model') ?? 'gpt-mock',
    stream: at(body, 'stream') === true ? 'sse' : 'none',
    text,
    tools: [],
    toolResult: undefined,
    body,
    bodyChars,
  }
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return listAt(value).map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
}

function completion(say: Say, text: string, finish: string | null) {
  return {
    id: `cmpl-${say.seed}`,
    object: 'text_completion',
    created: CREATED_S,
    model: say.asked.model,
    choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
  }
}

function stream(say: Say): readonly Part[] {
  const wantsUsage = at(say.asked.body, 'stream_options', 'include_usage') === true
  const usage = { ...completion(say, '', null), choices: [], usage: chatUsage(say.usage) }
  return [
    ...say.pieces.map((text): Part => ({ kind: 'content', text: dataEvent(completion(say, text, null)) })),
    { kind: 'finish', text: dataEvent(completion(say, '', 'stop')) },
    ...(wantsUsage ? [{ kind: 'finish', text: dataEvent(usage) } as const] : []),
    { kind: 'end', text: DONE_EVENT },
  ]
}

const DIMENSIONS = 8

/** A small vector made of the text's own characters. The official client asks for base64 unless told otherwise. */
export function vectorOf(text: string): readonly number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0)
  for (let i = 0; i < text.length; i++)
    vector[i % DIMENSIONS] = ((vector[i % DIMENSIONS] ?? 0) + text.charCodeAt(i)) % 256
  return vector.map((value) => value / 256)
}

function embedded(say: Say): string {
  const isBase64 = textAt(say.asked.body, 'encoding_format') === 'base64'
  const data = textsOf(at(say.asked.body, 'input')).map((text, index) => {
    const vector = vectorOf(text)
    return { object: 'embedding', index, embedding: isBase64 ? base64Of(vector) : vector }
  })
  const tokens = say.usage.inputTokens
  const usage = { prompt_tokens: tokens, total_tokens: tokens }
  return JSON.stringify({ object: 'list', data, model: say.asked.model, usage })
}

function base64Of(vector: readonly number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString('base64')
}
