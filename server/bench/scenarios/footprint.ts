import { type Memory, memoryOf } from '../lib/cpu.ts'
import { spawnGateway, startGateway } from '../lib/gateway.ts'
import { type Lab, type Side, withPair } from '../lib/lab.ts'
import { startMock } from '../lib/mock.ts'
import { untilUp } from '../lib/processes.ts'
import { bodyText, PATH } from '../lib/request-text.ts'
import { StreamClient } from '../lib/stream-client.ts'
import type { Figure } from '../lib/table.ts'

const IDLE_AFTER_MS = 3_000
const STREAMS = 1_000
const STREAM_SECONDS = 8
const LOOK_AFTER_MS = 5_000
const START_WITHIN_MS = 20_000

/** Memory of all processes: just started, and with 1,000 streams open. One round: a process is only once new. */
export function memory(lab: Lab): Promise<readonly Figure[]> {
  const flags = ['--bench', '--events', String(STREAM_SECONDS * 10), '--interval-ms', '100']
  return withPair(lab, { flags }, async ({ nginx, gateway }) => {
    await Bun.sleep(IDLE_AFTER_MS)
    const idle = { nginx: memoryOf(nginx.pids()), gateway: memoryOf(gateway.pids()) }
    const busy = { nginx: await whileStreaming(nginx), gateway: await whileStreaming(gateway) }
    const scenario = 'memory'
    const unit = 'MB'
    const idleTarget = { kind: 'absolute', most: 150 } as const
    return [
      { scenario, what: 'idle, RSS', unit, nginx: [idle.nginx.rssMb], gateway: [idle.gateway.rssMb] },
      {
        scenario,
        what: 'idle, PSS',
        unit,
        nginx: [idle.nginx.pssMb],
        gateway: [idle.gateway.pssMb],
        target: idleTarget,
      },
      { scenario, what: '1,000 streams, RSS', unit, nginx: [busy.nginx.rssMb], gateway: [busy.gateway.rssMb] },
      { scenario, what: '1,000 streams, PSS', unit, nginx: [busy.nginx.pssMb], gateway: [busy.gateway.pssMb] },
    ]
  })
}

async function whileStreaming(side: Side): Promise<Memory> {
  const client = new StreamClient({ port: side.port, token: side.token, streams: STREAMS, again: () => false })
  await Bun.sleep(LOOK_AFTER_MS)
  const seen = memoryOf(side.pids())
  const { broken } = await client.done
  if (broken > 0) throw new Error(`${side.name}: ${broken} of ${STREAMS} streams broke`)
  return seen
}

/** From the start of the process to the first 200 through the proxy, with a database that is there already. */
export async function start(lab: Lab): Promise<readonly Figure[]> {
  try {
    const mock = await startMock(lab, { flags: ['--bench'] })
    const database = 'start.sqlite'
    const first = await startGateway(lab, { database })
    await first.channel({ name: 'mock', url: mock.url })
    await first.stop()
    const tookMs: number[] = []
    for (let round = 0; round < lab.rounds + 2; round++) tookMs.push(await firstAnswerMs(lab, database, first.token))
    const target = { kind: 'absolute', most: 500 } as const
    return [{ scenario: 'start', what: 'to the first answer', unit: 'ms', gateway: tookMs, target }]
  } finally {
    await lab.processes.stopAll()
  }
}

async function firstAnswerMs(lab: Lab, database: string, token: string): Promise<number> {
  const beganMs = performance.now()
  const { child, port } = spawnGateway(lab, { database })
  const request = {
    method: 'POST',
    headers: { 'x-api-key': token, 'content-type': 'application/json' },
    body: bodyText({ token, bodyBytes: 1_024 }),
  }
  const isAnswered = () =>
    fetch(`http://127.0.0.1:${port}${PATH}`, request).then(
      ({ status }) => status === 200,
      () => false,
    )
  await untilUp(child, isAnswered, START_WITHIN_MS)
  const tookMs = performance.now() - beganMs
  await child.stop()
  return tookMs
}
