// Where the vendor's own client would be stuck: sealed reasoning that another account made, and stored answers.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import zlib from 'node:zlib'
import type { Behaviour } from '../mock-upstream/behaviour.ts'
import type { Call } from '../mock-upstream/call.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { type Program, startProgram } from './program.ts'

setDefaultTimeout(20_000)

const SEALED: Behaviour = {
  kind: 'status',
  status: 400,
  body: {
    error: {
      message: 'The encrypted content gAAA… could not be verified. Reason: Encrypted content could not be decrypted.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_encrypted_content',
    },
  },
}
const REASONING = '{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA…é🌍"}'
const bodyWith = (item: string): string =>
  `{"model":"m", "input":[{"role":"user","content":"é"}${item},\n{"role":"user","content":"and?"}],\n "stream":false,"store":false, "include":["reasoning.encrypted_content"]}`
const BODY = bodyWith(` , ${REASONING}`)
const LEFT = bodyWith('')

let program: Program
let token = ''
let a: Mock
let b: Mock

beforeAll(async () => {
  program = await startProgram()
  token = await program.token()
  a = await startMock({ name: 'a' })
  b = await startMock({ name: 'b' })
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

async function channel(mock: Mock, priority: number): Promise<number> {
  return program.channel({ url: mock.url, channel_type: 'codex', priority, models: ['m', 'other'], api_keys: ['sk-1'] })
}

function ask(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${program.url}/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body,
  })
}

const bodyOf = (call: Call | undefined): string => Buffer.from(call?.body ?? []).toString()
const statuses = async (answer: Response): Promise<readonly number[]> =>
  (await program.logs(`request_id=${answer.headers.get('x-ccload-request-id')}`))
    .map((row) => row.status_code)
    .toReversed()

