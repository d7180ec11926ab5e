import { join } from 'node:path'
import type { Place } from './place.ts'
import { PATH } from './request.ts'
import type { Subject } from './stage.ts'

export type WrkResult = {
  readonly requests: number
  readonly requestsPerS: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Mean size of an answer, head included. */
  readonly answerBytes: number
}

export type WrkWish = { readonly connections: number; readonly seconds: number; readonly body: string }

const SCRIPT = `
local file = io.open(os.getenv('BENCH_BODY'), 'rb')
wrk.method = 'POST'
wrk.body = file:read('*a')
file:close()
wrk.headers['content-type'] = 'application/json'
wrk.headers['authorization'] = 'Bearer ' .. os.getenv('BENCH_TOKEN')
function done(summary, latency)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"micros":%d,"bytes":%d,"failed":%d,"p50":%d,"p99":%d}', summary.requests,
    summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`

type Raw = {
  readonly requests: number
  readonly micros: number
  readonly bytes: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
}

/** Loads a program. Errors: rejects when an answer was no success or a connection broke: then there is nothing to compare. */
export async function runWrk(
  place: Place,
  subject: Subject,
  { connections, seconds, body }: WrkWish,
): Promise<WrkResult> {
  const script = join(place.dir, 'wrk.lua')
  const bodyPath = join(place.dir, 'wrk-body')
  await Promise.all([Bun.write(script, SCRIPT), Bun.write(bodyPath, body)])
  const url = `http://127.0.0.1:${subject.port}${PATH}`
  const child = Bun.spawn(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url], {
    env: { ...process.env, BENCH_BODY: bodyPath, BENCH_TOKEN: subject.token },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  const line = /^RESULT (\{.*\})$/m.exec(out)?.[1]
  if (line === undefined) throw new Error(`wrk says nothing of use: ${out}${errors}`)
  const raw = JSON.parse(line) as Raw
  if (raw.failed > 0 || raw.requests === 0) {
    throw new Error(
      `${subject.name}: ${raw.failed} of ${raw.requests} requests failed under ${connections} connections`,
    )
  }
  return {
    requests: raw.requests,
    requestsPerS: (raw.requests * 1e6) / raw.micros,
    p50Ms: raw.p50 / 1000,
    p99Ms: raw.p99 / 1000,
    answerBytes: raw.bytes / raw.requests,
  }
}
