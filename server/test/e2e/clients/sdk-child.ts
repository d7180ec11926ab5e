// One question through one SDK that knows nothing but its own variables. Prints the answer.
//   bun sdk-child.ts messages|chat|responses|gemini MODEL
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'

const QUESTION = 'Say something.'

const SDKS: Readonly<Record<string, (model: string) => Promise<string>>> = {
  messages: async (model) => {
    const messages = [{ role: 'user' as const, content: QUESTION }]
    return new Anthropic().messages.stream({ model, max_tokens: 64, messages }).finalText()
  },
  chat: async (model) => {
    const messages = [{ role: 'user' as const, content: QUESTION }]
    const stream = await new OpenAI().chat.completions.create({ model, messages, stream: true })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    return text
  },
  responses: async (model) => (await new OpenAI().responses.create({ model, input: QUESTION })).output_text,
  gemini: async (model) => {
    const stream = await new GoogleGenAI({}).models.generateContentStream({ model, contents: QUESTION })
    let text = ''
    for await (const chunk of stream) text += chunk.text ?? ''
    return text
  },
}

const [which = '', model = ''] = process.argv.slice(2)
const ask = SDKS[which]
if (ask === undefined) throw new Error(`unknown SDK: ${which}`)
process.stdout.write(await ask(model))