describe('reasoning that the next account cannot open', () => {
  test('is asked again without it, on another channel, every other byte as it was; nothing rests', async () => {
    await channel(a, 10)
    await channel(b, 1)
    a.set({ do: SEALED })
    const answer = await ask(BODY)
    expect([answer.status, await answer.text()]).toEqual([200, Buffer.from(b.calls[0]?.answerBody ?? []).toString()])
    expect([bodyOf(a.calls[0]), bodyOf(b.calls[0])]).toEqual([BODY, LEFT])
    expect([a.count(), b.count()]).toEqual([1, 1])
    expect(await program.rests()).toEqual([])
    expect(await statuses(answer)).toEqual([400, 200])
    const [row] = await program.logs(`request_id=${answer.headers.get('x-ccload-request-id')}`)
    expect(row?.message).toContain('without the encrypted content')
  })

  test('on the same channel when it is the only one', async () => {
    await channel(a, 10)
    a.set({ times: 1, do: SEALED })
    const answer = await ask(BODY)
    expect(answer.status).toBe(200)
    expect(a.calls.map(bodyOf)).toEqual([BODY, LEFT])
    expect(await program.rests()).toEqual([])
  })

  test('once: when that is refused too, the client sees the refusal as it came', async () => {
    await channel(a, 10)
    a.set({ do: SEALED })
    const answer = await ask(BODY)
    expect([answer.status, await answer.text()]).toEqual([400, Buffer.from(a.calls[0]?.answerBody ?? []).toString()])
    expect(a.calls.map(bodyOf)).toEqual([BODY, LEFT])
    expect(await program.rests()).toEqual([])
  })

  test('not where there is nothing to take out: one more channel, then straight back', async () => {
    await channel(a, 10)
    await channel(b, 1)
    a.set({ do: SEALED })
    b.set({ do: SEALED })
    const answer = await ask(LEFT)
    expect(answer.status).toBe(400)
    expect([a.calls.map(bodyOf), b.calls.map(bodyOf)]).toEqual([[LEFT], [LEFT]])
  })

  test('not beyond the attempts that a request may have', async () => {
    await program.settings({ max_attempts: '1' })
    try {
      await channel(a, 10)
      a.set({ do: SEALED })
      expect((await ask(BODY)).status).toBe(400)
      expect(a.count()).toBe(1)
    } finally {
      await program.settings({ max_attempts: '8' })
    }
  })

  test('in a body that came compressed: what is left is sent plain', async () => {
    await channel(a, 10)
    a.set({ times: 1, do: SEALED })
    const answer = await ask(new Uint8Array(zlib.zstdCompressSync(BODY)), { 'content-encoding': 'zstd' })
    expect(answer.status).toBe(200)
    const [, second] = a.calls
    expect(bodyOf(second)).toBe(LEFT)
    expect(second?.headers.some(([name]) => name.toLowerCase() === 'content-encoding')).toBe(false)
  })

  test('together with another name of the model, which stands behind what was taken out', async () => {
    const models = [{ model: 'm', redirect_model: 'a-much-longer-name' }]
    await program.channel({ url: a.url, channel_type: 'codex', models, api_keys: ['sk-1'] })
    a.set({ times: 1, do: SEALED })
    const moved = `{"input":[${REASONING},1],"model":"m"}`
    expect((await ask(moved)).status).toBe(200)
    expect(bodyOf(a.calls[1])).toBe('{"input":[1],"model":"a-much-longer-name"}')
  })

  test('a session goes on where it was understood', async () => {
    await channel(a, 10)
    await channel(b, 10)
    const named = BODY.replace('"model"', '"prompt_cache_key":"s","model"')
    a.set({ do: SEALED })
    await ask(named)
    await ask(named)
    await ask(named)
    // Who could open it once is asked first from then on.
    expect(a.count()).toBeLessThanOrEqual(1)
    expect(b.count()).toBe(3)
  })

  test('the same words from a chat channel change nothing', async () => {
    await program.channel({ url: a.url, channel_type: 'openai', models: ['m'], api_keys: ['sk-1'] })
    a.set({ do: SEALED })
    const answer = await fetch(`${program.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: BODY,
    })
    expect(answer.status).toBe(400)
    expect(a.calls.map(bodyOf)).toEqual([BODY])
  })
})

describe('a stored answer', () => {
  const stored = async (): Promise<string> => {
    const answer = await ask('{"model":"m","input":"hi"}')
    return ((await answer.json()) as { readonly id: string }).id
  }
  const next = (id: string): Promise<Response> => ask(`{"model":"m","input":"more","previous_response_id":"${id}"}`)

  test('goes on at its maker, whoever comes first now', async () => {
    await channel(a, 1)
    const id = await stored()
    await channel(b, 10)
    for (let turn = 0; turn < 5; turn++) expect((await next(id)).status).toBe(200)
    expect([a.count(), b.count()]).toEqual([6, 0])
  })

  test('is asked for at its maker also while that rests, and nobody else is asked when it fails', async () => {
    const maker = await channel(a, 10)
    const id = await stored()
    await channel(b, 1)
    await program.admin('POST', `/channels/${maker}/cooldown`, { duration_ms: 60_000 })
    expect((await next(id)).status).toBe(200)
    a.set({ do: { kind: 'status', status: 503 } })
    expect((await next(id)).status).toBe(503)
    expect(b.count()).toBe(0)
  })

  test.each(['deleted', 'disabled'])(
    'of a channel that was %s: refused in so many words, nobody is asked',
    async (how) => {
      const maker = await channel(a, 10)
      const id = await stored()
      await channel(b, 1)
      if (how === 'deleted') await program.admin('DELETE', `/channels/${maker}`)
      else await program.admin('PUT', `/channels/${maker}`, { enabled: false })
      const answer = await next(id)
      const text = await answer.text()
      expect([answer.status, text.includes('start anew without previous_response_id')]).toEqual([400, true])
      expect(JSON.parse(text)).toMatchObject({ error: { type: 'invalid_request_error' } })
      expect([a.count(), b.count()]).toEqual([1, 0])
    },
  )

  test('that nobody here knows is asked for like any other', async () => {
    await channel(a, 10)
    expect((await next('resp_of_another_gateway')).status).toBe(200)
  })
})
