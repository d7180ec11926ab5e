import { readdirSync, readlinkSync } from 'node:fs'
import { cpuMicroseconds, memoryOf } from '../lib/cpu.ts'
import { type Gateway, startGateway } from '../lib/gateway.ts'
import type { Lab } from '../lib/lab.ts'
import { startMock } from '../lib/mock.ts'
import { freePort } from '../lib/processes.ts'
import { bodyText, PATH } from '../lib/request-text.ts'
import { type Figure, quantile } from '../lib/table.ts'

const REQUESTS_PER_S = 1_000
const CHANNELS = 3
const THIRDS = 3
const THIRD_S_QUICK = 4
const THIRD_S_FULL = 20
const SETTLE_S = 3
const TICK_MS = 10
const LOOK_EVERY_MS = 250
/** Retry-After is in whole seconds, and a look at the rests is up to a quarter of a second old. */
const NEAR_S = 2
const MAX_GROWTH_MB = 32
const MAX_GROWTH_SOCKETS = 32
const ILL = JSON.stringify({ do: { kind: 'status', status: 503 } })

const KINDS = ['all answer 503', 'all refuse', 'all rest, no last resort'] as const
type Kind = (typeof KINDS)[number]

/** Nobody can serve anything, and the clients come on: what it costs, and what they are told. */
export async function outage(lab: Lab): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const kind of KINDS) {
    try {
      figures.push(...(await measured(lab, kind)))
    } finally {
      await lab.processes.stopAll()
    }
  }
  return figures
}

async function measured(lab: Lab, kind: Kind): Promise<readonly Figure[]> {
  const mock = await startMock(lab, { flags: ['--faults', ILL] })
  const gateway = await startGateway(lab, { database: `outage-${KINDS.indexOf(kind)}.sqlite` })
  if (kind === 'all rest, no last resort')
    await gateway.admin('POST', '/settings/batch', { cooldown_fallback_enabled: 'false' })
  for (let index = 0; index < CHANNELS; index++) {
    const url = kind === 'all refuse' ? `http://127.0.0.1:${freePort()}` : mock.url
    await gateway.channel({ name: `down-${index}`, url, priority: CHANNELS - index })
  }
  const load = new Load(gateway)
  await load.run(SETTLE_S)
  const settling = load.answers
  load.forget()
  const thirds: Third[] = []
  for (let third = 0; third < THIRDS; third++) {
    const cpuBefore = cpuMicroseconds(gateway.pids())
    const before = load.answers
    await load.run(lab.isQuick ? THIRD_S_QUICK : THIRD_S_FULL)
    const answers = load.answers - before
    const cpuUs = (cpuMicroseconds(gateway.pids()) - cpuBefore) / answers
    thirds.push({ cpuUs, rssMb: memoryOf(gateway.pids()).rssMb, sockets: socketsOf(gateway.pids()), answers })
  }
  await load.settled()
  const callsPerRequest = (await callsOf(mock.url)) / (settling + load.answers) // from the first request on
  return figuresOf(kind, { thirds, load, callsPerRequest })
}

/** What was seen in a third of the measurement, at its end for memory and sockets. */
type Third = {
  readonly cpuUs: number
  readonly rssMb: number
  readonly sockets: number
  readonly answers: number
}

type Seen = { readonly thirds: readonly Third[]; readonly load: Load; readonly callsPerRequest: number }

function figuresOf(kind: Kind, { thirds, load, callsPerRequest }: Seen): readonly Figure[] {
  const figure = (what: string, unit: string, gateway: readonly number[], most?: number): Figure => ({
    scenario: 'outage',
    what: `${kind}: ${what}`,
    unit,
    gateway,
    ...(most !== undefined && { target: { kind: 'absolute', most } }),
  })
  const growth = (of: (third: Third) => number): number[] => {
    const [first, , last] = thirds
    return first && last ? [Math.max(0, of(last) - of(first))] : []
  }
  const statuses = [...load.statuses].map(([status, count]) => figure(`answers of status ${status}`, '', [count]))
  return [
    figure('answers', '', [load.answers]),
    ...statuses,
    figure('answers that are none of 429, 502, 503 in the dialect', '', [load.wrong], 0),
    figure('answers without the right Retry-After', '', [load.misled], 0),
    figure('delay p50', 'ms', [quantile(load.delaysMs, 0.5)]),
    figure('delay p99', 'ms', [quantile(load.delaysMs, 0.99)]),
    ...(kind === 'all refuse' ? [] : [figure('upstream calls per request', '', [callsPerRequest], 1.2)]),
    figure(
      'CPU per request',
      'µs',
      thirds.map(({ cpuUs }) => cpuUs),
    ),
    figure(
      'memory, RSS',
      'MB',
      thirds.map(({ rssMb }) => rssMb),
    ),
    figure(
      'memory, growth',
      'MB',
      growth(({ rssMb }) => rssMb),
      MAX_GROWTH_MB,
    ),
    figure(
      'sockets',
      '',
      thirds.map(({ sockets }) => sockets),
    ),
    figure(
      'sockets, growth',
      '',
      growth(({ sockets }) => sockets),
      MAX_GROWTH_SOCKETS,
    ),
  ]
}

