import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { adminApp } from '../admin/admin-app.ts'
import type { Config } from '../config/env.ts'
import { bufferedBytesFor } from '../config/memory-budget.ts'
import { openControl } from '../control/open-control.ts'
import { handedFrom } from '../link/hand-over.ts'
import { createPageFile, mapPage, unlinkPageFile } from '../link/page-file.ts'
import { SharedPage } from '../link/shared-page.ts'
import { openLog } from '../observe/log.ts'
import { databasePath } from '../store/database-path.ts'
import { lockFile } from '../store/file-lock.ts'
import { openStoreThread } from '../store/thread-store.ts'
import { refusalOf } from '../upstream/address-guard.ts'
import { VERSION } from './version.ts'
import { type Proxies, proxyInProcess, proxyProcesses } from './proxies.ts'
import type { ProxyStart } from './run-proxy.ts'
import { systemClock } from './system-clock.ts'

const PASS_BYTES = 32
const MAX_HANDED_BYTES = 128 * 1024 * 1024

/** A running program: what `main` needs to end it. */
export type RunningProgram = {
  readonly port: number
  /** Lets streams finish within the grace, writes everything, gives everything back. */
  stop(): Promise<void>
}

/** Opens everything in order; `stop` closes it in reverse. Errors: rejects with a message for the operator. */
export async function runControl(config: Config): Promise<RunningProgram> {
  const clock = systemClock
  const log = openLog({ clock, level: config.logLevel, format: config.logFormat, source: 'control' })
  const port = config.port === 0 ? freePort() : config.port
  const portLock = lockFile(join(tmpdir(), `ccload-port-${port}`))
  const dir = mkdtempSync(join(tmpdir(), 'ccload-'))
  const pagePath = createPageFile(clock.nowMs())
  const shared = new SharedPage(mapPage(pagePath), 0)
  const place = databasePath({ configured: config.sqlitePath, workingDirectory: process.cwd(), temporaryDirectory: tmpdir() })
  if (place.warning) log.write('warn', place.warning)
  const zone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const start: Omit<ProxyStart, 'row'> = {
    port,
    pagePath,
    controlSocket: join(dir, 'control.sock'),
    pass: randomBytes(PASS_BYTES).toString('hex'),
    spoolDir: place.path === ':memory:' ? join(dir, 'spool') : `${place.path}.spool`,
    limits: { ...limitsOf(config), zone, maxBufferedBytes: config.maxBufferedBytes ?? bufferedBytesFor(totalmem(), cgroupLimit()) },
    trustedProxies: config.trustedProxies,
    accessLog: config.accessLog,
    insecureTls: config.allowInsecureTls,
    logLevel: config.logLevel,
    logFormat: config.logFormat,
  }
  const count = config.workers ?? availableParallelism()
  // Processes take longest to come up: they start now, and listen once control has told them what is in force.
  let proxies: Proxies | undefined = count > 0 ? proxyProcesses(count, start, log) : undefined
  const opened = await openStoreThread({ path: place.path, journalMode: config.journalMode, version: VERSION })
  for (const warning of opened.warnings) log.write('warn', warning)
  const plane = await openControl({
    store: opened.store,
    shared,
    clock,
    log,
    spoolDir: start.spoolDir,
    replaceProxy: (row, why) => proxies?.replace(row, why),
  })
  const app = adminApp({
    control: plane.control,
    clock,
    log,
    adminPassword: config.adminPassword,
    version: VERSION,
    zone,
    refuseAddress: (url) => refusalOf(url.hostname.replace(/^\[|\]$/g, ''), Number(url.port) || 0, port),
  })
  const door = count > 0 ? openDoor(start, app) : undefined
  proxies ??= proxyInProcess({ start, shared, log, answer: app.fetch })
  proxies.connect(plane)
  await proxies.ready
  log.write('info', 'ccload is ready', { port, version: VERSION, proxies: proxies.count() })

  return {
    port,
    async stop() {
      await proxies.drain(config.shutdownGraceMs)
      await door?.stop(true)
      await plane.close()
      await opened.close()
      unlinkPageFile(pagePath)
      rmSync(dir, { recursive: true, force: true })
      portLock.release()
    },
  }
}

type App = { fetch(request: Request, client: { readonly ip: string }): Promise<Response> }

/** Where the proxies hand over what is not theirs. */
function openDoor(start: Omit<ProxyStart, 'row'>, app: App): { stop(hard: boolean): Promise<void> } {
  return Bun.serve({
    unix: start.controlSocket,
    maxRequestBodySize: MAX_HANDED_BYTES,
    fetch(request) {
      const ip = handedFrom(request, start.pass)
      return ip === undefined ? new Response(null, { status: 403 }) : app.fetch(request, { ip })
    },
  })
}

function limitsOf({ maxBodyBytes, maxConcurrency, cooldown }: Config): Pick<Config, 'maxBodyBytes' | 'maxConcurrency' | 'cooldown'> {
  return { maxBodyBytes, maxConcurrency, cooldown }
}

/** A port that is free now: several processes must share one number. */
function freePort(): number {
  const probe = Bun.serve({ port: 0, fetch: () => new Response() })
  const { port } = probe
  void probe.stop(true)
  return port ?? 0
}

function cgroupLimit(): string | undefined {
  for (const path of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      // the other version of cgroups, or no Linux
    }
  }
  return undefined
}
