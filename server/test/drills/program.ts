import { Database } from 'bun:sqlite'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../../..')
const PASSWORD = 'canary-password-of-the-drills'
const START_WITHIN_MS = 20_000
const LOOK_EVERY_MS = 10
const GONE_WITHIN_MS = 5_000

export type LaunchOptions = {
  /** Default: any free one. */
  readonly port?: number
  /** Where database and log lie; default a new folder, removed by `cleanUp`. */
  readonly dir?: string
  readonly workers?: number
  readonly env?: Readonly<Record<string, string>>
  /** Before the program: such as `prlimit --fsize=…`. */
  readonly under?: readonly string[]
}

/** A row of `logs`, as far as the drills look at it. */
export type Row = {
  readonly request_id: string
  readonly attempt_id: string
  readonly status_code: number
  readonly message: string
  readonly channel_id: number
  readonly input_tokens: number
  readonly output_tokens: number
}

/** The program as a process that may also fail to come up. */
export type Started = {
  readonly pid: number
  readonly port: number
  readonly dir: string
  readonly database: string
  readonly exited: Promise<number>
  stderr(): string
  signal(name: NodeJS.Signals): void
  /** Process ids of the proxies now. */
  proxies(): readonly number[]
}

export type Program = Started & {
  readonly url: string
  admin<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; error: string; data: T }>
  token(): Promise<string>
  channel(url: string, fields?: Readonly<Record<string, unknown>>): Promise<number>
  settings(values: Readonly<Record<string, string>>): Promise<void>
  /** What is in the database file now, in the order of writing; read beside the program. */
  rows(): readonly Row[]
}

const started = new Set<Started>()
const seen = new Set<number>()
const folders = new Set<string>()

/** Ends everything that was started here, whatever became of it. For `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const one of started) {
    one.proxies() // notes them
    one.signal('SIGKILL')
    await one.exited
  }
  for (const pid of seen) if (isOurProxy(pid)) process.kill(pid, 'SIGKILL')
  await until(() => ![...seen].some(isOurProxy), GONE_WITHIN_MS)
  for (const dir of folders) rmSync(dir, { recursive: true, force: true })
  started.clear()
  seen.clear()
  folders.clear()
}

export function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'drill-'))
  folders.add(dir)
  return dir
}

/** Starts it and does not wait. */
export function start({
  port = freePort(),
  dir = newFolder(),
  workers = 2,
  env = {},
  under = [],
}: LaunchOptions = {}): Started {
  const database = join(dir, 'drill.db')
  const logPath = join(dir, `log-${started.size}.txt`)
  const fd = openSync(logPath, 'w')
  const child = Bun.spawn([...under, process.execPath, '--no-env-file', join(ROOT, 'server/src/main.ts')], {
    cwd: dir,
    env: {
      ...kept(),
      PORT: String(port),
      CCLOAD_PASS: PASSWORD,
      SQLITE_PATH: database,
      CCLOAD_WORKERS: String(workers),
      GIN_LOG: 'false',
      ...env,
    },
    stdio: ['ignore', 'ignore', fd], // a file: orphans write on when nobody reads
  })
  closeSync(fd)
  const one: Started = {
    pid: child.pid,
    port,
    dir,
    database,
    exited: child.exited,
    stderr: () => readFileSync(logPath, 'utf8'),
    signal: (name) => child.kill(name),
    proxies: () => childrenOf(child.pid),
  }
  started.add(one)
  return one
}

