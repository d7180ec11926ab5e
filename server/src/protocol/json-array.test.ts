import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { JsonArrayReader } from './json-array.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

function read(
  chunks: readonly Uint8Array[],
  maxElementBytes = 65_536,
): { elements: string[]; closed: boolean; oversize: number } {
  const elements: string[] = []
  let oversize = 0
  const element = (json: Uint8Array) => elements.push(new TextDecoder().decode(json))
  const reader = new JsonArrayReader({ element, oversize: () => oversize++ }, maxElementBytes)
  for (const chunk of chunks) reader.push(chunk)
  return { elements, closed: reader.closed, oversize }
}

describe('a streamed JSON array', () => {
  test.each<[string, string, string[], boolean]>([
    ['as Google sends it', '[{"a":1}\n,\r\n{"b":[{}]}\n]\n', ['{"a":1}', '{"b":[{}]}'], true],
    ['brackets and quotes inside strings', '[{"a":"}]\\"{"},{"b":"\\\\"}]', ['{"a":"}]\\"{"}', '{"b":"\\\\"}'], true],
    ['an element not yet whole', '[{"a":1},{"b":', ['{"a":1}'], false],
    ['all elements but no end', '[{"a":1}', ['{"a":1}'], false],
    ['elements that are no objects', '[1,"x",[{"a":1}],null,{"b":2}]', ['{"b":2}'], true],
    ['an empty array', '[]', [], true],
    ['too many closing brackets', ']]}}]', [], false],
  ])('%s', (_what, text, elements, closed) => {
    const bytes = bytesOf(text)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual({ elements, closed, oversize: 0 })
    }
  })

  test('an element too large to hold is counted, and the next one is read', () => {
    const bytes = bytesOf(`[{"a":"${'x'.repeat(500)}]}"},{"b":2}]`)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const seen = read([bytes.subarray(0, cut), bytes.subarray(cut)], 100)
      expect(seen).toEqual({ elements: ['{"b":2}'], closed: true, oversize: 1 })
    }
  })

  test('any objects come out as they went in, wherever the array is cut', () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), { maxLength: 6 })
    fc.assert(
      fc.property(objects, fc.array(fc.nat(), { maxLength: 8 }), fc.nat({ max: 2 }), (values, cuts, indent) => {
        const bytes = bytesOf(JSON.stringify(values, null, indent))
        const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
        const seen = read(places.slice(1).map((end, index) => bytes.subarray(places[index], end)))
        expect(seen.closed).toBe(true)
        expect(seen.elements.map((text) => JSON.stringify(JSON.parse(text)))).toEqual(
          values.map((value) => JSON.stringify(value)),
        )
      }),
    )
  })
})
