import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type ChannelTypeName = 'anthropic' | 'codex' | 'openai' | 'gemini'

export type ChannelWish = {
  readonly name: string
  readonly type: ChannelTypeName
  readonly url: string
  readonly key: string
  readonly model: string
  readonly priority: number
}

/** One attempt as the log tells it. */
export type Attempt = { readonly channel_name?: string; readonly status_code: number; readonly message: string }

/** A ccLoad of its own, started from source as users start it, with an empty database. */
export type Gateway = {
  /** Without a slash at the end. */
  readonly url: string
  /** A client's token. */
  readonly token: string
  addChannel(wish: ChannelWish): Promise<number>
  removeChannel(id: number): Promise<void>
  /** Waits until the log has `howMany` rows of these channels; gives what is there when that takes too long. */
  attempts(channelIds: readonly number[], howMany: number): Promise<readonly Attempt[]>
  /** How it ended and its last lines, when it did so by itself. */
  trouble(): Promise<string | undefined>
  stop(): Promise<void>
}

const SERVER = join(import.meta.dir, '../../../src/main.ts')
const PASSWORD = 'clients end to end'
const START_WITHIN_MS = 30_000
const LOG_WITHIN_MS = 5_000
const LOOK_EVERY_MS = 25
const LAST_WORDS_CHARS = 2_000

export async function startGateway(): Promise<Gateway> {
  const folder = await mkdtemp(join(tmpdir(), 'ccload-e2e-gateway-'))
  const port = freePort()
  const child = Bun.spawn([process.execPath, '--no-env-file', SERVER], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      CCLOAD_PASS: PASSWORD,
      CCLOAD_WORKERS: '1',
      PORT: String(port),
      SQLITE_PATH: join(folder, 'ccload.db'),
    },
    stdio: ['ignore', 'ignore', Bun.file(join(folder, 'server.log'))],
  })
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await child.exited
    await rm(folder, { recursive: true, force: true })
  }
  const lastWords = async () => (await Bun.file(join(folder, 'server.log')).text()).slice(-LAST_WORDS_CHARS)
  const trouble = async () => (hasEnded(child) ? `${howItEnded(child)}\n${await lastWords()}` : undefined)
  try {
    await untilHealthy(url, child)
    return { url, trouble, stop, ...(await administer(url)) }
  } catch (error) {
    const words = await lastWords()
    await stop()
    throw new Error(`ccLoad did not start: ${String(error)}\n${words}`)
  }
}

function hasEnded({ exitCode, signalCode }: Bun.Subprocess): boolean {
  return exitCode !== null || signalCode !== null
}

function howItEnded({ exitCode, signalCode }: Bun.Subprocess): string {
  return `ccLoad has ended by itself: ${signalCode ?? `code ${exitCode}`}`
}

async function untilHealthy(url: string, child: Bun.Subprocess): Promise<void> {
  const lastMs = performance.now() + START_WITHIN_MS
  while (performance.now() < lastMs) {
    if (hasEnded(child)) throw new Error(howItEnded(child))
    const answer = await fetch(`${url}/health`).catch(() => undefined) // not listening yet
    if (answer?.ok) return
    await Bun.sleep(LOOK_EVERY_MS)
  }
  throw new Error(`not healthy within ${START_WITHIN_MS} ms`)
}

async function administer(url: string): Promise<Pick<Gateway, 'token' | 'addChannel' | 'removeChannel' | 'attempts'>> {
  const session = await call<{ token: string }>(url, 'POST /login', { body: { password: PASSWORD } })
  const admin = <T>(what: string, body?: unknown): Promise<T> => call<T>(url, what, { body, session: session.token })
  const { token } = await admin<{ token: string }>('POST /admin/auth-tokens', { description: 'clients' })
  return {
    token,
    addChannel: async ({ name, type, url, key, model, priority }) => {
      const wish = { name, channel_type: type, url, api_key: key, models: [model], priority }
      return (await admin<{ id: number }>('POST /admin/channels', wish)).id
    },
    removeChannel: async (id) => {
      await admin(`DELETE /admin/channels/${id}`)
    },
    attempts: async (channelIds, howMany) => {
      const lastMs = performance.now() + LOG_WITHIN_MS
      for (;;) {
        const pages = channelIds.map((id) => admin<readonly Attempt[]>(`GET /admin/logs?range=today&channel_id=${id}`))
        const rows = (await Promise.all(pages)).flat()
        if (rows.length >= howMany || performance.now() > lastMs) return rows
        await Bun.sleep(LOOK_EVERY_MS)
      }
    },
  }
}

type Ask = { readonly body?: unknown; readonly session?: string }

/** @param what  Method and path. Errors: throws with the server's own words. */
async function call<T>(url: string, what: string, { body, session }: Ask): Promise<T> {
  const [method, path] = what.split(' ') as [string, string]
  const answer = await fetch(url + path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(session === undefined ? {} : { authorization: `Bearer ${session}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const { success, data, error } = (await answer.json()) as { success: boolean; data: T; error: string }
  if (!success) throw new Error(`${what}: ${answer.status} ${error}`)
  return data
}

function freePort(): number {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = probe
  void probe.stop(true)
  if (port === undefined) throw new Error('no free port')
  return port
}
