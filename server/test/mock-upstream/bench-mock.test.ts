import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { STAMP_PATTERN } from './bench-answers.ts'
import { postBytes, RawClient, readAnswer } from './raw-client.ts'
import { type Mock, startMock } from './start-mock.ts'

const EVENTS = 5
const INTERVAL_MS = 20

let mock: Mock

beforeAll(async () => {
  mock = await startMock({ bench: { unaryBytes: 1_024, events: EVENTS, intervalMs: INTERVAL_MS } })
})
afterAll(() => mock.close())

const PATHS = ['/v1/messages', '/v1/chat/completions', '/v1/completions', '/v1/responses'] as const
const GEMINI = '/v1beta/models/g:'
const END_MARK = { '/v1/messages': 'message_stop', '/v1/responses': 'response.completed' } as const

function post(path: string, body: object): Promise<Response> {
  return fetch(`${mock.url}${path}`, { method: 'POST', body: JSON.stringify(body) })
}

describe('a mock for benchmarks', () => {
  test.each([...PATHS, `${GEMINI}generateContent`])('answers %s with 1,024 bytes that are JSON', async (path) => {
    const text = await (await post(path, {})).text()
    expect(Buffer.byteLength(text)).toBe(1_024)
    expect(() => JSON.parse(text)).not.toThrow()
  })

  test.each([...PATHS, `${GEMINI}streamGenerateContent?alt=sse`])(
    'stamps each event of %s with its send time',
    async (path) => {
      const sentAtMs = Date.now()
      const text = await (await post(path, { stream: true })).text()
      const stampsMs = [...text.matchAll(STAMP_PATTERN)].map((found) => Number(found[1]) / 1_000)
      expect(stampsMs.length).toBe(EVENTS)
      expect(stampsMs[0]).toBeWithin(sentAtMs - 5, sentAtMs + 3_000)
      const tookMs = (stampsMs.at(-1) ?? 0) - (stampsMs[0] ?? 0)
      expect(tookMs).toBeWithin((EVENTS - 1) * INTERVAL_MS - 10, 3_000)
      expect(text).toContain(END_MARK[path as keyof typeof END_MARK] ?? (path.startsWith(GEMINI) ? 'STOP' : '[DONE]'))
    },
  )

  test('finds the wish for a stream wherever the network cuts the request', async () => {
    const request = postBytes('/v1/messages', `{"pad":"${'x'.repeat(50)}","stream": true,"more":"${'y'.repeat(50)}"}`)
    const at = request.indexOf('"stream"')
    for (let cut = at; cut < at + 16; cut++) {
      const client = await RawClient.connect(mock.port)
      client.send(request.subarray(0, cut))
      await Bun.sleep(1) // so that both parts come in reads of their own
      client.send(request.subarray(cut))
      await client.until((received) => received.includes('message_start'))
      client.leave()
    }
  })

  test('keeps connections, counts calls, records none', async () => {
    const before = mock.count()
    const client = await RawClient.connect(mock.port)
    const answerBytes = 1_024
    for (let call = 1; call <= 3; call++) {
      client.send(postBytes('/v1/messages', {}))
      await client.until(
        (received) => received.length >= call * answerBytes && received.includes('end_turn', -answerBytes),
      )
    }
    client.leave()
    expect([mock.count() - before, mock.calls.length]).toEqual([3, 0])
  })

  test('still obeys rules, the control API, and reads chunked requests', async () => {
    mock.set({ times: 1, do: { kind: 'status', status: 500 } })
    expect((await post('/v1/messages', {})).status).toBe(500)
    mock.reset()
    expect(await (await fetch(`${mock.url}/_mock/count`)).json()).toEqual({ count: 0 })
    const client = await RawClient.connect(mock.port)
    client.send('POST /v1/messages HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n')
    await client.until((received) => received.includes('end_turn'))
    expect(readAnswer(client.received).status).toBe(200)
    client.leave()
  })

  test('forgets a stream whose client has gone, and sends all at once when there is no interval', async () => {
    const fast = await startMock({ bench: { events: 1_000, intervalMs: 0 } })
    const answer = await fetch(`${fast.url}/v1/messages`, { method: 'POST', body: '{"stream":true}' })
    expect((await answer.text()).match(STAMP_PATTERN)?.length).toBe(1_000)
    fast.close()
    const client = await RawClient.connect(mock.port)
    client.send(postBytes('/v1/messages', { stream: true }))
    await client.until((received) => received.includes('@'))
    client.leave()
    expect((await post('/v1/messages', {})).status).toBe(200)
  })
})
