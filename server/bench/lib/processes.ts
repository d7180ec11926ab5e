import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is measured has one core for itself; what measures (load generator and mock upstream) has the other. */
export const [MEASURED_CORE = 0, MEASURING_CORE = 1] = allowedCores(ownStatus())

/** The cores that a process may use. @param status  Text of `/proc/<pid>/status`; its list looks like `0-3,8`. */
export function allowedCores(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1]
  if (list === undefined) return []
  return list.split(',').flatMap((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}

/** Empty where there is no /proc: `missing` then says so. */
export function ownStatus(): string {
  return existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : ''
}

const STOP_WITHIN_MS = 8_000

export type Pinned = {
  readonly name: string
  readonly logFile: string
  readonly pid: number
  /** Undefined while it runs. */
  exitCode(): number | undefined
  /** SIGTERM, then SIGKILL when it takes too long. */
  stop(): Promise<void>
}

export type StartOptions = {
  readonly name: string
  readonly core: number
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where stdout and stderr go, so that a failed start can say why. */
  readonly logFile: string
}

/** Every process that this program has started, so that none is left behind and nobody else's is touched. */
export class Processes {
  readonly #running = new Set<Bun.Subprocess>()

  /** Starts a program that may use one core only. The pid is the program's own: taskset becomes it. */
  start({ name, core, argv, env, logFile }: StartOptions): Pinned {
    const log = openSync(logFile, 'a')
    const child = Bun.spawn(['taskset', '-c', String(core), ...argv], {
      cwd: join(logFile, '..'), // holds no .env
      env: { ...(env ?? process.env) },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#running.add(child)
    void child.exited.then(() => this.#running.delete(child))
    return {
      name,
      logFile,
      pid: child.pid,
      exitCode: () => child.exitCode ?? (child.signalCode === null ? undefined : 1),
      stop: () => stop(child),
    }
  }

  /** For the moment when nothing can be waited for any more. */
  killAll(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map(stop))
  }
}

async function stop(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await child.exited
  clearTimeout(late)
}

/** All threads of this process, and so all that it starts from now on, move to one core. */
export function pinSelf(core: number): void {
  Bun.spawnSync(['taskset', '-a', '-c', '-p', String(core), String(process.pid)])
}

/** Resolves when `isUp` holds. Errors: rejects as soon as the program has ended, or after `limitMs`; names its log. */
export function untilUp(program: Pinned, isUp: () => Promise<boolean>, limitMs: number): Promise<void> {
  const what = () => `${program.name} did not come up, see ${program.logFile}`
  const look = () => {
    if (program.exitCode() !== undefined) throw new Error(what())
    return isUp()
  }
  return until(look, limitMs, what)
}

export function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}

/** Errors: throws `what` when `isSo` does not hold within `limitMs`. */
export async function until(isSo: () => Promise<boolean>, limitMs: number, what: () => string): Promise<void> {
  const lastMs = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > lastMs) throw new Error(what())
    await Bun.sleep(5)
  }
}
