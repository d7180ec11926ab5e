import { Exchange } from './exchange.ts'
import type { Figure, Target } from './figure.ts'
import { cpuMicros } from './processes.ts'
import { requestBody, requestBytes } from './request.ts'
import { inTurn, onStage, type Setting, type Stage, type Subject } from './stage.ts'
import { runWrk, type WrkResult } from './wrk.ts'

const CONNECTIONS = 32
const BODY_CONNECTIONS = 8
const SMALL_BYTES = 1_024
const LARGE_BYTES = 300 * 1_024
/** What may differ between two answers of the same kind: a date, an id. */
const SIZE_TOLERANCE = 0.02

type Load = { readonly title: string; readonly group: string; readonly bodyBytes: number; readonly connections: number }

const UNARY: Load = { group: 'unary', title: '1 KB in, 1 KB out', bodyBytes: SMALL_BYTES, connections: CONNECTIONS }
const BODY: Load = { group: 'body', title: '300 KB in, 1 KB out', bodyBytes: LARGE_BYTES, connections: BODY_CONNECTIONS }
const TLS: Load = { group: 'tls', title: 'upstream over TLS, 1 KB', bodyBytes: SMALL_BYTES, connections: CONNECTIONS }

/** Requests per second and CPU per request under full load. */
export function measureUnary(setting: Setting): Promise<readonly Figure[]> {
  return onStage(setting, { mock: [] }, (stage) => underLoad(setting, stage, { load: UNARY, target: { of: 'ratio', atMost: 5 } }))
}

/** The same with requests as long as coding agents send. */
export function measureBody(setting: Setting): Promise<readonly Figure[]> {
  return onStage(setting, { mock: [] }, (stage) => underLoad(setting, stage, { load: BODY, target: { of: 'ratio', atMost: 2.5 } }))
}

/** @param identity  PEM files of the mock. */
export function measureTls(setting: Setting, identity: { readonly cert: string; readonly key: string }): Promise<readonly Figure[]> {
  const wish = { mock: ['--cert', identity.cert, '--key', identity.key], insecureTls: true }
  return onStage(setting, wish, (stage) => underLoad(setting, stage, { load: TLS }))
}

type LoadWish = { readonly load: Load; readonly target?: Target }

async function underLoad({ effort, ticksPerSecond }: Setting, stage: Stage, { load, target }: LoadWish): Promise<readonly Figure[]> {
  const body = requestBody({ bytes: load.bodyBytes })
  const { connections, group, title } = load
  const expected = await expectedAnswers(stage.subjects, body)
  for (const subject of stage.subjects) await runWrk(stage.place, subject, { connections, seconds: effort.warmUpS, body })
  const rates = new Map<string, number[]>()
  const costs = new Map<string, number[]>()
  for (let round = 0; round < effort.rounds; round++) {
    for (const subject of inTurn(stage.subjects, round)) {
      const before = cpuMicros(subject.pid, ticksPerSecond)
      const result = await runWrk(stage.place, subject, { connections, seconds: effort.roundS, body })
      const micros = cpuMicros(subject.pid, ticksPerSecond) - before
      checkSize(subject, result, expected)
      push(rates, subject.name, result.requestsPerS)
      push(costs, subject.name, micros / result.requests)
    }
  }
  await expectedAnswers(stage.subjects, body)
  return [
    { group, title: `${title}: CPU per request, ${connections} connections`, unit: 'µs', values: costs, ...(target && { target }) },
    { group, title: `${title}: requests per second`, unit: 'req/s', values: rates },
  ]
}

/** What programs add to the time of a request: at one connection, and when there are more than they can serve. */
export function measureLatency(setting: Setting): Promise<readonly Figure[]> {
  return onStage(setting, { mock: [] }, async (stage) => {
    const figures: Figure[] = []
    for (const connections of [1, CONNECTIONS]) figures.push(...(await latencies(setting, stage, connections)))
    return figures
  })
}

async function latencies({ effort }: Setting, stage: Stage, connections: number): Promise<readonly Figure[]> {
  const body = requestBody({ bytes: SMALL_BYTES })
  const subjects = [stage.direct, ...stage.subjects]
  const p50 = new Map<string, number[]>()
  const p99 = new Map<string, number[]>()
  for (const subject of stage.subjects) await runWrk(stage.place, subject, { connections, seconds: effort.warmUpS, body })
  for (let round = 0; round < effort.rounds; round++) {
    for (const subject of inTurn(subjects, round)) {
      const result = await runWrk(stage.place, subject, { connections, seconds: effort.roundS, body })
      push(p50, subject.name, result.p50Ms)
      push(p99, subject.name, result.p99Ms)
    }
  }
  const title = `1 KB, ${connections} connection${connections === 1 ? '' : 's'}`
  const figures: Figure[] = [
    { group: 'latency', title: `${title}: p50`, unit: 'ms', values: p50 },
    { group: 'latency', title: `${title}: p99`, unit: 'ms', values: p99 },
    { group: 'latency', title: `${title}: added to p50`, unit: 'ms', values: added(p50, stage.direct.name) },
    { group: 'latency', title: `${title}: added to p99`, unit: 'ms', values: added(p99, stage.direct.name) },
  ]
  return figures.map((figure, at) => (connections === 1 && at === 0 ? { ...figure, target: { of: 'value', atMost: 0.6 } } : figure))
}

/** Against the mock asked directly, round by round. */
function added(values: ReadonlyMap<string, readonly number[]>, direct: string): ReadonlyMap<string, readonly number[]> {
  const base = values.get(direct) ?? []
  const others = [...values].filter(([name]) => name !== direct)
  return new Map(others.map(([name, list]) => [name, list.map((value, round) => value - (base[round] ?? 0))]))
}

/** Asks each program once; all must answer the same bytes. Gives the size of each whole answer. */
async function expectedAnswers(subjects: readonly Subject[], body: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  let same: string | undefined
  for (const subject of subjects) {
    const answer = await askOnce(subject, body)
    if (answer.status !== 200) throw new Error(`${subject.name} answers ${answer.status}: ${answer.body.slice(0, 300)}`)
    same ??= answer.body
    if (answer.body !== same) throw new Error(`${subject.name} answers other bytes than ${subjects[0]?.name}`)
    sizes.set(subject.name, answer.bytes)
  }
  return sizes
}

async function askOnce(subject: Subject, body: string): ReturnType<Exchange['ask']> {
  const exchange = await Exchange.open(subject.port)
  try {
    return await exchange.ask(requestBytes(body, subject.token))
  } finally {
    exchange.close()
  }
}

/** Whole answers under load, too: none may be short. */
function checkSize(subject: Subject, { answerBytes }: WrkResult, expected: ReadonlyMap<string, number>): void {
  const bytes = expected.get(subject.name) ?? 0
  if (Math.abs(answerBytes / bytes - 1) <= SIZE_TOLERANCE) return
  throw new Error(`${subject.name}: answers of ${Math.round(answerBytes)} bytes under load instead of ${bytes}`)
}

function push(values: Map<string, number[]>, name: string, value: number): void {
  const list = values.get(name)
  if (list) list.push(value)
  else values.set(name, [value])
}
