import type { Api } from '../../src/core/channel-type.ts'
import type { Usage } from '../../src/core/usage.ts'

/** An answer in the shape in which an upstream sends it, and what must be recorded of it. */
export type RecordedAnswer = {
  readonly name: string
  readonly api: Api
  readonly model: string
  /** `json`: one whole body. `stream`: events, or a JSON array; what is missing at its end has been cut off. */
  readonly form: 'json' | 'stream'
  readonly text: string
  readonly usage: Usage
  readonly nanoUsd: number
  /** Of the channel; 1 when absent. */
  readonly multiplier?: number
  readonly isUnpriced?: true
}

type Expected = readonly [usage: Usage, nanoUsd: number]
type More = Partial<Pick<RecordedAnswer, 'multiplier' | 'isUnpriced'>> & { readonly model?: string }

const SONNET = 'claude-sonnet-4-5-20250929'

function messages(name: string, usage: unknown, [expected, nanoUsd]: Expected, more: More & { fields?: object } = {}) {
  const { fields, ...rest } = more
  const body = {
    model: more.model ?? SONNET,
    id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text: 'Hello! The answer to "usage": {"input_tokens": 9} is 42.' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    ...(usage !== undefined && { usage }),
    ...fields,
  }
  const text = JSON.stringify(body)
  return {
    name: `messages: ${name}`,
    api: 'messages',
    model: SONNET,
    form: 'json',
    text,
    usage: expected,
    nanoUsd,
    ...rest,
  } as const
}

/** As above, with a usage that no JSON library would write. */
function hostile(name: string, written: string, expected: Expected) {
  const answer = messages(name, { input_tokens: 4711, output_tokens: 10 }, expected)
  return { ...answer, text: answer.text.replace('4711', written) }
}

function chat(name: string, usage: unknown, [expected, nanoUsd]: Expected, more: More & { fields?: object } = {}) {
  const { fields, ...rest } = more
  const body = {
    id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
    object: 'chat.completion',
    created: 1741569952,
    model: more.model ?? 'gpt-4o-2024-08-06',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello! How can I assist you today?', refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    ...(usage !== undefined && { usage }),
    ...fields,
  }
  const text = JSON.stringify(body, null, 2)
  return {
    name: `chat: ${name}`,
    api: 'chat',
    model: 'gpt-4o',
    form: 'json',
    text,
    usage: expected,
    nanoUsd,
    ...rest,
  } as const
}

function responses(name: string, fields: object, [expected, nanoUsd]: Expected, more: More = {}) {
  const body = {
    id: 'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b',
    object: 'response',
    created_at: 1741476542,
    status: 'completed',
    error: null,
    instructions: null,
    model: 'gpt-5-2025-08-07',
    output: [MESSAGE_ITEM],
    parallel_tool_calls: true,
    tools: [],
    ...fields,
    user: null,
    metadata: {},
  }
  const text = JSON.stringify(body)
  return {
    name: `responses: ${name}`,
    api: 'responses',
    model: 'gpt-5',
    form: 'json',
    text,
    usage: expected,
    nanoUsd,
    ...more,
  } as const
}

const MESSAGE_ITEM = {
  type: 'message',
  id: 'msg_67ccd2bf17f0819081ff3bb2cf6508e6',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'In a peaceful grove beneath a silver moon', annotations: [] }],
}
const SEARCH_ITEM = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } }
const OPEN_ITEM = { type: 'web_search_call', id: 'ws_2', status: 'completed', action: { type: 'open_page', url: 'u' } }
const OLD_SEARCH_ITEM = { type: 'web_search_call', id: 'ws_3', status: 'completed' }

function gemini(
  name: string,
  usageMetadata: unknown,
  [expected, nanoUsd]: Expected,
  more: More & { candidate?: object } = {},
) {
  const { candidate, ...rest } = more
  const body = {
    candidates: [
      {
        content: { parts: [{ text: 'AI works by learning from data.' }], role: 'model' },
        finishReason: 'STOP',
        index: 0,
        ...candidate,
      },
    ],
    ...(usageMetadata !== undefined && { usageMetadata }),
    modelVersion: 'gemini-2.5-flash',
    responseId: 'kTC0aNO5FdmzvdIP4tqAuQE',
  }
  const text = JSON.stringify(body, null, 2)
  return {
    name: `gemini: ${name}`,
    api: 'gemini',
    model: 'gemini-2.5-flash',
    form: 'json',
    text,
    usage: expected,
    nanoUsd,
    ...rest,
  } as const
}

