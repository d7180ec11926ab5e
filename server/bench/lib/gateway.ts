import { join } from 'node:path'
import { family } from './cpu.ts'
import type { Lab, Side } from './lab.ts'
import { freePort, MEASURED_CORE, type Pinned, untilUp } from './processes.ts'
import { MODEL } from './request-text.ts'

const MAIN = join(import.meta.dir, '../../src/main.ts')
const PASSWORD = 'bench'
const START_WITHIN_MS = 20_000

export type Gateway = Side & {
  /** Errors: rejects with the complaint of the admin API. */
  admin<Data>(method: string, path: string, body?: unknown): Promise<Data>
  /** A channel for the Anthropic API; its id. */
  channel(fields: ChannelFields): Promise<number>
}

export type ChannelFields = {
  readonly url: string
  readonly name: string
  readonly models?: readonly string[]
  readonly priority?: number
}

export type GatewayOptions = {
  /** Name of its database inside the folder of the run. */
  readonly database: string
  readonly env?: Readonly<Record<string, string>>
}

/** The program with one proxy process, a database on disk and its defaults, but for room for 1,000 streams and more. */
export function spawnGateway(lab: Lab, options: GatewayOptions): { readonly child: Pinned; readonly port: number } {
  const port = freePort()
  const ours = /^(?:CCLOAD_|SQLITE_|GIN_|PORT$|TRUSTED_PROXIES$|REDIS_URL$|https?_proxy$)/i
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name)) as [string, string][]
  const child = lab.processes.start({
    name: 'the gateway',
    core: MEASURED_CORE,
    argv: [process.execPath, '--no-env-file', MAIN],
    logFile: join(lab.folder, 'gateway.log'),
    env: {
      ...Object.fromEntries(kept),
      PORT: String(port),
      CCLOAD_PASS: PASSWORD,
      SQLITE_PATH: join(lab.folder, options.database),
      CCLOAD_WORKERS: '1',
      CCLOAD_MAX_CONCURRENCY: '4000',
      CCLOAD_SHUTDOWN_GRACE: '1',
      ...options.env,
    },
  })
  return { child, port }
}

/** Starts it, logs in and makes a token. */
export async function startGateway(lab: Lab, options: GatewayOptions): Promise<Gateway> {
  const { child, port } = spawnGateway(lab, options)
  const url = `http://127.0.0.1:${port}`
  const isUp = () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  await untilUp(child, isUp, START_WITHIN_MS)
  const session = await logIn(url)
  const admin = async <Data>(method: string, path: string, body?: unknown): Promise<Data> => {
    const answer = await fetch(`${url}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const json = (await answer.json()) as { readonly success: boolean; readonly error?: string; readonly data: Data }
    if (!json.success) throw new Error(`${method} ${path}: ${answer.status} ${json.error}`)
    return json.data
  }
  const { token } = await admin<{ token: string }>('POST', '/auth-tokens', { description: 'bench' })
  const channel = async (fields: ChannelFields) => {
    const whole = { channel_type: 'anthropic', models: [MODEL], api_keys: ['sk-bench'], ...fields }
    return (await admin<{ id: number }>('POST', '/channels', whole)).id
  }
  return { name: 'gateway', port, token, pids: () => family(child.pid), stop: child.stop, admin, channel }
}

async function logIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/login`, { method: 'POST', body: JSON.stringify({ password: PASSWORD }) })
  const { token } = (await answer.json()) as { readonly token?: string }
  if (token === undefined) throw new Error(`login: ${answer.status}`)
  return token
}
