import { cpuMicroseconds } from '../lib/cpu.ts'
import { alternate, type Both, type Lab, pick, type Side, withPair } from '../lib/lab.ts'
import { StreamClient } from '../lib/stream-client.ts'
import { type Figure, quantile } from '../lib/table.ts'

const FLAT_OUT_STREAMS = 200
const FLAT_OUT_EVENTS = 500
const PACED_STREAMS = 1_000
const INTERVAL_MS = 100

/** Streams as fast as they go: what an event costs. */
export function sse(lab: Lab): Promise<readonly Figure[]> {
  const flags = ['--bench', '--events', String(FLAT_OUT_EVENTS), '--interval-ms', '0']
  return withPair(lab, { flags }, async (pair) => {
    const run = (side: Side, seconds: number) => flatOut(side, seconds)
    for (const side of [pair.nginx, pair.gateway]) await run(side, lab.warmUpSeconds)
    const both = await alternate(lab, pair, (side) => run(side, lab.seconds))
    const what = `${FLAT_OUT_STREAMS} streams`
    return [
      { scenario: 'sse', what, unit: 'events/s', ...pick(both, (result) => result.perSecond) },
      {
        scenario: 'sse',
        what: 'CPU per event',
        unit: 'µs',
        ...pick(both, (result) => result.cpuPerEvent),
        target: { kind: 'ratio', most: 2 },
      },
    ]
  })
}

async function flatOut(side: Side, seconds: number) {
  const beganMicros = cpuMicroseconds(side.pids())
  const beganMs = performance.now()
  const isTime = () => performance.now() - beganMs < seconds * 1_000
  const { port, token } = side
  const result = await new StreamClient({ port, token, streams: FLAT_OUT_STREAMS, again: isTime }).done
  const due = result.ended * FLAT_OUT_EVENTS
  if (result.broken > 0 || result.events !== due)
    throw new Error(`${side.name}: ${result.broken} streams broke, ${result.events} of ${due} events came`)
  return {
    perSecond: (result.events * 1_000) / (performance.now() - beganMs),
    cpuPerEvent: (cpuMicroseconds(side.pids()) - beganMicros) / result.events,
  }
}

type Paced = {
  readonly lost: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly worstMs: number
  readonly cpuPerEvent: number
}

/** Many people read at once: how late each event is. */
export function streams(lab: Lab): Promise<readonly Figure[]> {
  const events = Math.round(((lab.isQuick ? 10 : 60) * 1_000) / INTERVAL_MS)
  const flags = ['--bench', '--events', String(events), '--interval-ms', String(INTERVAL_MS)]
  return withPair(lab, { flags }, async (pair) => {
    const both = await alternate(lab, pair, (side) => paced(side, events))
    return pacedFigures(both)
  })
}

async function paced(side: Side, eventsEach: number): Promise<Paced> {
  const beganMicros = cpuMicroseconds(side.pids())
  const { port, token } = side
  const result = await new StreamClient({ port, token, streams: PACED_STREAMS, again: () => false }).done
  if (result.broken > 0) throw new Error(`${side.name}: ${result.broken} of ${PACED_STREAMS} streams broke`)
  return {
    lost: PACED_STREAMS * eventsEach - result.events,
    p50Ms: quantile(result.delaysMs, 0.5),
    p99Ms: quantile(result.delaysMs, 0.99),
    worstMs: quantile(result.delaysMs, 1),
    cpuPerEvent: (cpuMicroseconds(side.pids()) - beganMicros) / result.events,
  }
}

function pacedFigures(both: Both<Paced>): readonly Figure[] {
  const scenario = 'streams'
  const p99Target = { kind: 'absolute', most: 20 } as const
  const noLoss = { kind: 'absolute', most: 0 } as const
  return [
    { scenario, what: 'lost, of 1,000 streams', unit: 'events', ...pick(both, ({ lost }) => lost), target: noLoss },
    { scenario, what: 'delay p50', unit: 'ms', ...pick(both, ({ p50Ms }) => p50Ms) },
    { scenario, what: 'delay p99', unit: 'ms', ...pick(both, ({ p99Ms }) => p99Ms), target: p99Target },
    { scenario, what: 'delay, worst', unit: 'ms', ...pick(both, ({ worstMs }) => worstMs) },
    { scenario, what: 'CPU per event', unit: 'µs', ...pick(both, ({ cpuPerEvent }) => cpuPerEvent) },
  ]
}
