// Who is asked, in which order, under which name; and that a change is true everywhere once it is answered. Two proxy
// processes, a fresh connection for each request, so that both take part.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type ChannelFields, type Program, startProgram } from './program.ts'

setDefaultTimeout(20_000)

let program: Program
let token = ''
let a: Mock
let b: Mock

beforeAll(async () => {
  program = await startProgram({ workers: 2 })
  token = await program.token()
  a = await startMock()
  b = await startMock()
})
beforeEach(async () => {
  await program.reset()
  a.reset()
  b.reset()
})
afterAll(async () => {
  await program.stop()
  a.close()
  b.close()
})

type Ask = {
  readonly model?: string
  readonly path?: string
  readonly token?: string
  readonly body?: object
  readonly at?: Program
}

async function ask({
  model = 'm',
  path = '/v1/messages',
  token: with_ = token,
  body = {},
  at = program,
}: Ask = {}): Promise<Response> {
  return fetch(`${at.url}${path}`, {
    method: 'POST',
    headers: { 'x-api-key': with_, 'x-goog-api-key': with_, connection: 'close' },
    body: JSON.stringify({ model, messages: [], ...body }),
    keepalive: false,
  })
}

/** Asks until both processes have served; resolves to all answers, read. */
async function askBoth(given: Ask = {}): Promise<readonly Response[]> {
  const answers: Response[] = []
  const processes = new Set<string>()
  while (processes.size < 2) {
    const answer = await ask(given)
    await answer.bytes()
    answers.push(answer)
    processes.add(processOf(answer))
    if (answers.length > 60) throw new Error('one process serves all')
  }
  return answers
}

/** The second part of a request id is the process's own. */
function processOf(answer: Response): string {
  return answer.headers.get('x-ccload-request-id')?.split('-')[1] ?? ''
}

async function askTimes(times: number, given: Ask = {}): Promise<void> {
  for (let asked = 0; asked < times; asked++) await (await ask(given)).bytes()
}

function keysOf(mock: Mock): readonly (string | undefined)[] {
  return mock.calls.map((call) => call.key)
}

function modelsOf(mock: Mock): readonly unknown[] {
  return mock.calls.map((call) => (JSON.parse(Buffer.from(call.body).toString()) as { model?: unknown }).model)
}

const keys = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `k${index}`)

describe('the order of channels', () => {
  test('the highest priority first, however many keys the others have', async () => {
    await program.channel({ url: a.url, priority: 1, api_keys: keys(9) })
    await program.channel({ url: b.url, priority: 2 })
    await askTimes(10)
    expect([a.count(), b.count()]).toEqual([0, 10])
  })

  test('with three keys against one: 75 of 100 calls, exactly, over both processes', async () => {
    await program.channel({ url: a.url, api_keys: keys(3) })
    await program.channel({ url: b.url, api_keys: keys(1) })
    const processes = new Set<string>()
    const askOne = async () => {
      const answer = await ask()
      await answer.bytes()
      processes.add(processOf(answer))
    }
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 10 }, askOne))
    expect([a.count(), b.count()]).toEqual([75, 25])
    expect(processes.size).toBe(2)
  })

  test('smoothly: never more than three of one in a row', async () => {
    await program.channel({ url: a.url, api_keys: keys(3) })
    await program.channel({ url: b.url, api_keys: keys(1) })
    const order: string[] = []
    for (let asked = 0; asked < 24; asked++) {
      const before = a.count()
      await askTimes(1)
      order.push(a.count() > before ? 'a' : 'b')
    }
    expect(order.join('')).toBe('aaba'.repeat(6))
  })

  test('a key that rests takes its share with it', async () => {
    const id = await program.channel({ url: a.url, api_keys: keys(3) })
    await program.channel({ url: b.url, api_keys: keys(1) })
    for (const key of [0, 1])
      await program.admin('POST', `/channels/${id}/keys/${key}/cooldown`, { duration_ms: 60_000 })
    await askTimes(20)
    expect([a.count(), b.count()]).toEqual([10, 10])
    expect(new Set(keysOf(a))).toEqual(new Set(['k2']))
  })

  test('a channel that fails is left alone by both processes, and is asked again when it is cleared', async () => {
    const id = await program.channel({ url: a.url, priority: 2 })
    await program.channel({ url: b.url, priority: 1 })
    a.set({ times: 1, do: { kind: 'status', status: 500 } })
    await ask()
    await askBoth()
    expect(a.count()).toBe(1)
    await program.admin('DELETE', `/channels/${id}/cooldown`)
    await ask()
    expect(a.count()).toBe(2)
  })

  test('thirty failures at once are one outage: one step of rest, not thirty', async () => {
    await program.channel({ url: a.url, priority: 2 })
    await program.channel({ url: b.url, priority: 1 })
    a.set({
      do: [
        { kind: 'status', status: 500 },
        { kind: 'delay-headers', ms: 150 },
      ],
    })
    const statuses = await Promise.all(Array.from({ length: 30 }, async () => (await ask()).status))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(a.count()).toBeGreaterThan(1)
    expect((await program.rests()).map((rest) => [rest.scope, rest.step_ms])).toEqual([['channel', 120_000]])
  })
})

