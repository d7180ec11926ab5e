import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { askForUsage, spliced } from './ask-for-usage.ts'
import { scanBody } from './body-scan.ts'

function asking(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const scan = scanBody(bytes)
  if ('fault' in scan) throw new Error(scan.message)
  return new TextDecoder().decode(spliced(bytes, [askForUsage(bytes, scan)]))
}

describe('a body that is made to ask for usage', () => {
  test.each([
    ['{"model":"m","stream":true}', '{"stream_options":{"include_usage":true},"model":"m","stream":true}'],
    [' \n{ "model" : "m" }', ' \n{"stream_options":{"include_usage":true}, "model" : "m" }'],
    ['{"model":"m","stream_options":{}}', '{"model":"m","stream_options":{"include_usage":true}}'],
    ['{"model":"m","stream_options": { } }', '{"model":"m","stream_options": {"include_usage":true } }'],
    ['{"stream_options":{"a":[1]},"model":"m"}', '{"stream_options":{"include_usage":true,"a":[1]},"model":"m"}'],
    ['{"stream_options":{"include_usage": false }}', '{"stream_options":{"include_usage": true }}'],
    ['{"stream_options":{"include_usage":"yes","a":1}}', '{"stream_options":{"include_usage":true,"a":1}}'],
    ['{"stream_options":null,"model":"é"}', '{"stream_options":{"include_usage":true},"model":"é"}'],
    ['{"stream_options":[1]}', '{"stream_options":{"include_usage":true}}'],
    [
      '{"stream_options":{"include_usage":true},"stream_options":{}}',
      '{"stream_options":{"include_usage":true},"stream_options":{"include_usage":true}}',
    ],
    [
      '{"x":{"stream_options":{}},"model":"m"}',
      '{"stream_options":{"include_usage":true},"x":{"stream_options":{}},"model":"m"}',
    ],
  ])('%s', (before, after) => {
    expect(asking(before)).toBe(after)
  })

  test('says the same as before but for that, whatever it says', () => {
    const options = fc.option(fc.dictionary(fc.constantFrom('include_usage', 'a', 'b'), fc.jsonValue()), {
      nil: undefined,
    })
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), options, (fields, stream_options) => {
        const { stream_options: _, model: __, ...others } = fields
        const body = { ...others, stream: true, ...(stream_options && { stream_options }) }
        const after = JSON.parse(asking(JSON.stringify(body)))
        expect(after).toEqual(
          JSON.parse(JSON.stringify({ ...body, stream_options: { ...stream_options, include_usage: true } })),
        )
      }),
    )
  })
})

test('several changes are made at once, in whatever order they are given', () => {
  const bytes = new TextEncoder().encode('abcdef')
  const edits = [
    { start: 4, end: 5, text: 'EE' },
    { start: 0, end: 0, text: '>' },
    { start: 1, end: 3, text: '' },
  ]
  expect(new TextDecoder().decode(spliced(bytes, edits))).toBe('>adEEf')
})
