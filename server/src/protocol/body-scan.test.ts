import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type BodyFault,
  type BodyScan,
  isStreamPath,
  pathModel,
  scanBody,
  spliceModel,
  splicePathModel,
} from './body-scan.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
const scanText = (text: string) => scanBody(bytesOf(text))

function faultOf(result: BodyScan | BodyFault): string | undefined {
  return 'fault' in result ? result.fault : undefined
}

function scanned(result: BodyScan | BodyFault): BodyScan {
  if ('fault' in result) throw new Error(result.message)
  return result
}

describe('what a request body says', () => {
  test('all fields of a Claude Code request are found', () => {
    const text = JSON.stringify({
      model: 'claude-sonnet-4-5',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'model: "x", 你好 \u0007 \\" 🚀' }] }],
      metadata: { user_id: 'user_1_account__session_2' },
      stream: true,
    })
    const { modelRange, ...rest } = scanned(scanText(text))
    expect(rest).toEqual({
      model: 'claude-sonnet-4-5',
      stream: true,
      userId: 'user_1_account__session_2',
      includeUsage: false,
    })
    expect(text.slice(modelRange!.start, modelRange!.end)).toBe('"claude-sonnet-4-5"')
  })

  test('all fields of a Codex and of a chat request are found', () => {
    const text =
      '{"previous_response_id":"resp_1","prompt_cache_key":"k","stream_options":{"include_usage":true,"x":[1]},"model":"m"}'
    expect(scanned(scanText(text))).toMatchObject({
      previousResponseId: 'resp_1',
      promptCacheKey: 'k',
      includeUsage: true,
      stream: false,
    })
  })

  test.each<[string, string, Partial<BodyScan>]>([
    ['only the top level counts', '{"a":{"model":"x","stream":true},"b":[{"model":"y"}]}', { stream: false }],
    ['names may be spelt with escapes', '{"mod\\u0065l":"x","\\u0073tream":true}', { model: 'x', stream: true }],
    ['values may hold escapes', '{"model":"a\\u002fb\\n"}', { model: 'a/b\n' }],
    ['a name is compared whole', '{"models":"x","Model":"y","":"z"}', { stream: false }],
    ['stream must be the word true', '{"stream":"true"}', { stream: false }],
    ['of a repeated stream the last counts', '{"stream":true,"stream":false}', { stream: false }],
    ['a model that is no text is none', '{"model":7,"stream":true}', { stream: true }],
    ['metadata that is no object', '{"metadata":["user_id"],"stream_options":null}', { includeUsage: false }],
    ['of repeated metadata the last counts', '{"metadata":{"user_id":"a"},"metadata":{}}', { stream: false }],
    ['deeper user ids do not count', '{"metadata":{"x":{"user_id":"a"}}}', { stream: false }],
    ['an empty object', ' {} \n', { stream: false }],
    ['white space everywhere', '\t{ "model" :\r\n "x" , "a" : [ 1 , { } , [ ] ] }\n', { model: 'x' }],
    ['prototype names are only names', '{"__proto__":{"model":"x"},"constructor":1}', { stream: false }],
  ])('%s', (_what, text, expected) => {
    const { modelRange: _, streamOptions: __, ...rest } = scanned(scanText(text))
    expect(rest).toEqual({ stream: false, includeUsage: false, ...expected })
  })
})