describe('the order of keys', () => {
  test('sequential: the first, until it fails', async () => {
    await program.channel({ url: a.url, api_keys: keys(3) })
    a.set({ key: 'k0', do: { kind: 'status', status: 401 } })
    await askTimes(3)
    expect(keysOf(a)).toEqual(['k0', 'k1', 'k1', 'k1'])
  })

  test('round robin: the second first, then on, over both processes', async () => {
    await program.channel({ url: a.url, api_keys: keys(3), key_strategy: 'round_robin' })
    await askTimes(7)
    expect(keysOf(a)).toEqual(['k1', 'k2', 'k0', 'k1', 'k2', 'k0', 'k1'])
  })

  test('no more keys of one channel than the setting says, then the next channel', async () => {
    await program.channel({ url: a.url, api_keys: keys(5), priority: 2 })
    await program.channel({ url: b.url, priority: 1 })
    a.set({ do: { kind: 'status', status: 401 } })
    await program.settings({ max_key_retries: '2' })
    expect((await ask()).status).toBe(200)
    expect([keysOf(a), b.count()]).toEqual([['k0', 'k1'], 1])
    await program.admin('POST', '/settings/max_key_retries/reset')
  })

  test('no more attempts of one request than the setting says', async () => {
    for (let index = 0; index < 5; index++) await program.channel({ url: a.url, priority: index })
    a.set({ do: { kind: 'status', status: 503 } })
    await program.settings({ max_attempts: '3' })
    expect((await ask()).status).toBe(503)
    expect(a.count()).toBe(3)
    await program.admin('POST', '/settings/max_attempts/reset')
  })
})

