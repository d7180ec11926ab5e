// The executable must not read by itself what the program reads: `.env` has one set of rules, not two.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildConfig } from './build.ts'
import { ROOT } from './source-files.ts'

const PROBE = `await Promise.resolve() // as main.ts, the entry waits at its top level
console.log(JSON.stringify({ pass: process.env.CCLOAD_PASS, zone: process.env.TZ }))
`
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccload-build-'))
  await Bun.write(join(folder, 'probe.ts'), PROBE)
  await Bun.write(join(folder, '.env'), 'CCLOAD_PASS=from-file\nTZ=UTC\n')
  await cp(join(ROOT, 'bunfig.toml'), join(folder, 'bunfig.toml'))
  const outfile = join(folder, 'probe')
  await Bun.build(buildConfig({ entries: [join(folder, 'probe.ts')], outfile, target: undefined, runtime: undefined }))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function output(command: readonly string[]): Promise<unknown> {
  const env = { PATH: process.env['PATH'] ?? '', CCLOAD_PASS: 'real' }
  const child = Bun.spawn([...command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(await child.stdout.text())
}

test('from source, Bun leaves .env to the program', async () => {
  expect(await output([process.execPath, 'probe.ts'])).toEqual({ pass: 'real' })
})

test('as one executable, too', async () => {
  expect(await output([join(folder, 'probe')])).toEqual({ pass: 'real' })
})
