const LEAST_BYTES = 134_217_728 // 128 MiB
const SHARE = 0.25

/**
 * How many bytes of bodies may be held at once when `CCLOAD_MAX_BUFFERED_BYTES` says nothing: a quarter of the memory we
 * may use, at least 128 MiB.
 *
 * @param machineBytes  Memory of the machine.
 * @param cgroupLimit   Text of `/sys/fs/cgroup/memory.max` (v2) or `memory.limit_in_bytes` (v1); `undefined` = no such file.
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "memory.max": a number of bytes, or `max`.
 */
export function bufferedBytesFor(machineBytes: number, cgroupLimit: string | undefined): number {
  const limit = Number(cgroupLimit?.trim() || Number.NaN) // `max` is NaN too
  const usableBytes = limit > 0 ? Math.min(limit, machineBytes) : machineBytes // v1 says 2^63 for "none"
  return Math.max(Math.floor(usableBytes * SHARE), LEAST_BYTES)
}
