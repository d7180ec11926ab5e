import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { ApiError, GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { type Mock, startMock } from './start-mock.ts'

let mock: Mock
let anthropic: Anthropic
let openai: OpenAI

beforeAll(async () => {
  mock = await startMock()
  anthropic = new Anthropic({ apiKey: 'sk-ant', baseURL: mock.url, maxRetries: 0 })
  openai = new OpenAI({ apiKey: 'sk-oai', baseURL: `${mock.url}/v1`, maxRetries: 0 })
})
beforeEach(() => mock.reset())
afterAll(() => mock.close())

const SAID = 'Echo 你好 🌍: hi'
const USAGE = { inputTokens: 20, outputTokens: 9, cacheReadTokens: 5, cacheWriteTokens: 3, reasoningTokens: 2 }

describe('@anthropic-ai/sdk', () => {
  const ask = { model: 'claude-x', max_tokens: 99, messages: [{ role: 'user' as const, content: 'hi' }] }

  test('reads a whole answer and its usage', async () => {
    mock.set({ do: { kind: 'ok', usage: USAGE } })
    const message = await anthropic.messages.create(ask)
    expect(message.content).toMatchObject([{ type: 'text', text: SAID }])
    expect(message).toMatchObject({ model: 'claude-x', role: 'assistant', stop_reason: 'end_turn' })
    expect(message.usage).toMatchObject({
      input_tokens: 20,
      output_tokens: 9,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 3,
    })
    expect(mock.calls[0]?.key).toBe('sk-ant')
  })

  test('puts a stream together to the same message, thinking included', async () => {
    mock.set({ do: { kind: 'ok', thinking: 'let me see 嗯', usage: USAGE } })
    const whole = await anthropic.messages.create(ask)
    const events: string[] = []
    const stream = anthropic.messages.stream(ask).on('streamEvent', (event) => events.push(event.type))
    const streamed = await stream.finalMessage()
    expect(streamed.content).toMatchObject([
      { type: 'thinking', thinking: 'let me see 嗯' },
      { type: 'text', text: SAID },
    ])
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens)
    expect([events[0], events.at(-2), events.at(-1)]).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  test.each(['whole', 'streamed'])('makes a tool round trip, %s', async (how) => {
    mock.set({ do: { kind: 'tool', name: 'weather', args: { city: '上海', days: 2 } } })
    const tools = [{ name: 'weather', input_schema: { type: 'object' as const } }]
    const send = (messages: Anthropic.MessageParam[]) => {
      const body = { ...ask, tools, messages }
      return how === 'whole' ? anthropic.messages.create(body) : anthropic.messages.stream(body).finalMessage()
    }
    const first = await send(ask.messages)
    const call = first.content[0]
    if (call?.type !== 'tool_use') throw new Error('no tool call')
    expect(first.stop_reason).toBe('tool_use')
    expect(call).toMatchObject({ name: 'weather', input: { city: '上海', days: 2 } })
    const result = { type: 'tool_result' as const, tool_use_id: call.id, content: '21 °C' }
    const second = await send([
      ...ask.messages,
      { role: 'assistant', content: [call] },
      { role: 'user', content: [result] },
    ])
    expect(second.content).toMatchObject([{ type: 'text', text: 'Tool said 👌: 21 °C' }])
  })

  test('counts tokens, lists models, and turns errors into its own', async () => {
    expect((await anthropic.messages.countTokens(ask)).input_tokens).toBeGreaterThan(0)
    expect((await anthropic.models.list()).data[0]?.id).toBe('claude-mock')
    mock.set({ do: { kind: 'status', status: 429 } })
    const failed = await anthropic.messages.create(ask).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(Anthropic.RateLimitError)
    expect(failed).toMatchObject({ error: { type: 'error', error: { type: 'rate_limit_error' } } })
  })

  test('throws on an error in the middle of a stream', async () => {
    mock.set({ do: { kind: 'error-mid-stream', type: 'overloaded_error', message: 'Overloaded' } })
    const failed = await anthropic.messages
      .stream(ask)
      .finalMessage()
      .catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(Anthropic.APIError)
    expect(String(failed)).toContain('Overloaded')
  })
})

describe('openai', () => {
  const messages = [{ role: 'user' as const, content: 'hi' }]
  const tool = { name: 'weather', parameters: { type: 'object' } }

  test('reads a whole chat answer and its usage', async () => {
    mock.set({ do: { kind: 'ok', usage: USAGE } })
    const answer = await openai.chat.completions.create({ model: 'gpt-x', messages })
    expect(answer.choices[0]).toMatchObject({ message: { content: SAID, refusal: null }, finish_reason: 'stop' })
    expect(answer.usage).toMatchObject({
      prompt_tokens: 28,
      completion_tokens: 9,
      total_tokens: 37,
      prompt_tokens_details: { cached_tokens: 5 },
    })
  })

  test('puts a chat stream together, with usage only when asked for', async () => {
    const bare = openai.chat.completions.stream({ model: 'gpt-x', messages })
    expect((await bare.finalChatCompletion()).choices[0]?.message.content).toBe(SAID)
    expect(await bare.totalUsage()).toMatchObject({ total_tokens: 0 })
    const stream = openai.chat.completions.stream({
      model: 'gpt-x',
      messages,
      stream_options: { include_usage: true },
    })
    expect((await stream.totalUsage()).total_tokens).toBeGreaterThan(1)
  })

  test.each(['whole', 'streamed'])('makes a chat tool round trip, %s', async (how) => {
    mock.set({ do: { kind: 'tool', args: { city: '上海' } } })
    const send = (history: OpenAI.ChatCompletionMessageParam[]) => {
      const body = { model: 'gpt-x', messages: history, tools: [{ type: 'function' as const, function: tool }] }
      if (how === 'whole') return openai.chat.completions.create(body)
      return openai.chat.completions.stream(body).finalChatCompletion()
    }
    const first = (await send(messages)).choices[0]
    const call = first?.message.tool_calls?.[0]
    if (call?.type !== 'function' || !first) throw new Error('no tool call')
    expect(first.finish_reason).toBe('tool_calls')
    expect(call.function).toMatchObject({ name: 'weather', arguments: '{"city":"上海"}' })
    const result = { role: 'tool' as const, tool_call_id: call.id, content: '21 °C' }
    const second = await send([...messages, { role: 'assistant', tool_calls: [call] }, result])
    expect(second.choices[0]?.message.content).toBe('Tool said 👌: 21 °C')
  })

  test('reads completions, whole and streamed', async () => {
    const whole = await openai.completions.create({ model: 'gpt-x', prompt: 'hi' })
    expect(whole.choices[0]?.text).toBe(SAID)
    let text = ''
    for await (const chunk of await openai.completions.create({ model: 'gpt-x', prompt: 'hi', stream: true }))
      text += chunk.choices[0]?.text ?? ''
    expect(text).toBe(SAID)
  })

  test('reads embeddings, which it asks for in base64', async () => {
    const answer = await openai.embeddings.create({ model: 'emb', input: ['A', 'AB'] })
    expect(answer.data.map((item) => item.embedding.slice(0, 2))).toEqual([
      [65 / 256, 0],
      [65 / 256, 66 / 256],
    ])
    expect(answer.usage.prompt_tokens).toBeGreaterThan(0)
  })

  test('reads a whole response, and gets it again by its id', async () => {
    mock.set({ do: { kind: 'ok', thinking: '嗯', usage: USAGE } })
    const answer = await openai.responses.create({ model: 'gpt-x', input: 'hi' })
    expect(answer).toMatchObject({ status: 'completed', output_text: SAID })
    expect(answer.usage).toMatchObject({ input_tokens: 28, output_tokens: 9, total_tokens: 37 })
    expect((await openai.responses.retrieve(answer.id)).output_text).toBe(SAID)
    const failed = await openai.responses.retrieve('resp_unknown').catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(OpenAI.NotFoundError)
  })

  test('puts a response stream together, its events in order', async () => {
    mock.set({ do: { kind: 'ok', thinking: '嗯嗯' } })
    const types: string[] = []
    const numbers: number[] = []
    const stream = openai.responses.stream({ model: 'gpt-x', input: [{ role: 'user', content: 'hi' }] })
    stream.on('event', (event) => {
      types.push(event.type)
      if ('sequence_number' in event && typeof event.sequence_number === 'number') numbers.push(event.sequence_number)
    })
    expect((await stream.finalResponse()).output_text).toBe(SAID)
    expect([types[0], types[1], types.at(-1)]).toEqual([
      'response.created',
      'response.in_progress',
      'response.completed',
    ])
    expect(types).toContain('response.reasoning_summary_text.delta')
    expect(numbers).toEqual(numbers.map((_, index) => index))
  })

  test.each(['whole', 'streamed'])('makes a response tool round trip, %s', async (how) => {
    mock.set({ do: { kind: 'tool', name: 'weather', args: { city: '上海' } } })
    const send = (input: OpenAI.Responses.ResponseInput) => {
      const body = { model: 'gpt-x', input, tools: [{ type: 'function' as const, ...tool, strict: false }] }
      return how === 'whole' ? openai.responses.create(body) : openai.responses.stream(body).finalResponse()
    }
    const first = (await send(messages)).output[0]
    if (first?.type !== 'function_call') throw new Error('no tool call')
    expect(first).toMatchObject({ name: 'weather', arguments: '{"city":"上海"}' })
    const output = { type: 'function_call_output' as const, call_id: first.call_id, output: '21 °C' }
    const second = await send([...messages, first as OpenAI.Responses.ResponseInputItem, output])
    expect(second.output_text).toBe('Tool said 👌: 21 °C')
  })

  test('compacts, lists models, and turns errors into its own', async () => {
    const compacted = await openai.responses.compact({ model: 'gpt-x', input: 'hi' })
    expect(compacted).toMatchObject({ object: 'response.compaction', output: [{ type: 'compaction' }] })
    expect((await openai.models.list()).data.map((model) => model.id)).toContain('gpt-mock')
    mock.set({ do: { kind: 'status', status: 401 } })
    const failed = await openai.responses.create({ model: 'gpt-x', input: 'hi' }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(failed).toMatchObject({ code: 'invalid_api_key' })
  })

  test('throws on an error in the middle of a chat stream, and tells a failed response', async () => {
    mock.set({ do: { kind: 'error-mid-stream', message: 'boom' } })
    const chat = openai.chat.completions.stream({ model: 'gpt-x', messages })
    expect(String(await chat.done().catch((error: unknown) => error))).toContain('boom')
    mock.set({ do: { kind: 'soft-error', form: 'created-then-failed', code: 'server_is_overloaded' } })
    const seen: string[] = []
    const events = await openai.responses.create({ model: 'gpt-x', input: 'hi', stream: true })
    for await (const event of events) seen.push(event.type)
    expect(seen).toEqual(['response.created', 'response.failed'])
  })
})

describe('@google/genai', () => {
  const ask = { model: 'gemini-x', contents: 'hi' }

  describe.each(['v1', 'v1beta'])('under /%s', (apiVersion) => {
    const client = () => new GoogleGenAI({ apiKey: 'AIza', httpOptions: { baseUrl: mock.url, apiVersion } })

    test('reads a whole answer and its usage', async () => {
      mock.set({ do: { kind: 'ok', usage: USAGE } })
      const answer = await client().models.generateContent(ask)
      expect(answer.text).toBe(SAID)
      expect(answer.usageMetadata).toMatchObject({
        promptTokenCount: 28,
        candidatesTokenCount: 7,
        thoughtsTokenCount: 2,
        cachedContentTokenCount: 5,
        totalTokenCount: 37,
      })
      expect(mock.count({ key: 'AIza', path: `/${apiVersion}/models/gemini-x:generateContent` })).toBe(1)
    })

    test('puts a stream together', async () => {
      let text = ''
      let reason: string | undefined
      for await (const chunk of await client().models.generateContentStream(ask)) {
        text += chunk.text ?? ''
        reason = chunk.candidates?.[0]?.finishReason ?? reason
      }
      expect([text, reason]).toEqual([SAID, 'STOP'])
    })

    test.each(['whole', 'streamed'])('makes a tool round trip, %s', async (how) => {
      mock.set({ do: { kind: 'tool', name: 'weather', args: { city: '上海' } } })
      const config = { tools: [{ functionDeclarations: [{ name: 'weather' }] }] }
      const send = async (contents: object[]) => {
        const body = { model: 'gemini-x', contents, config }
        const chunks = how === 'whole' ? [await client().models.generateContent(body)] : []
        if (how === 'streamed') {
          for await (const chunk of await client().models.generateContentStream(body)) chunks.push(chunk)
        }
        const calls = chunks.flatMap((chunk) => chunk.functionCalls ?? [])
        const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])
        return { calls, text: parts.map((part) => part.text ?? '').join('') }
      }
      const asked = { role: 'user', parts: [{ text: 'hi' }] }
      const [call] = (await send([asked])).calls
      expect(call).toMatchObject({ name: 'weather', args: { city: '上海' } })
      const result = { functionResponse: { name: 'weather', response: { output: '21 °C' } } }
      const second = await send([
        asked,
        { role: 'model', parts: [{ functionCall: call ?? {} }] },
        { role: 'user', parts: [result] },
      ])
      expect(second.text).toBe('Tool said 👌: 21 °C')
    })
  })

  test('counts tokens, embeds, lists models, and turns errors into its own', async () => {
    const client = new GoogleGenAI({ apiKey: 'AIza', httpOptions: { baseUrl: mock.url } })
    expect((await client.models.countTokens(ask)).totalTokens).toBeGreaterThan(0)
    const embedded = await client.models.embedContent({ model: 'emb', contents: 'A' })
    expect(embedded.embeddings?.[0]?.values?.[0]).toBe(65 / 256)
    const names: (string | undefined)[] = []
    for await (const model of await client.models.list()) names.push(model.name)
    expect(names).toContain('models/gemini-mock')
    mock.set({ do: { kind: 'status', status: 503 } })
    const failed = await client.models.generateContent(ask).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(ApiError)
    expect(String(failed)).toContain('UNAVAILABLE')
  })

  test('throws on an error chunk', async () => {
    const client = new GoogleGenAI({ apiKey: 'AIza', httpOptions: { baseUrl: mock.url } })
    mock.set({ do: { kind: 'error-mid-stream' } })
    const read = async () => {
      for await (const chunk of await client.models.generateContentStream(ask)) expect(chunk.text).toBeString()
    }
    expect(await read().catch((error: unknown) => error)).toBeInstanceOf(ApiError)
  })
})
