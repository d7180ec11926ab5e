import { describe, expect, test } from 'bun:test'
import { StreamReader } from './stream-reader.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

function read(pieces: readonly string[]): { stamps: number[]; ends: number } {
  const stamps: number[] = []
  let ends = 0
  const reader = new StreamReader(
    (micros) => stamps.push(micros),
    () => ends++,
  )
  for (const piece of pieces) reader.push(Buffer.from(piece, 'latin1'))
  return { stamps, ends }
}

const FIRST = 'data: {"text":"@1767225600123456@x"}\n\n'
const SECOND = 'data: {"text":"@1767225600223456@y", "mail":"a@b@c"}\n\n'
const STREAM = `${HEAD}${chunk('data: hello\n\n')}${chunk(FIRST.slice(0, 20))}${chunk(FIRST.slice(20))}${chunk(SECOND)}0\r\n\r\n`
const STAMPS = [1767225600123456, 1767225600223456]

describe('no event is taken for lost because of how it was cut', () => {
  test('by the program in between: a stamp in two chunks is one stamp', () => {
    expect(read([STREAM])).toEqual({ stamps: STAMPS, ends: 1 })
  })

  test('by the network, at any byte', () => {
    for (let cut = 1; cut < STREAM.length; cut++) {
      expect(read([STREAM.slice(0, cut), STREAM.slice(cut)])).toEqual({ stamps: STAMPS, ends: 1 })
    }
  })

  test('into single bytes', () => {
    expect(read([...STREAM])).toEqual({ stamps: STAMPS, ends: 1 })
  })
})

test('two answers on one connection are two streams', () => {
  expect(read([STREAM + STREAM])).toEqual({ stamps: [...STAMPS, ...STAMPS], ends: 2 })
})

test('a stream that breaks off has no end', () => {
  expect(read([STREAM.slice(0, -5)])).toEqual({ stamps: STAMPS, ends: 0 })
})

test('an address with @ is no stamp', () => {
  expect(read([`${HEAD}${chunk('data: me@1234567890123456, @12345678901234567@\n\n')}0\r\n\r\n`]).stamps).toEqual([])
})

test('an answer that is no success is an error, not an empty stream', () => {
  expect(() => read(['HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}'])).toThrow('503 Busy')
})

test('an answer that is not chunked is an error', () => {
  expect(() => read(['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'])).toThrow('not chunked')
})
