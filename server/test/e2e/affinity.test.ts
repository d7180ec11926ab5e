// What sticking to a channel is for: the vendor's prompt cache stays warm. Told by mocks that remember what each key has
// sent them, against what going direct would have read from the cache.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { API_NAMES, type ApiName, CHANNEL_TYPE } from '../faultlab/apis.ts'
import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { at } from '../mock-upstream/json.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type Program, startProgram } from './program.ts'

setDefaultTimeout(60_000)

const SESSIONS = 80
const TURNS = 8
const AT_ONCE = 8
/** One call in so many of the first channel fails. */
const ILL_EVERY = 40
const REMEMBERS: readonly Behaviour[] = [{ kind: 'ok' }, { kind: 'prompt-cache' }]
const LONG = 'All that an agent is told before it starts. '.repeat(40)

type Where = { readonly url: string; readonly key: string }
type Said = { readonly role: 'user' | 'assistant'; readonly text: string }

/** One turn of a session, named as the client of each API names it. */
function turnOf(api: ApiName, session: string, said: readonly Said[]) {
  const messages = said.map(({ role, text }) => ({ role, content: text }))
  const named = session === '' ? {} : { prompt_cache_key: session }
  const headers: Record<string, string> = {}
  switch (api) {
    case 'messages': {
      const metadata = session === '' ? {} : { metadata: { user_id: session } }
      return { headers, path: '/v1/messages', body: { model: 'm', max_tokens: 9, system: LONG, ...metadata, messages } }
    }
    case 'chat':
      return { headers, path: '/v1/chat/completions', body: { model: 'm', ...named, messages } }
    case 'responses':
      return { headers, path: '/v1/responses', body: { model: 'm', instructions: LONG, ...named, input: messages } }
    case 'gemini': {
      const contents = said.map(({ role, text }) => ({ role: role === 'user' ? role : 'model', parts: [{ text }] }))
      if (session !== '') headers['x-session-id'] = session
      return { headers, path: '/v1beta/models/m:generateContent', body: { contents } }
    }
  }
}

const READ: Readonly<Record<ApiName, readonly string[]>> = {
  messages: ['usage', 'cache_read_input_tokens'],
  chat: ['usage', 'prompt_tokens_details', 'cached_tokens'],
  responses: ['usage', 'input_tokens_details', 'cached_tokens'],
  gemini: ['usageMetadata', 'cachedContentTokenCount'],
}

/** Tokens read from the cache, as the client is told. */
async function say({ url, key }: Where, api: ApiName, session: string, said: readonly Said[]): Promise<number> {
  const { path, body, headers } = turnOf(api, session, said)
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      ...headers,
      'x-api-key': key,
      'x-goog-api-key': key,
      authorization: `Bearer ${key}`,
      connection: 'close',
    },
    body: JSON.stringify(body),
    keepalive: false, // so that every process has its turn
  })
  if (answer.status !== 200) throw new Error(`${api}: ${answer.status} ${await answer.text()}`)
  return Number(at(await answer.json(), ...READ[api]) ?? 0)
}

async function converse(where: Where, index: number): Promise<number> {
  const api = API_NAMES[index % API_NAMES.length] ?? 'chat'
  const said: Said[] = []
  let read = 0
  for (let turn = 0; turn < TURNS; turn++) {
    said.push({ role: 'user', text: `Session ${index}, turn ${turn}: ${LONG}` })
    read += await say(where, api, `session-${index}`, said)
    said.push({ role: 'assistant', text: `Done ${turn}.` })
  }
  return read
}

/** All sessions, a few at a time; tokens read from caches. */
async function converseAll(where: Where): Promise<number> {
  const waiting = Array.from({ length: SESSIONS }, (_, index) => index)
  let read = 0
  const worker = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const told = await converse(where, index) // not in one with the sum: others add to it meanwhile
      read += told
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return read
}

describe.each([1, 2])('with %d proxy processes, over three equal channels', (workers) => {
  let program: Program
  let key = ''
  let mocks: readonly Mock[] = []
  let direct: Mock
  const ids: number[] = []

  beforeAll(async () => {
    program = await startProgram({
      workers,
      env: { GIN_LOG: 'false', CCLOAD_COOLDOWN_SERVER_SEC: '1', CCLOAD_COOLDOWN_MIN_SEC: '1' },
    })
    key = await program.token()
    mocks = await Promise.all(['a', 'b', 'c'].map((name) => startMock({ name })))
    direct = await startMock({ name: 'direct' })
    for (const mock of mocks) {
      for (const api of API_NAMES)
        ids.push(
          await program.channel({
            url: mock.url,
            channel_type: CHANNEL_TYPE[api],
            api_keys: [`${api}-1`, `${api}-2`],
            key_strategy: 'round_robin',
          }),
        )
    }
  })
  beforeEach(async () => {
    for (const id of ids) await program.admin('POST', `/channels/${id}/cooldown/clear`)
    for (const mock of [...mocks, direct]) {
      mock.reset()
      mock.set({ do: [...REMEMBERS] })
    }
  })
  afterAll(async () => {
    await program.stop()
    for (const mock of [...mocks, direct]) mock.close()
  })

  test('one failing now and then: at least 95 % of what going direct reads from the cache', async () => {
    mocks[0]?.set({ every: ILL_EVERY, do: { kind: 'status', status: 503 } }, { do: [...REMEMBERS] })
    const through = await converseAll({ url: program.url, key })
    const best = await converseAll({ url: direct.url, key: 'sk-1' })
    const calls = mocks.map((mock) => mock.count())
    expect(Math.min(...calls)).toBeGreaterThan((SESSIONS * TURNS) / 10) // all three had sessions
    expect(calls.reduce((sum, count) => sum + count)).toBeGreaterThan(SESSIONS * TURNS) // and one did fail
    expect(best).toBeGreaterThan(0)
    expect(through / best).toBeWithin(0.95, 1.000001)
  })

  test('and without sticking far less: the mocks can tell', async () => {
    await program.settings({ affinity_enabled: 'false' })
    try {
      const through = await converseAll({ url: program.url, key })
      const best = await converseAll({ url: direct.url, key: 'sk-1' })
      expect(through / best).toBeLessThan(0.75)
    } finally {
      await program.settings({ affinity_enabled: 'true' })
    }
  })

  test('requests that name no session take turns exactly, also between those of sessions', async () => {
    const where = { url: program.url, key }
    const seated = ['x', 'y', 'z', 'w', 'v']
    for (const name of seated) await say(where, 'chat', name, [{ role: 'user', text: 'sits' }])
    for (const mock of mocks) mock.reset()
    const asks = Array.from({ length: 300 }, (_, index) => index)
    const worker = async (): Promise<void> => {
      for (let index = asks.pop(); index !== undefined; index = asks.pop()) {
        await say(where, 'chat', '', [{ role: 'user', text: 'nobody in particular' }])
        if (index % 5 === 0) await say(where, 'chat', seated[index % 7] ?? 'x', [{ role: 'user', text: 'sits' }])
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    const turns = mocks.map(
      ({ calls }) => calls.filter(({ body }) => Buffer.from(body).toString().includes('nobody in particular')).length,
    )
    expect(turns).toEqual([100, 100, 100])
  })
})
