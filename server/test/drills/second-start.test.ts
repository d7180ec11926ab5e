// A second start where one is running, and other starts that cannot be: said in one line, nothing disturbed, nothing left behind.
import { afterEach, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { ask } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, freePort, isAlive, launch, newFolder, type Started, start, until } from './program.ts'

const BEFORE = new Set(leftovers())

afterEach(cleanUp)

for (const [what, same] of [
  ['port', (first: Started) => ({ port: first.port })],
  ['database', (first: Started) => ({ dir: first.dir })],
  ['port and database', (first: Started) => ({ port: first.port, dir: first.dir })],
] as const) {
  test(`a second start on the same ${what} says so and ends with 1; the first is not disturbed`, async () => {
    const upstream = pacedUpstream()
    const first = await launch({ workers: 1 })
    const token = await first.token()
    await first.channel(upstream.url)
    const stream = ask({ port: first.port, token })
    await stream.shows('word')
    const second = start({ workers: 1, ...same(first) })
    const children = await childrenUntilEnd(second)
    expect(await second.exited).toBe(1)
    expect(second.stderr()).toContain('already running')
    expectOneLine(second)
    await until(() => !children.some(isAlive), 2_000, 'its proxies to end')
    for (let at = 0; at < 20; at++) expect((await ask({ port: first.port, token: 'wrong' }).over).status).toBe(401)
    upstream.finish()
    expect((await stream.over).ending).toBe('whole')
    first.signal('SIGTERM')
    expect(await first.exited).toBe(0)
    await upstream.close()
  }, 20_000)
}

test('a port that another program has is named, and the exit code is 1', async () => {
  const port = freePort()
  const other = Bun.listen({ hostname: '0.0.0.0', port, socket: { data() {} } })
  for (const workers of [0, 1]) {
    const program = start({ port, workers })
    expect(await program.exited).toBe(1)
    expect(program.stderr()).toContain(String(port))
    expectOneLine(program)
  }
  other.stop(true)
}, 20_000)

test('a database that is none is refused in one line', async () => {
  const dir = newFolder()
  writeFileSync(
    `${dir}/drill.db`,
    'this is no database, and longer than a header of one hundred bytes would be. '.repeat(4),
  )
  const program = start({ dir, workers: 1 })
  expect(await program.exited).toBe(1)
  expectOneLine(program)
}, 20_000)

test('a database path that is a folder is refused in one line', async () => {
  const dir = newFolder()
  mkdirSync(`${dir}/drill.db`)
  const program = start({ dir, workers: 1 })
  expect(await program.exited).toBe(1)
  expectOneLine(program)
}, 20_000)

test('starts that failed leave no page, no folder and no process behind', () => {
  expect(leftovers().filter((name) => !BEFORE.has(name) && isDead(name))).toEqual([])
})

/** Not a stack trace: a sentence for the operator. */
function expectOneLine(program: Started): void {
  const lines = program
    .stderr()
    .split('\n')
    .filter((line) => line !== '' && !/ (WARN|INFO) /i.test(line))
  expect(lines.filter((line) => /^\s+at |\.ts:\d/.test(line))).toEqual([])
  expect(lines.filter((line) => line.startsWith('error:')).length).toBe(1)
}

/** All children it was seen to have. */
async function childrenUntilEnd(program: Started): Promise<readonly number[]> {
  const seen = new Set<number>()
  await until(
    () => {
      for (const pid of program.proxies()) seen.add(pid)
      return !isAlive(program.pid)
    },
    10_000,
    'the second start to end',
  )
  return [...seen]
}

function leftovers(): readonly string[] {
  return ['/dev/shm', tmpdir()].flatMap((dir) => readdirSync(dir).filter((name) => /^ccload-\d+-/.test(name)))
}

function isDead(name: string): boolean {
  return !isAlive(Number(/^ccload-(\d+)-/.exec(name)?.[1]))
}
