/*
 * The prices that ccLoad has always charged, kept to the cent: USD for a million tokens as `input/output`, and in
 * brackets what prompts of more than 200,000 tokens cost. Where fresher data names the same model, this table wins.
 */

const CLAUDE = `
claude-sonnet-4-5 3/15 [6/22.5]
claude-sonnet-4-0 3/15 [6/22.5]
claude-haiku-4-5 1/5
claude-opus-4-1 15/75
claude-opus-4-0 15/75
claude-opus-4-5 5/25
claude-3-7-sonnet 3/15
claude-3-5-sonnet 3/15
claude-3-5-haiku 0.8/4
claude-3-opus 15/75
claude-3-sonnet 3/15
claude-3-haiku 0.25/1.25
claude-opus 5/25
claude-sonnet 3/15
claude-haiku 1/5
`

const OPENAI_GPT = `
gpt-5.2 1.75/14
gpt-5.2-chat-latest 1.75/14
gpt-5.2-pro 21/168
gpt-5.1 1.25/10
gpt-5.1-chat-latest 1.25/10
gpt-5.1-codex-max 1.25/10
gpt-5.1-codex 1.25/10
gpt-5.1-codex-mini 0.25/2
gpt-5 1.25/10
gpt-5-chat-latest 1.25/10
gpt-5-codex 1.25/10
gpt-5-search-api 1.25/10
gpt-5-mini 0.25/2
gpt-5-nano 0.05/0.4
gpt-5-pro 15/120
gpt-4.1 2/8
gpt-4.1-mini 0.4/1.6
gpt-4.1-nano 0.1/0.4
gpt-4o 2.5/10
gpt-4o-2024-05-13 5/15
gpt-4o-legacy 5/15
gpt-4o-mini 0.15/0.6
gpt-4o-search-preview 2.5/10
gpt-4o-mini-search-preview 0.15/0.6
gpt-4-turbo 10/30
gpt-4 30/60
gpt-4-32k 60/120
gpt-3.5-turbo 0.5/1.5
gpt-3.5-legacy 1.5/2
gpt-3.5-16k 3/4
gpt-realtime 4/16
gpt-realtime-mini 0.6/2.4
gpt-4o-realtime-preview 5/20
gpt-4o-mini-realtime-preview 0.6/2.4
gpt-audio 2.5/10
gpt-audio-mini 0.6/2.4
gpt-4o-audio-preview 2.5/10
gpt-4o-mini-audio-preview 0.15/0.6
gpt-image-1.5 5/10
chatgpt-image-latest 5/10
gpt-image-1 5/0
gpt-image-1-mini 2/0
`

const OPENAI_O_SERIES = `
o1 15/60
o1-pro 150/600
o1-mini 1.1/4.4
o3 2/8
o3-pro 20/80
o3-mini 1.1/4.4
o3-deep-research 10/40
o4-mini 1.1/4.4
o4-mini-deep-research 2/8
`

const OPENAI_OTHER = `
computer-use-preview 3/12
codex-mini-latest 1.5/6
davinci-002 2/2
babbage-002 0.4/0.4
`

const GEMINI = `
gemini-3-pro 2/12 [4/18]
gemini-3-flash 0.5/3
gemini-2.5-pro 1.25/10 [2.5/15]
gemini-2.5-flash 0.3/2.5
gemini-2.5-flash-lite 0.1/0.4
gemini-2.0-flash 0.1/0.4
gemini-2.0-flash-lite 0.075/0.3
gemini-1.5-pro 1.25/5
gemini-1.5-flash 0.2/0.6
`

const ZHIPU_GLM = `
glm-4.7 0.6/2.2
glm-4.6 0.6/2.2
glm-4.6v 0.3/0.9
glm-4.6v-flashx 0.04/0.4
glm-4.6v-flash 0/0
glm-4.5 0.6/2.2
glm-4.5v 0.6/1.8
glm-4.5-x 2.2/8.9
glm-4.5-air 0.2/1.1
glm-4.5-airx 1.1/4.5
glm-4.5-flash 0/0
glm-4-32b-0414-128k 0.1/0.1
`

const MIMO = `
mimo-v2-flash 0.1/0.3
`

