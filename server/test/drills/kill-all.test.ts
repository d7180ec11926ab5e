// kill -9 of everything at once, as when a container is killed: what ran is known to the next start.
import { afterEach, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { ask, tally } from './client.ts'
import { pacedUpstream } from './paced-upstream.ts'
import { cleanUp, launch, until } from './program.ts'

const STREAMS = 12
const WORTH_KEEPING_MS = 1_500

afterEach(cleanUp)

test.each([1, 2])(
  'streams of more than a second are closed and charged by the next start, once (%i workers)',
  async (workers) => {
    const upstream = pacedUpstream()
    const first = await launch({ workers })
    const { port, dir } = first
    const token = await first.token()
    await first.channel(upstream.url)
    const streams = Array.from({ length: STREAMS }, () => ask({ port, token }))
    await Promise.all(streams.map((stream) => stream.shows('word')))
    await Bun.sleep(WORTH_KEEPING_MS)
    const proxies = first.proxies()
    first.signal('SIGKILL')
    for (const pid of proxies) process.kill(pid, 'SIGKILL')
    await first.exited
    await Promise.all(streams.map((stream) => stream.over))

    for (let start = 0; start < 2; start++) {
      const next = await launch({ port, dir, workers })
      await until(() => next.rows().length >= STREAMS, 8_000, 'the rows')
      const rows = next.rows()
      expect([...tally(rows.map((row) => `${row.status_code} ${row.input_tokens}`))]).toEqual([['599 10', STREAMS]])
      expect(rows.every((row) => row.output_tokens > 0)).toBe(true)
      expect(new Set(rows.map((row) => row.request_id))).toEqual(new Set(streams.map((stream) => stream.requestId)))
      expect(readdirSync(`${next.database}.spool`)).toEqual([])
      const { data } = await next.admin<{ tokens: { prompt_tokens_total: number }[] }>('GET', '/auth-tokens')
      expect(data.tokens.map((one) => one.prompt_tokens_total)).toEqual([10 * STREAMS])
      next.signal('SIGTERM')
      expect(await next.exited).toBe(0)
    }
    await upstream.close()
  },
  40_000,
)
