import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Countable, readCountable } from './countable.ts'

const OLD = 'claude-opus-4-5'
const CAT = 'A cat sat.'

function read(body: unknown): Countable {
  const result = readCountable(body)
  if (!result.ok) throw new Error(result.message)
  return result.countable
}

function fixed(body: object): number {
  return read({ model: OLD, messages: [], ...body }).fixedTokens
}

function texts(body: object): readonly string[] {
  return read({ model: OLD, messages: [], ...body })
    .parts.map(({ text }) => text)
    .filter((text) => text !== '')
}

function user(...content: readonly unknown[]): object {
  return { messages: [{ role: 'user', content }] }
}

describe('a body that is no request', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'not a JSON object'],
    ['null', null, 'not a JSON object'],
    ['a list', [], 'not a JSON object'],
    ['a text', 'hello', 'not a JSON object'],
    ['no model', { messages: [] }, 'model: a name is required'],
    ['an empty model', { model: '', messages: [] }, 'model: a name is required'],
    ['a number as model', { model: 5, messages: [] }, 'model: a name is required'],
    ['no messages', { model: OLD }, 'messages: a list is required'],
    ['null as messages', { model: OLD, messages: null }, 'messages: a list is required'],
    ['an object as messages', { model: OLD, messages: {} }, 'messages: a list is required'],
    ['a message that is a text', { model: OLD, messages: ['hi'] }, 'messages: every message must be an object'],
    ['a number as system', { model: OLD, messages: [], system: 7 }, 'system: must be a text or a list of blocks'],
    ['an object as tools', { model: OLD, messages: [], tools: {} }, 'tools: must be a list of objects'],
    ['a tool that is a text', { model: OLD, messages: [], tools: ['t'] }, 'tools: must be a list of objects'],
  ])('%s', (_, body, fault) => {
    expect(readCountable(body)).toEqual({ ok: false, message: `Invalid request body: ${fault}` })
  })

  test('no JSON whatever makes it fail', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (messages, system, tools) => {
        const result = readCountable({ model: OLD, messages: [{ role: 'user', content: messages }], system, tools })
        if (result.ok) expect(result.countable.fixedTokens).toBeGreaterThan(0)
      }),
    )
  })
})

describe('any model name will do', () => {
  test.each(['glm-4.6', 'kimi-k2', 'deepseek-chat', 'qwen3-coder', 'my own model', '/', '__proto__'])('%s', (model) => {
    expect(read({ model, messages: [{ role: 'user', content: CAT }] }).vocabulary).toBe('o200k')
  })

  test('Claude counts with its own vocabulary, and finer from Opus 4.7 on', () => {
    const percent = (model: string) => read({ model, messages: [{ content: CAT }] }).parts.at(-1)?.percent
    expect(read({ model: OLD, messages: [] }).vocabulary).toBe('claude')
    expect([percent(OLD), percent('claude-opus-5')]).toEqual([105, 140])
  })
})

describe('what counts', () => {
  test('system and content as text and as blocks are the same', () => {
    const asTexts = read({ model: OLD, system: 'Be kind.', messages: [{ role: 'user', content: CAT }] })
    const system = [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }]
    expect(read({ model: OLD, system, ...user({ type: 'text', text: CAT }) })).toEqual(asTexts)
  })

  test('no messages, no system and unknown fields cost only the request', () => {
    expect(fixed({ messages: [], system: null, tools: null, mcp_servers: [{ url: 'x' }], max_tokens: 5 })).toBe(5)
    expect(texts({ system: '', unknown: 'field' })).toEqual([])
  })

  test('a content that is neither text nor list counts as the JSON it is', () => {
    expect(texts({ messages: [{ content: { a: 1 } }, { content: 7 }, {}, { content: null }] })).toEqual([
      '{"a":1}',
      '7',
    ])
  })

  test('a block that is not known counts as JSON, without what is encrypted in it', () => {
    const block = { type: 'web_search_result', title: 'Cats', encrypted_content: 'x'.repeat(1_000) }
    expect(texts(user(block))).toEqual(['{"type":"web_search_result","title":"Cats"}'])
  })

  test('a call of a tool counts with its name, its input, and what frames it', () => {
    const call = { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: CAT, again: true } }
    expect(texts(user(call))).toEqual([`look {"at":"${CAT}","again":true}`])
    expect(fixed(user(call)) - fixed(user())).toBe(38 + 2 * 13)
  })

  test('results count with all that is nested in them', () => {
    const inner = [
      { type: 'text', text: CAT },
      { type: 'image', source: { type: 'url', url: 'https://cats.test/1.png' } },
      {
        type: 'document',
        title: 'On cats',
        source: { type: 'content', content: [{ type: 'text', text: 'They sit.' }] },
      },
      {
        type: 'search_result',
        title: 'Cats',
        source: 'https://cats.test',
        content: [{ type: 'text', text: 'Found.' }],
      },
    ]
    const result = user({ type: 'tool_result', tool_use_id: 'toolu_1', content: inner })
    expect(texts(result)).toEqual([CAT, 'On cats', 'They sit.', 'Cats\nhttps://cats.test', 'Found.'])
    expect(fixed(result) - fixed(user())).toBe(1_500)
    expect(texts(user({ type: 'tool_result', content: CAT }))).toEqual([CAT])
  })

  test('a nesting without end is looked at to a depth', () => {
    let content: unknown = CAT
    for (let depth = 0; depth < 5_000; depth++) content = [{ type: 'tool_result', content }]
    expect(texts({ messages: [{ content }] })).toEqual([])
  })
})