describe('a request body that is refused', () => {
  test.each<[string, string]>([
    ['', 'not-json'],
    ['   ', 'not-json'],
    ['hello', 'not-json'],
    ['{"model":"x"} {}', 'not-json'],
    ['{"model":"x"}}', 'not-json'],
    ['{"model":"x",}', 'not-json'],
    ['{"a":[1,]}', 'not-json'],
    ['{,}', 'not-json'],
    ["{'model':'x'}", 'not-json'],
    ['{model:"x"}', 'not-json'],
    ['{"a" "b"}', 'not-json'],
    ['{"a":[1 2]}', 'not-json'],
    ['{"a":[}', 'not-json'],
    ['{"a":{]}', 'not-json'],
    ['{"a":01}', 'not-json'],
    ['{"a":+1}', 'not-json'],
    ['{"a":1.}', 'not-json'],
    ['{"a":.5}', 'not-json'],
    ['{"a":1e}', 'not-json'],
    ['{"a":NaN}', 'not-json'],
    ['{"a":tru}', 'not-json'],
    ['{"a":nul1}', 'not-json'],
    ['{"a":"\n"}', 'not-json'],
    ['{"a":"\\x"}', 'not-json'],
    ['{"a":"\\u12g4"}', 'not-json'],
    ['{"a":1}\u0000', 'not-json'],
    ['{"a":1 /* no */}', 'not-json'],
    ['\ufeff{"model":"x"}', 'not-json'],
    ['{', 'cut'],
    ['{"', 'cut'],
    ['{"a":', 'cut'],
    ['{"a":"x', 'cut'],
    ['{"a":"x\\', 'cut'],
    ['{"a":"x\\u00', 'cut'],
    ['{"a":tr', 'cut'],
    ['{"a":-', 'cut'],
    ['{"a":[1', 'cut'],
    ['{"a":[1,', 'cut'],
    ['{"a":{"b":1}', 'cut'],
    ['[]', 'not-object'],
    ['"model"', 'not-object'],
    ['42', 'not-object'],
    ['-1', 'not-object'],
    ['null', 'not-object'],
    [' true ', 'not-object'],
    ['{"model":"a","model":"b"}', 'duplicate-model'],
    ['{"model":"a","mode\\u006c":"b"}', 'duplicate-model'],
    ['{"model":null,"model":"b"}', 'duplicate-model'],
    [`{"a":${'['.repeat(512)}${']'.repeat(512)}}`, 'too-deep'],
    [`{"a":${'{"a":'.repeat(100_000)}`, 'too-deep'],
  ])('%# %s', (text, fault) => {
    const result = scanText(text)
    expect(faultOf(result)).toBe(fault)
    if (!('fault' in result)) return
    expect(result.message.length).toBeGreaterThan(20)
    expect(result.atByte).toBeGreaterThanOrEqual(0)
    expect(result.atByte).toBeLessThanOrEqual(bytesOf(text).length)
  })

  test('says where and what, without repeating what was sent', () => {
    const result = scanText('{"model":"x","secret":hunter2}')
    expect(result).toEqual({
      fault: 'not-json',
      atByte: 22,
      message: 'request body: not valid JSON: expected a value at byte 22',
    })
  })

  test('a byte order mark is named', () => {
    const result = scanText('\ufeff{"model":"x"}')
    expect('fault' in result && result.message).toContain('byte order mark')
  })

  test('the deepest nesting allowed passes', () => {
    expect(faultOf(scanText(`{"a":${'['.repeat(511)}${']'.repeat(511)}}`))).toBeUndefined()
  })

  test('invalid UTF-8 inside a string passes: it is for the upstream to judge', () => {
    const bytes = bytesOf('{"model":"x","a":"?"}')
    bytes[bytes.indexOf(0x3f)] = 0xff
    expect(scanned(scanBody(bytes)).model).toBe('x')
  })
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Says of any text the same as JSON.parse. */
function agrees(given: string): void {
  const text = given.toWellFormed() // bytes cannot hold half a surrogate pair
  const result = scanText(text)
  const value = parsed(text)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (faultOf(result) === 'duplicate-model') return
  expect([text, faultOf(result) === undefined]).toEqual([text, isObject])
  if (!isObject || 'fault' in result) return
  const { model, stream, metadata, prompt_cache_key: key } = value as Record<string, unknown>
  expect(result.model).toBe(typeof model === 'string' ? model : undefined)
  expect(result.stream).toBe(stream === true)
  expect(result.promptCacheKey).toBe(typeof key === 'string' ? key : undefined)
  const userId =
    typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>)['user_id'] : undefined
  expect(result.userId).toBe(typeof userId === 'string' && !Array.isArray(metadata) ? userId : undefined)
}

const names = fc.constantFrom(
  'model',
  'stream',
  'metadata',
  'user_id',
  'prompt_cache_key',
  'messages',
  'text',
  'mödel',
  '',
)
const long = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.repeat(5))
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.string(),
    long,
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(fc.oneof(names, fc.string()), tie('value'), { maxKeys: 5 }),
}))
const objects = fc.dictionary(fc.oneof(names, fc.string()), values['value'], { maxKeys: 6 })
const texts = fc
  .tuple(objects, fc.constantFrom(undefined, 1, '\t'))
  .map(([value, indent]) => JSON.stringify(value, null, indent))

