import { openSync } from 'node:fs'

/** A program that we started, and end. */
export type Child = {
  readonly pid: number
  readonly exited: Promise<number>
  /** Asks it to end, and ends it when it does not within 5 s. */
  stop(): Promise<void>
}

export type ChildOptions = {
  readonly env?: Readonly<Record<string, string>>
  /** Takes what it writes. */
  readonly logPath: string
  readonly cwd: string
}

const STOP_WITHIN_MS = 5_000
const running = new Set<Bun.Subprocess>()

export function startChild(command: readonly string[], { env = {}, logPath, cwd }: ChildOptions): Child {
  const output = openSync(logPath, 'a')
  const child = Bun.spawn([...command], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', output, output] })
  running.add(child)
  void child.exited.then(() => running.delete(child))
  return {
    pid: child.pid,
    exited: child.exited,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
      await child.exited
      clearTimeout(late)
    },
  }
}

/** For an early end of this process: nothing that it started goes on. */
export function endAll(): void {
  for (const child of running) child.kill('SIGTERM')
}

/** Resolves when `isSo` holds. Errors: rejects with `what` after `limitMs`. */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs: number, what: string): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs / 1000} s in vain: ${what}`)
    await Bun.sleep(10)
  }
}

/** A port of 127.0.0.1 that is free now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}
