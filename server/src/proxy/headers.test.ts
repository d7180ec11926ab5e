import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { answerHeaders, askHeaders } from './headers.ts'

const HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

describe('what an upstream gets of a client', () => {
  test.each([
    ...HOP,
    'authorization',
    'x-api-key',
    'x-goog-api-key',
    'cookie',
    'host',
    'content-length',
    'expect',
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-timeout-ms',
    'x-timeout-s',
  ])('not %s', (name) => {
    expect(askHeaders(new Headers({ [name]: 'secret', 'x-kept': '1' }), [])).toEqual({ 'x-kept': '1' })
  })

  test('whatever the casing of the name', () => {
    expect(askHeaders(new Headers({ AUTHORIZATION: 'Bearer x', 'X-Api-Key': 'y' }), [])).toEqual({})
  })

  test('everything else, value for value', () => {
    const given = {
      accept: 'a, b',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'x,y',
      'user-agent': 'claude-cli',
      'x-stainless-os': 'Linux',
      'content-encoding': 'zstd',
      'accept-encoding': 'gzip, br',
    }
    expect(askHeaders(new Headers(given), [])).toEqual(given)
  })

  test('nothing that the client names in Connection, in any spelling', () => {
    const given = new Headers({
      connection: 'keep-alive,  X-Hop ,x-other',
      'x-hop': '1',
      'X-Other': '2',
      'x-kept': '3',
    })
    expect(askHeaders(given, [])).toEqual({ 'x-kept': '3' })
  })

  test('a Connection header full of rubbish drops nothing else and throws nothing', () => {
    for (const rubbish of [',,, ,', '"quoted"', 'a b', '\t', 'keep-alive,', 'close, close']) {
      expect(askHeaders(new Headers({ connection: rubbish, 'x-kept': '3' }), [])).toEqual({ 'x-kept': '3' })
    }
  })

  test('nothing that the settings strip, and they cannot bring a secret back', () => {
    expect(
      askHeaders(new Headers({ 'x-app': '1', authorization: 'x', 'x-kept': '1' }), [
        'x-app',
        'authorization',
        'not-there',
      ]),
    ).toEqual({ 'x-kept': '1' })
  })

  test('names from the prototype of objects are headers like others', () => {
    const kept = askHeaders(
      new Headers([
        ['constructor', 'a'],
        ['__proto__', 'b'],
        ['x-kept', 'c'],
      ]),
      ['tostring'],
    )
    expect([
      kept['constructor'],
      kept['x-kept'],
      Object.getPrototypeOf(kept) === Object.prototype || Object.getPrototypeOf(kept) === null,
    ]).toEqual(['a', 'c', true])
  })
})

describe('what a client gets of an upstream', () => {
  test.each([...HOP, 'content-length', 'set-cookie', 'set-cookie2', 'alt-svc', 'strict-transport-security'])(
    'not %s',
    (name) => {
      expect(answerHeaders(new Headers({ [name]: 'x', 'x-kept': '1' }), 'id')).toEqual({
        'x-kept': '1',
        'x-ccload-request-id': 'id',
      })
    },
  )

  test('our request id, whatever the upstream claims it to be', () => {
    expect(answerHeaders(new Headers({ 'X-CCLoad-Request-Id': 'forged' }), 'ours')['x-ccload-request-id']).toBe('ours')
  })

  test('rate limits, its own request id and the encoding of the body as they came', () => {
    const given = {
      'request-id': 'req_1',
      'anthropic-ratelimit-requests-remaining': '5',
      'content-encoding': 'gzip',
      'content-type': 'text/event-stream; charset=utf-8',
      'retry-after': '7',
    }
    expect(answerHeaders(new Headers(given), 'id')).toEqual({ ...given, 'x-ccload-request-id': 'id' })
  })

  test('nothing that the upstream names in Connection', () => {
    expect(answerHeaders(new Headers({ connection: 'X-Secret', 'x-secret': '1' }), 'id')).toEqual({
      'x-ccload-request-id': 'id',
    })
  })
})

test('whatever the client sends, no credential and no hop header goes on, and nothing is invented', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/)
  const named = fc.constantFrom(
    'authorization',
    'x-api-key',
    'x-goog-api-key',
    'cookie',
    'connection',
    'te',
    'x-real-ip',
  )
  const header = fc.tuple(fc.oneof(name, named), fc.stringMatching(/^[ -~]{0,20}$/))
  fc.assert(
    fc.property(fc.array(header, { maxLength: 12 }), (list) => {
      const given = new Headers(list)
      const kept = askHeaders(given, [])
      for (const secret of ['authorization', 'x-api-key', 'x-goog-api-key', 'cookie', 'connection', 'te'])
        expect(kept[secret]).toBeUndefined()
      for (const [key, value] of Object.entries(kept)) expect(given.get(key)).toBe(value)
    }),
  )
})
