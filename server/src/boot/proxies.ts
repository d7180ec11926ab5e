import type { OpenControl } from '../control/open-control.ts'
import type { ProxyEnd } from '../control/publisher.ts'
import { type Worker, Workers } from '../control/workers.ts'
import { type Handed, handedRequest } from '../link/hand-over.ts'
import { startChild } from '../link/ipc.ts'
import { memoryLink } from '../link/memory.ts'
import type { Down, Up } from '../link/messages.ts'
import { spool } from '../link/spool.ts'
import type { Log } from '../ports/log.ts'
import type { Shared } from '../ports/shared.ts'
import { type OpenProxy, openProxy } from '../proxy/open-proxy.ts'
import { addressGuard } from '../upstream/address-guard.ts'
import { fetchSender } from '../upstream/send.ts'
import { PROXY_START, type ProxyStart } from './run-proxy.ts'
import { selfCommand } from './self-command.ts'
import { systemClock } from './system-clock.ts'

/** The data plane as control sees it: processes, or one proxy in this very process. */
export type Proxies = {
  /** From here on what they say is heard, and they are told what is in force. */
  connect(plane: OpenControl): void
  /** Resolves when all listen. Errors: rejects with why one could not. */
  readonly ready: Promise<unknown>
  replace(row: number, why: string): void
  drain(graceMs: number): Promise<void>
  /** Cuts what still drains; its rows are what was last heard of it. */
  hurry(): void
  count(): number
}

/** Bun's `fetch` allows 256 requests at once unless this is in the environment before the process starts. */
export const FETCH_LIMIT = { BUN_CONFIG_MAX_HTTP_REQUESTS: '65336' }

/**
 * Bun's allocator gives back what is free for 100 ms, and the holes in pages that are in use some ten times a second,
 * and needs both again a moment later: a tenth of the CPU of a busy proxy. Whole pages still go back, after a second.
 */
const FREED_MEMORY = { MIMALLOC_PURGE_HOLES: '0', MIMALLOC_PURGE_DELAY: '1000' }

export function proxyProcesses(count: number, start: Omit<ProxyStart, 'row'>, log: Log): Proxies {
  let plane: OpenControl | undefined
  const ends = new Map<Worker, ProxyEnd>()
  const join = (worker: Worker): void => {
    if (plane) ends.set(worker, plane.join(worker.row, worker.link))
  }
  const pool = new Workers({
    count,
    start: (row) => startChild<Down, Up>(selfCommand(), proxyEnv({ ...start, row })),
    clock: systemClock,
    log,
    onMessage(worker, message) {
      if (message.t === 'hello') join(worker)
      const end = ends.get(worker)
      if (end) plane?.heard(end, message)
    },
    onGone(worker) {
      const end = ends.get(worker)
      ends.delete(worker)
      if (end) plane?.gone(end)
    },
  })
  return {
    connect(opened) {
      plane = opened
      for (const worker of pool.list()) if (worker.saidHello) join(worker)
    },
    ready: pool.ready,
    replace: (row, why) => pool.replace(row, why),
    drain: (graceMs) => pool.drain(graceMs),
    hurry: () => pool.kill(),
    count: () => pool.list().length,
  }
}

export type InProcessParts = {
  readonly start: Omit<ProxyStart, 'row'>
  readonly shared: Shared
  readonly log: Log
  readonly answer: (request: Request, client: { readonly ip: string }) => Promise<Response>
}

/** Everything in one process (`CCLOAD_WORKERS=0`): for tests, Windows and the smallest machines. */
export function proxyInProcess({ start, shared, log, answer }: InProcessParts): Proxies {
  const [down, up] = memoryLink<Down, Up>()
  const clock = systemClock
  const drained = Promise.withResolvers<void>()
  const proxy: Promise<OpenProxy> = openProxy({
    port: start.port,
    reusePort: false,
    link: up,
    shared,
    spool: spool(start.spoolDir, `single-${process.pid}-${clock.nowMs()}`),
    clock,
    log,
    limits: start.limits,
    trustedProxies: start.trustedProxies,
    accessLog: start.accessLog,
    handOver: (handed: Handed) => answer(handedRequest(handed), { ip: handed.ip }),
    makeSend: (connectTimeoutMs) =>
      fetchSender({
        guard: addressGuard(start.port, clock.nowMs),
        insecureTls: start.insecureTls,
        connectTimeoutMs,
        monoMs: clock.monoMs,
      }),
    drained: drained.resolve,
  })
  proxy.catch(() => {}) // whoever waits for `ready` is told
  let giveUp = (): void => {}
  return {
    connect(plane) {
      const early: Up[] = []
      let end: ProxyEnd | undefined
      down.onMessage((message) => (end ? plane.heard(end, message) : early.push(message)))
      end = plane.join(0, down)
      for (const message of early) plane.heard(end, message)
      giveUp = () => end && plane.gone(end)
    },
    ready: proxy,
    replace: () => log.write('warn', 'the proxy in this process is busy: a change is not in force yet'),
    async drain(graceMs) {
      void (await proxy).drain(graceMs)
      await drained.promise
    },
    hurry() {
      giveUp()
      drained.resolve()
    },
    count: () => 1,
  }
}

/** The environment of a proxy: ours, less the password, which it has no use for. */
function proxyEnv(start: ProxyStart): Record<string, string> {
  const { CCLOAD_PASS: _, ...ours } = process.env
  return { ...FREED_MEMORY, ...(ours as Record<string, string>), ...FETCH_LIMIT, [PROXY_START]: JSON.stringify(start) }
}
