import type { Rule } from '../../mock-upstream/behaviour.ts'
import { headerOf } from './agent.ts'
import type { AgentCase } from './agent-cases.ts'
import { codex, codexConfig } from './codex.ts'
import { judgeHealthy, type Problems } from './judge.ts'
import type { Result } from './report.ts'
import { FINAL, healthy, pathOf, play, type Seen, type Stage } from './run-case.ts'

/** What Codex does only with some configurations. */
export const CODEX_CASES: readonly AgentCase[] = [
  { name: 'codex: WebSocket first, falls back to HTTP', play: webSocketCase },
  { name: 'codex: zstd body, first channel answers 503', play: zstdCase },
]

async function webSocketCase(stage: Stage): Promise<Result> {
  const seen = await play(stage, { first: healthy(codex), second: [], files: configured(stage, WEBSOCKET) })
  const { outcome } = seen
  const fellBack = { ...seen, outcome: { ...outcome, complaints: outcome.complaints.filter(isNotFallback) } }
  return { problems: judgeHealthy(codex, fellBack, stage.gateway.token), note: outcome.complaints.join(' | ') }
}

async function zstdCase(stage: Stage): Promise<Result> {
  const path = pathOf(codex)
  // The mock does not decode bodies, so it does not know that a stream is wished for.
  const answer: Rule = { path, do: [{ kind: 'swap-streaming' }, { kind: 'ok', text: FINAL }] }
  const seen = await play(stage, {
    first: [{ path, do: { kind: 'status', status: 503 } }],
    second: [answer],
    files: { ...configured(stage, SIGNED_IN), '.codex/auth.json': signedInWith(stage.gateway.token) },
  })
  const said = seen.outcome.complaints.join(' | ').slice(0, 200)
  return { problems: judgeZstd(seen), note: `${seen.first[0]?.body.length} bytes; said: ${said}` }
}

const WEBSOCKET = ['env_key = "CCLOAD_CODEX_TOKEN"', 'supports_websockets = true']
/** Only with this name, and signed in, does Codex compress what it sends. */
const SIGNED_IN = ['requires_openai_auth = true']

function configured({ gateway }: Stage, more: readonly string[]): Readonly<Record<string, string>> {
  const config = codexConfig({ ...gateway, home: '' }, more)
  return { '.codex/config.toml': more === SIGNED_IN ? config.replace('name = "ccLoad"', 'name = "OpenAI"') : config }
}

/** A made-up session, whose access token is the one of ccLoad. */
function signedInWith(token: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    exp: 4_102_444_800,
    email: 'nobody@example.invalid',
    'https://api.openai.com/auth': { chatgpt_account_id: 'none' },
  }
  const idToken = `${part({ alg: 'none' })}.${part(claims)}.none`
  const tokens = { id_token: idToken, access_token: token, refresh_token: 'none', account_id: 'none' }
  return JSON.stringify({ OPENAI_API_KEY: null, tokens, last_refresh: new Date().toISOString() })
}

function isNotFallback(complaint: string): boolean {
  return !/websocket/i.test(complaint)
}

/** Signed in, it asks `GET /v1/models` for OpenAI's own catalog of models, which no gateway has, and goes on without. */
function isNotCatalog(complaint: string): boolean {
  return !complaint.includes('failed to refresh available models')
}

function judgeZstd({ outcome, first, second }: Seen): Problems {
  const bodies = [...first, ...second]
  const sums = new Set(bodies.map(({ sha256 }) => sha256))
  return [
    ...(outcome.well && outcome.finalText === FINAL ? [] : [`the final text is "${outcome.finalText}"`]),
    ...outcome.complaints.filter(isNotCatalog).map((complaint) => `the user saw: ${complaint}`),
    ...(first.length === 1 && second.length === 1 ? [] : [`calls ${first.length}+${second.length}, not 1+1`]),
    ...(sums.size === 1 ? [] : ['the channels did not get the same bytes']),
    ...bodies.flatMap((call) => (headerOf(call, 'content-encoding') === 'zstd' ? [] : ['a body did not come as zstd'])),
    ...(bodies.every(({ body }) => Bun.zstdDecompressSync(body).includes(codex.model))
      ? []
      : ['the body is not whole']),
  ]
}
