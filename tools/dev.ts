// `npm run dev`: the server, started anew when a file changes, beside a mock upstream that needs no key. Ctrl-C ends both.
import { join } from 'node:path'
import { ROOT } from './source-files.ts'

const DEV_ENV = {
  CCLOAD_PASS: 'dev',
  SQLITE_PATH: join(ROOT, 'data', 'dev.db'),
  CCLOAD_WORKERS: '0', // one process: what a debugger and --watch can follow
}

const children = [
  start(['server/test/mock-upstream/main.ts']),
  start(['--watch', '--no-clear-screen', 'server/src/main.ts']),
]
console.log(
  `ccload dev: password "${process.env['CCLOAD_PASS'] ?? DEV_ENV.CCLOAD_PASS}", database ${DEV_ENV.SQLITE_PATH}`,
)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal)
  })
}

const first = await Promise.race(children.map((child) => child.exited))
for (const child of children) child.kill('SIGTERM')
await Promise.all(children.map((child) => child.exited))
process.exit(first)

/** What is really set wins over the defaults of development. */
function start(args: readonly string[]): Bun.Subprocess {
  return Bun.spawn([process.execPath, '--no-orphans', ...args], {
    cwd: ROOT,
    env: { ...DEV_ENV, ...process.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
