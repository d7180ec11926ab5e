import { freePort } from './child.ts'
import { Exchange } from './exchange.ts'
import type { Figure } from './figure.ts'
import { spawnGateway, startGateway } from './gateway.ts'
import { startMock } from './mock.ts'
import type { Place } from './place.ts'
import { type Memory, memoryOf } from './processes.ts'
import { requestBody, requestBytes } from './request.ts'
import { gatewaysOf, inPlace, onStage, type Setting, type Version } from './stage.ts'

const BODY_BYTES = 400
const LIMIT_MS = 30_000
const LOOK_EVERY_MS = 2
/** After its last work; the garbage of the start has been collected by then. */
const IDLE_MS = 10_000
const QUICK_IDLE_MS = 3_000
const MB = 1024 * 1024

/** From the start of the program to its first proxied answer, with a database that exists. */
export async function measureStart(setting: Setting): Promise<readonly Figure[]> {
  const values = new Map<string, readonly number[]>()
  for (const version of gatewaysOf(setting)) values.set(version.name, await starts(setting, version))
  return [{ group: 'start', title: 'start to the first proxied answer', unit: 'ms', values, target: { of: 'value', atMost: 500 } }]
}

/** Memory of a gateway that has been set up and is doing nothing. One worker, all its processes. */
export function measureMemory(setting: Setting): Promise<readonly Figure[]> {
  return onStage(setting, { mock: [] }, async ({ subjects }) => {
    await Bun.sleep(setting.effort.isQuick ? QUICK_IDLE_MS : IDLE_MS)
    const memory = subjects.map(({ name, pid }) => [name, memoryOf(pid)] as const)
    const values = (pick: (one: Memory) => number) => new Map(memory.map(([name, one]) => [name, [pick(one) / MB]]))
    return [
      { group: 'memory', title: 'idle memory, RSS', unit: 'MB', values: values((one) => one.rssBytes), target: { of: 'value', atMost: 150 } },
      { group: 'memory', title: 'idle memory, PSS', unit: 'MB', values: values((one) => one.pssBytes) },
    ]
  })
}

function starts(setting: Setting, version: Version): Promise<readonly number[]> {
  return inPlace(setting, async (place, started) => {
    const mock = await startMock(place, ['--bench'])
    started.push(mock.child)
    const wish = { root: version.root, name: 'start' }
    const first = await startGateway(place, wish)
    await first.addChannel({ name: 'mock', url: mock.url })
    await first.child.stop()
    const times: number[] = []
    for (let round = 0; round < setting.effort.rounds; round++) times.push(await startOnce(place, wish, first.token))
    return times
  })
}

async function startOnce(place: Place, wish: { readonly root: string; readonly name: string }, token: string): Promise<number> {
  const request = requestBytes(requestBody({ bytes: BODY_BYTES }), token)
  const port = freePort()
  const startedMs = performance.now()
  const child = spawnGateway(place, wish, port)
  try {
    while (!(await isServing(port, request))) {
      if (performance.now() - startedMs > LIMIT_MS) throw new Error(`no answer ${LIMIT_MS / 1000} s after the start`)
      await Bun.sleep(LOOK_EVERY_MS)
    }
    return performance.now() - startedMs
  } finally {
    await child.stop()
  }
}

async function isServing(port: number, request: Uint8Array): Promise<boolean> {
  try {
    const exchange = await Exchange.open(port)
    const answer = await exchange.ask(request)
    exchange.close()
    return answer.status === 200
  } catch {
    return false // not yet
  }
}
