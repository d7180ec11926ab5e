// A client that leaves, at every stage: the upstream is let go at once, nobody rests for it, the log says 499.
import { afterEach, expect, test } from 'bun:test'
import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { startMock } from '../mock-upstream/start-mock.ts'
import { ask } from './client.ts'
import { cleanUp, launch, until } from './program.ts'

const LET_GO_MS = 100
const SLACK_MS = 150 // a busy machine

afterEach(cleanUp)

type Stage = {
  readonly stage: string
  readonly stream: boolean
  readonly behaviours: readonly Behaviour[]
  readonly shows?: string
}

const STAGES: readonly Stage[] = [
  { stage: 'before headers', stream: true, behaviours: [{ kind: 'hang', when: 'before-headers' }] },
  { stage: 'after headers, before any event', stream: true, behaviours: [{ kind: 'hang', when: 'after-headers' }] },
  {
    stage: 'while the stream is held back before its content',
    stream: true,
    behaviours: [{ kind: 'first-token-delay', ms: 20_000, pingEveryMs: 20 }],
  },
  {
    stage: 'in the middle of the stream',
    stream: true,
    behaviours: [{ kind: 'hang', when: 'mid-stream', afterEvents: 4 }],
    shows: 'data:',
  },
  { stage: 'while a whole answer is awaited', stream: false, behaviours: [{ kind: 'hang', when: 'before-headers' }] },
  { stage: 'while a whole answer is held back', stream: false, behaviours: [{ kind: 'stall', ms: 20_000 }] },
]

for (const workers of [0, 1]) {
  test(`the upstream is let go within ${LET_GO_MS} ms at every stage (workers ${workers})`, async () => {
    const mock = await startMock()
    const program = await launch({ workers })
    const { port } = program
    const token = await program.token()
    await program.channel(mock.url)
    for (const [at, { stage, stream, behaviours, shows }] of STAGES.entries()) {
      mock.set({ do: [...behaviours] })
      const call = ask({ port, token, stream })
      await mock.until((calls) => calls.length === at + 1 && calls[at]?.bodyAtMs !== undefined)
      if (shows === undefined) await Bun.sleep(60)
      else await call.shows(shows)
      const leftAtMs = Date.now()
      call.leave()
      await mock.until((calls) => calls[at]?.closedEarlyAtMs !== undefined, 1_000).catch(() => {})
      const tookMs = (mock.calls[at]?.closedEarlyAtMs ?? Number.POSITIVE_INFINITY) - leftAtMs
      expect({ stage, inTime: tookMs < LET_GO_MS + SLACK_MS }).toEqual({ stage, inTime: true })
    }
    await until(() => program.rows().length >= STAGES.length, 2_000, 'all rows')
    expect(program.rows().map((row) => row.status_code)).toEqual(STAGES.map(() => 499))
    expect((await program.admin('GET', '/cooldowns')).data).toEqual([])
    expect(mock.calls.length).toBe(STAGES.length) // nobody was asked a second time for a client that is gone
    mock.close()
  }, 20_000)
}

test('a client that leaves in the middle of its upload is no error of ours and holds nothing', async () => {
  const mock = await startMock()
  const program = await launch({
    workers: 1,
    env: { CCLOAD_MAX_CONCURRENCY: '1', CCLOAD_MAX_BUFFERED_BYTES: '2000000' },
  })
  const { port } = program
  const token = await program.token()
  await program.channel(mock.url)
  for (let at = 0; at < 10; at++) {
    const call = ask({ port, token, body: 'x'.repeat(1_000), headers: { 'content-length': '1500000' } })
    await Bun.sleep(20)
    call.leave()
  }
  await Bun.sleep(100)
  const body = JSON.stringify({
    model: 'm',
    max_tokens: 5,
    messages: [{ role: 'user', content: 'y'.repeat(1_500_000) }],
  })
  expect((await ask({ port, token, body }).over).status).toBe(200)
  expect(mock.calls.length).toBe(1)
  expect(program.stderr()).not.toContain('bug')
  mock.close()
}, 20_000)
