// The database is locked or its disk is full while requests go on: nobody notices, and every row is there afterwards.
import { Database } from 'bun:sqlite'
import { afterEach, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ask, tally } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, isAlive, launch, newFolder, type Program, until } from './program.ts'

const HEALTH_WITHIN_MS = 5
const DISK = '6m'
const BLOCK = Buffer.alloc(4_096)

const undo: (() => void)[] = []
afterEach(async () => {
  for (const step of undo.splice(0)) step()
  await cleanUp()
})

test('a database that somebody else keeps locked delays rows, never requests', async () => {
  const { program, token, upstream } = await ready({})
  const other = new Database(program.database)
  other.run('BEGIN IMMEDIATE')
  const statuses = await serve(program, token, 60)
  expect(statuses).toEqual([[200, 60]])
  expect(program.rows()).toEqual([])
  await until(async () => (await health(program)).error !== '', 8_000, 'health to say so')
  const said = await health(program)
  expect([said.status, said.success, said.ms < HEALTH_WITHIN_MS]).toEqual([200, true, true])
  other.run('COMMIT')
  other.close()
  await allRowsArrive(program, 60)
  await upstream.close()
}, 25_000)

// A small disk of its own needs a mount.
test.skipIf(process.getuid?.() !== 0)(
  'a full disk delays rows, never requests, and is reported until it has room again',
  async () => {
    const dir = smallDisk()
    const { program, token, upstream } = await ready({ dir })
    const filler = fill(dir)
    for (let round = 0; round < 3; round++) expect(await serve(program, token, 50)).toEqual([[200, 50]])
    await until(async () => (await health(program)).error !== '', 5_000, 'health to say so')
    const said = await health(program)
    expect([said.status, said.success, said.ms < HEALTH_WITHIN_MS]).toEqual([200, true, true])
    expect(program.proxies().filter(isAlive).length).toBe(1)
    // A change that cannot be stored is refused in words; it neither hangs nor logs anybody out.
    const refused = await program.admin('POST', '/auth-tokens', { description: 'x'.repeat(200) })
    expect(refused.status).toBeGreaterThanOrEqual(500)
    expect(refused.error).not.toBe('')
    rmSync(filler)
    await allRowsArrive(program, 150)
    expect((await program.admin('POST', '/auth-tokens', { description: 'again' })).status).toBeLessThan(300)
    await upstream.close()
  },
  25_000,
)

test.skipIf(process.getuid?.() !== 0)(
  'stopped while its disk is full it ends in order and says what is lost; the next start is well',
  async () => {
    const dir = smallDisk()
    const { program, token, upstream } = await ready({ dir })
    const filler = fill(dir)
    await serve(program, token, 20)
    program.signal('SIGTERM')
    await program.exited
    rmSync(filler)
    const second = await launch({ dir, port: program.port, workers: 1 })
    expect(await serve(second, token, 5)).toEqual([[200, 5]])
    await upstream.close()
  },
  25_000,
)

async function ready({ dir = newFolder() }: { readonly dir?: string }) {
  const upstream = pacedUpstream()
  upstream.finish()
  const program = await launch({ dir, workers: 1 })
  const token = await program.token()
  await program.channel(upstream.url)
  await program.admin('GET', '/logs?limit=1') // nothing is on its way any more
  return { program, token, upstream }
}

/** The statuses of so many requests at once. */
async function serve(program: Program, token: string, count: number): Promise<readonly (readonly [number, number])[]> {
  const calls = await Promise.all(Array.from({ length: count }, () => ask({ port: program.port, token }).over))
  return [...tally(calls.map((call) => call.status))]
}

async function allRowsArrive(program: Program, count: number): Promise<void> {
  await until(() => program.rows().length >= count, 8_000, 'all rows')
  expect(new Set(program.rows().map((row) => row.attempt_id)).size).toBe(count)
  expect([...tally(program.rows().map((row) => row.status_code))]).toEqual([[200, count]])
  await until(async () => (await health(program)).error === '', 3_000, 'health to be well')
}

type Said = { readonly status: number; readonly success: boolean; readonly error: string; readonly ms: number }

/** The quickest of a few, since the machine has others to serve too. */
async function health(program: Program): Promise<Said> {
  const answers: Said[] = []
  for (let at = 0; at < 5; at++) {
    const startedMs = performance.now()
    const answer = await fetch(`${program.url}/health`)
    const { success, error } = (await answer.json()) as { success: boolean; error: string }
    answers.push({ status: answer.status, success, error, ms: performance.now() - startedMs })
  }
  return answers.reduce((best, one) => (one.ms < best.ms ? one : best))
}

function smallDisk(): string {
  const dir = newFolder()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', dir])
  if (mounted.status !== 0) throw new Error(`mount: ${String(mounted.stderr)}`)
  undo.push(() => spawnSync('umount', ['-l', dir]))
  return dir
}

function fill(dir: string): string {
  const path = join(dir, 'filler')
  const fd = openSync(path, 'w')
  try {
    for (;;) writeSync(fd, BLOCK)
  } catch {
    return path // full
  } finally {
    closeSync(fd)
  }
}
