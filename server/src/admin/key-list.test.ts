import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { maskKey } from '../core/secret.ts'
import { keyListOf } from './key-list.ts'

describe('keys as they are typed', () => {
  test.each([
    ['sk-1', ['sk-1']],
    ['sk-1,sk-2', ['sk-1', 'sk-2']],
    [' sk-1 , sk-2 \r\nsk-3\n\n,', ['sk-1', 'sk-2', 'sk-3']],
    ['sk-1,sk-1,sk-2', ['sk-1', 'sk-2']],
    [
      ['sk-1', ' ', 'sk,2'],
      ['sk-1', 'sk,2'],
    ],
    [' , \n', []],
  ])('%j is %j', (typed, keys) => {
    expect(keyListOf(typed)).toEqual({ ok: true, keys })
  })

  test.each(['sk-a...wxyz', '****', '***', 'sk-****', 'sk-a…wxyz', 'abcd...wxyz'])(
    'a masked key (%s) is refused, for it would replace the real one',
    (masked) => {
      const list = keyListOf(`sk-real,${masked}`)
      expect(list).toMatchObject({ ok: false, message: expect.stringContaining('masked') })
      expect(JSON.stringify(list)).not.toContain('sk-real')
    },
  )

  test('every mask that we show ourselves is refused', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60 }), (key) => {
        expect(keyListOf([maskKey(key)]).ok).toBe(false)
      }),
    )
  })

  test.each(['a b', 'a\u0000b', 'a\tb', 'schlüssel', 'a\u2028b', 'a\u007fb', '密钥'])(
    '%j cannot stand in a header',
    (key) => {
      expect(keyListOf([key]).ok).toBe(false)
    },
  )

  test('a key of 4096 characters is taken, a longer one is not', () => {
    expect(keyListOf(['k'.repeat(4_096)]).ok).toBe(true)
    expect(keyListOf(['k'.repeat(4_097)])).toMatchObject({ ok: false, message: expect.stringContaining('4096') })
  })

  test('more than ten thousand keys are refused', () => {
    expect(keyListOf(Array.from({ length: 10_001 }, (_, n) => `k${n}`)).ok).toBe(false)
  })

  test('what is taken fits into a header line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const list = keyListOf(text)
        if (list.ok) for (const key of list.keys) expect(key).toMatch(/^[\x21-\x7e]+$/)
      }),
    )
  })
})