/** Starts it, waits until it serves and logs in. Errors: rejects with its stderr when it does not come up. */
export async function launch(options: LaunchOptions = {}): Promise<Program> {
  const one = start(options)
  const url = `http://127.0.0.1:${one.port}`
  await untilHealthy(one, url)
  const session = await logIn(url)
  one.proxies()
  const admin: Program['admin'] = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      keepalive: false,
    })
    const { error, data } = (await answer.json()) as { error: string; data: T }
    return { status: answer.status, error, data }
  }
  const must = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    const { status, error, data } = await admin<T>(method, path, body)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${error}`)
    return data
  }
  return {
    ...one,
    url,
    admin,
    token: async () => (await must<{ token: string }>('POST', '/auth-tokens', { description: 'drill' })).token,
    channel: async (upstream, fields = {}) => {
      const draft = {
        name: `c${Math.random()}`,
        channel_type: 'anthropic',
        url: upstream,
        api_key: 'sk-1',
        models: ['m'],
        ...fields,
      }
      return (await must<{ id: number }>('POST', '/channels', draft)).id
    },
    settings: (values) => must('POST', '/settings/batch', values),
    rows: () => rowsIn(one.database),
  }
}

export function rowsIn(database: string): readonly Row[] {
  const db = new Database(database, { readonly: true })
  try {
    return db.query<Row, []>('SELECT * FROM logs ORDER BY id').all()
  } finally {
    db.close()
  }
}

/** Resolves once it holds. Errors: rejects when it did not within `limitMs`. */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs: number, what = 'it'): Promise<void> {
  const lastMs = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > lastMs) throw new Error(`waited ${limitMs} ms in vain for ${what}`)
    await Bun.sleep(LOOK_EVERY_MS)
  }
}

export function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false
  return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** How many sockets listen on a port of this machine. */
export function listeners(port: number): number {
  const listening = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]+:0000 0A `, 'g')
  return ['/proc/net/tcp', '/proc/net/tcp6'].reduce(
    (sum, path) => sum + (readFileSync(path, 'utf8').match(listening)?.length ?? 0),
    0,
  )
}

/** What processes hold in memory together, bytes. The pages of the program's own file, which they share, count once. */
export function residentBytes(pids: readonly number[]): number {
  const each = pids.map((pid) => {
    const status = statusOf(pid)
    const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0)
    return { own: kib('RssAnon') + kib('RssShmem'), file: kib('RssFile') }
  })
  return (each.reduce((sum, { own }) => sum + own, 0) + Math.max(0, ...each.map(({ file }) => file))) * 1024
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return '' // ended this instant
  }
}

/** A port that is free now, below the range from which connections take theirs. */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    try {
      Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop(true)
      return port
    } catch {
      // taken: another one
    }
  }
}

function isOurProxy(pid: number): boolean {
  try {
    return isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('server/src/main.ts')
  } catch {
    return false // ended this instant
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    for (const child of pids) seen.add(child)
    return pids
  } catch {
    return [] // it has ended
  }
}

async function untilHealthy(one: Started, url: string): Promise<void> {
  let code: number | undefined
  void one.exited.then((exit) => {
    code = exit
  })
  const lastMs = performance.now() + START_WITHIN_MS
  while (code === undefined && performance.now() < lastMs) {
    const answer = await fetch(`${url}/health`, { keepalive: false }).catch(() => undefined) // not listening yet
    if (answer?.ok) return
    await Bun.sleep(LOOK_EVERY_MS)
  }
  throw new Error(`the program did not come up (${code}): ${one.stderr()}`)
}

/** Until it is let in: `/health` may have been answered by an orphan that stops listening before the new proxies do. */
async function logIn(url: string): Promise<string> {
  const lastMs = performance.now() + START_WITHIN_MS
  for (;;) {
    try {
      const answer = await fetch(`${url}/login`, {
        method: 'POST',
        body: JSON.stringify({ password: PASSWORD }),
        keepalive: false,
      })
      const { token } = (await answer.json()) as { token?: string }
      if (token !== undefined) return token
      throw new Error(`login: ${answer.status}`)
    } catch (error) {
      if (performance.now() > lastMs) throw error
      await Bun.sleep(LOOK_EVERY_MS)
    }
  }
}

/** What the machine of the tests has set must not decide how the program behaves. */
function kept(): Record<string, string | undefined> {
  const ours = /^(?:CCLOAD_|SQLITE_|GIN_|PORT$|TRUSTED_PROXIES$|REDIS_URL$|BUN_CONFIG|https?_proxy$)/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}
