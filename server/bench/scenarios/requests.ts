import { cpuMicroseconds } from '../lib/cpu.ts'
import { alternate, type Lab, type Pair, pick, type Side, withPair } from '../lib/lab.ts'
import type { Figure } from '../lib/table.ts'
import { runWrk, type WrkResult } from '../lib/wrk.ts'

const KILOBYTE = 1_024
const LARGE_BODY_BYTES = 300_000

type Load = { readonly connections: number; readonly bodyBytes: number }
type Measured = WrkResult & { readonly cpuPerRequest: number }

/** Small request, small answer: what each request costs, and how long one alone takes. */
export function unary(lab: Lab): Promise<readonly Figure[]> {
  return withPair(lab, { flags: ['--bench'] }, async (pair) => {
    const many = await measured(lab, pair, { connections: 32, bodyBytes: KILOBYTE })
    const alone = await measured(lab, pair, { connections: 1, bodyBytes: KILOBYTE })
    const scenario = 'unary'
    return [
      { scenario, what: '32 connections', unit: 'requests/s', ...pick(many, (result) => result.perSecond) },
      { ...cpuFigure(scenario, many), target: { kind: 'ratio', most: 5 } },
      {
        scenario,
        what: 'alone, p50',
        unit: 'ms',
        ...pick(alone, (result) => result.p50Ms),
        target: { kind: 'absolute', most: 0.6 },
      },
      { scenario, what: 'alone, p99', unit: 'ms', ...pick(alone, (result) => result.p99Ms) },
    ]
  })
}

/** A long conversation as the request. */
export function body(lab: Lab): Promise<readonly Figure[]> {
  return withPair(lab, { flags: ['--bench'] }, async (pair) => {
    const both = await measured(lab, pair, { connections: 16, bodyBytes: LARGE_BODY_BYTES })
    const scenario = 'body'
    return [
      { scenario, what: '16 connections', unit: 'requests/s', ...pick(both, (result) => result.perSecond) },
      { ...cpuFigure(scenario, both), target: { kind: 'ratio', most: 2.5 } },
    ]
  })
}

/** As `unary`, with an upstream that speaks TLS, as all real ones do. */
export function tls(lab: Lab): Promise<readonly Figure[]> {
  return withPair(lab, { flags: ['--bench'], isTls: true }, async (pair) => {
    const both = await measured(lab, pair, { connections: 32, bodyBytes: KILOBYTE })
    const scenario = 'tls'
    return [
      { scenario, what: '32 connections', unit: 'requests/s', ...pick(both, (result) => result.perSecond) },
      cpuFigure(scenario, both),
    ]
  })
}

function cpuFigure(scenario: string, both: Awaited<ReturnType<typeof measured>>) {
  return { scenario, what: 'CPU per request', unit: 'µs', ...pick(both, (result) => result.cpuPerRequest) }
}

async function measured(lab: Lab, pair: Pair, load: Load) {
  const run = (side: Side, seconds: number) => {
    const asked = { token: side.token, bodyBytes: load.bodyBytes }
    return runWrk({ folder: lab.folder, port: side.port, connections: load.connections, seconds, asked })
  }
  for (const side of [pair.nginx, pair.gateway]) await run(side, lab.warmUpSeconds)
  return alternate(lab, pair, async (side): Promise<Measured> => {
    const beganMicros = cpuMicroseconds(side.pids())
    const result = await run(side, lab.seconds)
    return { ...result, cpuPerRequest: (cpuMicroseconds(side.pids()) - beganMicros) / result.requests }
  })
}
