// kill -9 of control and of proxies, again and again, under load: is every attempt in the log once, and charged once?
//   npm run crash [-- --requests 10000]
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ask, type Call } from './client.ts'
import { type CrashReport, crashReport, type Kill, type Seen } from './crash-report.ts'
import { type CrashUpstream, crashBody, crashUpstream, KINDS, type Kind } from './crash-upstream.ts'
import { cleanUp, freePort, isAlive, launch, type Program, start, until } from './program.ts'

export type CrashOptions = {
  readonly requests: number
  readonly lanes?: number
  /** Least and most time between two kills, ms. */
  readonly killEveryMs?: readonly [number, number]
  readonly onProgress?: (text: string) => void
}

const WORKERS = 2
const REFUSED_PAUSE_MS = 30
const ORPHANS_END_MS = 15_000
const SPOOL_TAKEN_MS = 20_000

/** Of 100 requests. */
const SHARES: Readonly<Record<Kind, number>> = { whole: 58, stream: 16, slow: 8, cut: 6, error: 6, leave: 6 }
const WHEEL = KINDS.flatMap((kind) => Array<Kind>(SHARES[kind]).fill(kind))
/** Coprime to the wheel, so that kinds are mixed and each run has the same. */
const STRIDE = 37

export async function crashDrill(options: CrashOptions): Promise<CrashReport> {
  const run = new CrashRun(options, await crashUpstream())
  try {
    await run.open()
    return await run.play()
  } finally {
    await run.close()
  }
}

class CrashRun {
  readonly #options: CrashOptions
  readonly #upstream: CrashUpstream
  readonly #kills: Kill[] = []
  readonly #seen = new Map<number, Seen>()
  readonly #orphans = new Set<number>()
  #program: Program | undefined
  #token = ''
  #next = 1
  #refused = 0
  #isOver = false

  constructor(options: CrashOptions, upstream: CrashUpstream) {
    this.#options = options
    this.#upstream = upstream
  }

  async open(): Promise<void> {
    this.#program = await launch({ port: freePort(), workers: WORKERS })
    this.#token = await this.#program.token()
    await this.#program.channel(this.#upstream.url, { models: ['claude-sonnet-4-5'] })
    await this.#program.channel(this.#upstream.url, { models: ['claude-haiku-4-5'] })
  }

  async play(): Promise<CrashReport> {
    const startMs = performance.now()
    const lanes = Array.from({ length: this.#options.lanes ?? 24 }, () => this.#lane())
    const killer = this.#killer()
    await Promise.all(lanes)
    this.#isOver = true
    await killer
    const tookMs = performance.now() - startMs
    const program = this.#running()
    await until(() => ![...this.#orphans].some(isAlive), ORPHANS_END_MS, 'the orphans to end')
    await until(() => isSpoolEmpty(program), SPOOL_TAKEN_MS, 'the spool to be taken in')
    const stats = await told<{ stats: never[] }>(program, '/stats?range=today&timeline=0')
    const list = await told<{ tokens: never[] }>(program, '/auth-tokens')
    return crashReport({
      database: program.database,
      served: this.#upstream.served,
      seen: this.#seen,
      kills: this.#kills,
      stats: stats.stats,
      tokens: list.tokens,
      tookMs,
      refused: this.#refused,
    })
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#upstream.close()
  }

  /** One request after the other; one that nobody took is asked again. */
  async #lane(): Promise<void> {
    while (this.#next <= this.#options.requests) {
      const number = this.#next++
      if (number % 1000 === 0) this.#options.onProgress?.(`${number} requests, ${this.#kills.length} kills`)
      const kind = WHEEL[(number * STRIDE) % WHEEL.length] ?? 'whole'
      for (;;) {
        const call = await this.#one(number, kind)
        if (this.#upstream.served.has(number) || call.requestId !== '') break
        this.#refused++
        await Bun.sleep(REFUSED_PAUSE_MS)
      }
    }
  }

  async #one(number: number, kind: Kind): Promise<Call> {
    const { port } = this.#running()
    const call = ask({ port, token: this.#token, body: crashBody(number, kind) })
    if (kind === 'leave') {
      await call.shows('word').catch(() => {}) // over before: its process was killed
      call.leave()
    }
    const { requestId, status, ending, endedAtMs } = await call.over
    this.#seen.set(number, { requestId, status, ending, endedAtMs })
    return call
  }

  #running(): Program {
    if (this.#program === undefined) throw new Error('not open')
    return this.#program
  }

  async #killer(): Promise<void> {
    const [least, most] = this.#options.killEveryMs ?? [400, 1_600]
    while (!this.#isOver) {
      await Bun.sleep(least + Math.random() * (most - least))
      const what = Math.random()
      if (what < 0.3) await this.#killControl([])
      else if (what < 0.4) await this.#killControl(this.#running().proxies())
      else if (what < 0.55) this.#killOneOf([...this.#orphans])
      else this.#killOneOf(this.#running().proxies())
    }
  }

  #killOneOf(pids: readonly number[]): void {
    const alive = pids.filter(isAlive)
    const pid = alive[Math.floor(Math.random() * alive.length)]
    if (pid !== undefined) this.#killProxy(pid)
  }

  #killProxy(pid: number): void {
    if (!isAlive(pid)) return
    process.kill(pid, 'SIGKILL')
    this.#kills.push({ atMs: performance.now(), what: 'proxy' })
  }

  /** Control, and with it `together`; what watches over it starts it anew, and that start may be killed too. */
  async #killControl(together: readonly number[]): Promise<void> {
    const { port, dir, ...old } = this.#running()
    for (const pid of old.proxies()) this.#orphans.add(pid)
    old.signal('SIGKILL')
    this.#kills.push({ atMs: performance.now(), what: 'control' })
    for (const pid of together) this.#killProxy(pid)
    await old.exited
    if (Math.random() < 0.3) {
      const stillborn = start({ port, dir, workers: WORKERS })
      await Bun.sleep(Math.random() * 600)
      for (const pid of stillborn.proxies()) this.#orphans.add(pid)
      stillborn.signal('SIGKILL')
      this.#kills.push({ atMs: performance.now(), what: 'control' })
      await stillborn.exited
    }
    this.#program = await launch({ port, dir, workers: WORKERS })
  }
}

/** Asked again when it meets a proxy that was killed this instant. */
async function told<T>(program: Program, path: string): Promise<T> {
  let data: T | undefined
  await until(
    async () => {
      const answer = await program.admin<T>('GET', path).catch(() => undefined)
      if (answer?.status === 200) data = answer.data
      return data !== undefined
    },
    SPOOL_TAKEN_MS,
    path,
  )
  return data as T
}

function isSpoolEmpty(program: Program): boolean {
  try {
    return readdirSync(`${program.database}.spool`).length === 0
  } catch {
    return true // never made
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: { requests: { type: 'string', default: '10000' } },
  })
  try {
    const report = await crashDrill({
      requests: Number(values.requests),
      onProgress: (text) => process.stdout.write(`${text}\n`),
    })
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
    process.exitCode = report.problems.length === 0 ? 0 : 1
  } finally {
    await cleanUp()
  }
}
