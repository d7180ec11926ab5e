import { startMock } from '../../mock-upstream/start-mock.ts'
import type { Gateway } from './gateway.ts'
import type { Report } from './report.ts'

type SideCall = {
  readonly what: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly status: number
  /** Stands in the answer. */
  readonly holds: string
}

const MODEL = 'claude-sonnet-4-5'
const MESSAGES = [{ role: 'user', content: 'How long is this?' }]
const CONTENTS = [{ role: 'user', parts: [{ text: 'How long is this?' }] }]
const ANTHROPIC = { 'anthropic-version': '2023-06-01' }

/** What clients ask besides answers. None of it may cost a call to a channel. */
const SIDE_CALLS: readonly SideCall[] = [
  {
    what: 'telemetry of Claude Code',
    method: 'POST',
    path: '/api/event_logging/batch',
    body: { events: [] },
    status: 200,
    holds: '{}',
  },
  { what: 'models, OpenAI', method: 'GET', path: '/v1/models', status: 200, holds: '"object":"list"' },
  {
    what: 'models, Codex',
    method: 'GET',
    path: '/v1/models?client_version=0.169.0',
    status: 200,
    holds: '"object":"list"',
  },
  {
    what: 'models, Claude Code',
    method: 'GET',
    path: '/v1/models?limit=1000',
    headers: ANTHROPIC,
    status: 200,
    holds: '"has_more":false',
  },
  { what: 'models, Gemini', method: 'GET', path: '/v1beta/models', status: 200, holds: '"models":[' },
  {
    what: 'tokens of Claude Code',
    method: 'POST',
    path: '/v1/messages/count_tokens?beta=true',
    headers: ANTHROPIC,
    body: { model: MODEL, messages: MESSAGES },
    status: 200,
    holds: '"input_tokens":',
  },
  {
    what: 'tokens of the Gemini CLI',
    method: 'POST',
    path: `/v1beta/models/${MODEL}:countTokens`,
    body: { contents: CONTENTS },
    status: 200,
    holds: '"totalTokens":',
  },
]

export async function sideCallCases(gateway: Gateway, report: Report): Promise<void> {
  for (const call of SIDE_CALLS) {
    await report.run(`side call: ${call.what}`, async () => {
      const { answer, text, upstreamCalls } = await play(gateway, call)
      const problems = [
        ...(answer.status === call.status ? [] : [`status ${answer.status}, not ${call.status}`]),
        ...(text.includes(call.holds) ? [] : [`the answer is ${text.slice(0, 300)}`]),
      ]
      return {
        problems,
        note: `${text.slice(0, 80)}${upstreamCalls > 0 ? `, ${upstreamCalls} calls to a channel` : ''}`,
      }
    })
  }
}

async function play(gateway: Gateway, { method, path, headers, body }: SideCall) {
  const mock = await startMock()
  const common = { url: mock.url, key: 'sk-side', model: MODEL, priority: 1 }
  const ids = [
    await gateway.addChannel({ ...common, name: `anthropic ${mock.port}`, type: 'anthropic' }),
    await gateway.addChannel({ ...common, name: `gemini ${mock.port}`, type: 'gemini' }),
  ]
  try {
    const answer = await fetch(gateway.url + path, {
      method,
      headers: { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { answer, text: await answer.text(), upstreamCalls: mock.count() }
  } finally {
    await Promise.all(ids.map((id) => gateway.removeChannel(id)))
    mock.close()
  }
}