type Streamed = { readonly api: Api; readonly model: string; readonly name: string; readonly text: string }

function stream(what: Streamed, [usage, nanoUsd]: Expected, more: More = {}) {
  return { ...what, form: 'stream', usage, nanoUsd, ...more } as const
}

function named(...events: readonly (readonly [string, object])[]): string {
  return events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`).join('')
}

function unnamed(...chunks: readonly (object | string)[]): string {
  return chunks.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`).join('')
}

// Messages, streamed

const start = (usage: object) =>
  [
    'message_start',
    {
      message: {
        ...{ id: 'msg_4QpJur2dWWDjF6C758FbBw5vm12BaVipnK', type: 'message', role: 'assistant', content: [] },
        ...{ model: SONNET, stop_reason: null, stop_sequence: null, usage },
      },
    },
  ] as const
const block = ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }] as const
const said = (text: string) => ['content_block_delta', { index: 0, delta: { type: 'text_delta', text } }] as const
const called = (partial_json: string) =>
  ['content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json } }] as const
const stop = ['content_block_stop', { index: 0 }] as const
const delta = (usage: object, stop_reason = 'end_turn') =>
  ['message_delta', { delta: { stop_reason, stop_sequence: null }, usage }] as const
const end = ['message_stop', {}] as const
const ping = ['ping', {}] as const
const TEXT = ['Okay', ', let', "'s check the weather", ' for San Francisco', ', CA', ':'].map(said)
const BEGUN = { input_tokens: 2_011, output_tokens: 1 }

function messageStream(name: string, text: string, expected: Expected, more: More = {}) {
  return stream({ api: 'messages', model: SONNET, name: `messages stream: ${name}`, text }, expected, more)
}

// Chat, streamed

const chunkOf = (choices: readonly object[], fields: object = {}) => ({
  ...{ id: 'chatcmpl-123', object: 'chat.completion.chunk', created: 1694268190, model: 'gpt-4o-mini' },
  ...{ system_fingerprint: 'fp_44709d6fcb', choices },
  ...fields,
})
const role = chunkOf([{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }])
const word = (content: string, fields: object = {}) =>
  chunkOf([{ index: 0, delta: { content }, logprobs: null, finish_reason: null }], fields)
const finish = (fields: object = {}) =>
  chunkOf([{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }], fields)
const WORDS = ['Hello', '!', ' How', ' may', ' I', ' help', ' you', ' today', '?']

function chatStream(name: string, chunks: readonly (object | string)[], expected: Expected, more: More = {}) {
  return stream(
    { api: 'chat', model: 'gpt-4o', name: `chat stream: ${name}`, text: unnamed(...chunks) },
    expected,
    more,
  )
}

// Responses, streamed

const event = (type: string, fields: object) => [type, { sequence_number: 1, ...fields }] as const
const created = (fields: object = {}) =>
  event('response.created', {
    response: { id: 'resp_1', object: 'response', status: 'in_progress', usage: null, ...fields },
  })
const text = (piece: string) => event('response.output_text.delta', { item_id: 'm', delta: piece, obfuscation: 'aXk3' })
const itemDone = (item: object) => event('response.output_item.done', { output_index: 0, item })
const over = (type: string, fields: object) =>
  event(type, { response: { id: 'resp_1', object: 'response', status: type.slice('response.'.length), ...fields } })
const PIECES = ['In', ' a', ' peaceful', ' grove', ' beneath', ' a', ' silver', ' moon'].map(text)

function responseStream(
  name: string,
  events: readonly (readonly [string, object])[],
  expected: Expected,
  more: More = {},
) {
  return stream(
    { api: 'responses', model: 'gpt-5', name: `responses stream: ${name}`, text: named(...events) },
    expected,
    more,
  )
}

// Gemini, streamed

const geminiChunk = (piece: string, usageMetadata: object, fields: object = {}) => ({
  candidates: [{ content: { parts: [{ text: piece }], role: 'model' }, index: 0, ...fields }],
  ...{ usageMetadata, modelVersion: 'gemini-2.5-flash', responseId: 'r1' },
})
const GEMINI_CHUNKS = [
  geminiChunk('AI ', { promptTokenCount: 8, totalTokenCount: 8 }),
  geminiChunk('works by ', { promptTokenCount: 8, candidatesTokenCount: 4, totalTokenCount: 12 }),
  geminiChunk(
    'learning.',
    { promptTokenCount: 8, candidatesTokenCount: 9, totalTokenCount: 17 },
    { finishReason: 'STOP' },
  ),
]
const geminiArray = (chunks: readonly object[]) =>
  `[${chunks.map((one) => JSON.stringify(one, null, 2)).join('\n,\r\n')}`

function geminiStream(name: string, text_: string, expected: Expected, more: More = {}) {
  return stream(
    { api: 'gemini', model: 'gemini-2.5-flash', name: `gemini stream: ${name}`, text: text_ },
    expected,
    more,
  )
}

/** Prices, USD a million: Sonnet 4.5 3/15, GPT-4o 2.5/10, GPT-5 1.25/10, Gemini 2.5 Flash 0.3/2.5. */
export const RECORDED_ANSWERS: readonly RecordedAnswer[] = [
  messages('plain', { input_tokens: 12, output_tokens: 34 }, [{ inputTokens: 12, outputTokens: 34 }, 546_000]),
  messages(
    'cache written for a time that is not said',
    { input_tokens: 12, cache_creation_input_tokens: 278, cache_read_input_tokens: 17_558, output_tokens: 73 },
    [{ inputTokens: 12, outputTokens: 73, cacheReadTokens: 17_558, cacheWriteTokens: 278 }, 7_440_900],
  ),
  messages(
    'cache written for five minutes and for an hour',
    {
      ...{ input_tokens: 2_011, cache_creation_input_tokens: 300, cache_read_input_tokens: 12_000, output_tokens: 144 },
      cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
      service_tier: 'standard',
    },
    [
      {
        ...{ inputTokens: 2_011, outputTokens: 144, cacheReadTokens: 12_000 },
        ...{ cacheWriteTokens: 300, cacheWrite5mTokens: 200, cacheWrite1hTokens: 100 },
      },
      13_143_000,
    ],
  ),
  messages(
    'a relay that fills the lifetimes with zeros',
    {
      ...{ input_tokens: 10, cache_creation_input_tokens: 1_000, output_tokens: 1 },
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    },
    [{ inputTokens: 10, outputTokens: 1, cacheWriteTokens: 1_000 }, 3_795_000],
  ),
  messages(
    'nulls are nothing',
    {
      input_tokens: 5,
      output_tokens: 6,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: null,
      server_tool_use: null,
    },
    [{ inputTokens: 5, outputTokens: 6 }, 105_000],
  ),
  messages(
    'thinking is part of the output',
    { input_tokens: 100, output_tokens: 900, output_tokens_details: { thinking_tokens: 600 } },
    [{ inputTokens: 100, outputTokens: 900, reasoningTokens: 600 }, 13_800_000],
  ),
  messages(
    'three searches on the web',
    { input_tokens: 105, output_tokens: 6_039, server_tool_use: { web_search_requests: 3, web_fetch_requests: 1 } },
    [{ inputTokens: 105, outputTokens: 6_039, webSearches: 3 }, 120_900_000],
  ),
  messages(
    'priority costs what standard does',
    { input_tokens: 1_000, output_tokens: 1_000, service_tier: 'priority' },
    [{ inputTokens: 1_000, outputTokens: 1_000, serviceTier: 'priority' }, 18_000_000],
  ),
  messages('batch is half', { input_tokens: 1_000, output_tokens: 1_000, service_tier: 'batch' }, [
    { inputTokens: 1_000, outputTokens: 1_000, serviceTier: 'batch' },
    9_000_000,
  ]),
  messages(
    'fast mode',
    { input_tokens: 1_000, output_tokens: 1_000, service_tier: 'standard', speed: 'fast' },
    [{ inputTokens: 1_000, outputTokens: 1_000, serviceTier: 'fast' }, 60_000_000],
    { model: 'claude-opus-4-8' },
  ),
  messages('exactly the step is still the lower price', { input_tokens: 200_000, output_tokens: 1_000 }, [
    { inputTokens: 200_000, outputTokens: 1_000 },
    615_000_000,
  ]),
  messages('one more is the higher price for all', { input_tokens: 200_001, output_tokens: 1_000 }, [
    { inputTokens: 200_001, outputTokens: 1_000 },
    1_222_506_000,
  ]),
  messages(
    'cached tokens make a prompt long too',
    { input_tokens: 1_000, cache_read_input_tokens: 199_001, output_tokens: 10 },
    [{ inputTokens: 1_000, outputTokens: 10, cacheReadTokens: 199_001 }, 125_625_600],
  ),
  messages(
    'a refusal is charged',
    { input_tokens: 564, output_tokens: 22 },
    [{ inputTokens: 564, outputTokens: 22 }, 2_022_000],
    { fields: { stop_reason: 'refusal', content: [] } },
  ),
  messages(
    'a call of a tool, on Bedrock',
    { input_tokens: 472, output_tokens: 89 },
    [{ inputTokens: 472, outputTokens: 89 }, 917_000],
    {
      model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
      fields: { stop_reason: 'tool_use', content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }] },
    },
  ),
  messages(
    'a channel at half price',
    { input_tokens: 13, output_tokens: 1 },
    [{ inputTokens: 13, outputTokens: 1 }, 27_000],
    { multiplier: 0.5 },
  ),
  messages('a free channel', { input_tokens: 13, output_tokens: 1 }, [{ inputTokens: 13, outputTokens: 1 }, 0], {
    multiplier: 0,
  }),
  messages('no usage at all is estimated', undefined, [
    { inputTokens: 100, outputTokens: 19, isEstimated: true },
    585_000,
  ]),
  messages('a fraction loses its rest', { input_tokens: 12.9, output_tokens: 1 }, [
    { inputTokens: 12, outputTokens: 1 },
    51_000,
  ]),
  hostile('a negative count', '-1', [
    { inputTokens: 100, outputTokens: 10, isClamped: true, isEstimated: true },
    450_000,
  ]),
  hostile('infinity', '1e309', [{ inputTokens: 100, outputTokens: 10, isClamped: true, isEstimated: true }, 450_000]),
  hostile('no number', '"NaN"', [{ inputTokens: 100, outputTokens: 10, isClamped: true, isEstimated: true }, 450_000]),
  hostile('more than there is', '9223372036854775808', [
    { inputTokens: 2_147_483_647, outputTokens: 10, isClamped: true },
    12_884_901_882_000 + 225_000,
  ]),

  messageStream(
    'as it is documented',
    named(start(BEGUN), block, ping, ...TEXT, stop, delta({ output_tokens: 144 }), end),
    [{ inputTokens: 2_011, outputTokens: 144 }, 8_193_000],
  ),
  messageStream(
    'the end repeats all counts',
    named(
      start({ ...BEGUN, cache_read_input_tokens: 5, cache_creation_input_tokens: 7 }),
      ...[block, ...TEXT, stop],
      delta({ input_tokens: 2_011, output_tokens: 144, cache_read_input_tokens: 5, cache_creation_input_tokens: 7 }),
      end,
    ),
    [{ inputTokens: 2_011, outputTokens: 144, cacheReadTokens: 5, cacheWriteTokens: 7 }, 8_220_750],
  ),
  messageStream(
    'zeros at the end do not take the prompt away',
    named(start(BEGUN), block, ...TEXT, stop, delta({ input_tokens: 0, output_tokens: 144 }), end),
    [{ inputTokens: 2_011, outputTokens: 144 }, 8_193_000],
  ),
  messageStream(
    'a relay that learns the prompt only at the end',
    named(
      start({ input_tokens: 0, output_tokens: 0 }),
      block,
      ...TEXT,
      delta({ input_tokens: 300, output_tokens: 20 }),
      end,
    ),
    [{ inputTokens: 300, outputTokens: 20 }, 1_200_000],
  ),
  messageStream(
    'lines that end with CR LF',
    named(start(BEGUN), block, ...TEXT, stop, delta({ output_tokens: 144 }), end).replaceAll('\n', '\r\n'),
    [{ inputTokens: 2_011, outputTokens: 144 }, 8_193_000],
  ),
  messageStream(
    'events without names',
    named(start(BEGUN), block, ...TEXT, stop, delta({ output_tokens: 144 }), end).replaceAll(/event: .*\n/g, ''),
    [{ inputTokens: 2_011, outputTokens: 144 }, 8_193_000],
  ),
  messageStream(
    'searches and fast mode',
    named(
      start({ ...BEGUN, service_tier: 'standard', speed: 'fast' }),
      ...[block, ...TEXT, stop],
      delta({ output_tokens: 500, server_tool_use: { web_search_requests: 1 } }),
      end,
    ),
    [
      { inputTokens: 2_011, outputTokens: 500, webSearches: 1, serviceTier: 'fast' },
      20_110_000 + 25_000_000 + 10_000_000,
    ],
    { model: 'claude-opus-4-8' },
  ),
  messageStream(
    'a call of a tool',
    named(
      start(BEGUN),
      block,
      called('{"location"'),
      called(': "SF"}'),
      stop,
      delta({ output_tokens: 89 }, 'tool_use'),
      end,
    ),
    [{ inputTokens: 2_011, outputTokens: 89 }, 7_368_000],
  ),
  messageStream('left by the client: the output is estimated', named(start(BEGUN), block, ...TEXT), [
    { inputTokens: 2_011, outputTokens: 14, isEstimated: true },
    6_243_000,
  ]),
  messageStream('broken inside an event', named(start(BEGUN), block, ...TEXT).slice(0, -20), [
    { inputTokens: 2_011, outputTokens: 13, isEstimated: true },
    6_228_000,
  ]),
  messageStream('broken before any content', named(start(BEGUN)), [{ inputTokens: 2_011, outputTokens: 1 }, 6_048_000]),
  messageStream(
    'an error after content',
    named(start(BEGUN), block, ...TEXT) +
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    [{ inputTokens: 2_011, outputTokens: 14, isEstimated: true }, 6_243_000],
  ),
  messageStream('a hostile end', named(start(BEGUN), block, ...TEXT, delta({ output_tokens: -5 }), end), [
    { inputTokens: 2_011, outputTokens: 1, isClamped: true },
    6_048_000,
  ]),

  chat(
    '200 and 50 with 100 cached',
    {
      ...{ prompt_tokens: 200, completion_tokens: 50, total_tokens: 250 },
      prompt_tokens_details: { cached_tokens: 100, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    },
    [{ inputTokens: 100, outputTokens: 50, cacheReadTokens: 100, reasoningTokens: 0 }, 875_000],
  ),
  chat(
    'reasoning',
    { prompt_tokens: 9, completion_tokens: 50, total_tokens: 59, completion_tokens_details: { reasoning_tokens: 44 } },
    [{ inputTokens: 9, outputTokens: 50, reasoningTokens: 44 }, 418_000],
    { model: 'o3' },
  ),
  chat(
    'priority',
    {
      prompt_tokens: 2_000,
      completion_tokens: 100,
      total_tokens: 2_100,
      prompt_tokens_details: { cached_tokens: 1_000 },
    },
    [{ inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 1_000, serviceTier: 'priority' }, 4_750_000],
    { model: 'gpt-5', fields: { service_tier: 'priority' } },
  ),
  chat(
    'flex is half',
    { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
    [{ inputTokens: 1_000, outputTokens: 100, serviceTier: 'flex' }, 1_125_000],
    { model: 'gpt-5', fields: { service_tier: 'flex' } },
  ),
  chat(
    'the default tier is none',
    { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
    [{ inputTokens: 1_000, outputTokens: 100 }, 3_500_000],
    { fields: { service_tier: 'default' } },
  ),
  chat(
    'cache hits of DeepSeek',
    {
      ...{ prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 },
      ...{ prompt_cache_hit_tokens: 60, prompt_cache_miss_tokens: 40 },
    },
    [{ inputTokens: 40, outputTokens: 5, cacheReadTokens: 60 }, 19_800],
    { model: 'deepseek-chat' },
  ),
  chat(
    'cached tokens of Moonshot',
    { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, cached_tokens: 40 },
    [{ inputTokens: 60, outputTokens: 10, cacheReadTokens: 40 }, 0],
    { model: 'some-model-of-nobody', isUnpriced: true },
  ),
  chat(
    'a relay with the names of both vendors, one with zeros',
    { prompt_tokens: 100, completion_tokens: 7, input_tokens: 0, output_tokens: 0, total_tokens: 107 },
    [{ inputTokens: 100, outputTokens: 7 }, 320_000],
  ),
  chat('a model that is free', { prompt_tokens: 9, completion_tokens: 9 }, [{ inputTokens: 9, outputTokens: 9 }, 0], {
    model: 'glm-4.5-flash',
  }),
  chat('no usage at all is estimated', undefined, [{ inputTokens: 100, outputTokens: 8, isEstimated: true }, 330_000]),
  chat(
    'a name with a path and a date',
    { prompt_tokens: 1_000, completion_tokens: 0 },
    [{ inputTokens: 1_000, outputTokens: 0 }, 150_000],
    { model: 'openai/gpt-4o-mini-2024-07-18' },
  ),
  {
    ...{ name: 'embeddings', api: 'embeddings', model: 'text-embedding-3-small', form: 'json' },
    text: '{"object":"list","data":[{"object":"embedding","embedding":[0.0023,-0.0093],"index":0}],"model":"text-embedding-3-small","usage":{"prompt_tokens":800,"total_tokens":800}}',
    ...{ usage: { inputTokens: 800, outputTokens: 0 }, nanoUsd: 16_000 },
  },
  {
    ...{ name: 'completions', api: 'completions', model: 'gpt-3.5-turbo-instruct', form: 'json' },
    text: '{"id":"cmpl-uqkv","object":"text_completion","choices":[{"text":"\\n\\nThis is indeed a test","index":0,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}',
    ...{ usage: { inputTokens: 5, outputTokens: 7 }, nanoUsd: 21_500 },
  },

  chatStream(
    'usage in a chunk of its own',
    [
      role,
      ...WORDS.map((one) => word(one, { usage: null })),
      finish({ usage: null }),
      chunkOf([], {
        usage: {
          prompt_tokens: 19,
          completion_tokens: 10,
          total_tokens: 29,
          prompt_tokens_details: { cached_tokens: 0 },
        },
      }),
      '[DONE]',
    ],
    [{ inputTokens: 19, outputTokens: 10, cacheReadTokens: 0 }, 147_500],
  ),
  chatStream(
    'usage in every chunk, growing',
    [
      role,
      ...WORDS.map((one, n) =>
        word(one, { usage: { prompt_tokens: 19, completion_tokens: n + 1, total_tokens: 20 + n } }),
      ),
      finish({ usage: { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 } }),
      '[DONE]',
    ],
    [{ inputTokens: 19, outputTokens: 10 }, 147_500],
  ),
  chatStream(
    'usage in the last choice, as Moonshot does it',
    [
      role,
      ...WORDS.map((one) => word(one)),
      chunkOf([
        {
          index: 0,
          delta: {},
          finish_reason: 'stop',
          usage: { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 },
        },
      ]),
      '[DONE]',
    ],
    [{ inputTokens: 19, outputTokens: 10 }, 147_500],
  ),
  chatStream(
    'the tier is said in the chunks',
    [
      role,
      ...WORDS.map((one) => word(one, { service_tier: 'flex' })),
      finish({ service_tier: 'flex' }),
      chunkOf([], {
        service_tier: 'flex',
        usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
      }),
      '[DONE]',
    ],
    [{ inputTokens: 1_000, outputTokens: 100, serviceTier: 'flex' }, 1_125_000],
    { model: 'gpt-5' },
  ),
  chatStream(
    'without usage it is estimated',
    [role, ...WORDS.map((one) => word(one)), finish(), '[DONE]'],
    [{ inputTokens: 100, outputTokens: 8, isEstimated: true }, 330_000],
  ),
  chatStream(
    'cut off it is estimated too',
    [role, ...WORDS.map((one) => word(one))],
    [{ inputTokens: 100, outputTokens: 8, isEstimated: true }, 330_000],
  ),
  chatStream(
    'arguments of a tool count, when nothing is reported',
    [
      role,
      ...['{"loc', 'ation": "San', ' Francisco"}'].map((part) =>
        chunkOf([
          { index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: part } }] }, finish_reason: null },
        ]),
      ),
      finish(),
      '[DONE]',
    ],
    [{ inputTokens: 100, outputTokens: 8, isEstimated: true }, 330_000],
  ),
  chatStream(
    'Chinese',
    [role, ...['你好', '，今天', '我能帮', '你什么', '吗？'].map((one) => word(one)), finish(), '[DONE]'],
    [{ inputTokens: 100, outputTokens: 10, isEstimated: true }, 350_000],
  ),
  chatStream(
    'a hostile chunk',
    [role, ...WORDS.map((one) => word(one)), finish({ usage: { prompt_tokens: -3, completion_tokens: 10 } }), '[DONE]'],
    [{ inputTokens: 100, outputTokens: 10, isClamped: true, isEstimated: true }, 350_000],
  ),

  responses(
    '10309 with 6016 cached',
    {
      usage: {
        input_tokens: 10_309,
        input_tokens_details: { cached_tokens: 6_016 },
        output_tokens: 17,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 10_326,
      },
    },
    [{ inputTokens: 4_293, outputTokens: 17, cacheReadTokens: 6_016, reasoningTokens: 0 }, 6_288_250],
  ),
  responses(
    'searches are charged, pages that are opened are not',
    {
      output: [SEARCH_ITEM, OPEN_ITEM, OLD_SEARCH_ITEM, MESSAGE_ITEM],
      usage: { input_tokens: 328, output_tokens: 356 },
    },
    [{ inputTokens: 328, outputTokens: 356, webSearches: 2 }, 410_000 + 3_560_000 + 20_000_000],
  ),
  responses(
    'incomplete is charged',
    {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { input_tokens: 100, output_tokens: 16 },
    },
    [{ inputTokens: 100, outputTokens: 16 }, 285_000],
  ),
  responses(
    'cache writes are inside the input',
    {
      usage: {
        input_tokens: 2_600,
        output_tokens: 1,
        input_tokens_details: { cached_tokens: 2_000, cache_write_tokens: 400 },
      },
    },
    [{ inputTokens: 200, outputTokens: 1, cacheReadTokens: 2_000, cacheWriteTokens: 400 }, 1_010_000],
  ),
  responses('priority', { service_tier: 'priority', usage: { input_tokens: 1_000, output_tokens: 100 } }, [
    { inputTokens: 1_000, outputTokens: 100, serviceTier: 'priority' },
    4_500_000,
  ]),
  responses('no usage at all is estimated', { usage: null }, [
    { inputTokens: 100, outputTokens: 7, isEstimated: true },
    195_000,
  ]),

  responseStream(
    'as it is documented',
    [
      created(),
      ...PIECES,
      over('response.completed', {
        output: [MESSAGE_ITEM],
        usage: {
          input_tokens: 37,
          output_tokens: 11,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 48,
        },
      }),
    ],
    [{ inputTokens: 37, outputTokens: 11, reasoningTokens: 0 }, 156_250],
  ),
  responseStream(
    'the tier that was given counts, not the one that was asked for',
    [
      created({ service_tier: 'priority' }),
      ...PIECES,
      over('response.completed', { service_tier: 'default', usage: { input_tokens: 1_000, output_tokens: 100 } }),
    ],
    [{ inputTokens: 1_000, outputTokens: 100 }, 2_250_000],
  ),
  responseStream(
    'incomplete',
    [created(), ...PIECES, over('response.incomplete', { usage: { input_tokens: 37, output_tokens: 11 } })],
    [{ inputTokens: 37, outputTokens: 11 }, 156_250],
  ),
  responseStream(
    'failed after content, with usage',
    [
      created(),
      ...PIECES,
      over('response.failed', {
        error: { code: 'server_error', message: 'x' },
        usage: { input_tokens: 37, output_tokens: 8 },
      }),
    ],
    [{ inputTokens: 37, outputTokens: 8 }, 126_250],
  ),
  responseStream(
    'left by the client: all is estimated',
    [created(), ...PIECES],
    [{ inputTokens: 100, outputTokens: 7, isEstimated: true }, 195_000],
  ),
  responseStream(
    'searches are known also when it breaks off',
    [created(), itemDone(SEARCH_ITEM), itemDone(OPEN_ITEM), itemDone(OLD_SEARCH_ITEM), ...PIECES],
    [{ inputTokens: 100, outputTokens: 7, webSearches: 2, isEstimated: true }, 20_195_000],
  ),
  responseStream(
    'searches are counted once',
    [
      created(),
      itemDone(SEARCH_ITEM),
      ...PIECES,
      over('response.completed', {
        output: [SEARCH_ITEM, MESSAGE_ITEM],
        usage: { input_tokens: 1_000, output_tokens: 100 },
      }),
    ],
    [{ inputTokens: 1_000, outputTokens: 100, webSearches: 1 }, 12_250_000],
  ),

  gemini(
    '1000 with 800 cached',
    { promptTokenCount: 1_000, cachedContentTokenCount: 800, candidatesTokenCount: 50, totalTokenCount: 1_050 },
    [{ inputTokens: 200, outputTokens: 50, cacheReadTokens: 800 }, 209_000],
  ),
  gemini(
    'thoughts come on top',
    { promptTokenCount: 100, candidatesTokenCount: 50, thoughtsTokenCount: 100, totalTokenCount: 250 },
    [{ inputTokens: 100, outputTokens: 150, reasoningTokens: 100 }, 405_000],
  ),
  gemini(
    'nothing but the total',
    { promptTokenCount: 100, candidatesTokenCount: 0, thoughtsTokenCount: 0, totalTokenCount: 250 },
    [{ inputTokens: 100, outputTokens: 150, reasoningTokens: 0 }, 405_000],
  ),
  gemini(
    'results of tools are input',
    { promptTokenCount: 100, toolUsePromptTokenCount: 40, candidatesTokenCount: 20, totalTokenCount: 160 },
    [{ inputTokens: 140, outputTokens: 20 }, 92_000],
  ),
  gemini(
    'a long prompt',
    { promptTokenCount: 250_000, candidatesTokenCount: 1_000, totalTokenCount: 251_000 },
    [{ inputTokens: 250_000, outputTokens: 1_000 }, 640_000_000],
    { model: 'gemini-2.5-pro' },
  ),
  gemini(
    'flex on Vertex AI',
    { promptTokenCount: 1_000, candidatesTokenCount: 100, totalTokenCount: 1_100, trafficType: 'ON_DEMAND_FLEX' },
    [{ inputTokens: 1_000, outputTokens: 100, serviceTier: 'flex' }, 275_000],
  ),
  gemini(
    'searches are counted; there is no price for them',
    { promptTokenCount: 10, candidatesTokenCount: 10, totalTokenCount: 20 },
    [{ inputTokens: 10, outputTokens: 10, webSearches: 2 }, 28_000],
    { candidate: { groundingMetadata: { webSearchQueries: ['a', 'b'], groundingChunks: [] } } },
  ),
  gemini('a hostile count', { promptTokenCount: 10, candidatesTokenCount: -1, totalTokenCount: 20 }, [
    { inputTokens: 10, outputTokens: 10, isClamped: true },
    28_000,
  ]),

  geminiStream('events', unnamed(...GEMINI_CHUNKS), [{ inputTokens: 8, outputTokens: 9 }, 24_900]),
  geminiStream('a JSON array', `${geminiArray(GEMINI_CHUNKS)}\n]`, [{ inputTokens: 8, outputTokens: 9 }, 24_900]),
  geminiStream('broken off: the last report counts', unnamed(...GEMINI_CHUNKS.slice(0, 2)), [
    { inputTokens: 8, outputTokens: 4 },
    12_400,
  ]),
  geminiStream('an array that breaks off', geminiArray(GEMINI_CHUNKS.slice(0, 2)), [
    { inputTokens: 8, outputTokens: 4 },
    12_400,
  ]),
  geminiStream('no usage at all is estimated', unnamed(...GEMINI_CHUNKS.map(({ candidates }) => ({ candidates }))), [
    { inputTokens: 100, outputTokens: 5, isEstimated: true },
    42_500,
  ]),
]
