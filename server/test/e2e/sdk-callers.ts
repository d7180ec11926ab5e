import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import type { ChannelFields } from './program.ts'

/** Where an SDK is pointed at: the program with a token, or a mock with any key. `url` without `/v1`. */
export type Base = { readonly url: string; readonly key: string }

/** One way in which one vendor's SDK asks. `call` gives what its user sees; it never repeats a request by itself. */
export type Caller = {
  readonly name: string
  readonly type: NonNullable<ChannelFields['channel_type']>
  readonly form: 'whole' | 'stream'
  call(base: Base, model: string): Promise<unknown>
}

const SAY = 'hi'
const MESSAGES = [{ role: 'user' as const, content: SAY }]

export function anthropicAt({ url, key }: Base): Anthropic {
  return new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 })
}

export function openAiAt({ url, key }: Base): OpenAI {
  return new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 })
}

export function geminiAt({ url, key }: Base): GoogleGenAI {
  return new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, apiVersion: 'v1beta' } })
}

export const CALLERS: readonly Caller[] = [
  {
    name: 'messages',
    type: 'anthropic',
    form: 'whole',
    call: (base, model) => anthropicAt(base).messages.create({ model, max_tokens: 9, messages: MESSAGES }),
  },
  {
    name: 'messages stream',
    type: 'anthropic',
    form: 'stream',
    call: (base, model) =>
      anthropicAt(base).messages.stream({ model, max_tokens: 9, messages: MESSAGES }).finalMessage(),
  },
  {
    name: 'chat',
    type: 'openai',
    form: 'whole',
    call: (base, model) => openAiAt(base).chat.completions.create({ model, messages: MESSAGES }),
  },
  {
    name: 'chat stream',
    type: 'openai',
    form: 'stream',
    call: (base, model) => openAiAt(base).chat.completions.stream({ model, messages: MESSAGES }).finalChatCompletion(),
  },
  {
    name: 'completions',
    type: 'openai',
    form: 'whole',
    call: (base, model) => openAiAt(base).completions.create({ model, prompt: SAY }),
  },
  {
    name: 'completions stream',
    type: 'openai',
    form: 'stream',
    call: async (base, model) => collect(await openAiAt(base).completions.create({ model, prompt: SAY, stream: true })),
  },
  {
    name: 'embeddings',
    type: 'openai',
    form: 'whole',
    call: (base, model) => openAiAt(base).embeddings.create({ model, input: ['A', 'AB'] }),
  },
  {
    name: 'responses',
    type: 'codex',
    form: 'whole',
    call: (base, model) => openAiAt(base).responses.create({ model, input: MESSAGES }),
  },
  {
    name: 'responses stream',
    type: 'codex',
    form: 'stream',
    call: (base, model) => openAiAt(base).responses.stream({ model, input: MESSAGES }).finalResponse(),
  },
  {
    name: 'gemini',
    type: 'gemini',
    form: 'whole',
    call: async (base, model) => {
      const { sdkHttpResponse: _, ...answer } = await geminiAt(base).models.generateContent({ model, contents: SAY })
      return answer
    },
  },
  {
    name: 'gemini stream',
    type: 'gemini',
    form: 'stream',
    call: async (base, model) => {
      const chunks = await collect(await geminiAt(base).models.generateContentStream({ model, contents: SAY }))
      return chunks.map(({ sdkHttpResponse: _, ...chunk }) => chunk)
    },
  },
]

/** What an SDK's answer says, as one text: enough to tell a whole answer from a part of it. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of stream) all.push(item)
  return all
}
