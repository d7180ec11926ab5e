import { handOverTo } from '../link/hand-over.ts'
import { parentLink } from '../link/ipc.ts'
import type { Down, Up } from '../link/messages.ts'
import { mapPage } from '../link/page-file.ts'
import { SharedPage } from '../link/shared-page.ts'
import { spool } from '../link/spool.ts'
import { openLog } from '../observe/log.ts'
import type { ProxyLimits } from '../proxy/deps.ts'
import { openProxy } from '../proxy/open-proxy.ts'
import { addressGuard } from '../upstream/address-guard.ts'
import { startHttpThread } from '../upstream/http-thread.ts'
import { fetchSender } from '../upstream/send.ts'
import { systemClock } from './system-clock.ts'

/** What a proxy process is told when it is started; travels in its environment as JSON. */
export type ProxyStart = {
  readonly row: number
  readonly port: number
  readonly pagePath: string
  readonly controlSocket: string
  readonly pass: string
  readonly spoolDir: string
  readonly limits: ProxyLimits & { readonly maxConcurrency: number }
  readonly trustedProxies: readonly string[]
  readonly accessLog: boolean
  readonly insecureTls: boolean
  readonly logLevel: 'debug' | 'info'
  readonly logFormat: 'text' | 'json'
}

export const PROXY_START = 'CCLOAD_PROXY_START'

/** The whole life of a proxy process. @param told  `ProxyStart` as JSON. */
export async function runProxy(told: string): Promise<void> {
  const start = JSON.parse(told) as ProxyStart
  const clock = systemClock
  const log = openLog({ clock, level: start.logLevel, format: start.logFormat, source: `proxy-${start.row}` })
  const link = parentLink<Up, Down>()
  // Ctrl-C reaches the whole group: only control decides when a proxy ends.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
  await startHttpThread()
  link.send({ t: 'hello', row: start.row })
  try {
    const proxy = await openProxy({
      port: start.port,
      reusePort: true,
      link,
      shared: new SharedPage(mapPage(start.pagePath), start.row),
      spool: spool(start.spoolDir, `proxy-${process.pid}-${clock.nowMs()}`),
      clock,
      log,
      limits: start.limits,
      trustedProxies: start.trustedProxies,
      accessLog: start.accessLog,
      handOver: handOverTo(start.controlSocket, start.pass),
      makeSend: (connectTimeoutMs) =>
        fetchSender({
          guard: addressGuard(start.port, clock.nowMs),
          insecureTls: start.insecureTls,
          connectTimeoutMs,
          monoMs: clock.monoMs,
        }),
      drained: () => process.exit(0),
    })
    link.send({ t: 'listening', port: proxy.port })
  } catch (error) {
    link.send({ t: 'failed', why: error instanceof Error ? error.message : String(error) })
    setTimeout(() => process.exit(1), 100) // lets the message out
  }
}
