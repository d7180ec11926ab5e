import { describe, expect, test } from 'bun:test'
import { type RequestExplained, requestAnswer } from '@ccload/contract/requests.ts'
import type { StoredLogRow } from '../ports/attempt-log.ts'
import { START_MS, testDesk } from './test-desk.ts'

const ID = 'mwvt4nj9-081fd35acb-000e'

function row(over: Partial<StoredLogRow> = {}): StoredLogRow {
  return {
    id: 1,
    attemptId: `${ID}-0`,
    requestId: ID,
    attemptNo: 0,
    timeMs: START_MS,
    model: 'm',
    actualModel: '',
    channelId: 1,
    statusCode: 200,
    message: 'ok',
    durationMs: 1_500,
    streaming: false,
    firstByteMs: 0,
    apiKeyUsed: 'sk-a...wxyz',
    tokenId: 3,
    clientIp: '192.0.2.8',
    inputTokens: 10,
    outputTokens: 20,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
    reasoningTokens: 0,
    usageState: 'seen',
    costNanoUsd: 1_000_000,
    path: '/v1/messages',
    bytesSent: 99,
    ...over,
  }
}

const failed = (over: Partial<StoredLogRow> = {}): StoredLogRow => row({ statusCode: 500, message: 'boom', ...over })
const summary = (over: Partial<StoredLogRow> = {}): StoredLogRow =>
  row({
    id: 9,
    attemptId: `${ID}-end`,
    attemptNo: 1,
    channelId: 0,
    apiKeyUsed: '',
    statusCode: 503,
    costNanoUsd: 0,
    ...over,
  })

const NOTE = { blame: 'channel', next: 'next-channel', client: 500 }

async function explained(...rows: readonly StoredLogRow[]): Promise<RequestExplained> {
  const desk = testDesk()
  desk.state.rows = rows
  const { status, json } = await desk.send('GET', `/admin/requests/${ID}`, { token: desk.token })
  expect(status).toBe(200)
  return requestAnswer.parse(json.data)
}