describe('the name of a model', () => {
  test('with a date is found without it, and the upstream is asked for the name it knows', async () => {
    await program.channel({ url: a.url, models: ['claude-x'] })
    expect((await ask({ model: 'claude-x-20250929' })).status).toBe(200)
    expect(modelsOf(a)).toEqual(['claude-x'])
  })

  test('without a date is found with one, the newest', async () => {
    await program.channel({ url: a.url, models: ['claude-x-20240101', 'claude-x-20250929', 'claude-x-20250101'] })
    expect((await ask({ model: 'claude-x' })).status).toBe(200)
    expect(modelsOf(a)).toEqual(['claude-x-20250929'])
  })

  test('that one channel lists as asked is not looked for under another', async () => {
    await program.channel({ url: a.url, models: ['claude-x'], priority: 9 })
    await program.channel({ url: b.url, models: ['claude-x-20250929'], priority: 1 })
    expect((await ask({ model: 'claude-x-20250929' })).status).toBe(200)
    expect([a.count(), modelsOf(b)]).toEqual([0, ['claude-x-20250929']])
  })

  test('is not looked for without its date when that is switched off', async () => {
    await program.channel({ url: a.url, models: ['claude-x'] })
    await program.settings({ model_lookup_strip_date_suffix: 'false' })
    expect((await ask({ model: 'claude-x-20250929' })).status).toBe(503)
    await program.admin('POST', '/settings/model_lookup_strip_date_suffix/reset')
    expect(a.count()).toBe(0)
  })

  test('of which only a part is said is found when that is switched on, the newest', async () => {
    await program.channel({
      url: a.url,
      models: ['claude-sonnet-4-20250514', 'claude-sonnet-4-5-20250929', 'claude-haiku-4-5'],
    })
    expect((await ask({ model: 'Sonnet' })).status).toBe(503)
    await program.settings({ model_fuzzy_match: 'true' })
    expect((await ask({ model: 'Sonnet' })).status).toBe(200)
    await program.admin('POST', '/settings/model_fuzzy_match/reset')
    expect(modelsOf(a)).toEqual(['claude-sonnet-4-5-20250929'])
  })

  test('minds the case', async () => {
    await program.channel({ url: a.url, models: ['m'] })
    expect((await ask({ model: 'M' })).status).toBe(503)
  })

  test('that is redirected is asked for under the other name, in a body and in the path of Gemini', async () => {
    const models = [{ model: 'alias', redirect_model: 'real/1' }]
    await program.channel({ url: a.url, models })
    await program.channel({ url: b.url, models, channel_type: 'gemini' })
    await ask({ model: 'alias' })
    await ask({ model: 'alias-20250101' })
    await ask({ path: '/v1beta/models/alias:streamGenerateContent?alt=sse' })
    expect(modelsOf(a)).toEqual(['real/1', 'real/1'])
    expect(b.calls.map((call) => decodeURIComponent(call.path))).toEqual([
      '/v1beta/models/real/1:streamGenerateContent?alt=sse',
    ])
    // Requests of one millisecond stand in no order of their own when two processes served them.
    const rows = (await program.logs()).slice(0, 3).map((row) => `${row.model} as ${row.actual_model}`)
    expect(rows.sort()).toEqual(['alias as real/1', 'alias as real/1', 'alias-20250101 as real/1'])
  })

  test('that one channel redirects is asked for by its own name at the next', async () => {
    await program.channel({ url: a.url, models: [{ model: 'alias', redirect_model: 'real' }], priority: 2 })
    await program.channel({ url: b.url, models: ['alias'], priority: 1 })
    a.set({ do: { kind: 'status', status: 500 } })
    await ask({ model: 'alias' })
    expect([modelsOf(a), modelsOf(b)]).toEqual([['real'], ['alias']])
  })

  test('that is dead at one channel rests there alone', async () => {
    await program.channel({ url: a.url, models: ['m', 'n'], priority: 2 })
    await program.channel({ url: b.url, models: ['m', 'n'], priority: 1 })
    a.set({
      times: 1,
      do: {
        kind: 'status',
        status: 404,
        message: 'The model `m` does not exist',
        code: 'model_not_found',
        type: 'not_found_error',
      },
    })
    expect((await ask({ model: 'm' })).status).toBe(200)
    expect((await ask({ model: 'n' })).status).toBe(200)
    expect([modelsOf(a), modelsOf(b)]).toEqual([['m', 'n'], ['m']])
    expect((await program.rests()).map(({ scope, model }) => [scope, model])).toEqual([['model', 'm']])
  })

  test('of a channel of another kind is not served', async () => {
    await program.channel({ url: a.url, channel_type: 'openai' })
    expect((await ask()).status).toBe(503)
    expect((await ask({ path: '/v1/chat/completions' })).status).toBe(200)
  })
})

describe('when everything rests', () => {
  test('the channel that is ready first is asked, once', async () => {
    const first = await program.channel({ url: a.url, priority: 9 })
    const second = await program.channel({ url: b.url })
    await program.admin('POST', `/channels/${first}/cooldown`, { duration_ms: 60_000 })
    await program.admin('POST', `/channels/${second}/cooldown`, { duration_ms: 30_000 })
    b.set({ do: { kind: 'status', status: 500 } })
    expect((await ask()).status).toBe(500)
    expect([a.count(), b.count()]).toEqual([0, 1])
  })

  test('the key that is ready first is used', async () => {
    const id = await program.channel({ url: a.url, api_keys: keys(3) })
    for (const [key, seconds] of [60, 30, 45].entries()) {
      await program.admin('POST', `/channels/${id}/keys/${key}/cooldown`, { duration_ms: seconds * 1000 })
    }
    expect((await ask()).status).toBe(200)
    expect(keysOf(a)).toEqual(['k1'])
  })

  test('nobody is asked when that is switched off: 503 with the time of the first', async () => {
    const first = await program.channel({ url: a.url })
    const second = await program.channel({ url: b.url })
    await program.admin('POST', `/channels/${first}/cooldown`, { duration_ms: 60_000 })
    await program.admin('POST', `/channels/${second}/cooldown`, { duration_ms: 30_000 })
    await program.settings({ cooldown_fallback_enabled: 'false' })
    const answer = await ask()
    await program.admin('POST', '/settings/cooldown_fallback_enabled/reset')
    expect([answer.status, a.count(), b.count()]).toEqual([503, 0, 0])
    expect(Number(answer.headers.get('retry-after'))).toBeWithin(28, 31)
  })
})

