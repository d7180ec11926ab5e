import { type Agent, type Finished, jsonLines, type Outcome } from './agent.ts'

/**
 * Claude Code. Print mode with one JSON object a line; an API failure that it retries is an event of its own.
 * As root it refuses to skip all permissions, so the tools of the test are allowed by name.
 *
 * Source: https://code.claude.com/docs/en/llm-gateway, https://code.claude.com/docs/en/headless.
 */
export const claudeCode: Agent = {
  name: 'claude-code',
  channelType: 'anthropic',
  model: 'claude-sonnet-4-5',
  requestLine: 'POST /v1/messages?beta=true',
  acceptEncoding: 'gzip, deflate, br, zstd',
  files: () => ({}),
  env: ({ url, token }) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: token,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  }),
  args: (prompt) => [
    ...['--print', prompt, '--model', claudeCode.model, '--allowedTools', 'Bash'],
    ...['--output-format', 'stream-json', '--verbose'],
  ],
  tool: (command) => ({ name: 'Bash', args: { command, description: 'Read the note' } }),
  outcome,
}

function outcome({ code, out, errors }: Finished): Outcome {
  const events = jsonLines(out)
  const result = events.find((event) => event['type'] === 'result')
  const retries = events.filter((event) => event['type'] === 'system' && event['subtype'] === 'api_retry')
  return {
    well: code === 0 && result?.['subtype'] === 'success' && result['is_error'] === false,
    finalText: String(result?.['result'] ?? ''),
    complaints: [
      ...retries.map((event) => `retry: ${event['error'] ?? ''} ${event['error_status'] ?? ''}`.trim()),
      ...(result?.['is_error'] === true ? [String(result['result'])] : []),
      ...(errors.trim() === '' ? [] : [errors.trim()]),
    ],
  }
}