async function callsOf(url: string): Promise<number> {
  return ((await (await fetch(`${url}/_mock/count`)).json()) as { readonly count: number }).count
}

function socketsOf(pids: readonly number[]): number {
  return pids.flatMap((pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`))).length
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:')
  } catch {
    return false // closed since it was listed
  }
}

type Rest = { readonly scope: string; readonly until_ms: number }

/** Clients that come in their own time, whatever becomes of those before them. */
class Load {
  answers = 0
  wrong = 0
  misled = 0
  statuses = new Map<number, number>()
  delaysMs: number[] = []
  readonly #gateway: Gateway
  readonly #body: string
  readonly #flying = new Set<Promise<void>>()
  /** When the first channel can be asked again, Unix ms; the last looks at it. */
  #readyAtMs: readonly number[] = []

  constructor(gateway: Gateway) {
    this.#gateway = gateway
    this.#body = bodyText({ token: gateway.token, bodyBytes: 1_024 })
  }

  forget(): void {
    this.answers = this.wrong = this.misled = 0
    this.statuses.clear()
    this.delaysMs = []
  }

  async run(seconds: number): Promise<void> {
    const startMs = performance.now()
    let sent = 0
    let lookedMs = 0
    for (let nowMs = startMs; nowMs < startMs + seconds * 1_000; nowMs = performance.now()) {
      if (nowMs - lookedMs > LOOK_EVERY_MS) {
        lookedMs = nowMs
        await this.#look()
      }
      for (; sent < ((nowMs - startMs) / 1_000) * REQUESTS_PER_S; sent++) this.#fly()
      await Bun.sleep(TICK_MS)
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#flying)
  }

  async #look(): Promise<void> {
    const rests = await this.#gateway.admin<readonly Rest[]>('GET', '/cooldowns')
    const untilMs = rests.filter(({ scope }) => scope === 'channel').map(({ until_ms }) => until_ms)
    this.#readyAtMs = [...this.#readyAtMs.slice(-1), Math.min(...untilMs)]
  }

  #fly(): void {
    const one = this.#ask().finally(() => this.#flying.delete(one))
    this.#flying.add(one)
  }

  async #ask(): Promise<void> {
    const startMs = performance.now()
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#gateway.port}${PATH}`, {
        method: 'POST',
        headers: { 'x-api-key': this.#gateway.token, 'content-type': 'application/json' },
        body: this.#body,
      })
      const text = await answer.text()
      this.delaysMs.push(performance.now() - startMs)
      this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1)
      if (![429, 502, 503].includes(answer.status) || !isDialect(text)) this.wrong++
      if (!this.#isRight(answer.headers.get('retry-after'))) this.misled++
    } catch {
      this.wrong++ // a connection that breaks is no answer
    }
    this.answers++
  }

  #isRight(retryAfter: string | null): boolean {
    if (retryAfter === null || !/^\d+$/.test(retryAfter)) return false
    const saidAtMs = Date.now() + Number(retryAfter) * 1_000
    return this.#readyAtMs.some((readyAtMs) => Math.abs(saidAtMs - readyAtMs) <= NEAR_S * 1_000)
  }
}

function isDialect(text: string): boolean {
  try {
    const { type, error } = JSON.parse(text) as { readonly type?: string; readonly error?: { readonly type?: string } }
    return type === 'error' && typeof error?.type === 'string'
  } catch {
    return false // not JSON: not in the dialect
  }
}
