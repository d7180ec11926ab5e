import { expect, test } from 'bun:test'
import { statusOfSoftError } from './soft-error-status.ts'

test.each([
  ['overloaded_error', '', 529],
  ['Overloaded_Error', '', 529],
  ['invalid_request_error', '', 400],
  ['invalid_request_error', 'context_length_exceeded', 413],
  ['', 'RESOURCE_EXHAUSTED', 429],
  ['', 'model_not_found', 404],
  ['', 'NOT_FOUND', 404],
  ['', '429', 429],
  ['api_error', '429', 500], // a name says more than a number
  ['', '200', 500],
  ['', '99999', 500],
  ['', '', 500],
  ['toString', '__proto__', 500],
])('type %p with code %p stands for %p', (type, code, status) => {
  expect(statusOfSoftError(type, code)).toBe(status)
})
