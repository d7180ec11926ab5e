import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { UsageChunkFilter } from './usage-chunk.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** What the client gets, and what it does not. */
function filtered(chunks: readonly Uint8Array[]): { passed: string; removed: string; pieces: number } {
  const filter = new UsageChunkFilter()
  const passed: Uint8Array[] = []
  const removed: Uint8Array[] = []
  const take = (stripped: ReturnType<UsageChunkFilter['next']>): boolean => {
    if (stripped.chunk.length > 0) passed.push(stripped.chunk.slice())
    if (stripped.removed) removed.push(stripped.removed.slice())
    return stripped.removed !== undefined
  }
  for (const chunk of chunks) {
    let more = take(filter.next(chunk))
    while (more) more = take(filter.next(new Uint8Array(0)))
  }
  let more = take(filter.end())
  while (more) more = take(filter.end())
  const text = (parts: readonly Uint8Array[]) => new TextDecoder().decode(Buffer.concat(parts))
  return { passed: text(passed), removed: text(removed), pieces: passed.length }
}

const word = (content: string) => `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}],"usage":null}\n\n`
const USAGE = 'data: {"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
const DONE = 'data: [DONE]\n\n'
const STREAM = `${word('a')}${word('"usage":{}')}${word('é你😀')}: comment\n\n${USAGE}${DONE}`
const WITHOUT = STREAM.replace(USAGE, '')

describe('the chunk of usage that the client did not ask for', () => {
  test('is taken out wherever the stream is cut, and nothing else is', () => {
    const bytes = bytesOf(STREAM)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { passed, removed } = filtered([bytes.subarray(0, cut), bytes.subarray(cut)])
      expect(passed).toBe(WITHOUT)
      expect(removed).toBe(USAGE)
    }
    expect(filtered(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))).passed).toBe(WITHOUT)
  })

  test.each([
    ['with CR LF', STREAM.replaceAll('\n', '\r\n'), WITHOUT.replaceAll('\n', '\r\n')],
    ['with a blank after its names', STREAM.replace('"usage":{"p', '"usage" : {"p'), WITHOUT],
    ['twice', STREAM.replace(USAGE, USAGE + USAGE), WITHOUT],
    ['as the last event, without its blank line', `${word('a')}${USAGE.trimEnd()}`, word('a')],
    ['alone', USAGE, ''],
  ])('%s', (_what, stream, expected) => {
    expect(filtered([bytesOf(stream)]).passed).toBe(expected)
  })

  test.each([
    ['usage with the last choice', USAGE.replace('[]', '[{"index":0,"delta":{},"finish_reason":"stop"}]')],
    ['an empty chunk without usage, as Azure sends it', 'data: {"choices":[],"prompt_filter_results":[]}\n\n'],
    ['no usage yet', 'data: {"choices":[],"usage":null}\n\n'],
    ['usage that is no object', 'data: {"choices":[],"usage":5}\n\n'],
    ['an error', 'data: {"error":{"message":"usage"},"usage":{}}\n\n'],
    ['no JSON', 'data: {"choices":[],"usage":{\n\n'],
    ['an unfinished stream', word('a').slice(0, -8)],
    ['nothing', ''],
  ])('%s passes', (_what, stream) => {
    expect(filtered([bytesOf(stream)])).toMatchObject({ passed: stream, removed: '' })
  })

  test('a whole chunk without usage passes as one piece', () => {
    expect(filtered([bytesOf(word('a') + word('b')), bytesOf(DONE)]).pieces).toBe(2)
  })

  test('an event that is too long to wait for goes on at once, and what follows it is still looked at', () => {
    const long = word('x'.repeat(40_000))
    const bytes = bytesOf(long)
    const chunks = [bytes.subarray(0, 30_000), bytes.subarray(30_000), bytesOf(USAGE), bytesOf(DONE)]
    expect(filtered(chunks)).toMatchObject({ passed: long + DONE, removed: USAGE })
  })

  test('whatever the bytes, none is lost and none moves', () => {
    const part = fc.constantFrom('data: ', '\n', '\r\n', '"usage"', ':', '{', '}', '"choices":[]', ',', USAGE, 'x', ' ')
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.nat(), { maxLength: 6 }), (parts, places) => {
        const bytes = bytesOf(parts.join(''))
        const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
        const { passed, removed } = filtered(cuts.slice(1).map((end, n) => bytes.subarray(cuts[n], end)))
        expect(passed.length + removed.length).toBe(parts.join('').length)
        if (removed === '') expect(passed).toBe(parts.join(''))
      }),
    )
  })
})
