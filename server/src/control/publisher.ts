import type { Down, SnapshotUpdate, Up } from '../link/messages.ts'
import type { LinkEnd } from '../ports/link.ts'

export type ProxyEnd = {
  readonly row: number
  readonly link: LinkEnd<Down, Up>
  appliedVersion: number
}

/** The state as a whole, for a proxy that has just come or has missed something. */
export type WholeState = () => Omit<SnapshotUpdate, 'version' | 'whole'>
export type Patch = Partial<Omit<SnapshotUpdate, 'version' | 'whole'>>

/** Tells proxies what is in force, and knows who uses it. */
export type Publisher = {
  join(end: ProxyEnd): void
  leave(end: ProxyEnd): void
  /** Rows of the proxies that have not taken it over in time. */
  publish(patch: Patch): Promise<readonly number[]>
  /** A proxy says what it has taken over, or that it has lost the thread. */
  applied(end: ProxyEnd, version: number): void
  resync(end: ProxyEnd): void
  readonly ends: ReadonlySet<ProxyEnd>
}

const ACK_WITHIN_MS = 1_000
const NOTHING: Omit<SnapshotUpdate, 'version' | 'whole'> = {
  channels: [],
  removedChannelIds: [],
  tokens: [],
  removedTokenHashes: [],
  settings: undefined,
}

export function publisher(whole: WholeState): Publisher {
  const ends = new Set<ProxyEnd>()
  const waiters = new Set<{ version: number; check: () => void }>()
  let version = 1

  const settle = (): void => {
    for (const waiter of waiters) waiter.check()
  }
  const sendWhole = (end: ProxyEnd): void => {
    end.link.send({ t: 'update', update: { ...whole(), version, whole: true } })
  }

  return {
    ends,
    join(end) {
      ends.add(end)
      sendWhole(end)
    },
    leave(end) {
      ends.delete(end)
      settle()
    },
    applied(end, applied) {
      end.appliedVersion = applied
      settle()
    },
    resync: sendWhole,
    publish(patch) {
      version++
      const wanted = version
      const update: SnapshotUpdate = { ...NOTHING, ...patch, version, whole: false }
      for (const end of ends) end.link.send({ t: 'update', update })
      const behind = (): readonly number[] =>
        [...ends].filter((end) => end.appliedVersion < wanted).map((end) => end.row)
      return new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer)
          waiters.delete(waiter)
          resolve(behind())
        }
        const waiter = { version: wanted, check: () => (behind().length === 0 ? finish() : undefined) }
        const timer = setTimeout(finish, ACK_WITHIN_MS)
        waiters.add(waiter)
        waiter.check()
      })
    },
  }
}
