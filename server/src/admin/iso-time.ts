const MAX_MS = 8.64e15

/** An instant (Unix ms) as RFC 3339 in UTC. Never throws: one mad row must not hide all others. */
export function isoTime(atMs: number): string {
  const safeMs = Number.isFinite(atMs) ? Math.min(Math.max(atMs, -MAX_MS), MAX_MS) : 0
  return new Date(safeMs).toISOString()
}
