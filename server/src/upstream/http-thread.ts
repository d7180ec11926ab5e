const SCHED_OTHER = 0
const SCHED_BATCH = 3
const LIBC_NAMES = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'] as const

/**
 * Starts the thread that Bun's `fetch` sends with, under the policy SCHED_BATCH: when a request is handed to it, it no
 * longer takes the core away from the thread that is serving others, so one switch serves many requests. On one core
 * that is a quarter of the CPU of a request (`npm run bench`, unary); with an idle core nothing changes.
 *
 * A thread inherits the policy of its maker, so ours changes for that moment. Linux only; elsewhere, and where the
 * system refuses, nothing happens.
 *
 * Source: sched(7), "SCHED_BATCH".
 */
export async function startHttpThread(): Promise<void> {
  if (process.platform !== 'linux') return
  const { dlopen, FFIType, ptr } = await import('bun:ffi')
  for (const name of LIBC_NAMES) {
    try {
      const { symbols, close } = dlopen(name, {
        sched_setscheduler: { args: [FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
      })
      const parameters = new Int32Array(1) // struct sched_param: priority 0, the only one these policies have
      symbols.sched_setscheduler(0, SCHED_BATCH, ptr(parameters))
      await fetch('http://ccload.invalid/', { unix: '/nonexistent/ccload.sock' }).catch(() => {}) // starts it, and fails
      symbols.sched_setscheduler(0, SCHED_OTHER, ptr(parameters))
      return close()
    } catch {
      // another C library: the next name
    }
  }
}
