import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cooldown } from '@ccload/contract/cooldowns.ts'
import type { Envelope } from '@ccload/contract/envelope.ts'
import type { LogRow } from '@ccload/contract/logs.ts'

const ROOT = join(import.meta.dir, '../../..')
export const PASSWORD = 'canary-password-of-the-console'
const START_WITHIN_MS = 20_000
const LOOK_EVERY_MS = 10
const STOP_WITHIN_MS = 15_000

export type ProgramOptions = {
  /** Proxy processes; 0 = everything in one process. Default 1. */
  readonly workers?: number
  /** Default `:memory:`. */
  readonly sqlitePath?: string
  /** Goes before everything else. */
  readonly env?: Readonly<Record<string, string>>
}

export type AdminAnswer<Data> = { readonly status: number; readonly json: Envelope<Data> }

/** A channel as the admin API takes it; what is left out has a default that works with a mock. */
export type ChannelFields = {
  readonly url: string
  readonly name?: string
  readonly channel_type?: 'anthropic' | 'codex' | 'openai' | 'gemini'
  readonly models?: readonly (string | { readonly model: string; readonly redirect_model: string })[]
  readonly api_keys?: readonly string[]
  readonly priority?: number
  readonly enabled?: boolean
  readonly key_strategy?: 'sequential' | 'round_robin'
}

/** The running program, as an operator and a client have it before them. */
export type Program = {
  readonly port: number
  readonly url: string
  /** Of control. */
  readonly pid: number
  /** Of the proxy processes; empty when there are none. */
  pids(): readonly number[]
  /** `Data` is what the caller expects; nothing checks it. */
  admin<Data = unknown>(method: string, path: string, body?: unknown): Promise<AdminAnswer<Data>>
  /** A new token, in plain text. */
  token(fields?: Readonly<Record<string, unknown>>): Promise<string>
  /** A new channel; its id. Errors: rejects with the complaint of the admin API. */
  channel(fields: ChannelFields): Promise<number>
  /** Sets settings by name; resolves when they are in force everywhere. */
  settings(values: Readonly<Record<string, string>>): Promise<void>
  /** Log rows of today, newest first. @param query  Such as `request_id=…`. */
  logs(query?: string): Promise<readonly LogRow[]>
  /** Everything that rests now. */
  rests(): Promise<readonly Cooldown[]>
  /** Removes all channels, and so all rests. */
  reset(): Promise<void>
  /** What it has written to stderr so far. */
  stderr(): string
  /** Ends it as an operator does; resolves to its exit code. */
  stop(): Promise<number>
  /** Ends control at once, as a crash does; the proxies end by themselves. */
  kill9(): Promise<void>
}

/** Starts the program from its sources on a free port and logs in. Errors: rejects with its stderr when it does not come up. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const port = freePort()
  const url = `http://127.0.0.1:${port}`
  const child = Bun.spawn([process.execPath, '--no-env-file', join(ROOT, 'server/src/main.ts')], {
    cwd: import.meta.dir, // holds no .env
    env: environment(port, options),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stderr = collected(child.stderr)
  await untilHealthy(url, child, stderr)
  const session = await logIn(url)

  const admin = async <Data>(method: string, path: string, body?: unknown): Promise<AdminAnswer<Data>> => {
    const answer = await fetch(`${url}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, json: (await answer.json()) as Envelope<Data> }
  }
  const must = async <Data>(method: string, path: string, body?: unknown): Promise<Data> => {
    const { status, json } = await admin<Data>(method, path, body)
    if (!json.success) throw new Error(`${method} ${path}: ${status} ${json.error}`)
    return json.data
  }

  return {
    port,
    url,
    pid: child.pid,
    pids: () => childrenOf(child.pid),
    admin,
    token: async (fields = {}) => {
      const made = await must<{ token: string }>('POST', '/auth-tokens', { description: 'test', ...fields })
      return made.token
    },
    channel: async (fields) => (await must<{ id: number }>('POST', '/channels', withDefaults(fields))).id,
    settings: (values) => must('POST', '/settings/batch', values),
    logs: (query = '') => must('GET', `/logs?limit=1000&${query}`),
    rests: () => must('GET', '/cooldowns'),
    async reset() {
      const channels = await must<readonly { id: number }[]>('GET', '/channels')
      for (const { id } of channels) await must('DELETE', `/channels/${id}`)
    },
    stderr: () => stderr.text,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
      const code = await child.exited
      clearTimeout(late)
      return code
    },
    async kill9() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

let made = 0

function withDefaults(fields: ChannelFields): Readonly<Record<string, unknown>> {
  return { name: `channel-${++made}`, channel_type: 'anthropic', models: ['m'], api_keys: ['sk-1'], ...fields }
}

/** Log lines as JSON, one worker; nothing that the machine of the tests has set decides how the program behaves. */
function environment(port: number, { workers = 1, sqlitePath = ':memory:', env = {} }: ProgramOptions) {
  const ours = /^(?:CCLOAD_|SQLITE_|GIN_|PORT$|TRUSTED_PROXIES$|REDIS_URL$|https?_proxy$)/i
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
  return {
    ...kept,
    PORT: String(port),
    CCLOAD_PASS: PASSWORD,
    SQLITE_PATH: sqlitePath,
    CCLOAD_WORKERS: String(workers),
    CCLOAD_SHUTDOWN_GRACE: '1',
    BUN_CONFIG_MAX_HTTP_REQUESTS: '65336', // else, with 0 workers, the program starts itself once more to have it
    ...env,
  }
}

type Collected = { readonly text: string }

function collected(stream: ReadableStream<Uint8Array>): Collected {
  const held = { text: '' }
  const decoder = new TextDecoder()
  void (async () => {
    for await (const chunk of stream) held.text += decoder.decode(chunk, { stream: true })
  })()
  return held
}

async function untilHealthy(url: string, child: Bun.Subprocess, stderr: Collected): Promise<void> {
  const lastMs = performance.now() + START_WITHIN_MS
  while (performance.now() < lastMs) {
    if (child.exitCode !== null) break
    const answer = await fetch(`${url}/health`).catch(() => undefined) // not listening yet
    if (answer?.ok) return
    await Bun.sleep(LOOK_EVERY_MS)
  }
  child.kill('SIGKILL')
  throw new Error(`the program did not come up: ${stderr.text}`)
}

async function logIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/login`, { method: 'POST', body: JSON.stringify({ password: PASSWORD }) })
  const { token } = (await answer.json()) as { token?: string }
  if (token === undefined) throw new Error(`login: ${answer.status}`)
  return token
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}
