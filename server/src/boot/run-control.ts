import { availableParallelism } from 'node:os'
import { adminApp } from '../admin/admin-app.ts'
import type { Config } from '../config/env.ts'
import { openControl } from '../control/open-control.ts'
import { countReply, type TokenCounter, tokenCounter } from '../control/token-counter.ts'
import { handedFrom, purposeOf } from '../link/hand-over.ts'
import { MAX_PROXIES } from '../link/shared-page.ts'
import { openLog } from '../observe/log.ts'
import type { Log } from '../ports/log.ts'
import { openStoreThread } from '../store/thread-store.ts'
import { literalRefusal } from '../upstream/address-guard.ts'
import { type Proxies, proxyInProcess, proxyProcesses } from './proxies.ts'
import type { ProxyStart } from './run-proxy.ts'
import { type Surroundings, surroundings } from './surroundings.ts'
import { systemClock } from './system-clock.ts'
import { VERSION } from './version.ts'

/** A running program: what `main` needs to end it. */
export type RunningProgram = {
  readonly port: number
  /** Lets streams finish within the grace, writes everything, gives everything back. */
  stop(): Promise<void>
  /** While stopping: no grace any more. What runs is cut and recorded as it was last heard of. */
  hurry(): void
}

const MAX_HANDED_BYTES = 128 * 1024 * 1024

/** Opens everything in order; `stop` closes it in reverse. Errors: rejects with a message for the operator. */
export async function runControl(config: Config): Promise<RunningProgram> {
  const clock = systemClock
  const log = openLog({ clock, level: config.logLevel, format: config.logFormat, source: 'control' })
  const place = surroundings(config, clock.nowMs(), log)
  try {
    return await openAll(config, place, log)
  } catch (error) {
    place.release()
    throw error
  }
}

async function openAll(config: Config, place: Surroundings, log: Log): Promise<RunningProgram> {
  const clock = systemClock
  const { start, shared, zone, port } = place
  const count = config.workers ?? Math.min(availableParallelism(), MAX_PROXIES)
  // Processes take longest to come up: they start now, and listen once control has told them what is in force.
  let proxies: Proxies | undefined = count > 0 ? proxyProcesses(count, start, log) : undefined
  const opened = await openStoreThread({
    path: place.databasePath,
    journalMode: config.journalMode,
    version: VERSION,
    onDeath(why) {
      // Nothing can be changed or stored from here on: end, so that whoever watches over us starts us anew.
      log.write('error', 'the database thread has died', { why })
      process.exit(1)
    },
  })
  for (const warning of opened.warnings) log.write('warn', warning)
  const counter = tokenCounter({
    onDeath: (why) => log.write('warn', 'the token counter has died; the next question starts it', { why }),
  })
  const plane = await openControl({
    store: opened.store,
    shared,
    clock,
    log,
    spoolDir: start.spoolDir,
    zone,
    replaceProxy: (row, why) => proxies?.replace(row, why),
    // Takes half a second of a core, and 80 MB for a moment: not at the start, and not from requests.
    onMessages: () => counter.warm('claude'),
  })
  const refuseAddress = (url: URL): string | undefined => literalRefusal(url, port)
  const { control } = plane
  const app = adminApp({
    control,
    clock,
    log,
    adminPassword: config.adminPassword,
    version: VERSION,
    zone,
    refuseAddress,
  })
  const answer: Answer = (request, client) =>
    purposeOf(request) === 'count-tokens' ? counted(counter, request) : app.fetch(request, client)
  const door = count > 0 ? openDoor(start, answer) : undefined
  proxies ??= proxyInProcess({ start, shared, log, answer })
  proxies.connect(plane)
  await proxies.ready
  log.write('info', 'ccload is ready', { port, version: VERSION, proxies: proxies.count() })

  return {
    port,
    hurry: () => proxies.hurry(),
    async stop() {
      await proxies.drain(config.shutdownGraceMs)
      await door?.stop(true)
      counter.close()
      await plane.close()
      await opened.close()
      place.release()
    },
  }
}

type Answer = (request: Request, client: { readonly ip: string }) => Promise<Response>

async function counted(counter: TokenCounter, request: Request): Promise<Response> {
  const { status, body } = countReply(await counter.count(new Uint8Array(await request.arrayBuffer())))
  return new Response(body, { status, headers: { 'content-type': 'application/json; charset=utf-8' } })
}

/** Where the proxies hand over what is not theirs. */
function openDoor(start: Omit<ProxyStart, 'row'>, answer: Answer): { stop(hard: boolean): Promise<void> } {
  return Bun.serve({
    unix: start.controlSocket,
    maxRequestBodySize: MAX_HANDED_BYTES,
    fetch(request) {
      const ip = handedFrom(request, start.pass)
      return ip === undefined ? new Response(null, { status: 403 }) : answer(request, { ip })
    },
  })
}
