import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SseReader } from './sse.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

type Seen = (readonly [string, string])[]

function read(chunks: readonly Uint8Array[], maxEventBytes = 65_536): Seen {
  const seen: Seen = []
  const reader = new SseReader(
    {
      event: (name, data) => seen.push([name, textOf(data)]),
      oversize: (name, tail) => seen.push([`too large: ${name}`, textOf(tail)]),
    },
    maxEventBytes,
  )
  for (const chunk of chunks) reader.push(chunk)
  reader.end()
  return seen
}

const readText = (text: string, maxEventBytes?: number) => read([bytesOf(text)], maxEventBytes)

describe('server-sent events', () => {
  test.each<[string, string, Seen]>([
    ['one with a name', 'event: a\ndata: 1\n\n', [['a', '1']]],
    ['the space after the colon is optional, and only one is taken', 'event:a\ndata:  1\n\n', [['a', ' 1']]],
    ['data before the name', 'data: 1\nevent: a\n\n', [['a', '1']]],
    ['several data lines are joined by line feeds', 'data: 1\ndata\ndata: 2\n\n', [['', '1\n\n2']]],
    ['an empty data line is data', 'data:\n\n', [['', '']]],
    ['without a data line there is no event', 'event: a\n\ndata: 1\n\n', [['', '1']]],
    [
      'a name does not stay for the next one',
      'event: a\ndata: 1\n\ndata: 2\n\n',
      [
        ['a', '1'],
        ['', '2'],
      ],
    ],
    ['the last name counts', 'event: a\nevent: b\ndata: 1\n\n', [['b', '1']]],
    [
      'comments, ids, retry times and unknown fields are passed over',
      ': x\nid: 1\nretry: 2\nfoo\ndatas: 3\neventx: b\ndata: 1\n\n',
      [['', '1']],
    ],
    ['a field is told by its whole name', 'dat: 1\nda\ne\ndata: 2\n\n', [['', '2']]],
    [
      'a missing last blank line',
      'data: 1\n\ndata: 2\n',
      [
        ['', '1'],
        ['', '2'],
      ],
    ],
    [
      'a missing last line end',
      'data: 1\n\ndata: 2',
      [
        ['', '1'],
        ['', '2'],
      ],
    ],
    [
      'CRLF',
      'event: a\r\ndata: 1\r\ndata: 2\r\n\r\ndata: 3\r\n\r\n',
      [
        ['a', '1\n2'],
        ['', '3'],
      ],
    ],
    [
      'CR',
      'event: a\rdata: 1\rdata: 2\r\rdata: 3\r\r',
      [
        ['a', '1\n2'],
        ['', '3'],
      ],
    ],
    [
      'line ends of all three kinds',
      'data: 1\r\rdata: 2\n\r\ndata: 3\r\n\ndata: 4\n\r',
      [
        ['', '1'],
        ['', '2'],
        ['', '3'],
        ['', '4'],
      ],
    ],
    ['CR and then LF are one line end, not two', 'data: 1\r\ndata: 2\r\n\r\n', [['', '1\n2']]],
    ['a byte order mark at the start', '\ufeffdata: 1\n\n', [['', '1']]],
    ['a byte order mark later belongs to the field name', 'data: 1\n\n\ufeffdata: 2\n\n', [['', '1']]],
    ['an empty stream', '', []],
    ['nothing but blank lines', '\n\r\n\r\n\n', []],
  ])('%s', (_what, text, expected) => {
    expect(readText(text)).toEqual(expected)
    const bytes = bytesOf(text)
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected)
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected)
  })

  test('an event too large to hold is told by name and tail, and the next one is read', () => {
    const text = `event: big\ndata: ${'x'.repeat(10_000)}end\n\nevent: b\ndata: 2\n\n`
    const seen = readText(text, 100)
    expect(seen.map(([name]) => name)).toEqual(['too large: big', 'b'])
    expect(seen[0]![1]).toBe(`${'x'.repeat(4096 - 4)}end\n`)
  })

  test('the size limit is met by exactly one event size, whatever the cuts', () => {
    const event = 'event: a\ndata: 12345\n'
    expect(readText(`${event}\n`, event.length)).toEqual([['a', '12345']])
    expect(readText(`${event}\n`, event.length - 1)).toEqual([['too large: a', event]])
  })

  test('a long silence of keep-alive comments never grows into a too large event', () => {
    expect(readText(`${': ping\n'.repeat(1000)}data: 1\n\n`, 50)).toEqual([['', '1']])
  })

  test('any mix of lines means the same wherever it is cut, within and beyond the size limit', () => {
    const line = fc.constantFrom(
      'data: 你好 👋',
      'data:',
      'data: x',
      'event: a',
      'event: bb',
      ': c',
      'id: 1',
      '',
      '',
      '',
      `data: ${'y'.repeat(60)}`,
      ': '.padEnd(70),
    )
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, lineEnd), { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        fc.constantFrom(20, 50, 65_536),
        (lines, cuts, maxEventBytes) => {
          const bytes = bytesOf(lines.flat().join(''))
          const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
          const chunks = places.slice(1).map((end, index) => bytes.slice(places[index], end))
          expect(read(chunks, maxEventBytes)).toEqual(read([bytes], maxEventBytes))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('a reader for a stream of many small chunks in one large line stays linear', () => {
    const chunk = bytesOf('x'.repeat(16))
    const pieces = (n: number) => [bytesOf('data: '), ...Array<Uint8Array>(n).fill(chunk), bytesOf('\n\n')]
    const timed = (n: number) => {
      const startNs = Bun.nanoseconds()
      expect(read(pieces(n), 10_000_000)[0]![1].length).toBe(n * 16)
      return Bun.nanoseconds() - startNs
    }
    timed(2000)
    const smallNs = Math.min(timed(4000), timed(4000), timed(4000))
    const largeNs = Math.min(timed(64_000), timed(64_000), timed(64_000))
    expect(largeNs / smallNs).toBeLessThan(16 * 6) // quadratic would be 256
  })

  test('a chunk is neither kept nor changed', () => {
    const chunk = bytesOf('event: a\ndata: hello')
    const seen: Seen = []
    const reader = new SseReader({ event: (name, data) => seen.push([name, textOf(data)]), oversize: () => {} }, 1000)
    reader.push(chunk)
    chunk.fill(0x21) // the network reuses its buffer
    reader.push(bytesOf(' you\n\n'))
    expect(seen).toEqual([['a', 'hello you']])
  })
})
