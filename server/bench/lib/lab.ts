import { type Gateway, startGateway } from './gateway.ts'
import { type MockOptions, type MockProcess, startMock } from './mock.ts'
import { startNginx } from './nginx.ts'
import type { Processes } from './processes.ts'
import { bodyText, PATH } from './request-text.ts'

/** What every scenario is given. */
export type Lab = {
  /** Of this run: configurations, logs, databases. Removed at its end unless something failed. */
  readonly folder: string
  readonly processes: Processes
  readonly isQuick: boolean
  readonly rounds: number
  /** Length of one measurement. */
  readonly seconds: number
  /** Load before the first measurement, so that what runs has been compiled. */
  readonly warmUpSeconds: number
}

/** One of the two that are compared. */
export type Side = {
  readonly name: 'nginx' | 'gateway'
  readonly port: number
  readonly token: string
  /** All of its processes, now. */
  pids(): readonly number[]
  stop(): Promise<void>
}

export type Pair = { readonly mock: MockProcess; readonly nginx: Side; readonly gateway: Gateway }

/** Both before the same mock upstream, each having answered once with 200. All are stopped afterwards. */
export async function withPair<T>(lab: Lab, mockOptions: MockOptions, use: (pair: Pair) => Promise<T>): Promise<T> {
  try {
    const isTls = mockOptions.isTls ?? false
    const mock = await startMock(lab, mockOptions)
    const nginx = await startNginx(lab, { port: mock.port, isTls })
    const env = { CCLOAD_ALLOW_INSECURE_TLS: isTls ? '1' : '0' }
    const gateway = await startGateway(lab, { database: `${crypto.randomUUID()}.sqlite`, env })
    await gateway.channel({ name: 'mock', url: mock.url })
    for (const side of [nginx, gateway]) await mustAnswer(side)
    return await use({ mock, nginx, gateway })
  } finally {
    await lab.processes.stopAll()
  }
}

async function mustAnswer({ name, port, token }: Side): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, {
    method: 'POST',
    headers: { 'x-api-key': token, 'content-type': 'application/json' },
    body: bodyText({ token, bodyBytes: 200 }),
  })
  if (answer.status !== 200) throw new Error(`${name} answers ${answer.status}: ${await answer.text()}`)
}

export type Both<T> = { readonly nginx: readonly T[]; readonly gateway: readonly T[] }

/** Measures both in turn, round by round: what the machine does besides then hits both alike. */
export async function alternate<T>(lab: Lab, pair: Pair, measure: (side: Side) => Promise<T>): Promise<Both<T>> {
  const results: { readonly nginx: T[]; readonly gateway: T[] } = { nginx: [], gateway: [] }
  for (let round = 0; round < lab.rounds; round++) {
    for (const side of [pair.nginx, pair.gateway]) results[side.name].push(await measure(side))
  }
  return results
}

export function pick<T>(both: Both<T>, figureOf: (result: T) => number): Both<number> {
  return { nginx: both.nginx.map(figureOf), gateway: both.gateway.map(figureOf) }
}