describe('a change is true everywhere when it is answered', () => {
  test('a channel that was switched off or deleted never receives again; one that was switched on does', async () => {
    await program.channel({ url: b.url, priority: 1 })
    for (let round = 0; round < 10; round++) {
      const id = await program.channel({ url: a.url, priority: 9 })
      const statuses = [await ask(), await ask()].map((answer) => answer.status)
      expect([statuses, a.count()]).toEqual([[200, 200], 2])
      await program.admin('PUT', `/channels/${id}`, { enabled: false })
      await Promise.all([ask(), ask(), ask(), ask()])
      expect(a.count()).toBe(2)
      await program.admin('PUT', `/channels/${id}`, { enabled: true })
      await ask()
      expect(a.count()).toBe(3)
      await program.admin('DELETE', `/channels/${id}`)
      await Promise.all([ask(), ask(), ask(), ask()])
      expect(a.count()).toBe(3)
      a.reset()
    }
  })

  test('a channel that has moved receives at its new address only', async () => {
    const id = await program.channel({ url: a.url })
    await askBoth()
    const before = a.count()
    await program.admin('PUT', `/channels/${id}`, { url: b.url, api_keys: ['other'] })
    await askBoth()
    expect([a.count() - before, new Set(keysOf(b))]).toEqual([0, new Set(['other'])])
  })

  test('a new token works in the next line, a deleted one no more', async () => {
    await program.channel({ url: a.url })
    for (let round = 0; round < 8; round++) {
      const plain = await program.token({ description: `round ${round}` })
      const both = await Promise.all([ask({ token: plain }), ask({ token: plain }), ask({ token: plain })])
      expect(both.map((answer) => answer.status)).toEqual([200, 200, 200])
      const { json } = await program.admin<{ tokens: { id: number; description: string }[] }>('GET', '/auth-tokens')
      const id = json.data.tokens.find(({ description }) => description === `round ${round}`)?.id
      await program.admin('DELETE', `/auth-tokens/${id}`)
      const after = await Promise.all([ask({ token: plain }), ask({ token: plain }), ask({ token: plain })])
      expect(after.map((answer) => answer.status)).toEqual([401, 401, 401])
    }
  })

  test('a setting is in force within 100 ms in both processes, and cuts no stream', async () => {
    await program.channel({ url: a.url, models: ['claude-sonnet-4-5'] })
    a.set({
      times: 4,
      do: [
        { kind: 'ok', text: 'a long story', pieces: 12 },
        { kind: 'stall', ms: 40 },
      ],
    })
    const streams = Array.from({ length: 4 }, async () => {
      const answer = await ask({ model: 'claude-sonnet-4-5', body: { stream: true } })
      return { id: processOf(answer), text: await answer.text() }
    })
    await a.until((calls) => calls.length === 4)
    const startedMs = performance.now()
    await program.settings({ model_fuzzy_match: 'true', max_attempts: '7' })
    const tookMs = performance.now() - startedMs
    const answers = await askBoth({ model: 'sonnet' })
    await program.settings({ model_fuzzy_match: 'false', max_attempts: '8' })
    expect(answers.every((answer) => answer.status === 200)).toBe(true)
    expect(tookMs).toBeLessThan(300)
    for (const { text } of await Promise.all(streams)) expect(text).toContain('message_stop')
  })
})

describe('what is answered here', () => {
  test('the models of each dialect, and of each token only its own', async () => {
    await program.channel({ url: a.url, channel_type: 'anthropic', models: ['claude-b', 'claude-a'] })
    await program.channel({ url: a.url, channel_type: 'openai', models: ['gpt'] })
    await program.channel({ url: a.url, channel_type: 'codex', models: ['gpt-codex', 'gpt'] })
    await program.channel({ url: a.url, channel_type: 'gemini', models: ['gemini-x'] })
    await program.channel({ url: a.url, channel_type: 'gemini', models: ['hidden'], enabled: false })
    const restricted = await program.token({ allowed_models: ['claude-a', 'GPT'] })
    const list = async (path: string, headers: Readonly<Record<string, string>>): Promise<unknown> => {
      const answer = await fetch(`${program.url}${path}`, { headers })
      const { data, models } = (await answer.json()) as { data?: { id: string }[]; models?: { name: string }[] }
      return data?.map(({ id }) => id) ?? models?.map(({ name }) => name)
    }
    const anthropic = { 'anthropic-version': '2023-06-01' }
    expect(await list('/v1/models', { ...anthropic, 'x-api-key': token })).toEqual(['claude-a', 'claude-b'])
    expect(await list('/v1/models', { ...anthropic, 'x-api-key': restricted })).toEqual(['claude-a'])
    expect(await list('/v1/models', { authorization: `Bearer ${token}` })).toEqual(['gpt', 'gpt-codex'])
    expect(await list('/v1/models', { authorization: `Bearer ${restricted}` })).toEqual(['gpt'])
    expect(await list('/v1/models', { 'x-goog-api-key': token })).toEqual(['models/gemini-x'])
    expect(await list('/v1beta/models', { 'x-goog-api-key': token })).toEqual(['models/gemini-x'])
    expect(await list(`/v1beta/models?key=${token}`, {})).toEqual(['models/gemini-x'])
    expect((await fetch(`${program.url}/v1/models`)).status).toBe(401)
    expect(a.count()).toBe(0)
  })

  test("Claude Code's own event log is taken and goes nowhere, without a token", async () => {
    await program.channel({ url: a.url })
    const answer = await fetch(`${program.url}/api/event_logging/batch`, { method: 'POST', body: '{"events":[]}' })
    expect([answer.status, await answer.json()]).toEqual([200, {}])
    expect(a.count()).toBe(0)
  })
})

