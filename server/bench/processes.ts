import { readdirSync, readFileSync } from 'node:fs'

/** Memory of several processes, bytes. `pss`: pages shared with others counted in part. */
export type Memory = { readonly rssBytes: number; readonly pssBytes: number }

const MICROS_PER_S = 1_000_000

/** A process and all that it started and that still runs. Linux only. */
export function processTree(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)]
}

/**
 * CPU time that a process tree has used since it began, µs: user and system, all threads, children that have ended
 * included. Source: proc_pid_stat(5); fields 14 to 17. Exact to one clock tick (10 ms) a process.
 */
export function cpuMicros(pid: number, ticksPerSecond: number): number {
  let ticks = 0
  for (const one of processTree(pid)) {
    const fields = statFields(one)
    for (let at = 11; at <= 14; at++) ticks += Number(fields[at] ?? 0)
  }
  return (ticks * MICROS_PER_S) / ticksPerSecond
}

/** Errors: throws when the process has ended. */
export function memoryOf(pid: number): Memory {
  let rssBytes = 0
  let pssBytes = 0
  for (const one of processTree(pid)) {
    const text = readFileSync(`/proc/${one}/smaps_rollup`, 'utf8')
    rssBytes += kibibytes(text, 'Rss') * 1024
    pssBytes += kibibytes(text, 'Pss') * 1024
  }
  return { rssBytes, pssBytes }
}

export function ticksPerSecond(): number {
  const { stdout, success } = Bun.spawnSync(['getconf', 'CLK_TCK'])
  return success ? Number(stdout.toString()) : 100
}

function childrenOf(pid: number): readonly number[] {
  const children: number[] = []
  for (const thread of listOr(`/proc/${pid}/task`)) {
    const text = readOr(`/proc/${pid}/task/${thread}/children`)
    for (const child of text.split(' ')) if (child.trim() !== '') children.push(Number(child))
  }
  return children
}

/** The fields behind the name, which may itself hold blanks and brackets: index 0 is field 3, the state. */
function statFields(pid: number): readonly string[] {
  const text = readOr(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

/** A process may end while it is looked at: then it has used nothing more. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function listOr(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
