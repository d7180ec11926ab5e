import { isIPv6 } from 'node:net'

/** Who may try a password now. Every `enter` that was let in ends with exactly one of `failed` or `passed`. */
export type LoginGate = {
  /** 0 = come in; else ms until the next try makes sense. */
  enter(address: string): number
  /** The attempt counts. */
  failed(address: string): void
  /** All is forgiven. */
  passed(address: string): void
  /** The attempt does not count: it was never judged. */
  dropped(address: string): void
}

const MAX_FAILURES = 5
const LOCK_MS = 15 * 60_000
/** Failures older than this are forgotten. */
const MEMORY_MS = 60 * 60_000
const MAX_ADDRESSES = 10_000
const BUSY_MS = 1_000

type Record = { failures: number; running: number; lastMs: number; lockedUntilMs: number }

/**
 * Five failed logins lock an address for 15 minutes, then it starts anew. An address is one IPv4 address or one IPv6
 * /64, the least that a single host commands. Attempts that still run count too, so that many at once gain nothing.
 *
 * Memory is bounded: beyond 10,000 addresses the one that was quiet longest is forgotten. There is no lock on all
 * addresses together, so strangers cannot lock the owner out.
 *
 * @param monoMs  Monotonic, so that setting the clock neither opens nor prolongs a lock.
 */
export function loginGate(monoMs: () => number): LoginGate {
  const records = new Map<string, Record>()

  /** Moves the record to the end of the map, where the most recent ones are. */
  const touch = (address: string): Record => {
    const place = placeOf(address)
    const nowMs = monoMs()
    const known = records.get(place)
    const record = known ?? { failures: 0, running: 0, lastMs: nowMs, lockedUntilMs: 0 }
    if (isOver(record, nowMs)) Object.assign(record, { failures: 0, lockedUntilMs: 0 })
    records.delete(place)
    if (records.size >= MAX_ADDRESSES) forgetOldest(records)
    records.set(place, record)
    return record
  }

  return {
    enter(address) {
      const record = touch(address)
      const nowMs = monoMs()
      if (record.lockedUntilMs > nowMs) return record.lockedUntilMs - nowMs
      if (record.failures + record.running >= MAX_FAILURES) return BUSY_MS
      record.running++
      record.lastMs = nowMs
      return 0
    },
    failed(address) {
      const record = touch(address)
      const nowMs = monoMs()
      record.running = Math.max(0, record.running - 1)
      record.failures++
      record.lastMs = nowMs
      if (record.failures >= MAX_FAILURES) record.lockedUntilMs = nowMs + LOCK_MS
    },
    passed(address) {
      const record = touch(address)
      Object.assign(record, { failures: 0, lockedUntilMs: 0, running: Math.max(0, record.running - 1) })
    },
    dropped(address) {
      const record = touch(address)
      record.running = Math.max(0, record.running - 1)
    },
  }
}

function isOver({ lockedUntilMs, lastMs }: Record, nowMs: number): boolean {
  return lockedUntilMs > 0 ? lockedUntilMs <= nowMs : nowMs - lastMs > MEMORY_MS
}

function forgetOldest(records: Map<string, Record>): void {
  for (const place of records.keys()) {
    records.delete(place)
    return
  }
}

/** What counts as one address: an IPv6 host can take any address of its /64. */
function placeOf(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
  return isIPv6(plain) ? prefix64(plain) : plain
}

/** The first four groups of an IPv6 address, written out. */
function prefix64(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const rightGroups = right.length + (tail?.includes('.') ? 1 : 0)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - rightGroups)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
