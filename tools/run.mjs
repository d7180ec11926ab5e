// @ts-check
// The one entry of every npm script: makes sure that what is needed is installed, then becomes the command.
// Plain Node without dependencies, because it runs before anything is installed.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChild } from './child.mjs'
import { ensureInstalled } from './install.mjs'

/** What Bun runs for each script of package.json. @type {Readonly<Record<string, readonly string[]>>} */
const COMMANDS = {
  start: ['server/src/main.ts'],
  dev: ['tools/dev.ts'],
  test: ['tools/test.ts'],
  check: ['tools/check.ts'],
  format: ['tools/format.ts'],
  docs: ['tools/docs.ts'],
  build: ['tools/build.ts'],
  bench: ['server/bench/main.ts'],
  'bench:statistics': ['server/bench/statistics-at-scale.ts'],
  mock: ['server/test/mock-upstream/main.ts'],
  'e2e:clients': ['server/test/e2e/clients/main.ts'],
  crash: ['server/test/drills/crash.ts'],
  faultlab: ['server/test/faultlab/main.ts'],
  mutate: ['server/test/faultlab/mutate.ts'],
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [name = '', ...rest] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined

if (command === undefined) {
  process.stderr.write(`usage: npm run <command>, one of: ${Object.keys(COMMANDS).join(', ')}\n`)
  process.exit(2)
}
const installed = await ensureInstalled(root)
if (!installed.ok) {
  process.stderr.write(`${installed.message}\n`)
  process.exit(1)
}
// Paths are relative to the root; the working directory stays the caller's, since `.env` and `data/` live there.
const [entry = '', ...fixed] = command
// Bun's allocator reads these before our first line runs; why: docs/adr/0009.
process.env['MIMALLOC_PURGE_HOLES'] ??= '0'
process.env['MIMALLOC_PURGE_DELAY'] ??= '1000'
// Bun must not read `.env` by rules of its own: the program does.
await runChild(installed.bun, ['--no-env-file', join(root, entry), ...fixed, ...rest])
