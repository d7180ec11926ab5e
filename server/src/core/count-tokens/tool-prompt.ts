import type { TokenFamily } from './family.ts'

/** Tokens of the prompt that a vendor adds by itself as soon as a request offers a tool. */
type ToolPrompt = { readonly auto: number; readonly forced: number }

/**
 * Claude's, by model. `forced`: `tool_choice` is `any` or `tool`. Models that are not in the print yet count like Opus 4.8.
 * Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing, and its earlier editions.
 */
const CLAUDE: readonly (ToolPrompt & { readonly model: RegExp })[] = [
  { model: /opus-4-7/, auto: 675, forced: 804 },
  { model: /(?:opus|sonnet)-4-6/, auto: 497, forced: 589 },
  { model: /-4-5/, auto: 496, forced: 588 },
  { model: /(?:opus|sonnet)-4(?:-[01])?(?!-?\d)/, auto: 313, forced: 315 },
  { model: /sonnet-5(?!-\d\b)/, auto: 354, forced: 474 },
  { model: /3-5-haiku/, auto: 264, forced: 355 },
  { model: /3-5-sonnet-20240620/, auto: 294, forced: 261 },
  { model: /3-[57]-sonnet/, auto: 346, forced: 313 },
  { model: /3-opus/, auto: 530, forced: 281 },
  { model: /3-sonnet/, auto: 159, forced: 235 },
  { model: /3-haiku/, auto: 264, forced: 340 },
]
const CLAUDE_NEWEST: ToolPrompt = { auto: 290, forced: 410 }

/** GPT's is fitted; for models of others the middle of what https://github.com/coder/ai-tokenizer measured. */
const OTHERS: Readonly<Record<Exclude<TokenFamily, 'claude' | 'claude-next'>, number>> = {
  gpt: 13,
  gemini: 0,
  other: 120,
}

/**
 * @param names     As `modelNames` gives them.
 * @param isForced  True when the model must call a tool.
 */
export function toolPromptTokens(family: TokenFamily, names: readonly string[], isForced: boolean): number {
  if (family !== 'claude' && family !== 'claude-next') return OTHERS[family]
  const row = CLAUDE.find(({ model }) => names.some((name) => model.test(name))) ?? CLAUDE_NEWEST
  return isForced ? row.forced : row.auto
}

/**
 * Definitions that Claude has built in, by the beginning of their `type`.
 * Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use (bash, text editor, computer use: pricing).
 */
const BUILT_IN: readonly (readonly [string, number])[] = [
  ['bash_', 245],
  ['text_editor_', 700],
  ['computer_', 735],
]

/** Tokens of a tool that the vendor defines itself; `undefined` for all that a request defines. */
export function builtInToolTokens(type: unknown): number | undefined {
  if (typeof type !== 'string') return undefined
  return BUILT_IN.find(([start]) => type.startsWith(start))?.[1]
}
