import { join } from 'node:path'
import type { Figure } from './figure.ts'
import { cpuMicros, type Memory, memoryOf } from './processes.ts'
import { inTurn, onStage, type Setting, type Stage, type Subject } from './stage.ts'
import type { StreamsSeen, StreamWish } from './stream-client.ts'

const FLAT_OUT_STREAMS = 200
const FLAT_OUT_EVENTS = 500
const MANY_STREAMS = 1_000
const EVENTS_PER_S = 10
const LONG_S = 60
const QUICK_S = 8
const SPARE_MS = 60_000
const LOOK_AT_MEMORY_MS = 1_000
const MB = 1024 * 1024

/** Streams as fast as they go: what one event costs. */
export function measureSse(setting: Setting): Promise<readonly Figure[]> {
  const mock = ['--events', String(FLAT_OUT_EVENTS), '--interval-ms', '0']
  return onStage(setting, { mock }, async (stage) => {
    const costs = new Map<string, number[]>()
    const rates = new Map<string, number[]>()
    const { effort, ticksPerSecond } = setting
    for (const subject of stage.subjects) await flatOut(setting, subject, effort.warmUpS)
    for (let round = 0; round < effort.rounds; round++) {
      for (const subject of inTurn(stage.subjects, round)) {
        const before = cpuMicros(subject.pid, ticksPerSecond)
        const startedMs = performance.now()
        const seen = await flatOut(setting, subject, effort.roundS)
        const seconds = (performance.now() - startedMs) / 1000
        note(costs, subject.name, (cpuMicros(subject.pid, ticksPerSecond) - before) / seen.events)
        note(rates, subject.name, seen.events / seconds)
      }
    }
    const title = `SSE, ${FLAT_OUT_STREAMS} streams flat out`
    return [
      { group: 'sse', title: `${title}: CPU per event`, unit: 'µs', values: costs, target: { of: 'ratio', atMost: 2 } },
      { group: 'sse', title: `${title}: events per second`, unit: 'events', values: rates },
    ]
  })
}

/** Many streams at the pace at which people are answered: is every event passed on, and when. */
export function measureStreams(setting: Setting): Promise<readonly Figure[]> {
  const seconds = setting.effort.isQuick ? QUICK_S : LONG_S
  const mock = ['--events', String(seconds * EVENTS_PER_S), '--interval-ms', String(1000 / EVENTS_PER_S)]
  return onStage(setting, { mock }, async (stage) => {
    const seen = new Map<string, StreamsSeen>()
    const memory = new Map<string, Memory>()
    for (const subject of stage.subjects) {
      const watch = watchMemory(subject)
      seen.set(subject.name, await manyStreams(setting, subject, seconds))
      memory.set(subject.name, watch.highest())
    }
    return figuresOf(stage, seen, memory)
  })
}

function figuresOf(stage: Stage, seen: ReadonlyMap<string, StreamsSeen>, memory: ReadonlyMap<string, Memory>): readonly Figure[] {
  const values = (of: (name: string) => number) => new Map(stage.subjects.map(({ name }) => [name, [of(name)]]))
  const streams = (pick: (one: StreamsSeen) => number) => values((name) => pick(seen.get(name) as StreamsSeen))
  const bytes = (pick: (one: Memory) => number) => values((name) => pick(memory.get(name) as Memory) / MB)
  const title = `${MANY_STREAMS} streams at ${EVENTS_PER_S} events/s`
  const group = 'streams'
  return [
    { group, title: `${title}: events lost or out of order`, unit: 'events', values: streams((one) => one.lost + one.disordered), target: { of: 'value', atMost: 0 } },
    { group, title: `${title}: p50 delay`, unit: 'ms', values: streams((one) => one.p50Ms) },
    { group, title: `${title}: p99 delay`, unit: 'ms', values: streams((one) => one.p99Ms), target: { of: 'value', atMost: 20 } },
    { group, title: `${title}: worst delay`, unit: 'ms', values: streams((one) => one.worstMs) },
    { group, title: `${title}: memory, RSS`, unit: 'MB', values: bytes((one) => one.rssBytes) },
    { group, title: `${title}: memory, PSS`, unit: 'MB', values: bytes((one) => one.pssBytes) },
  ]
}

async function flatOut(setting: Setting, subject: Subject, seconds: number): Promise<StreamsSeen> {
  const seen = await runStreamClient(setting, {
    port: subject.port,
    token: subject.token,
    streams: FLAT_OUT_STREAMS,
    events: FLAT_OUT_EVENTS,
    forMs: seconds * 1000,
    openWithinMs: 100,
    limitMs: seconds * 1000 + SPARE_MS,
  })
  if (seen.lost > 0 || seen.disordered > 0) throw new Error(`${subject.name}: streams are not whole: ${JSON.stringify(seen)}`)
  return seen
}

async function manyStreams(setting: Setting, subject: Subject, seconds: number): Promise<StreamsSeen> {
  const seen = await runStreamClient(setting, {
    port: subject.port,
    token: subject.token,
    streams: MANY_STREAMS,
    events: seconds * EVENTS_PER_S,
    forMs: 0,
    openWithinMs: 3_000,
    limitMs: seconds * 1000 + SPARE_MS,
  })
  for (const complaint of seen.complaints) process.stderr.write(`${subject.name}: ${complaint}\n`)
  return seen
}

/** It inherits our core. */
async function runStreamClient({ root }: Setting, wish: StreamWish): Promise<StreamsSeen> {
  const program = join(root, 'server/bench/stream-client.ts')
  const child = Bun.spawn([process.execPath, '--no-env-file', program, JSON.stringify(wish)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: wish.limitMs + SPARE_MS,
  })
  const text = await child.stdout.text()
  if ((await child.exited) !== 0 || text === '') throw new Error('the client of the streams broke')
  return JSON.parse(text) as StreamsSeen
}

/** The highest memory seen while it runs. */
function watchMemory({ pid }: Subject): { highest(): Memory } {
  let highest: Memory = memoryOf(pid)
  const timer = setInterval(() => {
    const now = memoryOf(pid)
    if (now.rssBytes > highest.rssBytes) highest = now
  }, LOOK_AT_MEMORY_MS)
  return {
    highest() {
      clearInterval(timer)
      return highest
    },
  }
}

function note(values: Map<string, number[]>, name: string, value: number): void {
  const list = values.get(name)
  if (list) list.push(value)
  else values.set(name, [value])
}
