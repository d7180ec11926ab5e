import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/env.ts'
import { bufferedBytesFor } from '../config/memory-budget.ts'
import { createPageFile, mapPage, PAGE_DIR, unlinkPageFile } from '../link/page-file.ts'
import { SharedPage } from '../link/shared-page.ts'
import type { Log } from '../ports/log.ts'
import { databasePath } from '../store/database-path.ts'
import { lockFile } from '../store/file-lock.ts'
import type { ProxyStart } from './run-proxy.ts'

/** What must exist on this machine before anything of ours can run. */
export type Surroundings = {
  readonly port: number
  readonly zone: string
  readonly databasePath: string
  readonly shared: SharedPage
  /** What every proxy is told. */
  readonly start: Omit<ProxyStart, 'row'>
  release(): void
}

const PASS_BYTES = 32
const OURS = /^ccload-(\d+)-/

/** Errors: `OpenError` when another program of ours has the port. */
export function surroundings(config: Config, nowMs: number, log: Log): Surroundings {
  const port = config.port === 0 ? freePort() : config.port
  const portLock = lockFile(join(tmpdir(), `ccload-port-${port}`))
  for (const dir of [PAGE_DIR, tmpdir()]) sweep(dir)
  const dir = mkdtempSync(join(tmpdir(), `ccload-${process.pid}-`))
  const pagePath = createPageFile(nowMs)
  const place = databasePath({
    configured: config.sqlitePath,
    workingDirectory: process.cwd(),
    temporaryDirectory: tmpdir(),
  })
  if (place.warning) log.write('warn', place.warning)
  const zone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const { maxBodyBytes, maxConcurrency, cooldown } = config
  const maxBufferedBytes = config.maxBufferedBytes ?? bufferedBytesFor(totalmem(), cgroupLimit())
  return {
    port,
    zone,
    databasePath: place.path,
    shared: new SharedPage(mapPage(pagePath), 0),
    start: {
      port,
      pagePath,
      controlSocket: join(dir, 'control.sock'),
      pass: randomBytes(PASS_BYTES).toString('hex'),
      spoolDir: place.path === ':memory:' ? join(dir, 'spool') : `${place.path}.spool`,
      limits: { maxBodyBytes, maxConcurrency, cooldown, zone, maxBufferedBytes },
      trustedProxies: config.trustedProxies,
      accessLog: config.accessLog,
      insecureTls: config.allowInsecureTls,
      logLevel: config.logLevel,
      logFormat: config.logFormat,
    },
    release() {
      unlinkPageFile(pagePath)
      rmSync(dir, { recursive: true, force: true })
      portLock.release()
    },
  }
}

/** A port that is free now: several processes must share one number. */
function freePort(): number {
  const probe = Bun.serve({ port: 0, fetch: () => new Response() })
  const { port } = probe
  void probe.stop(true)
  return port ?? 0
}

/** Removes what programs of ours that were killed have left. */
function sweep(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = Number(OURS.exec(name)?.[1] ?? 0)
    if (pid > 0 && !isAlive(pid)) tryToRemove(join(dir, name))
  }
}

function tryToRemove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // another user's: it is his to remove, and no reason for us not to start
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' // somebody else's
  }
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
