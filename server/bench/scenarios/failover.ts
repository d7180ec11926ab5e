import { type Gateway, startGateway } from '../lib/gateway.ts'
import { KeptConnection } from '../lib/kept-connection.ts'
import type { Lab } from '../lib/lab.ts'
import { startMock } from '../lib/mock.ts'
import { freePort, until } from '../lib/processes.ts'
import { requestBytes } from '../lib/request-text.ts'
import { type Figure, median, quantile } from '../lib/table.ts'

const SAMPLES_QUICK = 60
const SAMPLES_FULL = 300
const WARM_UP_SAMPLES = 20
const SEEN_WITHIN_MS = 3_000
const BROKEN = JSON.stringify({ do: { kind: 'status', status: 503 } })
const KINDS = ['well', '503', 'refused'] as const
type Kind = (typeof KINDS)[number]

type Bench = {
  readonly gateway: Gateway
  readonly connection: KeptConnection
  readonly requests: Readonly<Record<Kind, Buffer>>
  /** The channel that fails first, by kind. */
  readonly failing: Readonly<Record<Kind, number | undefined>>
}

/** What a client waits longer because the first channel failed. There is no nginx in it: it has no such thing to do. */
export async function failover(lab: Lab): Promise<readonly Figure[]> {
  try {
    const bench = await prepare(lab)
    const rounds: { readonly [kind in Kind]: number[] }[] = []
    await samples(bench, WARM_UP_SAMPLES)
    for (let round = 0; round < lab.rounds; round++)
      rounds.push(await samples(bench, lab.isQuick ? SAMPLES_QUICK : SAMPLES_FULL))
    bench.connection.close()
    const added = (kind: Kind, q: number) => rounds.map((times) => quantile(times[kind], q) - quantile(times.well, q))
    return [
      {
        scenario: 'failover',
        what: 'without failure, p50',
        unit: 'ms',
        gateway: rounds.map((times) => median(times.well)),
      },
      ...(['503', 'refused'] as const).flatMap((kind): readonly Figure[] => [
        {
          scenario: 'failover',
          what: `first channel ${kind}, p50 more`,
          unit: 'ms',
          gateway: added(kind, 0.5),
          target: { kind: 'absolute', most: 2 },
        },
        {
          scenario: 'failover',
          what: `first channel ${kind}, p99 more`,
          unit: 'ms',
          gateway: added(kind, 0.99),
          target: { kind: 'absolute', most: 2 },
        },
      ]),
    ]
  } finally {
    await lab.processes.stopAll()
  }
}

async function prepare(lab: Lab): Promise<Bench> {
  const good = await startMock(lab, { flags: ['--bench'] })
  const broken = await startMock(lab, { flags: ['--faults', BROKEN] })
  const gateway = await startGateway(lab, { database: 'failover.sqlite' })
  // Two of three requests here are retried: as many as the budget would refuse in an outage.
  await gateway.admin('POST', '/settings/batch', { retry_budget_percent: '1000' })
  await gateway.channel({ name: 'good', url: good.url, models: KINDS })
  const first = (name: Kind, url: string) => gateway.channel({ name, url, models: [name], priority: 10 })
  const failing = {
    well: undefined,
    503: await first('503', broken.url),
    refused: await first('refused', `http://127.0.0.1:${freePort()}`),
  }
  const { port, token } = gateway
  const request = (model: Kind) => requestBytes({ token, bodyBytes: 1_024, model })
  const requests = { well: request('well'), 503: request('503'), refused: request('refused') }
  return { gateway, connection: await KeptConnection.open(port), requests, failing }
}

/** Kinds in turn, so that a slow moment of the machine hits all alike. */
async function samples(bench: Bench, count: number): Promise<{ readonly [kind in Kind]: number[] }> {
  const times = { well: [], 503: [], refused: [] } as { readonly [kind in Kind]: number[] }
  for (let sample = 0; sample < count; sample++) {
    for (const kind of KINDS) {
      times[kind].push(await bench.connection.ask(bench.requests[kind]))
      await clearRest(bench, kind)
    }
  }
  return times
}

/** That there was a rest proves that the first channel was asked and failed. */
async function clearRest({ gateway, failing }: Bench, kind: Kind): Promise<void> {
  const id = failing[kind]
  if (id === undefined) return
  const rests = async () => (await gateway.admin<readonly unknown[]>('GET', '/cooldowns')).length
  await until(
    async () => (await rests()) > 0,
    SEEN_WITHIN_MS,
    () => `failover: channel "${kind}" did not rest`,
  )
  await gateway.admin('POST', `/channels/${id}/cooldown/clear`)
  await until(
    async () => (await rests()) === 0,
    SEEN_WITHIN_MS,
    () => `failover: channel "${kind}" rests on`,
  )
}
