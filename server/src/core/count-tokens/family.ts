/** Models that cut text in the same way and frame messages alike. */
export type TokenFamily = 'claude' | 'claude-next' | 'gpt' | 'gemini' | 'other'

/** The published vocabularies that counts are taken with. */
export type Vocabulary = 'claude' | 'o200k'

/** What a request costs beside its texts, and how its texts count. All tokens. */
export type Framing = {
  readonly vocabulary: Vocabulary
  /** Tokens of the model for 100 of the vocabulary. */
  readonly textPercent: number
  /** Same for the schemas of tools: vendors do not show them to the model as JSON. */
  readonly toolPercent: number
  readonly requestTokens: number
  readonly messageTokens: number
  readonly toolTokens: number
  /** A tool whose definition is loaded by a result that refers to it. */
  readonly loadedToolTokens: number
  /** Once, when a tool brings examples of its input. */
  readonly examplesTokens: number
  /** A call of a tool together with its result, and each argument of it. */
  readonly toolUseTokens: number
  readonly argumentTokens: number
  /** `thinking: {type: enabled}`. */
  readonly thinkingTokens: number
}

/*
 * Where a vendor prints a number it is taken (the prompt of tools: `tool-prompt.ts`); the rest is fitted to counts that
 * vendors answered and that are printed, see `printed-counts.test.ts`. `claude-next`: from Opus 4.7 on Claude cuts text
 * finer, 1.0 to 1.35 times as many tokens as before.
 * Source: https://platform.claude.com/docs/en/about-claude/pricing, https://github.com/coder/ai-tokenizer.
 */
const FRAMINGS: Readonly<Record<TokenFamily, Framing>> = {
  claude: {
    vocabulary: 'claude',
    textPercent: 105,
    toolPercent: 107,
    requestTokens: 5,
    messageTokens: 3,
    toolTokens: 16,
    loadedToolTokens: 25,
    examplesTokens: 72,
    toolUseTokens: 38,
    argumentTokens: 13,
    thinkingTokens: 33,
  },
  'claude-next': {
    vocabulary: 'claude',
    textPercent: 140,
    toolPercent: 140,
    requestTokens: 4,
    messageTokens: 3,
    toolTokens: 113,
    loadedToolTokens: 40,
    examplesTokens: 72,
    toolUseTokens: 25,
    argumentTokens: 13,
    thinkingTokens: 0,
  },
  gpt: {
    vocabulary: 'o200k',
    textPercent: 100,
    toolPercent: 55,
    requestTokens: 3,
    messageTokens: 4,
    toolTokens: 0,
    loadedToolTokens: 0,
    examplesTokens: 0,
    toolUseTokens: 5,
    argumentTokens: 0,
    thinkingTokens: 0,
  },
  gemini: {
    vocabulary: 'o200k',
    textPercent: 104,
    toolPercent: 104,
    requestTokens: 0,
    messageTokens: 1,
    toolTokens: 10,
    loadedToolTokens: 10,
    examplesTokens: 0,
    toolUseTokens: 10,
    argumentTokens: 0,
    thinkingTokens: 0,
  },
  other: {
    vocabulary: 'o200k',
    textPercent: 100,
    toolPercent: 100,
    requestTokens: 5,
    messageTokens: 3,
    toolTokens: 20,
    loadedToolTokens: 20,
    examplesTokens: 0,
    toolUseTokens: 20,
    argumentTokens: 0,
    thinkingTokens: 0,
  },
}

const CLAUDE_BEFORE = /claude-(?:v?[123]\b|instant|(?:opus|sonnet|haiku)-(?:3|4(?:-[0-6])?(?!-?\d))|4(?:-[0-6])?-)/
const GPT = /^(?:gpt-|chatgpt-|o\d|codex|davinci|babbage|text-(?:embedding|davinci)|computer-use)/

/**
 * The family of a model by its name.
 *
 * @param names  As `modelNames` gives them. Claude that nobody knows yet counts like the newest one.
 */
export function tokenFamily(names: readonly string[]): TokenFamily {
  const name = names.findLast((form) => form.startsWith('claude')) ?? names.at(-1) ?? ''
  if (name.startsWith('claude')) return CLAUDE_BEFORE.test(name.replaceAll('.', '-')) ? 'claude' : 'claude-next'
  if (GPT.test(name)) return 'gpt'
  return name.startsWith('gemini') || name.startsWith('gemma') ? 'gemini' : 'other'
}

export function framingOf(family: TokenFamily): Framing {
  return FRAMINGS[family]
}
