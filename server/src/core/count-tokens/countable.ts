import { modelNames } from '../model-name.ts'
import { type ContentParts, contentParts, jsonText, type Part } from './content.ts'
import { type Framing, framingOf, tokenFamily, type Vocabulary } from './family.ts'
import { builtInToolTokens, toolPromptTokens } from './tool-prompt.ts'

/** What a request is made of: texts to cut into tokens, and tokens that stand beside them. */
export type Countable = {
  readonly vocabulary: Vocabulary
  readonly parts: readonly Part[]
  readonly fixedTokens: number
}

export type CountableResult =
  | { readonly ok: true; readonly countable: Countable }
  | { readonly ok: false; readonly message: string }

type Json = Readonly<Record<string, unknown>>

/**
 * What to count of a body of `POST /v1/messages/count_tokens`. Any model name will do.
 *
 * @param body  Parsed JSON, untrusted. `model` and `messages` must be there; fields that are not known count nothing.
 * Errors: none; a body that is no request gives `message`, for people.
 * Cost: O(body); media are measured, never cut into tokens.
 * Source: https://platform.claude.com/docs/en/api/messages-count-tokens.
 */
export function readCountable(body: unknown): CountableResult {
  const fault = faultOf(body)
  if (fault !== undefined) return { ok: false, message: `Invalid request body: ${fault}` }
  const request = body as Request
  const names = modelNames(request.model)
  const family = tokenFamily(names)
  const framing = framingOf(family)
  const all = [systemParts(request.system), ...messageParts(request), toolParts(request, framing)]
  const isForced = isObject(request.tool_choice) && ['any', 'tool'].includes(String(request.tool_choice['type']))
  const isThinking = isObject(request.thinking) && request.thinking['type'] === 'enabled'
  const offersTools = (request.tools?.length ?? 0) > 0
  const fixedTokens =
    framing.requestTokens +
    framing.messageTokens * request.messages.length +
    (offersTools ? toolPromptTokens(family, names, isForced) : 0) +
    (isThinking ? framing.thinkingTokens : 0) +
    framing.toolUseTokens * total(all, 'toolUses') +
    framing.argumentTokens * total(all, 'toolArguments') +
    total(all, 'fixedTokens')
  return { ok: true, countable: { vocabulary: framing.vocabulary, parts: scaled(all, framing), fixedTokens } }
}

type Request = {
  readonly model: string
  readonly messages: readonly Json[]
  readonly system?: string | readonly unknown[]
  readonly tools?: readonly Json[]
  readonly tool_choice?: unknown
  readonly thinking?: unknown
}

function faultOf(body: unknown): string | undefined {
  if (!isObject(body)) return 'not a JSON object'
  const { model, messages, system, tools } = body
  if (typeof model !== 'string' || model === '') return 'model: a name is required'
  if (!Array.isArray(messages)) return 'messages: a list is required'
  if (!messages.every(isObject)) return 'messages: every message must be an object'
  if (system !== undefined && system !== null && typeof system !== 'string' && !Array.isArray(system))
    return 'system: must be a text or a list of blocks'
  if (tools !== undefined && tools !== null && !(Array.isArray(tools) && tools.every(isObject)))
    return 'tools: must be a list of objects'
  return undefined
}

function systemParts(system: Request['system']): ContentParts {
  return contentParts(system ?? '', { countsThinking: false })
}

/** Thinking of turns that are over is dropped by the vendor; that of the turn in which a tool was called counts. */
function messageParts({ messages }: Request): readonly ContentParts[] {
  const lastAssistant = messages.findLastIndex((message) => message['role'] === 'assistant')
  const inToolTurn = lastAssistant >= 0 && lastAssistant === messages.length - 2 && isToolResult(messages.at(-1))
  return messages.map((message, index) =>
    contentParts(message['content'], { countsThinking: inToolTurn && index === lastAssistant }),
  )
}

function isToolResult(message: Json | undefined): boolean {
  const content = message?.['content']
  return Array.isArray(content) && content.some((block) => isObject(block) && block['type'] === 'tool_result')
}

/** Definitions that are loaded only when asked for count once a result refers to them. */
function toolParts({ tools, messages }: Request, framing: Framing): ContentParts {
  const offered = tools ?? []
  const referred = offered.some((tool) => tool['defer_loading'] === true) ? referredTools(messages) : new Set<string>()
  const texts: Part[] = []
  let fixedTokens = offered.some((tool) => tool['input_examples'] !== undefined) ? framing.examplesTokens : 0
  for (const tool of offered) {
    if (tool['defer_loading'] === true && !referred.has(String(tool['name']))) continue
    const builtIn = builtInToolTokens(tool['type'])
    fixedTokens += builtIn ?? (tool['defer_loading'] === true ? framing.loadedToolTokens : framing.toolTokens)
    if (builtIn === undefined) texts.push({ text: definitionText(tool), percent: framing.toolPercent })
  }
  return { texts: [], scaledTexts: texts, fixedTokens, toolUses: 0, toolArguments: 0 }
}

function definitionText(tool: Json): string {
  const { name, description, input_schema: parameters, input_examples: examples } = tool
  return jsonText({ name, description, parameters, examples })
}

function referredTools(messages: readonly Json[]): Set<string> {
  const names = new Set<string>()
  for (const message of messages) {
    for (const block of blocksOf(message['content'])) {
      for (const inner of blocksOf(block['content'])) {
        if (inner['type'] === 'tool_reference') names.add(String(inner['tool_name']))
      }
    }
  }
  return names
}

function blocksOf(content: unknown): readonly Json[] {
  return Array.isArray(content) ? content.filter(isObject) : []
}

function scaled(all: readonly ContentParts[], framing: Framing): readonly Part[] {
  return all.flatMap(({ texts, scaledTexts }) => [
    ...texts.map((text) => ({ text, percent: framing.textPercent })),
    ...scaledTexts,
  ])
}

function total(all: readonly ContentParts[], field: 'toolUses' | 'toolArguments' | 'fixedTokens'): number {
  return all.reduce((sum, parts) => sum + parts[field], 0)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
