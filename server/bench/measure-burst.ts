import { Exchange } from './exchange.ts'
import type { Figure } from './figure.ts'
import { requestBody, requestBytes } from './request.ts'
import { inTurn, onStage, type Setting, type Subject } from './stage.ts'

const SIZES = [200, 1_000] as const
const BODY_BYTES = 1_024
const WARM_UP_BURSTS = 3
const LIMIT_MS = 30_000

/** New connections all at once, one request each: the time until the last is answered. */
export function measureBurst(setting: Setting): Promise<readonly Figure[]> {
  return onStage(setting, { mock: [] }, async ({ subjects }) => {
    const figures: Figure[] = []
    for (const connections of SIZES) {
      const values = new Map<string, number[]>(subjects.map(({ name }) => [name, []]))
      for (let round = -WARM_UP_BURSTS; round < setting.effort.rounds; round++) {
        for (const subject of inTurn(subjects, Math.abs(round))) {
          const tookMs = await burst(subject, connections)
          if (round >= 0) values.get(subject.name)?.push(tookMs)
        }
      }
      figures.push({ group: 'burst', title: `${connections} new connections at once: until all are answered`, unit: 'ms', values })
    }
    return figures
  })
}

async function burst(subject: Subject, connections: number): Promise<number> {
  const request = requestBytes(requestBody({ bytes: BODY_BYTES }), subject.token)
  const startedMs = performance.now()
  const one = async (): Promise<void> => {
    const exchange = await Exchange.open(subject.port)
    const answer = await exchange.ask(request)
    exchange.close()
    if (answer.status !== 200) throw new Error(`${subject.name} answers ${answer.status} in a burst: ${answer.body.slice(0, 300)}`)
  }
  const all = Promise.all(Array.from({ length: connections }, one))
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${subject.name}: a burst was not answered within ${LIMIT_MS / 1000} s`)), LIMIT_MS)
  try {
    await Promise.race([all, late.promise])
  } finally {
    clearTimeout(timer)
  }
  return performance.now() - startedMs
}
