import { freePort } from './child.ts'
import { Exchange } from './exchange.ts'
import type { Figure } from './figure.ts'
import { startMock } from './mock.ts'
import { MODEL, requestBody, requestBytes } from './request.ts'
import { gatewaysOf, type Setting, withGateway } from './stage.ts'
import { quantile } from './statistics.ts'

const REQUESTS = 400
const QUICK_REQUESTS = 80
const WARM_UP_REQUESTS = 60
const BODY_BYTES = 1_024
/** A model that only the healthy channel has. */
const HEALTHY_MODEL = 'healthy'
const STATUS_503 = '[{"do":{"kind":"status","status":503}}]'

type Fault = { readonly title: string; readonly isServed: boolean }

const FAULTS: readonly Fault[] = [
  { title: 'after HTTP 503', isServed: true },
  { title: 'after a refused connection', isServed: false },
]

type Added = { readonly medianMs: number; readonly p99Ms: number }

/** What a first channel that fails adds to a request, at one connection. */
export async function measureFailover(setting: Setting): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const fault of FAULTS) {
    const added = new Map<string, Added>()
    for (const version of gatewaysOf(setting)) added.set(version.name, await addedBy(setting, version, fault))
    figures.push(...figuresOf(fault, added))
  }
  return figures
}

function figuresOf({ title, isServed }: Fault, added: ReadonlyMap<string, Added>): readonly Figure[] {
  const values = (pick: (one: Added) => number) => new Map([...added].map(([name, one]) => [name, [pick(one)]]))
  const target = { of: 'value', atMost: 2 } as const
  return [
    { group: 'failover', title: `failover ${title}: added, median`, unit: 'ms', values: values((one) => one.medianMs), ...(isServed ? { target } : {}) },
    { group: 'failover', title: `failover ${title}: added, p99`, unit: 'ms', values: values((one) => one.p99Ms) },
  ]
}

function addedBy(setting: Setting, version: { readonly name: string; readonly root: string }, fault: Fault): Promise<Added> {
  return withGateway(setting, version, async (gateway, place) => {
    const good = await startMock(place, ['--bench'])
    const bad = fault.isServed ? await startMock(place, ['--faults', STATUS_503]) : undefined
    try {
      const badUrl = bad?.url ?? `http://127.0.0.1:${freePort()}`
      const badId = await gateway.addChannel({ name: 'bad', url: badUrl, priority: 20 })
      await gateway.addChannel({ name: 'good', url: good.url, priority: 10, models: [MODEL, HEALTHY_MODEL] })
      const exchange = await Exchange.open(gateway.port)
      const ask = async (model: string): Promise<number> => {
        const answer = await exchange.ask(requestBytes(requestBody({ bytes: BODY_BYTES, model }), gateway.token))
        if (answer.status !== 200) throw new Error(`failover gave ${answer.status}: ${answer.body.slice(0, 300)}`)
        return answer.tookMs
      }
      const added = await alternate(setting, ask, () => gateway.clearRest(badId))
      exchange.close()
      return added
    } finally {
      await bad?.child.stop()
      await good.child.stop()
    }
  })
}

/** With and without the failure in turn, so that both see the same machine. */
async function alternate(setting: Setting, ask: (model: string) => Promise<number>, clear: () => Promise<void>): Promise<Added> {
  const withFailure: number[] = []
  const without: number[] = []
  const requests = setting.effort.isQuick ? QUICK_REQUESTS : REQUESTS
  for (let at = -WARM_UP_REQUESTS; at < requests; at++) {
    await clear()
    const healthyMs = await ask(HEALTHY_MODEL)
    const failedMs = await ask(MODEL)
    if (at < 0) continue
    without.push(healthyMs)
    withFailure.push(failedMs)
  }
  const difference = (part: number): number => quantile(withFailure.toSorted(byValue), part) - quantile(without.toSorted(byValue), part)
  return { medianMs: difference(0.5), p99Ms: difference(0.99) }
}

function byValue(a: number, b: number): number {
  return a - b
}
