/** The clients as their makers ship them on npm; one place to raise a version. `entry` is what Node runs. */
export const AGENT_PACKAGES = {
  'claude-code': { npm: '@anthropic-ai/claude-code', version: '2.1.331', entry: 'cli-wrapper.cjs' },
  codex: { npm: '@openai/codex', version: '0.169.0', entry: 'bin/codex.js' },
  'gemini-cli': { npm: '@google/gemini-cli', version: '0.61.0', entry: 'bundle/gemini.js' },
} as const

export type AgentName = keyof typeof AGENT_PACKAGES
