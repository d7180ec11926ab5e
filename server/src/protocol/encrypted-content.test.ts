import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readErrorBody } from '../core/error-body.ts'
import { refusesEncryptedContent, withoutEncryptedContent } from './encrypted-content.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const cleaned = (text: string): string | undefined => {
  const left = withoutEncryptedContent(bytes(text))
  return left && new TextDecoder().decode(left)
}

describe('a Responses request without what its new upstream cannot open', () => {
  test.each([
    [
      'a reasoning item in the middle goes with one comma',
      '{"model":"m","input":[{"role":"user"}, {"type":"reasoning","encrypted_content":"x"} ,\n{"role":"b"}],"stream":true}',
      '{"model":"m","input":[{"role":"user"} ,\n{"role":"b"}],"stream":true}',
    ],
    [
      'the first one',
      '{"input":[ {"encrypted_content":"x","type":"reasoning"} , {"role":"user"} ]}',
      '{"input":[ {"role":"user"} ]}',
    ],
    [
      'the last one',
      '{"input":[{"role":"user"} , {"type":"reasoning","encrypted_content":"x"} ]}',
      '{"input":[{"role":"user"} ]}',
    ],
    [
      'several in a row, at both ends',
      '{"input":[{"type":"reasoning","encrypted_content":"1"},{"type":"reasoning","encrypted_content":"2"},7,{"type":"reasoning","encrypted_content":"3"},{"type":"reasoning","encrypted_content":"4"}]}',
      '{"input":[7]}',
    ],
    ['all of them', '{"input":[{"type":"reasoning","encrypted_content":"1"}]}', '{"input":[]}'],
    [
      'another kind of item loses the field alone',
      '{"input":[{"type":"compaction", "encrypted_content":"x", "id":"c"},{"encrypted_content":"y"}]}',
      '{"input":[{"type":"compaction", "id":"c"},{}]}',
    ],
    [
      'names written with escapes are the same names',
      '{"inpu\\u0074":[{"typ\\u0065":"reason\\u0069ng","encrypted\\u005fcontent":"x"},1]}',
      '{"inpu\\u0074":[1]}',
    ],
    [
      'a name twice: both lists',
      '{"input":[{"type":"reasoning","encrypted_content":"x"}],"input":[1,{"type":"reasoning","encrypted_content":"x"}]}',
      '{"input":[],"input":[1]}',
    ],
  ])('%s', (_, before, after) => {
    expect(cleaned(before)).toBe(after)
  })

  test.each([
    ['no input', '{"model":"m"}'],
    ['input that is a text', '{"input":"encrypted_content"}'],
    ['reasoning that is not sealed', '{"input":[{"type":"reasoning","summary":[],"encrypted_content":null}]}'],
    ['the words deeper down', '{"input":[{"role":"user","content":[{"encrypted_content":"x"}]}]}'],
    ['the words beside input', '{"include":["reasoning.encrypted_content"],"encrypted_content":"x","input":[]}'],
    ['no JSON', '{"input":[{"type":"reasoning","encrypted_content":"x"}'],
    ['no object', '[1]'],
    ['nothing', ''],
  ])('nothing to take out: %s', (_, text) => {
    expect(withoutEncryptedContent(bytes(text))).toBeUndefined()
  })

  test('what is left is what a parser would have left, for any list of items', () => {
    const sealed = fc.record({ type: fc.constant('reasoning'), encrypted_content: fc.string() })
    const fieldOnly = fc.record({ type: fc.string(), a: fc.json(), encrypted_content: fc.string() })
    const item = fc.oneof(sealed, fieldOnly, fc.jsonValue())
    fc.assert(
      fc.property(fc.array(item), fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (input, other, space) => {
        const request = { other, input, last: true }
        const left = cleaned(JSON.stringify(request, undefined, space))
        const wanted = input.flatMap((one): readonly unknown[] => {
          if (typeof one !== 'object' || one === null || Array.isArray(one)) return [one]
          const { encrypted_content: content, ...rest } = one as Record<string, unknown>
          if (content === undefined || content === null) return [one]
          return rest['type'] === 'reasoning' ? [] : [rest]
        })
        const parsed: unknown = JSON.parse(left ?? JSON.stringify(request))
        expect(parsed).toEqual(JSON.parse(JSON.stringify({ other, input: wanted, last: true })))
      }),
    )
  })
})

describe('whether an upstream cannot open what another has sealed', () => {
  test.each([
    ['{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}', true],
    ['{"error":{"message":"The encrypted content gAAA could not be verified. Reason: x","code":null}}', true],
    ['{"detail":"The encrypted content for item rs_1 could not be verified."}', true],
    ['{"error":{"message":"Invalid value: encrypted content","code":"invalid_value"}}', false],
    ['{"error":{"message":"prompt is too long","code":"context_length_exceeded"}}', false],
    ['', false],
  ])('%s: %p', (body, isSo) => {
    expect(refusesEncryptedContent(readErrorBody(body))).toBe(isSo)
  })
})