describe('thinking', () => {
  const turn = { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature: 'c2ln'.repeat(500) }] }
  const result = { role: 'user', content: [{ type: 'tool_result', content: CAT }] }

  test('of turns that are over is dropped by the vendor', () => {
    expect(texts({ messages: [turn, { role: 'user', content: CAT }] })).toEqual([CAT])
    expect(texts({ messages: [turn, result, turn] })).toEqual([CAT])
  })

  test('of the turn that waits for a result counts, its signature never', () => {
    expect(texts({ messages: [turn, result] })).toEqual(['Hm.', CAT])
  })

  test('with a budget costs a prompt, an adaptive one nothing', () => {
    expect(fixed({ thinking: { type: 'enabled', budget_tokens: 1_024 } }) - fixed({})).toBe(33)
    expect(fixed({ thinking: { type: 'adaptive' } })).toBe(fixed({}))
    expect(fixed({ thinking: 'on' })).toBe(fixed({}))
  })
})

describe('media are measured, never cut into tokens', () => {
  const data = 'iVBORw0KGgoAAAANSUhEUgAABAAAAAMACAIAAAA'.padEnd(1_000_000, 'A')
  test('an image by its size', () => {
    const image = user({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })
    expect(texts(image)).toEqual([])
    expect(fixed(image) - fixed(user())).toBe(1_049)
  })

  test.each<[string, unknown]>([
    ['by URL', { type: 'url', url: 'https://cats.test/cat.png' }],
    ['by file id', { type: 'file', file_id: 'file_1' }],
    ['of no format', { type: 'base64', data: 'AAAA' }],
    ['without a source', undefined],
  ])('an image %s like a large one', (_, source) => {
    expect(fixed(user({ type: 'image', source })) - fixed(user())).toBe(1_500)
  })

  test('a PDF by its pages, a text document as text', () => {
    const pdf = { type: 'base64', media_type: 'application/pdf', data: btoa('/Type /Page /Type /Page') }
    expect(fixed(user({ type: 'document', source: pdf })) - fixed(user())).toBe(4_500)
    expect(fixed(user({ type: 'document' })) - fixed(user())).toBe(2_250)
    expect(texts(user({ type: 'document', source: { type: 'text', data: CAT } }))).toEqual([CAT])
  })
})

describe('tools', () => {
  const tool = {
    name: 'look',
    description: 'Looks.',
    input_schema: { type: 'object' },
    cache_control: { type: 'ephemeral' },
  }

  test('cost their definition, a frame each, and a prompt once', () => {
    expect(texts({ tools: [tool] })).toEqual(['{"name":"look","description":"Looks.","parameters":{"type":"object"}}'])
    expect(fixed({ tools: [tool] }) - fixed({})).toBe(496 + 16)
    expect(fixed({ tools: [tool, tool] }) - fixed({})).toBe(496 + 32)
    expect(fixed({ tools: [] })).toBe(fixed({}))
  })

  test.each([
    ['auto', 496],
    ['none', 496],
    ['any', 588],
    ['tool', 588],
  ])('choice %s: a prompt of %p', (type, tokens) => {
    expect(fixed({ tools: [tool], tool_choice: { type } }) - fixed({})).toBe(tokens + 16)
  })

  test('a built-in one costs what is printed', () => {
    expect(fixed({ tools: [{ type: 'bash_20250124', name: 'bash' }] }) - fixed({})).toBe(496 + 245)
    expect(texts({ tools: [{ type: 'bash_20250124', name: 'bash' }] })).toEqual([])
  })

  test('one that is loaded on demand costs nothing until a result refers to it', () => {
    const tools = [{ ...tool, defer_loading: true }]
    const reference = [{ type: 'tool_reference', tool_name: 'look' }]
    expect(texts({ tools })).toEqual([])
    expect(texts({ tools, ...user({ type: 'tool_result', content: reference }) })).toHaveLength(1)
    expect(texts({ tools, ...user({ type: 'tool_result', content: [{ type: 'tool_reference' }] }) })).toHaveLength(0)
  })
})
