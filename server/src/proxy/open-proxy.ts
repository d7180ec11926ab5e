import { newSwrrCache } from '../core/smooth-turn.ts'
import type { Down, Up } from '../link/messages.ts'
import type { Spool } from '../link/spool.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'
import type { Shared } from '../ports/shared.ts'
import type { UpstreamSend } from '../ports/upstream-send.ts'
import { sharedAffinity } from './affinity.ts'
import { trustedProxies } from './client-address.ts'
import { deadlineWheel } from './deadlines.ts'
import type { ProxyDeps, ProxyLimits } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { front, type HandOver } from './front.ts'
import { gate } from './gate.ts'
import { idSource } from './ids.ts'
import { type Listener, listen } from './listen.ts'
import { Plane } from './plane.ts'
import { retryBudget } from './retry-budget.ts'
import { runningNow } from './running.ts'

export type ProxyParts = {
  readonly port: number
  /** Several processes share the port. */
  readonly reusePort: boolean
  readonly link: LinkEnd<Up, Down>
  readonly shared: Shared
  readonly spool: Spool
  readonly clock: Clock
  readonly log: Log
  readonly limits: ProxyLimits & { readonly maxConcurrency: number }
  readonly trustedProxies: readonly string[]
  readonly accessLog: boolean
  readonly handOver: HandOver
  /** @param connectTimeoutMs  The setting, read at each use. */
  readonly makeSend: (connectTimeoutMs: () => number) => UpstreamSend
  /** Everything that ran has ended and is reported, or in the spool: nothing is left to do. */
  readonly drained: () => void
}

export type OpenProxy = {
  readonly port: number
  /** Takes nothing new, lets what runs finish within the grace, reports all of it. */
  drain(graceMs: number): Promise<void>
}

const ORPHAN_GRACE_MS = 600_000
const STORED_WITHIN_MS = 3_000
const LOOK_MS = 10

/** One proxy; resolves when it listens, which it does once it knows what is in force. Errors: rejects when the port cannot be had. */
export async function openProxy(parts: ProxyParts): Promise<OpenProxy> {
  const { clock, log } = parts
  const active = new Set<Exchange>()
  let stopping = false
  let listener: Listener | undefined
  const plane: Plane = new Plane({
    link: parts.link,
    spool: parts.spool,
    log,
    monoMs: clock.monoMs,
    running: () => {
      plane.flush() // endings that have happened come first
      return runningNow(deps)
    },
    drain,
    orphaned: () => void orphaned(),
  })
  const deps = depsOf(parts, plane, { active, stopping: () => stopping })
  const handler = front({
    deps,
    handOver: parts.handOver,
    health: () => plane.health(),
    trusted: trustedProxies(parts.trustedProxies),
    accessLog: parts.accessLog,
  })
  await plane.ready
  listener = listen({ port: parts.port, reusePort: parts.reusePort, handler })

  async function drain(graceMs: number): Promise<void> {
    if (stopping) return
    stopping = true
    listener?.stopAccepting()
    // Also those that still arrive, wait for a slot, or have been answered and are still being sent.
    await until(() => active.size === 0 && (listener?.pending() ?? 0) === 0, graceMs, clock)
    await listener?.close()
    await until(() => active.size === 0, STORED_WITHIN_MS, clock)
    plane.flush()
    plane.stop()
    await until(() => plane.isStored(), STORED_WITHIN_MS, clock)
    if (!plane.isStored()) plane.spillAll()
    parts.drained()
  }

  async function orphaned(): Promise<void> {
    if (stopping) return
    log.write('error', 'control is gone: finishing what runs', { running: active.size })
    await drain(ORPHAN_GRACE_MS)
  }

  return { port: listener.port, drain }
}

type Life = Pick<ProxyDeps, 'active' | 'stopping'>

function depsOf(parts: ProxyParts, plane: Plane, { active, stopping }: Life): ProxyDeps {
  const { clock, shared, log, limits } = parts
  return {
    limits,
    view: () => plane.view(),
    shared,
    turns: {
      ticket: (group) => shared.takeTurn(group),
      cache: newSwrrCache(),
      dayEndsAtMs: () => shared.meters.periods().dayEndsAtMs,
    },
    gate: gate(shared, () => gateLimits(plane, limits.maxConcurrency), clock.monoMs),
    send: parts.makeSend(() => plane.view().settings.upstreamConnectTimeoutMs),
    deadlines: deadlineWheel(clock.monoMs),
    affinity: sharedAffinity(shared),
    retries: retryBudget(clock.monoMs),
    clock,
    report: plane.report,
    log,
    countTokens: ({ method, path, query, request, ip }, body) =>
      parts.handOver({ method, path, query, headers: request.headers, body, ip, purpose: 'count-tokens' }),
    active,
    newId: idSource(clock.nowMs),
    stopping,
  }
}

function gateLimits(plane: Plane, maxConcurrency: number): { running: number; waiting: number; waitMs: number } {
  const { settings } = plane.view()
  return {
    running: settings.maxConcurrency || maxConcurrency,
    waiting: settings.queueMaxWaiting,
    waitMs: settings.queueMaxWaitMs,
  }
}

async function until(isTrue: () => boolean, ms: number, clock: Clock): Promise<void> {
  const endMs = clock.monoMs() + ms
  while (!isTrue() && clock.monoMs() < endMs) await Bun.sleep(LOOK_MS)
}
