import type { ErrorSpec } from './behaviour.ts'
import { at, listAt, textAt } from './json.ts'
import { openAiError } from './openai-error.ts'
import {
  type Asked,
  CREATED_S,
  cut,
  type Part,
  type PartKind,
  type Say,
  type Usage,
  type Wire,
  wholeText,
} from './say.ts'
import { comment, namedEvent } from './sse.ts'

/** OpenAI Responses. Source: https://platform.openai.com/docs/api-reference/responses-streaming */
export const responses: Wire = {
  name: 'responses',
  ask,
  whole: (say) => JSON.stringify(response(say, 'completed')),
  stream,
  errorBody: (error) => JSON.stringify(openAiError(error)),
  errorEvent: (error) =>
    namedEvent('error', { type: 'error', ...codeAndMessage(error), param: null, sequence_number: 99 }),
  ping: comment('keepalive'),
}

/** The id by which an answer can be asked for again. */
export function responseId(say: Say): string {
  return `resp_${say.seed}`
}

/** The answer of `/v1/responses/compact`. */
export function compacted(say: Say): string {
  const output = [
    { id: `cmp_${say.seed}`, type: 'compaction', encrypted_content: Buffer.from(wholeText(say)).toString('base64') },
  ]
  const head = { id: responseId(say), object: 'response.compaction', created_at: CREATED_S }
  return JSON.stringify({ ...head, output, usage: wireUsage(say.usage) })
}

/** `response.created`, and the `response.failed` that may follow it. */
export function failedParts(say: Say, error: ErrorSpec): { readonly created: Part; readonly failed: Part } {
  const failed = { ...response(say, 'failed'), output: [], usage: null, error: codeAndMessage(error) }
  return {
    created: event(0, 'meta', 'response.created', { response: response(say, 'in_progress') }),
    failed: event(1, 'error', 'response.failed', { response: failed }),
  }
}

function codeAndMessage(error: ErrorSpec) {
  const code = error.code ?? (error.status === 429 ? 'rate_limit_exceeded' : 'server_error')
  return { code, message: error.message ?? 'Our servers are currently overloaded. Please try again later.' }
}

