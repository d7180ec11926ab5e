import type { Running } from '../link/messages.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { ProxyEnd } from './publisher.ts'

const ANSWER_WITHIN_MS = 500

/** What is running in all proxies: their last report, and on demand the state of this instant. */
export type RunningBook = {
  heard(end: ProxyEnd, ask: number, running: readonly Running[]): void
  /** Asks every proxy; one that does not answer in time is shown by its last report. */
  now(ends: Iterable<ProxyEnd>): Promise<readonly Running[]>
  /** These have ended since its last report, and are no longer what it is doing. */
  ended(end: ProxyEnd, rows: readonly Pick<LogRow, 'attemptId'>[]): void
  /** The last report of a proxy that is gone; forgets it. */
  lastOf(end: ProxyEnd): readonly Running[]
}

export function runningBook(): RunningBook {
  const last = new Map<ProxyEnd, readonly Running[]>()
  const asks = new Map<number, { left: Set<ProxyEnd>; done: () => void }>()
  let nextAsk = 1

  return {
    heard(end, ask, running) {
      last.set(end, running)
      const open = asks.get(ask)
      if (!open) return
      open.left.delete(end)
      if (open.left.size === 0) open.done()
    },
    async now(ends) {
      const asked = [...ends]
      const ask = nextAsk++
      const { promise, resolve } = Promise.withResolvers<void>()
      asks.set(ask, { left: new Set(asked), done: resolve })
      for (const end of asked) end.link.send({ t: 'list-running', ask })
      const timer = setTimeout(resolve, asked.length === 0 ? 0 : ANSWER_WITHIN_MS)
      await promise
      clearTimeout(timer)
      asks.delete(ask)
      return asked.flatMap((end) => last.get(end) ?? []).sort((a, b) => b.startedAtMs - a.startedAtMs)
    },
    ended(end, rows) {
      const list = last.get(end)
      if (list === undefined || list.length === 0) return
      const ids = new Set(rows.map((row) => row.attemptId))
      last.set(
        end,
        list.filter(({ row }) => !ids.has(row.attemptId)),
      )
    },
    lastOf(end) {
      const running = last.get(end) ?? []
      last.delete(end)
      return running
    },
  }
}