describe('after a restart, and in a session', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ccload-selection-'))
  const options = { sqlitePath: join(folder, 'ccload.db') }
  let single: Program
  let own = ''

  beforeAll(async () => {
    single = await startProgram(options)
    own = await single.token()
  })
  beforeEach(() => single.reset())
  afterAll(async () => {
    await single.stop()
    rmSync(folder, { recursive: true })
  })
  const channel = (fields: ChannelFields) => single.channel(fields)

  test('keys go on where they were, rests too, and tokens still work', async () => {
    await channel({ url: a.url, api_keys: keys(4), key_strategy: 'round_robin' })
    const resting = await channel({ url: b.url, priority: 9 })
    b.set({ do: { kind: 'status', status: 500 } })
    await askTimes(2, { at: single, token: own })
    expect(await single.stop()).toBe(0)
    single = await startProgram(options)
    await askTimes(3, { at: single, token: own })
    expect([keysOf(a), b.count()]).toEqual([['k1', 'k2', 'k3', 'k0', 'k1'], 1])
    const [rest] = await single.rests()
    expect(rest).toMatchObject({ scope: 'channel', channel_id: resting, step_ms: 120_000 })
  })

  test('a rest still says why it is', async () => {
    await channel({ url: b.url })
    b.set({ do: { kind: 'status', status: 500 } })
    await askTimes(1, { at: single, token: own })
    const [before] = await single.rests()
    await single.stop()
    single = await startProgram(options)
    const [after] = await single.rests()
    expect([after?.status_code, after?.reason, after?.request_id]).toEqual([
      500,
      before?.reason ?? '?',
      before?.request_id ?? '?',
    ])
  })

  const sessions = [
    ["Claude Code's", { metadata: { user_id: 'user_1_session_7' } }],
    ['a cache key', { prompt_cache_key: 'conversation-7' }],
  ] as const
  test.each(sessions)('%s stays with the channel and key that served it last', async (_, body) => {
    await channel({ url: a.url, api_keys: keys(2), key_strategy: 'round_robin' })
    await channel({ url: b.url, api_keys: keys(2), key_strategy: 'round_robin' })
    await askTimes(6, { at: single, token: own, body })
    const served = a.count() > 0 ? a : b
    expect([served.count(), new Set(keysOf(served)).size]).toEqual([6, 1])
  })

  test('another session is another; none takes turns exactly', async () => {
    await channel({ url: a.url })
    await channel({ url: b.url })
    for (let n = 0; n < 4; n++) await askTimes(1, { at: single, token: own, body: { prompt_cache_key: `s${n}` } })
    expect([a.count(), b.count()]).toEqual([2, 2])
    await askTimes(10, { at: single, token: own })
    expect([a.count(), b.count()]).toEqual([7, 7])
  })

  test('a session moves when its channel fails, and returns to a higher priority', async () => {
    const first = await channel({ url: a.url, priority: 2 })
    await channel({ url: b.url, priority: 1 })
    const given = { at: single, token: own, body: { prompt_cache_key: 's' } }
    a.set({ times: 1, do: { kind: 'status', status: 529 } })
    await askTimes(2, given)
    expect([a.count(), b.count()]).toEqual([1, 2])
    await single.admin('POST', `/channels/${first}/cooldown/clear`)
    await askTimes(2, given)
    expect([a.count(), b.count()]).toEqual([3, 2])
  })
})
