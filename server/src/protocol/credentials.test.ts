import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Api } from '../core/channel-type.ts'
import { credentialHeaders, presentedToken, withoutKeyParam } from './credentials.ts'

describe('the token a client presents', () => {
  test.each<[Record<string, string>, string, string | undefined]>([
    [{ authorization: 'Bearer a', 'x-api-key': 'b', 'x-goog-api-key': 'c' }, 'key=d', 'a'],
    [{ 'x-api-key': 'b', 'x-goog-api-key': 'c' }, 'key=d', 'b'],
    [{ 'x-goog-api-key': 'c' }, 'key=d', 'c'],
    [{}, 'key=d', 'd'],
    [{}, 'alt=sse&key=d%2B1', 'd+1'],
    [{ authorization: 'Basic a' }, 'key=d', 'd'],
    [{ authorization: 'bearer a', 'x-api-key': 'b' }, '', 'b'],
    [{ authorization: 'BEARER a' }, '', undefined],
    [{ authorization: 'Bearer' }, '', undefined],
    [{ authorization: 'Bearer ' }, 'key=d', 'd'],
    [{ authorization: 'a' }, '', undefined],
    [{ 'x-api-key': '' }, 'key=d', 'd'],
    [{}, 'key=', undefined],
    [{}, 'monkey=d', undefined],
    [{}, '', undefined],
  ])('%p, query %p', (headers, query, token) => expect(presentedToken(new Headers(headers), query)).toBe(token))

  test('a wrong first one is not saved by a right later one', () => {
    expect(presentedToken(new Headers({ authorization: 'Bearer wrong', 'x-api-key': 'right' }), '')).toBe('wrong')
  })

  test('two tokens that differ are never read as the same', () => {
    const token = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter((text) => text === text.trim())
    fc.assert(
      fc.property(token, (text) => {
        expect(presentedToken(new Headers({ authorization: `Bearer ${text}` }), '')).toBe(text)
      }),
    )
  })
})

describe('the query without its key', () => {
  test.each([
    ['key=abc', ''],
    ['alt=sse&key=abc', 'alt=sse'],
    ['key=abc&alt=sse', 'alt=sse'],
    ['a=1&key=abc&b=2', 'a=1&b=2'],
    ['key=a&key=b&x', 'x'],
    ['k%65y=abc&x=1', 'x=1'],
    ['key', ''],
    ['monkey=1&keys=2&KEY=3', 'monkey=1&keys=2&KEY=3'],
    ['b=2&a=1&a=%zz&&c=%20+', 'b=2&a=1&a=%zz&&c=%20+'],
    ['%zz=1&key=2', '%zz=1'],
    ['', ''],
  ])('%p -> %p', (query, rest) => expect(withoutKeyParam(query)).toBe(rest))

  test('leaves no key behind and touches no query that has none', () => {
    const pair = fc.constantFrom('key=1', 'key', 'k%65y=2', 'a=1', 'b', '', 'x=key=3', '%=1', 'alt=sse')
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const query = pairs.join('&')
        const rest = withoutKeyParam(query)
        expect(new URLSearchParams(rest).has('key')).toBe(false)
        if (!new URLSearchParams(query).has('key')) expect(rest).toBe(query)
      }),
    )
  })
})

describe('headers for the upstream key', () => {
  test.each<[Api, readonly string[]]>([
    ['gemini', ['x-goog-api-key']],
    ['chat', ['authorization']],
    ['completions', ['authorization']],
    ['embeddings', ['authorization']],
    ['messages', ['x-api-key', 'authorization']],
    ['responses', ['x-api-key', 'authorization']],
  ])('%s', (api, headers) => expect(credentialHeaders(api)).toEqual(headers))
})