describe('scanning agrees with JSON.parse', () => {
  test('on whole bodies', () => fc.assert(fc.property(texts, agrees), { numRuns: 1000 }))

  test('on bodies cut anywhere', () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, cut) => agrees(text.slice(0, cut % text.length))),
      { numRuns: 1000 },
    )
  })

  test('on bodies with characters changed, put in and taken out', () => {
    const character = fc.constantFrom(...'{}[]",:\\u0019eE+-.tfn \n\t\u0000\u001fé', '\\u00e9', '""')
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2 }), character)
    fc.assert(
      fc.property(texts, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        let changed = text
        for (const [place, taken, put] of changes) {
          const at = place % (changed.length + 1)
          changed = changed.slice(0, at) + put + changed.slice(at + taken)
        }
        agrees(changed)
      }),
      { numRuns: 3000 },
    )
  })

  test('whatever the place of the body in its buffer', () => {
    const text = JSON.stringify({ a: 'x'.repeat(100), model: 'm', b: `${'y'.repeat(50)}\\"` })
    for (let offset = 0; offset < 9; offset++) {
      const padded = bytesOf('\u0001'.repeat(offset) + text + '\u0002'.repeat(5))
      expect(scanned(scanBody(padded.subarray(offset, offset + text.length))).model).toBe('m')
    }
  })

  test('on a control character at every place of a long string', () => {
    for (let at = 0; at < 80; at++) {
      const text = `{"a":"${'x'.repeat(at)}\n${'x'.repeat(80 - at)}"}`
      expect(scanText(text)).toMatchObject({ fault: 'not-json', atByte: 6 + at })
    }
  })
})

describe('another model name', () => {
  test('changes its own bytes and no other', () => {
    fc.assert(
      fc.property(
        objects,
        fc.string(),
        fc.string({ unit: 'grapheme' }),
        fc.nat({ max: 3 }),
        (value, oldModel, newModel, indent) => {
          const bytes = bytesOf(
            JSON.stringify({ ...value, model: oldModel, zzz: 12345678901234567890n.toString() }, null, indent),
          )
          const range = scanned(scanBody(bytes)).modelRange!
          const spliced = spliceModel(bytes, range, newModel)
          const literalBytes = bytesOf(JSON.stringify(newModel)).length
          expect(scanned(scanBody(spliced)).model).toBe(newModel)
          expect(spliced.subarray(0, range.start)).toEqual(bytes.subarray(0, range.start))
          expect(spliced.subarray(range.start + literalBytes)).toEqual(bytes.subarray(range.end))
        },
      ),
    )
  })

  test('key order, numbers and spacing of the body survive a redirect', () => {
    const text = '{ "z":1.0, "n":12345678901234567890,"model" : "old" ,"a":"\\u00e9<>" }'
    const spliced = spliceModel(bytesOf(text), scanned(scanText(text)).modelRange!, 'new "名"')
    expect(textOf(spliced)).toBe('{ "z":1.0, "n":12345678901234567890,"model" : "new \\"名\\"" ,"a":"\\u00e9<>" }')
  })
})

describe('the model in a Gemini path', () => {
  test.each<[string, string | undefined]>([
    ['/v1beta/models/gemini-2.5-pro:streamGenerateContent', 'gemini-2.5-pro'],
    ['/v1/models/gemini-2.5-pro:generateContent', 'gemini-2.5-pro'],
    ['/v1beta/models/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['/v1beta/models/a/operations/b', 'a'],
    ['/v1beta/models/a/models/b:x', 'a'],
    ['/v1beta/models/a%20b%2Fc:x', 'a b/c'],
    ['/v1beta/models/100%:x', '100%'],
    ['/v1beta/models/:x', undefined],
    ['/v1beta/models', undefined],
    ['/v1beta/cachedContents', undefined],
  ])('%s', (path, model) => expect(pathModel(path)).toBe(model))

  test('is replaced, and nothing else of the path', () => {
    expect(splicePathModel('/v1beta/models/old:streamGenerateContent', 'new')).toBe(
      '/v1beta/models/new:streamGenerateContent',
    )
    expect(splicePathModel('/v1beta/models/old', 'a/b:c?d#e')).toBe('/v1beta/models/a%2Fb%3Ac%3Fd%23e')
    expect(splicePathModel('/v1beta/files', 'new')).toBe('/v1beta/files')
  })

  test('any name that is put in is read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (model) => {
        expect(pathModel(splicePathModel('/v1beta/models/old:generateContent', model))).toBe(model)
      }),
    )
  })

  test.each([
    ['/v1beta/models/x:streamGenerateContent', true],
    ['/v1beta/models/x:generateContent', false],
  ])('%s streams: %p', (path, streams) => expect(isStreamPath(path)).toBe(streams))
})
