import { describe, expect, test } from 'bun:test'
import { failureOfFetch } from './fetch-failure.ts'

const thrown = (code: string): Error => Object.assign(new Error('x'), { code })

describe('what a fetch that threw means', () => {
  test.each([
    ['ConnectionRefused', 'refused'],
    ['ECONNREFUSED', 'refused'],
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['DNSFailure', 'dns'],
    ['FailedToOpenSocket', 'unreachable'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['ETIMEDOUT', 'timeout'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ])('%s: nothing was sent, the cause is %s', (code, cause) => {
    expect(failureOfFetch(thrown(code))).toEqual({ kind: 'connect', cause, code } as never)
  })

  test.each(['ECONNRESET', 'ConnectionClosed', 'Malformed_HTTP_Response', 'EPIPE', 'UnexpectedRedirect'])(
    '%s: it may have been sent, so it is a reset',
    (code) => {
      expect(failureOfFetch(thrown(code))).toEqual({ kind: 'reset', code })
    },
  )

  test('an error without a code goes by its name; what is no error at all is unknown, not a crash', () => {
    expect(failureOfFetch(new TypeError('x'))).toEqual({ kind: 'reset', code: 'TypeError' })
    for (const odd of [undefined, null, 'text', 5, { code: 'ENOTFOUND' }])
      expect(failureOfFetch(odd)).toEqual({ kind: 'reset', code: 'unknown' })
  })

  test('a code of any length is cut, so that no log row is made of it', () => {
    expect(failureOfFetch(thrown('x'.repeat(10_000)))).toEqual({ kind: 'reset', code: 'x'.repeat(60) })
  })
})
