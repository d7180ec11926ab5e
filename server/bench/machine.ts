import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, type } from 'node:os'

/** Which cores do what: the programs under test share one, everything that loads them shares another. */
export type Cores = { readonly underTest: number; readonly load: number }

/**
 * The first two cores that this process may use; `undefined` when there is only one, or no `taskset`: then nothing is
 * pinned, and figures say less.
 */
export function coresToUse(): Cores | undefined {
  const allowed = allowedCores(readFileSync('/proc/self/status', 'utf8'))
  const [underTest, load] = allowed
  return underTest !== undefined && load !== undefined && Bun.which('taskset') ? { underTest, load } : undefined
}

/** @param status  Text of `/proc/<pid>/status`. Its list of cores looks like `0-3,8`. */
export function allowedCores(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? ''
  if (list === '') return []
  return list.split(',').flatMap((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map(Number)
    return Number.isNaN(from) ? [] : Array.from({ length: to - from + 1 }, (_, at) => from + at)
  })
}

export function pinned(core: number | undefined, command: readonly string[]): readonly string[] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command]
}

/** Moves this process, its threads and what it will start to one core. */
export function pinSelf(core: number): void {
  Bun.spawnSync(['taskset', '-acp', String(core), String(process.pid)])
}

/** `AMD EPYC, 2 cores, Linux 6.1.0, Bun 1.4.5, nginx 1.22.1` */
export function machineName(nginxVersion: string): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU'
  return `${model}, ${availableParallelism()} cores, ${type()} ${release()}, Bun ${Bun.version}, nginx ${nginxVersion}`
}