const QWEN = `
qwen3-32b 0.08/0.24
qwen3-4b 0/0
qwen3-8b 0.028/0.11
qwen2.5-coder-7b-instruct 0.03/0.09
qwen-2.5-coder-32b-instruct 0.03/0.11
qwen-2.5-7b-instruct 0.04/0.1
qwen3-14b 0.05/0.22
qwen2.5-vl-32b-instruct 0.05/0.22
qwen-turbo 0.05/0.2
qwen3-30b-a3b-thinking-2507 0.051/0.34
qwen3-next-80b-a3b-instruct 0.06/0.6
qwen3-30b-a3b 0.06/0.22
qwen3-vl-8b-instruct 0.064/0.4
qwen3-coder-30b-a3b-instruct 0.07/0.27
qwen2.5-vl-72b-instruct 0.07/0.26
qwen3-235b-a22b-2507 0.071/0.463
qwen3-30b-a3b-instruct-2507 0.08/0.33
qwq-32b 0.15/0.4
qwen3-vl-30b-a3b-instruct 0.15/0.6
qwen3-vl-30b-a3b-thinking 0.16/0.8
qwen3-235b-a22b 0.18/0.54
qwen3-vl-8b-thinking 0.18/2.1
qwen3-vl-235b-a22b-instruct 0.2/1.2
qwen-2.5-vl-7b-instruct 0.2/0.2
qwen-vl-plus 0.21/0.63
qwen3-coder 0.22/1.8
qwen-2.5-72b-instruct 0.12/0.39
qwen-plus-2025-07-28 0.4/4
qwen-plus 0.4/1.2
qwen-vl-max 0.8/3.2
qwen3-coder-plus 1/5
qwen-max 1.6/6.4
`

const DEEPSEEK = `
deepseek-r1-distill-llama-70b 0.03/0.11
deepseek-r1-0528-qwen3-8b 0.048/0.072
deepseek-r1-distill-qwen-14b 0.12/0.12
deepseek-r1 0.3/1.2
deepseek-chat 0.3/1.2
deepseek-v3.2-exp 0.25/0.38
deepseek-v3.1-terminus 0.21/0.79
deepseek-r1-distill-qwen-32b 0.24/0.24
deepseek-v3.2 0.25/0.38
deepseek-v3.2-speciale 0.27/0.41
deepseek-r1-0528 0.4/1.75
deepseek-prover-v2 0.5/2.18
`

const XAI_GROK = `
grok-4.1-fast 0.5/1.5
grok-4 3/15
grok-4-fast 0.2/0.5
grok-3 3/15
grok-3-beta 3/15
grok-3-mini 0.3/0.5
grok-3-mini-beta 0.3/0.5
grok-2 2/10
grok-2-1212 2/10
grok-2-vision-1212 2/10
grok-2-mini 0.2/0.5
grok-code-fast-1 0.2/1.5
grok-vision-beta 5/15
`

const MINIMAX = `
minimax-01 0.2/1.1
minimax-m1 0.3/1.65
minimax-m2 0.15/0.45
minimax-m2.1 0.3/1.2
`

const LLAMA = `
llama-3.2-3b-instruct 0.003/0.006
llama-3.2-1b-instruct 0.005/0.01
llama-3.1-8b-instruct 0.015/0.02
llama-guard-3-8b 0.02/0.03
llama-3-8b-instruct 0.03/0.04
llama-3.3-70b-instruct 0.038/0.12
llama-3.2-11b-vision-instruct 0.049/0.049
llama-guard-4-12b 0.05/0.05
llama-4-scout 0.08/0.3
llama-3.1-70b-instruct 0.1/0.28
llama-4-maverick 0.15/0.5
llama-guard-2-8b 0.2/0.2
llama-3-70b-instruct 0.3/0.4
llama-3.2-90b-vision-instruct 0.35/0.4
llama-3.1-405b-instruct 0.8/0.8
llama-3.1-405b 2/2
`

const OPENAI_OSS = `
gpt-oss-20b 0.05/0.2
gpt-oss-120b:exacto 0.05/0.24
gpt-oss-safeguard-20b 0.075/0.3
gpt-oss-120b 0.1/0.5
`

/** All rows, one a line. */
export const PRICE_TABLE: readonly string[] = [
  CLAUDE,
  OPENAI_GPT,
  OPENAI_O_SERIES,
  OPENAI_OTHER,
  GEMINI,
  ZHIPU_GLM,
  MIMO,
  QWEN,
  DEEPSEEK,
  XAI_GROK,
  MINIMAX,
  LLAMA,
  OPENAI_OSS,
].flatMap((family) => family.trim().split('\n'))
