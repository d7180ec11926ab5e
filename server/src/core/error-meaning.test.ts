import { describe, expect, test } from 'bun:test'
import { readErrorBody } from './error-body.ts'
import { isModelAbsent, isModerated, meaningOf } from './error-meaning.ts'

function meaning(message: string): string {
  return meaningOf(readErrorBody(JSON.stringify({ error: { message } })))
}

describe('sentences that are easily taken for another', () => {
  test.each([
    ["This model's maximum context length is 8192 tokens", 'request'], // not: a model that is not there
    ['The model `gpt-x` does not exist', 'model'],
    ['The model gpt-4.1-nano does not support tools', 'request'],
    ['Model claude-9 is not available', 'model'],
    ['model x is not supported for this endpoint', 'request'],
    ['Invalid token at line 3 of the JSON', 'unclear'], // not: our token
    ["Unknown parameter: 'api_key_id'", 'request'],
    ['Your organization has been disabled.', 'account'],
    ['Unsupported country, region, or territory', 'region'],
    ['File file-1 not found', 'object'],
    ['Previous response with id resp_1 not found', 'object'],
    ['Request contains an invalid argument.', 'unclear'],
    ['Internal hiccup', 'unclear'],
    ['', 'unclear'],
  ])('%p is about: %s', (message, expected) => {
    expect(meaning(message)).toBe(expected)
  })
})

describe('the narrow tests', () => {
  test('a suspended account is not a moderated prompt', () => {
    expect(isModerated(readErrorBody('Your prompt was flagged'))).toBe(true)
    expect(isModerated(readErrorBody('account suspended: a prompt was flagged'))).toBe(false)
    expect(isModerated(readErrorBody('forbidden'))).toBe(false)
  })

  test('an overloaded model is there', () => {
    expect(isModelAbsent(readErrorBody('The model is overloaded. Please try again later.'))).toBe(false)
    expect(isModelAbsent(readErrorBody('{"error":{"code":"model_not_found"}}'))).toBe(true)
  })
})
