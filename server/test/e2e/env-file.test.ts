// `.env` in the working directory is read before anything else and never overrides what is really set: from source and
// as one executable. What the program was told shows in what it refuses.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../../..')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccload-env-'))
  await Bun.write(
    join(folder, '.env'),
    "CCLOAD_PASS='from $HOME the file'\nPORT=from-file\nSQLITE_JOURNAL_MODE=from-file\n",
  )
  const build = [process.execPath, join(ROOT, 'tools/build.ts'), '--outfile', join(folder, 'ccload')]
  const child = Bun.spawn(build, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  expect(await child.exited).toBe(0)
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const ways = [
  ['from source', () => ['node', join(ROOT, 'tools/run.mjs'), 'start']],
  ['as one executable', () => [join(folder, 'ccload')]],
] as const

describe.each(ways)('%s', (_, command) => {
  async function start(env: Readonly<Record<string, string>>): Promise<{ code: number; errors: string }> {
    const child = Bun.spawn(command(), {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const errors = await child.stderr.text()
    return { code: await child.exited, errors }
  }

  test('the file counts where nothing is set', async () => {
    const { code, errors } = await start({})
    expect(code).toBe(1)
    expect(errors).toContain('PORT: "from-file"')
    expect(errors).toContain('SQLITE_JOURNAL_MODE: "from-file"')
    expect(errors).not.toContain('CCLOAD_PASS')
  })

  test('what is really set wins', async () => {
    const { code, errors } = await start({ PORT: 'from-outside', SQLITE_JOURNAL_MODE: 'delete' })
    expect(code).toBe(1)
    expect(errors).toContain('PORT: "from-outside"')
    expect(errors).not.toContain('from-file')
  })

  test('set to nothing is set, too: no password, no start', async () => {
    const { code, errors } = await start({ CCLOAD_PASS: '', PORT: '1', SQLITE_JOURNAL_MODE: 'wal' })
    expect(code).toBe(1)
    expect(errors).toContain('CCLOAD_PASS is not set')
  })
})
