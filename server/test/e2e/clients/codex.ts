import { type Agent, type Finished, jsonLines, type Outcome, type Pointing } from './agent.ts'

/**
 * Codex. `codex exec --json` prints one event a line; errors that it retries are events, too.
 * Plugins and apps are fetched from GitHub and ChatGPT: switched off, as nothing of them is needed.
 *
 * Source: https://developers.openai.com/codex/config-reference.
 */
export const codex: Agent = {
  name: 'codex',
  channelType: 'codex',
  model: 'gpt-5.5',
  requestLine: 'POST /v1/responses',
  acceptEncoding: undefined,
  files: (pointing) => ({ '.codex/config.toml': codexConfig(pointing) }),
  env: ({ token }) => ({ CCLOAD_CODEX_TOKEN: token }),
  args: (prompt) => ['exec', '--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', prompt],
  tool: (command) => ({ name: 'exec_command', args: { cmd: command } }),
  outcome,
}

/** @param more  Lines for the table of the provider. */
export function codexConfig({ url }: Pointing, more: readonly string[] = ['env_key = "CCLOAD_CODEX_TOKEN"']): string {
  const lines = [
    `model = "${codex.model}"`,
    'model_provider = "ccload"',
    'check_for_update_on_startup = false',
    '[features]',
    'plugins = false',
    'apps = false',
    '[analytics]',
    'enabled = false',
    '[model_providers.ccload]',
    'name = "ccLoad"',
    `base_url = "${url}/v1"`,
    'wire_api = "responses"',
    ...more,
  ]
  return `${lines.join('\n')}\n`
}

/** Said on every start from a home below a temporary folder, and on a standard input that is no terminal. */
const USUAL =
  /^(?:WARNING: proceeding, even though we could not create PATH aliases|Reading additional input from stdin)/

function outcome({ code, out, errors }: Finished): Outcome {
  const events = jsonLines(out)
  const items = events.filter((event) => event['type'] === 'item.completed').map((event) => event['item'])
  const texts = items.filter((item) => typeOf(item) === 'agent_message').map((item) => textOf(item, 'text'))
  const failures = events.filter((event) => event['type'] === 'error' || event['type'] === 'turn.failed')
  const warnings = items.filter((item) => typeOf(item) === 'error').map((item) => textOf(item, 'message'))
  return {
    well: code === 0 && events.some((event) => event['type'] === 'turn.completed'),
    finalText: texts.at(-1) ?? '',
    complaints: [
      ...failures.map((event) => textOf(event, 'message') || JSON.stringify(event)),
      ...warnings,
      ...errors.split('\n').filter((line) => line.trim() !== '' && !USUAL.test(line)),
    ],
  }
}

function typeOf(item: unknown): string {
  return textOf(item, 'type')
}

function textOf(value: unknown, name: string): string {
  const text = (value as Readonly<Record<string, unknown>> | undefined)?.[name]
  return typeof text === 'string' ? text : ''
}
