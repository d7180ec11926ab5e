import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type RequestHead, RequestReader } from './request-reader.ts'

type Seen = { readonly targets: string[]; readonly bodies: string[]; readonly complaints: string[] }

/** Reads requests, each answered at once. */
function read(pieces: readonly Uint8Array[]): Seen {
  const seen: Seen = { targets: [], bodies: [], complaints: [] }
  const reader = new RequestReader({
    head: (head: RequestHead) => seen.targets.push(head.target),
    end: (body) => {
      seen.bodies.push(Buffer.from(body).toString())
      reader.next()
    },
    bad: (why) => seen.complaints.push(why),
  })
  for (const piece of pieces) reader.push(piece)
  return seen
}

const TWO = Buffer.from(
  'POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\n你好POST /b HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\nT: 1\r\n\r\nGET /c HTTP/1.0\r\n\r\n',
)

describe('requests', () => {
  test('are the same wherever the network cuts them', () => {
    const whole = read([TWO])
    expect(whole).toEqual({ targets: ['/a', '/b', '/c'], bodies: ['你好', 'abc0123456789', ''], complaints: [] })
    fc.assert(
      fc.property(fc.array(fc.nat(TWO.length), { maxLength: 12 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), TWO.length]
        const pieces = cuts.slice(1).map((end, index) => TWO.subarray(cuts[index], end))
        expect(read(pieces)).toEqual(whole)
      }),
    )
  })

  test.each([
    ['GET\r\n\r\n', 'not a request line'],
    ['GET / HTTP/2.0\r\n\r\n', 'not a request line'],
    ['POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 'unreadable framing'],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'unreadable chunk size'],
    ['x'.repeat(1_100_000), 'head too long'],
  ])('that are none are told as such: %#', (text, why) => {
    expect(read([Buffer.from(text)]).complaints).toEqual([why])
  })
})
