import { existsSync, readFileSync } from 'node:fs'
import { PROXY_START } from './boot/run-proxy.ts'

/** The roles are loaded when they are played: a proxy never reads what only control needs. */
const start = process.env[PROXY_START]
if (start !== undefined) {
  const { runProxy } = await import('./boot/run-proxy.ts')
  await runProxy(start)
} else {
  const { runCommand } = await import('./boot/command-line.ts')
  const envFile = existsSync('.env') ? readFileSync('.env', 'utf8') : ''
  await runCommand(process.argv.slice(2), envFile)
}
