import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readErrorBody } from './error-body.ts'
import { type Fault, faultOfStatus } from './status-verdict.ts'

function fault(status: number, text = ''): Fault {
  return faultOfStatus({ status, body: readErrorBody(text), headers: undefined })
}

describe('statuses without a word', () => {
  test.each([
    [400, 'unclear'],
    [401, 'key'],
    [402, 'key'],
    [403, 'key'],
    [404, 'address'],
    [405, 'address'],
    [407, 'address'],
    [410, 'request'],
    [429, 'rate'],
    [444, 'load'],
    [499, 'load'],
    [302, 'address'],
  ] as const)('%p is: %s', (status, expected) => {
    expect(fault(status)).toBe(expected)
  })

  test('every other 4xx is the client’s, every 5xx an ill channel, the rest a wrong address', () => {
    const named = [400, 401, 402, 403, 404, 405, 407, 410, 429, 444, 499]
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 1_200 }), (status) => {
        if (named.includes(status)) return
        const expected = status >= 400 && status < 500 ? 'request' : status >= 500 && status < 600 ? 'load' : 'address'
        expect(fault(status)).toBe(expected)
      }),
    )
  })
})

test('an overloaded model does not look like a missing one', () => {
  expect(fault(503, '{"error":{"message":"The model is overloaded.","status":"UNAVAILABLE"}}')).toBe('load')
})
