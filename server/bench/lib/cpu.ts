import { readdirSync, readFileSync } from 'node:fs'

const MICROSECONDS_PER_TICK = 10_000 // USER_HZ is 100 on every Linux that Bun runs on
const UTIME = 11
const STIME = 12

/** A process and all that descend from it. */
export function family(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(family)]
}

/** CPU time used so far by these processes, user and system, µs. Resolution: 10 ms a process. */
export function cpuMicroseconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) * MICROSECONDS_PER_TICK
}

export type Memory = { readonly rssMb: number; readonly pssMb: number }

/** RSS counts a page once a process, PSS once in all: what the machine really has to give. In MB of 1,048,576 bytes. */
export function memoryOf(pids: readonly number[]): Memory {
  const kilobytes = (name: string) =>
    pids.reduce((sum, pid) => sum + Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup(pid))?.[1] ?? 0), 0)
  return { rssMb: kilobytes('Rss') / 1_024, pssMb: kilobytes('Pss') / 1_024 }
}

function rollup(pid: number): string {
  return readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
}

function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // the name before it may hold blanks
  return Number(fields[UTIME]) + Number(fields[STIME])
}

/** Each thread has a list of the children that it made. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  })
}
