import type { Agent, Finished, Outcome, Pointing } from './agent.ts'

/**
 * The Gemini CLI. Its JSON report counts failed requests, also those that it retried.
 *
 * Source: https://geminicli.com/docs/reference/configuration/.
 */
export const geminiCli: Agent = {
  name: 'gemini-cli',
  channelType: 'gemini',
  model: 'gemini-2.5-pro',
  requestLine: 'POST /v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
  acceptEncoding: 'gzip, deflate',
  files: () => ({ '.gemini/settings.json': JSON.stringify(SETTINGS) }),
  env: ({ url, token }: Pointing) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: token }),
  args: (prompt) => [
    '--prompt',
    prompt,
    '--yolo',
    '--skip-trust',
    '--model',
    geminiCli.model,
    '--output-format',
    'json',
  ],
  tool: (command) => ({ name: 'run_shell_command', args: { command } }),
  outcome,
}

const SETTINGS = {
  security: { auth: { selectedType: 'gemini-api-key' } },
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
}

type Report = {
  readonly response?: string
  readonly error?: { readonly message?: string }
  readonly stats?: { readonly models?: Readonly<Record<string, { readonly api: { readonly totalErrors: number } }>> }
}

/** Said on every start without a colourful terminal. */
const USUAL =
  /^(?:Warning: (?:Basic terminal|256-color|True color)|YOLO mode is enabled|Ripgrep is not available|\[STARTUP\])/

function outcome({ code, out, errors }: Finished): Outcome {
  const report = reportOf(out) ?? reportOf(errors)
  const failed = Object.values(report?.stats?.models ?? {}).reduce((sum, { api }) => sum + api.totalErrors, 0)
  const lines = errors.split('\n').filter((line) => line.trim() !== '' && !USUAL.test(line))
  return {
    well: code === 0 && report !== undefined && report.error === undefined,
    finalText: report?.response ?? '',
    complaints: [
      ...(failed > 0 ? [`${failed} failed requests`] : []),
      ...(report?.error ? [report.error.message ?? 'an error without words'] : []),
      ...lines,
    ],
  }
}

/** The report is the last thing printed, over many lines. */
function reportOf(text: string): Report | undefined {
  const start = text.search(/^\{/m)
  if (start < 0) return undefined
  try {
    return JSON.parse(text.slice(start)) as Report
  } catch {
    return undefined // not whole: the client was stopped
  }
}