describe('rows of a log that tells less', () => {
  test('of an earlier release: what the rows show is shown, and nothing is made up', async () => {
    const why = await explained(failed(), row({ id: 2, attemptId: `${ID}-1`, attemptNo: 1, channelId: 2 }))
    expect(why).toMatchObject({
      state: 'succeeded',
      client_status: 200,
      skipped: [],
      more_candidates: 0,
      last_resort: false,
    })
    expect(why.candidates).toEqual([
      { channel_id: 1, tried: true },
      { channel_id: 2, tried: true },
    ])
    expect(why.attempts.map(({ verdict, cooldown }) => [verdict, cooldown])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
    expect(why.cost).toBeCloseTo(0.002, 12)
    const broken = await explained(failed({ statusCode: 599 }))
    expect([broken.state, broken.client_status]).toEqual(['failed', undefined])
  })

  test.each(['{"skips":', 'null', '[]', '5', '"x"', ''])('a decision that is %p is none', async (decision) => {
    expect(await explained(row({ decision }))).toMatchObject({ state: 'succeeded', skipped: [] })
  })
})

describe('what the client was told', () => {
  test.each([
    ['an answer', [row()], 200],
    [
      'that it had left',
      [failed({ statusCode: 499, decision: JSON.stringify({ verdict: { ...NOTE, blame: 'nobody' } }) })],
      499,
    ],
    [
      'its own 400',
      [failed({ statusCode: 400, decision: JSON.stringify({ verdict: { ...NOTE, client: 400 } }) })],
      400,
    ],
    ['200, and then the stream broke', [failed({ statusCode: 599, decision: JSON.stringify({ verdict: NOTE }) })], 200],
    [
      'what the summary says',
      [failed({ decision: JSON.stringify({ verdict: NOTE }) }), summary({ statusCode: 502 })],
      502,
    ],
    ['503, because nobody could be asked', [summary()], 503],
  ] as [string, StoredLogRow[], number][])('%s', async (_, rows, status) => {
    expect((await explained(...rows)).client_status).toBe(status)
  })
})

test('rows in any order are told in the order of the attempts, and a summary last', async () => {
  const second = failed({ id: 2, attemptId: `${ID}-1`, attemptNo: 1, channelId: 2, timeMs: START_MS + 1_600 })
  const over = JSON.stringify({ over: 'max-attempts', passed: [[4, 'busy']] })
  const first = failed({
    decision: JSON.stringify({
      among: [
        [2, 5],
        [1, 9],
        [3, 1],
      ],
      skips: [[5, 'no-keys']],
      verdict: NOTE,
    }),
  })
  const why = await explained(summary({ attemptNo: 2, durationMs: 3_000, decision: over }), second, first)
  expect(why.attempts.map(({ attempt_no }) => attempt_no)).toEqual([0, 1])
  expect(why.candidates.map(({ channel_id, tried }) => [channel_id, tried])).toEqual([
    [1, true],
    [2, true],
    [3, false],
  ])
  expect(why).toMatchObject({ state: 'failed', over: 'max-attempts', duration_ms: 3_000 })
  expect(why.skipped).toEqual([{ channel_id: 5, why: 'no-keys', reason: 'it has no keys' }])
  expect(why.story).toEqual([
    'Channel 5 was left out: it has no keys.',
    '1 more could have been asked.',
    'Attempt 1: Channel 1 with key sk-a...wxyz ended with 500 after 1.500 s: boom; blamed: channel, the next channel was to be tried.',
    'Attempt 2: Channel 2 with key sk-a...wxyz ended with 500 after 1.500 s.',
    'Channel 4 was passed over: as many requests as it may have were running.',
    'The client was told 503: the most attempts one request may have were used up (setting max_attempts).',
  ])
})

describe('while it runs', () => {
  const running = (of: StoredLogRow) => ({
    ...{ requestId: ID, model: 'm', clientIp: '', startedAtMs: START_MS, streaming: true, tokenId: 3, channelId: 1 },
    ...{ channelName: '', channelType: '', keyUsed: '', bytesReceived: 5, clientFirstByteMs: 0, row: of },
  })

  async function runningWith(rows: readonly StoredLogRow[], of: StoredLogRow): Promise<RequestExplained> {
    const desk = testDesk()
    desk.state.rows = rows
    desk.state.running = [running(of)]
    const { json } = await desk.send('GET', `/admin/requests/${ID}`, { token: desk.token })
    return requestAnswer.parse(json.data)
  }

  test('what has ended and what goes on stand together', async () => {
    const second = failed({ attemptId: `${ID}-1`, attemptNo: 1, channelId: 2, statusCode: 599 })
    const why = await runningWith([failed({ decision: JSON.stringify({ verdict: NOTE }) })], second)
    expect(why).toMatchObject({
      state: 'running',
      attempts: [{ running: false }, { running: true, message: 'running' }],
    })
    expect(why.attempts[1]?.status_code).toBeUndefined()
    expect(why.client_status).toBeUndefined()
  })

  test('an attempt that has just ended is not told twice', async () => {
    const why = await runningWith([row()], row({ statusCode: 599 }))
    expect(why).toMatchObject({ state: 'succeeded', attempts: [{ status_code: 200 }] })
  })
})

describe('an id of nothing', () => {
  test('is 404, and says where ids come from and how long rows are kept', async () => {
    const desk = testDesk()
    const { status, json } = await desk.send('GET', '/admin/requests/nope', { token: desk.token })
    expect(status).toBe(404)
    expect(json.error).toContain('no request nope in the log')
    expect(json.error).toContain('x-ccload-request-id')
    expect(json.error).toContain('7 days (setting log_retention_days)')
  })

  test('too long to be one is not asked of the database', async () => {
    const desk = testDesk()
    const { status } = await desk.send('GET', `/admin/requests/${'x'.repeat(192)}`, { token: desk.token })
    expect([status, desk.state.queries.length]).toEqual([404, 0])
  })
})
