// needs: curl
// The commands of both READMEs are run, in their order, against a server that was started as the README says.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../../..')
const PASSWORD = 'correct horse battery'
const START_WITHIN_MS = 30_000

/** A channel's upstream: answers like the Messages API and notes with which key it was asked. */
const upstream = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    keysSeen.push(request.headers.get('x-api-key') ?? '')
    return Response.json({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text: 'Hello from the upstream' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 8, output_tokens: 6 },
    })
  },
})
const keysSeen: string[] = []

const english = shellBlocks(await Bun.file(join(ROOT, 'README.md')).text())
const chinese = shellBlocks(await Bun.file(join(ROOT, 'README.zh-CN.md')).text())
const port = freePort()
let folder = ''
let server: Bun.Subprocess<'ignore', 'ignore', 'pipe'> | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccload-readme-'))
  server = Bun.spawn(['node', join(ROOT, 'tools/run.mjs'), 'start'], {
    cwd: folder,
    env: { ...withoutOurs(process.env), PORT: String(port), CCLOAD_PASS: PASSWORD },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await untilHealthy(server)
}, START_WITHIN_MS + 5000)

afterAll(async () => {
  server?.kill('SIGTERM')
  await server?.exited
  await upstream.stop(true)
  await rm(folder, { recursive: true, force: true })
})

test('both languages show the same commands', () => {
  expect(english.length).toBeGreaterThan(0)
  expect(chinese).toEqual(english)
})

test('every command works as it stands there, from login to the first answer', async () => {
  const { code, out, errors } = await run(english.map(forThisServer).join('\n'))
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(out).toContain('Hello from the upstream')
  expect(keysSeen).toEqual(['sk-ant-your-key'])
})

test('the password and the key appear in no output of the server', async () => {
  server?.kill('SIGTERM')
  const log = (await server?.stderr.text()) ?? ''
  expect(await server?.exited).toBe(0)
  expect(log).not.toContain(PASSWORD)
  expect(log).not.toContain('sk-ant-your-key')
})

/** Contents of the fenced blocks marked `sh`; those marked `bash` start the server. */
function shellBlocks(text: string): readonly string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '')
}

function forThisServer(block: string): string {
  return block
    .replaceAll('http://localhost:8080', `http://127.0.0.1:${port}`)
    .replaceAll('change-me', PASSWORD)
    .replaceAll('https://api.anthropic.com', `http://127.0.0.1:${upstream.port}`)
}

async function run(script: string): Promise<{ code: number; out: string; errors: string }> {
  const env = { PATH: process.env['PATH'] ?? '' }
  const shell = Bun.spawn(['sh', '-eu', '-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [code, out, errors] = await Promise.all([shell.exited, shell.stdout.text(), shell.stderr.text()])
  return { code, out, errors }
}

async function untilHealthy(child: Bun.Subprocess<'ignore', 'ignore', 'pipe'>): Promise<void> {
  const deadlineMs = performance.now() + START_WITHIN_MS
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null) throw new Error(`the server did not start: ${await child.stderr.text()}`)
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined) // not listening yet
    if (answer?.ok) return
    await Bun.sleep(50)
  }
  throw new Error(`the server was not healthy within ${START_WITHIN_MS} ms`)
}

function freePort(): number {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const free = probe.port
  void probe.stop(true)
  if (free === undefined) throw new Error('no free port')
  return free
}

/** What the machine of the tests has set must not decide how the server of the test behaves. */
function withoutOurs(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const ours = /^(?:CCLOAD_|SQLITE_|GIN_|TRUSTED_PROXIES$|REDIS_URL$|https?_proxy$)/i
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)))
}
