import type { Log } from '../ports/log.ts'

/** Runs a task every so often, never twice at once; a failure is logged and the next time comes. @returns Stops it. */
export function regular(everyMs: number, task: () => Promise<void>, log: Log): () => void {
  let isRunning = false
  const timer = setInterval(() => {
    if (isRunning) return
    isRunning = true
    void task()
      .catch((error) => log.write('warn', 'a regular task failed', { error }))
      .finally(() => {
        isRunning = false
      })
  }, everyMs)
  return () => clearInterval(timer)
}
