import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import printed from '../../test/fixtures/printed-token-counts.json'
import { tokenFamily } from '../core/count-tokens/family.ts'
import { modelNames } from '../core/model-name.ts'
import { countReply, type TokenCounter, tokenCounter } from './token-counter.ts'

let counter: TokenCounter
let folder: string

beforeAll(async () => {
  counter = tokenCounter()
  folder = await mkdtemp(join(tmpdir(), 'ccload-tokens-'))
})
afterAll(async () => {
  counter.close()
  await rm(folder, { recursive: true, force: true })
})

function bytes(body: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
}

async function tokensOf(request: unknown, by = counter): Promise<number> {
  const answer = await by.count(bytes(request))
  if (!answer.ok) throw new Error(answer.message)
  return answer.inputTokens
}

function asking(content: string, model = 'claude-sonnet-4-5'): object {
  return { model, messages: [{ role: 'user', content }] }
}

// Requests with the number of tokens that the vendor answered, each printed at its `source`. Four recordings of pydantic-ai
// are left out (prompted_output, text_output_function): their tests are older than the model that they name.
describe('printed counts', () => {
  test('are met with an accuracy of 93 % on the mean, in every family that has enough of them', async () => {
    const errors = new Map<string, number[]>()
    for (const { request, inputTokens } of printed) {
      const family = tokenFamily(modelNames(request.model))
      const error = Math.abs((await tokensOf(request)) / inputTokens - 1)
      errors.set(family, [...(errors.get(family) ?? []), error])
    }
    const mean = (list: readonly number[]): number => list.reduce((sum, error) => sum + error, 0) / list.length
    expect(printed.length).toBeGreaterThanOrEqual(40)
    expect(mean([...errors.values()].flat())).toBeLessThan(0.07)
    for (const family of ['claude', 'claude-next', 'gpt']) expect(mean(errors.get(family) ?? [1])).toBeLessThan(0.07)
  })

  test.each(printed.map((row) => [row.request.model, row.inputTokens, row] as const))(
    '%s: %p, within seven tokens or a tenth',
    async (_, inputTokens, { request }) => {
      const difference = Math.abs((await tokensOf(request)) - inputTokens)
      expect(difference).toBeLessThanOrEqual(Math.max(7, inputTokens * 0.1))
    },
  )
})

describe('the answer', () => {
  test('is a number for a request, in any model', async () => {
    for (const model of ['claude-opus-5', 'gpt-5', 'gemini-3-pro', 'glm-4.6', 'nobody-knows-me']) {
      const { status, body } = countReply(await counter.count(bytes(asking('Hello, how are you?', model))))
      expect([status, Object.keys(JSON.parse(body))]).toEqual([200, ['input_tokens']])
    }
  })

  test.each([
    ['', 'not JSON'],
    ['{"model":', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['{"messages":[]}', 'model: a name is required'],
    ['{"model":"x"}', 'messages: a list is required'],
  ])('to %j is 400 in the dialect of the API: %s', async (body, why) => {
    const reply = countReply(await counter.count(bytes(body)))
    const error = { type: 'invalid_request_error', message: `Invalid request body: ${why}` }
    expect([reply.status, JSON.parse(reply.body)]).toEqual([400, { type: 'error', error }])
  })

  test('to bytes that are no text is 400, too', async () => {
    expect(await counter.count(Uint8Array.of(0xff, 0xfe, 0x22))).toEqual({
      ok: false,
      message: 'Invalid request body: not JSON',
    })
  })

  test('of the same request is the same, also for a megabyte', async () => {
    const long = asking('All work and no play makes Jack a dull boy.\n'.repeat(25_000))
    expect(await tokensOf(long)).toBe(await tokensOf(long))
  })
})

describe('many at a time', () => {
  test('a short request is answered before a long one that came first', async () => {
    const order: string[] = []
    const long = counter.count(bytes(asking('x '.repeat(2_000_000)))).then(() => order.push('long'))
    const short = counter.count(bytes(asking('Hi'))).then(() => order.push('short'))
    await Promise.all([long, short])
    expect(order).toEqual(['short', 'long'])
  })

  test('each gets its own answer', async () => {
    const lengths = Array.from({ length: 50 }, (_, n) => n * 10 + 1)
    const answers = await Promise.all(lengths.map((words) => tokensOf(asking(' word'.repeat(words)))))
    expect(answers).toEqual([...answers].sort((a, b) => a - b))
    expect(new Set(answers).size).toBe(50)
  })

  test('those that come while the vocabulary is loaded wait for it', async () => {
    const fresh = tokenCounter()
    const answers = await Promise.all([1, 2, 3].map(() => tokensOf(asking('Hello'), fresh)))
    fresh.close()
    expect(new Set(answers).size).toBe(1)
  })

  test('a body that is a part of a larger buffer is read alone', async () => {
    const around = bytes(`....${JSON.stringify(asking('Hello'))}....`)
    const answer = await counter.count(around.subarray(4, around.length - 4))
    expect(answer.ok).toBe(true)
    expect(around[0]).toBe(46)
  })
})

describe('when a thread fails', () => {
  async function script(name: string, text: string): Promise<string> {
    await Bun.write(join(folder, name), text)
    return pathToFileURL(join(folder, name)).href
  }

  test('who waits is told, and the next question begins anew', async () => {
    const counterUrl = await script('dies.ts', 'self.onmessage = () => { throw new Error("out of order") }')
    const deaths: string[] = []
    const failing = tokenCounter({ counterUrl, onDeath: (why) => deaths.push(why) })
    for (let round = 1; round <= 2; round++) {
      const refusal = await failing.count(bytes(asking('Hi'))).catch((error: Error) => error.message)
      expect(refusal).toContain('the token counter has ended')
      expect(deaths).toHaveLength(round)
    }
    failing.close()
  })

  test('a vocabulary that cannot be loaded is no endless wait', async () => {
    const loaderUrl = await script('no-vocabulary.ts', 'self.onmessage = () => { throw new Error("no such package") }')
    const failing = tokenCounter({ loaderUrl })
    const refusals = [1, 2].map(() => failing.count(bytes(asking('Hi'))).catch((error: Error) => error.message))
    for (const refusal of await Promise.all(refusals)) expect(refusal).toContain('the token counter has ended')
    failing.close()
  })

  test('after closing, nothing is counted and nobody waits', async () => {
    const closing = tokenCounter()
    const open = closing.count(bytes(asking('Hi')))
    closing.close()
    await expect(open).rejects.toThrow('is closed')
    await expect(closing.count(bytes(asking('Hi')))).rejects.toThrow('is closed')
    closing.warm('claude')
  })

  test('no more than a thousand wait', async () => {
    const counterUrl = await script('silent.ts', 'self.onmessage = () => {}')
    const silent = tokenCounter({ counterUrl })
    const all = Array.from({ length: 1_001 }, () => silent.count(bytes('{}')).catch((error: Error) => error.message))
    expect(await all.at(-1)).toBe('too many token counts at once')
    silent.close()
    expect(await all[0]).toBe('the token counter is closed')
  })
})
