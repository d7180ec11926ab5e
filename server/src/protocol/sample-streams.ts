import type { Api } from '../core/channel-type.ts'
import type { Usage } from '../core/usage.ts'

/** One answer as an upstream streams it, for tests, and what must be understood of it. */
export type SampleStream = {
  readonly name: string
  readonly api: Api
  readonly text: string
  readonly events: number
  readonly usage: Usage
  readonly responseId: string
  readonly terminalReason: string
}

function named(events: readonly (readonly [string, object])[]): string {
  return events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`).join('')
}

function unnamed(chunks: readonly object[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')
}

const ANTHROPIC = named([
  [
    'message_start',
    {
      message: {
        id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
        type: 'message',
        role: 'assistant',
        model: 'claude-sonnet-4-5-20250929',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: {
          input_tokens: 2011,
          cache_creation_input_tokens: 300,
          cache_read_input_tokens: 12_000,
          cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
          output_tokens: 1,
          service_tier: 'standard',
        },
      },
    },
  ],
  ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }],
  ['ping', {}],
  ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: '你好，世界！' } }],
  [
    'content_block_delta',
    { index: 0, delta: { type: 'text_delta', text: ' 👩‍🚀 {"usage":{"output_tokens":9}}\n\ndata: [DONE]' } },
  ],
  ['content_block_stop', { index: 0 }],
  ['content_block_start', { index: 1, content_block: { type: 'tool_use', id: 'toolu_01', name: 'Read', input: {} } }],
  ['content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: '{"path":"/tmp/错误.txt"' } }],
  ['content_block_stop', { index: 1 }],
  [
    'message_delta',
    { delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { input_tokens: 0, output_tokens: 144 } },
  ],
  ['message_stop', {}],
])

const chunk = {
  id: 'chatcmpl-9aBc',
  object: 'chat.completion.chunk',
  created: 1_760_000_000,
  model: 'gpt-4.1',
  service_tier: 'default',
}

const CHAT = `${unnamed([
  {
    ...chunk,
    choices: [{ index: 0, delta: { role: 'assistant', content: '', refusal: null }, finish_reason: null }],
    usage: null,
  },
  { ...chunk, choices: [{ index: 0, delta: { content: '错误 "error"' }, finish_reason: null }], usage: null },
  { ...chunk, choices: [{ index: 0, delta: { content: ' 🚀 "usage":{}' }, finish_reason: null }], usage: null },
  { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null },
  {
    ...chunk,
    choices: [],
    usage: {
      prompt_tokens: 200,
      completion_tokens: 50,
      total_tokens: 250,
      prompt_tokens_details: { cached_tokens: 100, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 30 },
    },
  },
])}data: [DONE]\n\n`

const response = {
  id: 'resp_68af',
  object: 'response',
  created_at: 1_760_000_000,
  error: null,
  model: 'gpt-5-codex',
  output: [],
}

const RESPONSES = named([
  ['response.created', { sequence_number: 0, response: { ...response, status: 'in_progress', usage: null } }],
  ['response.in_progress', { sequence_number: 1, response: { ...response, status: 'in_progress', usage: null } }],
  [
    'response.output_item.added',
    { sequence_number: 2, output_index: 0, item: { id: 'msg_1', type: 'message', content: [] } },
  ],
  [
    'response.output_text.delta',
    { sequence_number: 3, item_id: 'msg_1', output_index: 0, content_index: 0, delta: '修好了 ✅' },
  ],
  [
    'response.output_text.done',
    { sequence_number: 4, item_id: 'msg_1', output_index: 0, content_index: 0, text: '修好了 ✅' },
  ],
  ['response.output_item.done', { sequence_number: 5, output_index: 0, item: { id: 'msg_1', type: 'message' } }],
  [
    'response.completed',
    {
      sequence_number: 6,
      response: {
        ...response,
        status: 'completed',
        usage: {
          input_tokens: 10_309,
          input_tokens_details: { cached_tokens: 6016 },
          output_tokens: 17,
          output_tokens_details: { reasoning_tokens: 8 },
          total_tokens: 10_326,
        },
      },
    },
  ],
])

const GEMINI_CHUNKS = [
  {
    candidates: [{ content: { parts: [{ text: '从前有座山，' }], role: 'model' }, index: 0 }],
    usageMetadata: { promptTokenCount: 1000, cachedContentTokenCount: 800, totalTokenCount: 1000 },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r-9Xk',
  },
  {
    candidates: [{ content: { parts: [{ text: '山里有座庙 🏯 [{"a":"}"}]' }], role: 'model' }, index: 0 }],
    usageMetadata: {
      promptTokenCount: 1000,
      cachedContentTokenCount: 800,
      candidatesTokenCount: 20,
      totalTokenCount: 1020,
    },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r-9Xk',
  },
  {
    candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount: 1000,
      cachedContentTokenCount: 800,
      candidatesTokenCount: 40,
      thoughtsTokenCount: 10,
      totalTokenCount: 1050,
    },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r-9Xk',
  },
]

const GEMINI_USAGE = { inputTokens: 200, outputTokens: 50, cacheReadTokens: 800, reasoningTokens: 10 }

const chatUnderstood = {
  api: 'chat',
  events: 6,
  usage: { inputTokens: 100, outputTokens: 50, cacheReadTokens: 100, reasoningTokens: 30 },
  responseId: 'chatcmpl-9aBc',
  terminalReason: 'stop',
} as const

const geminiUnderstood = {
  api: 'gemini',
  events: 3,
  usage: GEMINI_USAGE,
  responseId: 'r-9Xk',
  terminalReason: 'STOP',
} as const

export const SAMPLE_STREAMS: readonly SampleStream[] = [
  {
    name: 'Anthropic messages',
    api: 'messages',
    text: ANTHROPIC,
    events: 10,
    usage: {
      inputTokens: 2011,
      outputTokens: 144,
      cacheReadTokens: 12_000,
      cacheWriteTokens: 300,
      cacheWrite5mTokens: 200,
      cacheWrite1hTokens: 100,
    },
    responseId: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    terminalReason: 'tool_use',
  },
  { name: 'OpenAI chat', text: CHAT, ...chatUnderstood },
  {
    name: 'OpenAI chat with CRLF and comments',
    text: `: hello\r\n\r\n${CHAT.replaceAll('\n', '\r\n')}: bye\r\n`,
    ...chatUnderstood,
  },
  { name: 'OpenAI chat with bare CR', text: CHAT.replaceAll('\n', '\r'), ...chatUnderstood },
  {
    name: 'OpenAI chat with a byte order mark and no last blank line',
    text: `\ufeff${CHAT.trimEnd()}`,
    ...chatUnderstood,
  },
  {
    name: 'OpenAI responses',
    api: 'responses',
    text: RESPONSES,
    events: 7,
    usage: { inputTokens: 4293, outputTokens: 17, cacheReadTokens: 6016, reasoningTokens: 8 },
    responseId: 'resp_68af',
    terminalReason: 'completed',
  },
  { name: 'Gemini SSE', text: unnamed(GEMINI_CHUNKS).replaceAll('\n', '\r\n'), ...geminiUnderstood },
  { name: 'Gemini JSON array', text: JSON.stringify(GEMINI_CHUNKS, null, 2), ...geminiUnderstood },
]
