import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ANSWER_PARTS } from './answer-parts.ts'
import { ContentMeter } from './content-meter.ts'
import { JsonPruner } from './json-pruner.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function pruned(chunks: readonly Uint8Array[]): JsonPruner {
  const pruner = new JsonPruner(ANSWER_PARTS)
  for (const chunk of chunks) pruner.push(chunk)
  return pruner
}

const prune = (text: string) => JSON.parse(textOf(pruned([bytesOf(text)]).text()))

const ANSWER = {
  id: 'x\\"y',
  model: 'm',
  choices: [
    { index: 0, message: { content: 'a "usage": {"input_tokens": 1} \\" é 你 \u{1f600}' }, finish_reason: 'stop' },
    { index: 1, message: { content: '}]' }, finish_reason: null },
  ],
  deep: [[[{ usage: 1 }]], { a: { b: ['"', '\\'] } }],
  usage: { prompt_tokens: 12, details: { cached: [1, 2] } },
  service_tier: 'flex',
}
const KEPT = {
  id: 'x\\"y',
  choices: [{ finish_reason: 'stop' }, { finish_reason: null }],
  usage: { prompt_tokens: 12, details: { cached: [1, 2] } },
  service_tier: 'flex',
}

describe('what is kept of a large answer', () => {
  test.each([0, 2])('is what matters, with an indentation of %p', (indent) => {
    expect(prune(JSON.stringify(ANSWER, null, indent))).toEqual(KEPT)
  })

  test('is the same wherever it is cut, inside characters and escapes too', () => {
    const bytes = bytesOf(JSON.stringify(ANSWER, null, 1))
    for (let cut = 0; cut <= bytes.length; cut++) {
      const pruner = pruned([bytes.subarray(0, cut), bytes.subarray(cut)])
      expect(pruner.isClosed).toBe(true)
      expect(JSON.parse(textOf(pruner.text()))).toEqual(KEPT)
    }
    const single = pruned(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))
    expect(JSON.parse(textOf(single.text()))).toEqual(KEPT)
  })

  test('of an answer that breaks off is valid JSON at every byte', () => {
    const bytes = bytesOf(JSON.stringify(ANSWER))
    for (let end = 1; end < bytes.length; end++) {
      const pruner = pruned([bytes.subarray(0, end)])
      expect(pruner.isClosed).toBe(false)
      expect(() => JSON.parse(textOf(pruner.text()))).not.toThrow()
    }
  })

  test('stays small behind a million elements, and the usage after them is there', () => {
    const choices = Array.from({ length: 40_000 }, () => ({ finish_reason: 'stop' }))
    const text = JSON.stringify({ choices, output: choices, usage: { prompt_tokens: 1 } })
    const pruner = pruned([bytesOf(text)])
    expect(pruner.text().length).toBeLessThan(256 * 1024)
    expect(JSON.parse(textOf(pruner.text())).usage).toEqual({ prompt_tokens: 1 })
  })

  test('is nothing of a usage that is itself too large', () => {
    const text = JSON.stringify({ id: 'a', usage: { x: 'y'.repeat(400_000) }, status: 'z' })
    expect(prune(text)).toEqual({ id: 'a', status: 'z' })
    expect(prune(JSON.stringify({ usage: { x: 'y'.repeat(400_000) }, status: 'z' }))).toEqual({ status: 'z' })
  })

  test('a name that is long, escaped or of a prototype is none of ours', () => {
    const text = `{"${'u'.repeat(70)}":1,"us\\u0061ge":2,"__proto__":{"usage":3},"constructor":4,"usage":5}`
    expect(prune(text)).toEqual({ usage: 5 })
  })

  test.each([
    '',
    ' ',
    '{',
    '{}',
    '[]',
    '{"choices":[]}',
    '{"choices":{}}',
    '{"usage":null}',
    '{"choices":5,"usage":"x"}',
  ])('%p is taken as it is', (text) => {
    const pruner = pruned([bytesOf(text)])
    expect(pruner.isBroken).toBe(false)
    expect(pruner.isClosed).toBe(/[}\]]$/.test(text))
  })

  test.each(['{"a":1,}x', '{a:1}', '{"a" 1}', '{"a":1 "b":2}', '{"choices":[1 2]}', '{1:2}', '}'])(
    '%p is broken or harmless, but never throws',
    (text) => {
      const pruner = pruned([bytesOf(text), bytesOf(text)])
      expect(pruner.text().length).toBeLessThan(100)
    },
  )

  test('whatever JSON it is, its usage is what a parser says', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.json(), fc.array(fc.nat(), { maxLength: 5 }), (other, usage, places) => {
        const bytes = bytesOf(`{"other":${other},"usage":${usage},"output":[${other}],"id":${other}}`)
        const cuts = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length]
        const pruner = pruned(cuts.slice(1).map((end, n) => bytes.subarray(cuts[n], end)))
        expect(pruner.isClosed).toBe(true)
        expect(JSON.parse(textOf(pruner.text())).usage).toEqual(JSON.parse(usage))
      }),
    )
  })

  test('whatever bytes they are, nothing throws and nothing grows', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        expect(pruned(chunks).text().length).toBeLessThan(20_000)
      }),
    )
  })
})

describe('what it costs', () => {
  test('20 MB are gone through in a fraction of a second, and weighed', () => {
    const content = 'Lorem ipsum dolor sit amet, "quoted" and \\ escaped.\n'.repeat(400_000)
    const bytes = bytesOf(JSON.stringify({ choices: [{ message: { content } }], usage: { prompt_tokens: 3 } }))
    const meter = new ContentMeter('chat')
    const pruner = new JsonPruner(ANSWER_PARTS, meter)
    const fromMs = performance.now()
    for (let at = 0; at < bytes.length; at += 65_536) pruner.push(bytes.subarray(at, at + 65_536))
    const tookMs = performance.now() - fromMs
    expect(JSON.parse(textOf(pruner.text()))).toEqual({ choices: [{}], usage: { prompt_tokens: 3 } })
    expect(meter.tokens).toBeWithin(4_000_000, 9_000_000)
    expect(tookMs).toBeLessThan(2_000) // 60 ms on an idle machine
  })
})
