import { readConfig } from '../config/env.ts'
import { withEnvFile } from '../config/env-file.ts'
import { FETCH_LIMIT } from './proxies.ts'
import { type RunningProgram, runControl } from './run-control.ts'
import { selfCommand } from './self-command.ts'
import { systemClock } from './system-clock.ts'
import { VERSION } from './version.ts'

const HELP = `ccload ${VERSION} - a gateway for AI APIs

Usage: CCLOAD_PASS=<password> ccload

Settings come from the environment or from a .env file in this directory:
  CCLOAD_PASS    password of the console and the admin API (required)
  PORT           port to listen on (8080)
  SQLITE_PATH    database file (data/ccload.db)
All of them: docs/operating.md

  --version      print the version
  --help         print this
`

/** npm and a terminal deliver one Ctrl-C twice: to the group, and passed on by the parent. */
const ONE_PRESS_MS = 500
const HURRIED = 130

/** @param envFile  Text of `.env`, `''` when there is none. Ends the process by itself. */
export async function runCommand(args: readonly string[], envFile: string): Promise<void> {
  if (args.includes('--version')) return end(0, `${VERSION}\n`)
  if (args.includes('--help') || args.includes('-h')) return end(0, HELP)
  if (args.length > 0) return end(2, `unknown argument: ${args[0]}\n\n${HELP}`)
  const merged = withEnvFile(process.env, envFile)
  const { config, problems, warnings } = readConfig(merged.env)
  for (const warning of [...merged.warnings, ...warnings]) process.stderr.write(`warning: ${warning}\n`)
  if (problems.length > 0) return end(1, problems.map((problem) => `error: ${problem}\n`).join(''))
  // Children and libraries read the environment themselves.
  Object.assign(process.env, merged.env)
  if (config.workers === 0 && process.env['BUN_CONFIG_MAX_HTTP_REQUESTS'] === undefined) return again()
  try {
    const program = await runControl(config)
    stopOnSignals(program)
    if (config.workers === 0) process.on('disconnect', () => endWithParent(program))
  } catch (error) {
    end(1, `error: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

/** This process will call upstreams itself, so Bun must have seen its limit at start: the same once more, with it. */
async function again(): Promise<void> {
  const child = Bun.spawn([...selfCommand()], {
    env: { ...process.env, ...FETCH_LIMIT },
    stdio: ['inherit', 'inherit', 'inherit'],
    ipc() {}, // nothing is said; its end tells the child that we are gone
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal))
  process.exit(await child.exited)
}

/** Whoever killed the first process meant the program, and wants to start it anew: nothing may hold its port and database. */
function endWithParent(program: RunningProgram): void {
  void program.stop().finally(() => process.exit(HURRIED))
  program.hurry()
}

/** The first signal ends it with grace, a second one without, a third one whatever it is doing. */
function stopOnSignals(program: RunningProgram): void {
  let lastAtMs = Number.NEGATIVE_INFINITY
  let count = 0
  const onSignal = (): void => {
    const nowMs = systemClock.monoMs()
    if (nowMs - lastAtMs < ONE_PRESS_MS) return
    lastAtMs = nowMs
    count++
    if (count > 2) process.exit(HURRIED)
    if (count === 2) return program.hurry()
    program.stop().then(
      () => process.exit(count === 1 ? 0 : HURRIED),
      (error) => end(1, `error while stopping: ${String(error)}\n`),
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

function end(code: number, text: string): void {
  ;(code === 0 ? process.stdout : process.stderr).write(text)
  process.exit(code)
}
