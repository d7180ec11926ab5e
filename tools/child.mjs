// @ts-check
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const SAME_SIGNAL_MS = 500 // npm and the terminal both deliver one Ctrl-C; the server takes a second one as "at once"
const PARENT_LOOK_MS = 200

/**
 * Runs a program in our place: its output is ours, signals go to it, and we end as it ended.
 *
 * Never returns: the process exits with the code of the child, or dies of the signal that killed it.
 *
 * @param {string} file
 * @param {readonly string[]} args
 */
export function runChild(file, args) {
  const child = spawn(file, [...args], { stdio: 'inherit' })
  const stop = forwardSignals(child)
  child.on('error', (error) => {
    process.stderr.write(`cannot run ${file}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    stop()
    if (signal === null) process.exit(code ?? 1)
    process.kill(process.pid, signal)
  })
  return new Promise(() => {})
}

/**
 * Passes SIGTERM, SIGINT and SIGHUP on to a child, each burst of the same signal once. In a terminal Ctrl-C reaches the
 * child by itself, since it is in the same process group. When npm ends first (its shell does not pass signals on, or it
 * was killed outright) nobody tells us, so we look.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} ends the watch
 */
function forwardSignals(child) {
  const lastAtMs = new Map()
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    if (signal !== 'SIGTERM' && process.stdin.isTTY) return
    const nowMs = performance.now()
    if (nowMs - (lastAtMs.get(signal) ?? -SAME_SIGNAL_MS) < SAME_SIGNAL_MS) return
    lastAtMs.set(signal, nowMs)
    child.kill(signal)
  }
  /** @type {readonly NodeJS.Signals[]} */
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  for (const signal of signals) process.on(signal, forward)

  const above = process.env['npm_lifecycle_event'] === undefined ? [] : npmAbove()
  const look = setInterval(() => {
    if (above.every(isAlive)) return
    clearInterval(look)
    child.kill('SIGTERM')
  }, PARENT_LOOK_MS)
  look.unref()

  return () => {
    clearInterval(look)
    for (const signal of signals) process.off(signal, forward)
  }
}

/** The shell that npm started us with, and npm itself where the system tells (Linux). */
function npmAbove() {
  try {
    const status = readFileSync(`/proc/${process.ppid}/stat`, 'utf8')
    return [process.ppid, Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1])]
  } catch {
    return [process.ppid] // no /proc on this system
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
