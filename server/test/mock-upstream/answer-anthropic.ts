import type { ErrorSpec } from './behaviour.ts'
import { at, listAt, textAt } from './json.ts'
import { type Asked, cut, type Part, type Say, type Usage, type Wire, wholeText } from './say.ts'
import { namedEvent } from './sse.ts'

/** Anthropic Messages. Source: https://platform.claude.com/docs/en/build-with-claude/streaming */
export const anthropic: Wire = {
  name: 'messages',
  ask,
  whole: (say) => JSON.stringify(message(say, blocks(say), say.usage)),
  stream,
  errorBody: (error) => JSON.stringify({ ...errorObject(error), request_id: 'req_011mock' }),
  errorEvent: (error) => namedEvent('error', errorObject(error)),
  ping: namedEvent('ping', { type: 'ping' }),
}

/** The answer of `/v1/messages/count_tokens`. */
export function countedTokens(asked: Asked): string {
  return JSON.stringify({ input_tokens: Math.ceil(asked.bodyChars / 4) })
}

function ask(_path: string, body: unknown, bodyChars: number): Asked {
  const last = at(body, 'messages', -1, 'content')
  const result = listAt(last).findLast((block) => textAt(block, 'type') === 'tool_result')
  return {
    model: textAt(body, 'model') ?? 'claude-mock',
    stream: at(body, 'stream') === true ? 'sse' : 'none',
    text: textOf(last),
    tools: listAt(body, 'tools').map((tool) => textAt(tool, 'name') ?? ''),
    toolResult: result === undefined ? undefined : textOf(at(result, 'content')),
    body,
    bodyChars,
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return listAt(content)
    .flatMap((block) => textAt(block, 'text') ?? [])
    .join('\n')
}

type Block = Readonly<Record<string, unknown>> & { readonly type: 'thinking' | 'text' | 'tool_use' }

function blocks(say: Say): readonly Block[] {
  const list: Block[] = []
  if (say.thinking !== '') list.push({ type: 'thinking', thinking: say.thinking, signature: `sig${say.seed}` })
  if (say.pieces.length > 0) list.push({ type: 'text', text: wholeText(say), citations: null })
  if (say.tool)
    list.push({
      type: 'tool_use',
      id: `toolu_${say.tool.id}`,
      name: say.tool.name,
      input: say.tool.args,
      caller: { type: 'direct' },
    })
  return list
}

function message(say: Say, content: readonly Block[], usage: Usage, isDone = content.length > 0) {
  return {
    id: `msg_${say.seed}`,
    type: 'message',
    role: 'assistant',
    model: say.asked.model,
    content,
    stop_reason: isDone ? stopReason(say) : null,
    stop_sequence: null,
    usage: wireUsage(usage),
  }
}

function stopReason(say: Say): string {
  return say.tool ? 'tool_use' : 'end_turn'
}

function wireUsage(usage: Usage) {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWriteTokens, ephemeral_1h_input_tokens: 0 },
    output_tokens: usage.outputTokens,
    service_tier: 'standard',
  }
}

function stream(say: Say): readonly Part[] {
  const start = message(say, [], { ...say.usage, outputTokens: 1 })
  const delta = { stop_reason: stopReason(say), stop_sequence: null }
  const { service_tier: _tier, cache_creation: _split, ...usage } = wireUsage(say.usage)
  return [
    part('meta', 'message_start', { message: start }),
    { kind: 'ping', text: anthropic.ping },
    ...blocks(say).flatMap((block, index) => blockParts(say, block, index)),
    part('finish', 'message_delta', { delta, usage }),
    part('end', 'message_stop', {}),
  ]
}

function blockParts(say: Say, block: Block, index: number): readonly Part[] {
  const deltas = deltasOf(say, block)
  return [
    part('open', 'content_block_start', { index, content_block: emptied(block) }),
    ...deltas.map((delta) => part('content', 'content_block_delta', { index, delta })),
    part('open', 'content_block_stop', { index }),
  ]
}

function emptied(block: Block) {
  if (block.type === 'text') return { type: 'text', text: '' }
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  return { ...block, input: {} }
}

function deltasOf(say: Say, block: Block): readonly unknown[] {
  if (block.type === 'text') return say.pieces.map((text) => ({ type: 'text_delta', text }))
  if (block.type === 'tool_use') {
    const json = ['', ...cut(JSON.stringify(say.tool?.args), 3)]
    return json.map((partial) => ({ type: 'input_json_delta', partial_json: partial }))
  }
  const thoughts = cut(say.thinking, 2).map((thinking) => ({ type: 'thinking_delta', thinking }))
  return [...thoughts, { type: 'signature_delta', signature: `sig${say.seed}` }]
}

function part(kind: Part['kind'], type: string, data: object): Part {
  return { kind, text: namedEvent(type, { type, ...data }) }
}

function errorObject(error: ErrorSpec) {
  return {
    type: 'error',
    error: {
      type: error.type ?? TYPE_OF_STATUS[error.status ?? 529] ?? 'api_error',
      message: error.message ?? 'Overloaded',
    },
  }
}

const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}
