/** A fault of the list, or a part of one, that is no cell of the laboratory, and where it is proven or why it cannot be. */
export type Elsewhere = {
  readonly id: string
  readonly what: string
  /** Files from the root of the project; empty = it does not apply, and `why` says so. */
  readonly files: readonly string[]
  readonly why?: string
}

export const ELSEWHERE: readonly Elsewhere[] = [
  {
    id: 'F6',
    what: 'uploads that stall, heads that drip, clients that do not read',
    files: [
      'server/test/drills/timers.test.ts',
      'server/src/proxy/read-body.test.ts',
      'server/src/proxy/relay.test.ts',
    ],
  },
  {
    id: 'F18',
    what: 'cut at every byte of a recorded stream',
    files: ['server/test/e2e/stream-cut.test.ts'],
  },
  {
    id: 'F19',
    what: 'the client leaves at every other stage, uploading and waiting for a place among them',
    files: ['server/test/drills/gone.test.ts', 'server/test/drills/slots.test.ts'],
  },
  {
    id: 'F21',
    what: 'clock jumps, daylight saving, leap seconds',
    files: ['server/src/core/cooldown.test.ts', 'server/src/core/zone.test.ts', 'server/src/core/time-range.test.ts'],
  },
  {
    id: 'F22',
    what: 'a database that is locked, full, read-only, corrupt or away',
    files: ['server/test/drills/database.test.ts', 'server/src/store/thread-store.test.ts'],
  },
  { id: 'F23', what: 'Redis slow, flapping, flushed', files: [], why: 'no Redis in this version' },
  {
    id: 'F24',
    what: 'two instances, one partitioned',
    files: [],
    why: 'one instance owns its database in this version; a second start is refused',
  },
  {
    id: 'F25',
    what: 'kill -9 while writing',
    files: [
      'server/src/store/crash.test.ts',
      'server/test/drills/kill-control.test.ts',
      'server/test/drills/kill-proxy.test.ts',
    ],
  },
  { id: 'F26', what: 'SIGTERM with open streams', files: ['server/test/drills/stop.test.ts'] },
  { id: 'F27', what: 'older databases, interrupted migrations', files: ['server/src/store/old-database.test.ts'] },
  {
    id: 'F28',
    what: '1,000 requests a second with every upstream down',
    files: ['server/bench/scenarios/outage.ts', 'server/src/proxy/retry-budget.test.ts'],
  },
  {
    id: 'F30',
    what: 'addresses that change or must not be reached',
    files: ['server/src/upstream/address-guard.test.ts', 'server/src/upstream/send.test.ts'],
  },
  { id: 'F30', what: 'HTTP/2 GOAWAY', files: [], why: 'upstreams are spoken to in HTTP/1.1' },
  { id: 'F31', what: 'mixed traffic with 5 % faults for long', files: ['server/test/faultlab/soak.ts'] },
  { id: 'F32', what: 'a price feed that is broken or absurd', files: ['server/src/core/price-overrides.test.ts'] },
]

/** One line each, for the report. */
export function elsewhereLines(): readonly string[] {
  return ELSEWHERE.map(({ id, what, files, why }) => {
    const where = files.map((file) => `\`${file}\``).join(', ')
    return `${id} ${what}: ${where === '' ? why : where}`
  })
}
