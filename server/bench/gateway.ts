import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, freePort, startChild, until } from './child.ts'
import { pinned } from './machine.ts'
import type { Place } from './place.ts'
import { MODEL } from './request.ts'

export type ChannelWish = {
  readonly name: string
  readonly url: string
  readonly priority?: number
  readonly models?: readonly string[]
}

/** A running gateway: authentication, log rows, usage and access log on, as it is installed. */
export type Gateway = {
  readonly port: number
  readonly child: Child
  /** Plain, for clients. */
  readonly token: string
  /** Adds a channel; its id. */
  addChannel(wish: ChannelWish): Promise<number>
  clearRest(channelId: number): Promise<void>
}

const PASSWORD = 'bench'
const START_WITHIN_MS = 20_000

/** @param root  Checkout whose sources are started. @param name  Folder of its database, below the place. */
export type GatewayWish = { readonly root: string; readonly name: string; readonly insecureTls?: boolean }

export async function startGateway(place: Place, wish: GatewayWish): Promise<Gateway> {
  const port = freePort()
  const child = spawnGateway(place, wish, port)
  const url = `http://127.0.0.1:${port}`
  const lost = child.exited.then((code) =>
    Promise.reject(new Error(`the gateway ended with ${code}: ${logOf(place, wish)}`)),
  )
  lost.catch(() => {}) // told to whoever waits for it
  await Promise.race([
    lost,
    until(() => isHealthy(url), START_WITHIN_MS, `the gateway does not come up: ${logOf(place, wish)}`),
  ])
  const session = (await call<{ token: string }>(`${url}/login`, 'POST', undefined, { password: PASSWORD })).token
  const admin = <Data>(method: string, path: string, body?: unknown): Promise<Data> =>
    call(`${url}/admin${path}`, method, session, body)
  const { token } = await admin<{ token: string }>('POST', '/auth-tokens', { description: 'bench' })
  return {
    port,
    child,
    token,
    addChannel: async ({ name, url: upstream, priority = 10, models = [MODEL] }) => {
      const fields = { name, url: upstream, priority, models, channel_type: 'openai', api_key: 'sk-bench' }
      return (await admin<{ id: number }>('POST', '/channels', fields)).id
    },
    clearRest: (channelId) => admin('DELETE', `/channels/${channelId}/cooldown`),
  }
}

/** Starts the processes and does not wait for them. */
export function spawnGateway(place: Place, { root, name, insecureTls = false }: GatewayWish, port: number): Child {
  const dir = join(place.dir, name)
  mkdirSync(dir, { recursive: true })
  return startChild(
    pinned(place.cores?.underTest, [process.execPath, '--no-env-file', join(root, 'server/src/main.ts')]),
    {
      env: {
        CCLOAD_PASS: PASSWORD,
        CCLOAD_WORKERS: '1',
        PORT: String(port),
        SQLITE_PATH: join(dir, 'ccload.db'),
        ...(insecureTls ? { CCLOAD_ALLOW_INSECURE_TLS: '1' } : {}),
      },
      logPath: logOf(place, { root, name }),
      cwd: dir,
    },
  )
}

function logOf(place: Place, { name }: GatewayWish): string {
  return join(place.dir, name, 'output.log')
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok
  } catch {
    return false // not yet
  }
}

async function call<Data>(url: string, method: string, session: string | undefined, body: unknown): Promise<Data> {
  const answer = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(session === undefined ? {} : { authorization: `Bearer ${session}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const json = (await answer.json()) as { readonly success: boolean; readonly data: Data; readonly error: string }
  if (!json.success) throw new Error(`${method} ${new URL(url).pathname}: ${answer.status} ${json.error}`)
  return json.data
}