function ask(_path: string, body: unknown, bodyChars: number): Asked {
  const input = at(body, 'input')
  const last = at(input, -1)
  const user = listAt(input).findLast((item) => textAt(item, 'role') === 'user')
  const isResult = textAt(last, 'type') === 'function_call_output'
  return {
    model: textAt(body, 'model') ?? 'gpt-mock',
    stream: at(body, 'stream') === true ? 'sse' : 'none',
    text: textOf(typeof input === 'string' ? input : at(user, 'content')),
    tools: listAt(body, 'tools').flatMap((tool) => textAt(tool, 'name') ?? []),
    toolResult: isResult ? textOf(at(last, 'output')) : undefined,
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

function wireUsage(usage: Usage) {
  const input = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheReadTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: input + usage.outputTokens,
  }
}

type Item = Readonly<Record<string, unknown>> & {
  readonly type: 'reasoning' | 'message' | 'function_call'
  readonly id: string
}

function items(say: Say): readonly Item[] {
  const list: Item[] = []
  const summary = [{ type: 'summary_text', text: say.thinking }]
  if (say.thinking !== '') list.push({ id: `rs_${say.seed}`, type: 'reasoning', summary })
  const content = [textPart(wholeText(say))]
  if (say.pieces.length > 0)
    list.push({ id: `msg_${say.seed}`, type: 'message', status: 'completed', role: 'assistant', content })
  if (!say.tool) return list
  const call = { call_id: `call_${say.tool.id}`, name: say.tool.name, arguments: JSON.stringify(say.tool.args) }
  return [...list, { id: `fc_${say.seed}`, type: 'function_call', status: 'completed', ...call }]
}

function textPart(text: string) {
  return { type: 'output_text', annotations: [], logprobs: [], text }
}

function response(say: Say, status: 'in_progress' | 'completed' | 'failed') {
  const isDone = status === 'completed'
  const { body } = say.asked
  return {
    id: responseId(say),
    object: 'response',
    created_at: CREATED_S,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: textAt(body, 'instructions') ?? null,
    max_output_tokens: null,
    model: say.asked.model,
    output: isDone ? items(say) : [],
    parallel_tool_calls: true,
    previous_response_id: textAt(body, 'previous_response_id') ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: at(body, 'store') !== false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: listAt(body, 'tools'),
    top_p: 1,
    truncation: 'disabled',
    usage: isDone ? wireUsage(say.usage) : null,
    user: null,
    metadata: {},
  }
}

type Draft = { readonly kind: PartKind; readonly type: string; readonly data: object }

function stream(say: Say): readonly Part[] {
  const begun = { response: response(say, 'in_progress') }
  const drafts: readonly Draft[] = [
    { kind: 'meta', type: 'response.created', data: begun },
    { kind: 'meta', type: 'response.in_progress', data: begun },
    ...items(say).flatMap((item, index) => itemEvents(say, item, index)),
    { kind: 'end', type: 'response.completed', data: { response: response(say, 'completed') } },
  ]
  return drafts.map((draft, index) => event(index, draft.kind, draft.type, draft.data))
}

function itemEvents(say: Say, item: Item, index: number): readonly Draft[] {
  const inner = { message: messageEvents, reasoning: reasoningEvents, function_call: callEvents }[item.type]
  return [
    { kind: 'open', type: 'response.output_item.added', data: { output_index: index, item: emptied(item) } },
    ...inner(say, { item_id: item.id, output_index: index }),
    { kind: 'open', type: 'response.output_item.done', data: { output_index: index, item } },
  ]
}

function emptied(item: Item): Item {
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] }
  if (item.type === 'reasoning') return { ...item, summary: [] }
  return { ...item, status: 'in_progress', arguments: '' }
}

type Place = { readonly item_id: string; readonly output_index: number }

function messageEvents(say: Say, place: Place): readonly Draft[] {
  const here = { ...place, content_index: 0 }
  const text = wholeText(say)
  return [
    { kind: 'open', type: 'response.content_part.added', data: { ...here, part: textPart('') } },
    ...say.pieces.map(
      (delta): Draft => ({
        kind: 'content',
        type: 'response.output_text.delta',
        data: { ...here, delta, logprobs: [] },
      }),
    ),
    { kind: 'open', type: 'response.output_text.done', data: { ...here, text, logprobs: [] } },
    { kind: 'open', type: 'response.content_part.done', data: { ...here, part: textPart(text) } },
  ]
}

function reasoningEvents(say: Say, place: Place): readonly Draft[] {
  const here = { ...place, summary_index: 0 }
  const part = (text: string) => ({ type: 'summary_text', text })
  const deltas = cut(say.thinking, 2)
  return [
    { kind: 'open', type: 'response.reasoning_summary_part.added', data: { ...here, part: part('') } },
    ...deltas.map(
      (delta): Draft => ({ kind: 'content', type: 'response.reasoning_summary_text.delta', data: { ...here, delta } }),
    ),
    { kind: 'open', type: 'response.reasoning_summary_text.done', data: { ...here, text: say.thinking } },
    { kind: 'open', type: 'response.reasoning_summary_part.done', data: { ...here, part: part(say.thinking) } },
  ]
}

function callEvents(say: Say, place: Place): readonly Draft[] {
  const args = JSON.stringify(say.tool?.args)
  const type = 'response.function_call_arguments'
  const done = { ...place, name: say.tool?.name, arguments: args }
  return [
    ...cut(args, 3).map((delta): Draft => ({ kind: 'content', type: `${type}.delta`, data: { ...place, delta } })),
    { kind: 'open', type: `${type}.done`, data: done },
  ]
}

function event(sequence: number, kind: PartKind, type: string, data: object): Part {
  return { kind, text: namedEvent(type, { type, sequence_number: sequence, ...data }) }
}
