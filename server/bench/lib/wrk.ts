import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Asked, bodyText, PATH } from './request-text.ts'

export type WrkOptions = {
  readonly folder: string
  readonly port: number
  readonly connections: number
  readonly seconds: number
  readonly asked: Asked
}

export type WrkResult = {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * One run of wrk, one thread, on the core of this process.
 *
 * Errors: throws wrk's own words when it failed, or when any answer was not a 200 or a socket broke.
 */
export async function runWrk(options: WrkOptions): Promise<WrkResult> {
  const script = join(options.folder, 'wrk.lua')
  writeFileSync(script, luaText(options.asked))
  const url = `http://127.0.0.1:${options.port}${PATH}`
  const argv = [
    'wrk',
    '-t1',
    `-c${options.connections}`,
    `-d${options.seconds}s`,
    '--timeout',
    '10s',
    '-s',
    script,
    url,
  ]
  const child = Bun.spawn(argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const numbers = /^RESULT (.+)$/m.exec(out)?.[1]?.split(' ').map(Number)
  const [requests = 0, micros = 1, p50 = 0, p99 = 0, failures = 1] = numbers ?? []
  if (numbers === undefined || requests === 0 || failures > 0 || out.includes('Non-2xx'))
    throw new Error(`wrk against port ${options.port}: ${complaint}${out}`)
  return { requests, perSecond: (requests * 1e6) / micros, p50Ms: p50 / 1_000, p99Ms: p99 / 1_000 }
}

function luaText(asked: Asked): string {
  return `wrk.method = 'POST'
wrk.headers['x-api-key'] = '${asked.token}'
wrk.headers['anthropic-version'] = '2023-06-01'
wrk.headers['content-type'] = 'application/json'
wrk.body = [==[${bodyText(asked)}]==]
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT %d %d %d %d %d\\n', summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`
}
