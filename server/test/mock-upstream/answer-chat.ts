import { at, listAt, textAt } from './json.ts'
import { openAiError } from './openai-error.ts'
import { type Asked, CREATED_S, cut, type Part, type Say, type Usage, type Wire, wholeText } from './say.ts'
import { comment, DONE_EVENT, dataEvent } from './sse.ts'

/** OpenAI Chat Completions. Source: https://platform.openai.com/docs/api-reference/chat */
export const chat: Wire = {
  name: 'chat',
  ask,
  whole: (say) => JSON.stringify(completion(say)),
  stream,
  errorBody: (error) => JSON.stringify(openAiError(error)),
  errorEvent: (error) => dataEvent(openAiError(error)),
  ping: comment('PROCESSING'),
}

function ask(_path: string, body: unknown, bodyChars: number): Asked {
  const messages = listAt(body, 'messages')
  const last = messages.at(-1)
  const user = messages.findLast((message) => textAt(message, 'role') === 'user')
  return {
    model: textAt(body, 'model') ?? 'gpt-mock',
    stream: at(body, 'stream') === true ? 'sse' : 'none',
    text: textOf(at(user, 'content')),
    tools: listAt(body, 'tools').map((tool) => textAt(tool, 'function', 'name') ?? ''),
    toolResult: textAt(last, 'role') === 'tool' ? textOf(at(last, 'content')) : undefined,
    body,
    bodyChars,
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return listAt(content)
    .flatMap((part) => textAt(part, 'text') ?? [])
    .join('\n')
}

/** OpenAI's counts: `prompt_tokens` includes what came from the cache. */
export function chatUsage(usage: Usage) {
  const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.outputTokens,
    total_tokens: prompt + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function completion(say: Say) {
  const content = say.pieces.length > 0 ? wholeText(say) : null
  const message = {
    role: 'assistant',
    content,
    refusal: null,
    annotations: [],
    ...(say.thinking === '' ? {} : { reasoning_content: say.thinking }),
    ...(say.tool ? { tool_calls: [toolCall(say, JSON.stringify(say.tool.args))] } : {}),
  }
  return {
    id: `chatcmpl-${say.seed}`,
    object: 'chat.completion',
    created: CREATED_S,
    model: say.asked.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(say) }],
    usage: chatUsage(say.usage),
    service_tier: 'default',
    system_fingerprint: 'fp_mock',
  }
}

function toolCall(say: Say, args: string) {
  return { id: `call_${say.tool?.id}`, type: 'function', function: { name: say.tool?.name, arguments: args } }
}

function finishReason(say: Say): string {
  return say.tool ? 'tool_calls' : 'stop'
}

function stream(say: Say): readonly Part[] {
  const wantsUsage = at(say.asked.body, 'stream_options', 'include_usage') === true
  const chunk = (kind: Part['kind'], choices: readonly unknown[], usage: unknown = null): Part => {
    const head = {
      id: `chatcmpl-${say.seed}`,
      object: 'chat.completion.chunk',
      created: CREATED_S,
      model: say.asked.model,
    }
    const tail = { service_tier: 'default', system_fingerprint: 'fp_mock', choices }
    return { kind, text: dataEvent({ ...head, ...tail, ...(wantsUsage ? { usage } : {}) }) }
  }
  const delta = (kind: Part['kind'], what: object): Part =>
    chunk(kind, [{ index: 0, delta: what, logprobs: null, finish_reason: null }])
  return [
    delta('meta', { role: 'assistant', content: say.tool ? null : '', refusal: null }),
    ...cut(say.thinking, 2).map((text) => delta('content', { reasoning_content: text })),
    ...say.pieces.map((content) => delta('content', { content })),
    ...toolDeltas(say).map((call) => delta('content', { tool_calls: [call] })),
    chunk('finish', [{ index: 0, delta: {}, logprobs: null, finish_reason: finishReason(say) }]),
    ...(wantsUsage ? [chunk('finish', [], chatUsage(say.usage))] : []),
    { kind: 'end', text: DONE_EVENT },
  ]
}

function toolDeltas(say: Say): readonly unknown[] {
  if (!say.tool) return []
  const args = cut(JSON.stringify(say.tool.args), 3)
  return [{ index: 0, ...toolCall(say, '') }, ...args.map((text) => ({ index: 0, function: { arguments: text } }))]
}
