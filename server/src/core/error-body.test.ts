import { describe, expect, test } from 'bun:test'
import { readErrorBody } from './error-body.ts'

describe('the shapes of the vendors', () => {
  test.each([
    [
      'Anthropic',
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      'overloaded_error',
      '',
      'Overloaded',
    ],
    ['OpenAI', '{"error":{"message":"No","type":"t","param":null,"code":"c"}}', 't', 'c', 'No'],
    ['Gemini', '{"error":{"code":400,"message":"No","status":"INVALID_ARGUMENT"}}', '', '400', 'No'],
    ['Gemini stream', '[{"error":{"code":429,"message":"No"}}]', '', '429', 'No'],
    [
      'Responses event',
      '{"type":"response.failed","response":{"error":{"code":"c","message":"No"}}}',
      'response.failed',
      'c',
      'No',
    ],
    ['FastAPI', '{"detail":[{"msg":"field required"}]}', '', '', ''],
    ['flat', '{"error":"No","code":7}', '', '7', 'No'],
    ['SSE', 'event: error\ndata: {"error":{"type":"T","message":"No"}}', 't', '', 'No'],
    ['plain', 'No', '', '', 'No'],
  ])('%s', (_, text, type, code, message) => {
    expect(readErrorBody(text)).toMatchObject({ type, code, message })
  })
})

describe('words', () => {
  test('hold types, codes, reasons and messages, in lower case without underscores', () => {
    const text =
      '{"error":{"code":403,"message":"Nope","status":"PERMISSION_DENIED","details":[{"reason":"SERVICE_DISABLED"}]}}'
    expect(readErrorBody(text).words).toBe('403 nope permission denied service disabled')
  })

  test('do not hold what is echoed from the request', () => {
    expect(readErrorBody('{"error":{"message":"a"},"input":{"message":"b"},"body":[{"code":"c"}]}').words).toBe('a')
  })
})

describe('odd bodies', () => {
  test('bytes that are no UTF-8, cut in a character, or none at all', () => {
    expect(readErrorBody(new Uint8Array([0xff, 0xfe, 0x41])).message).toContain('A')
    expect(readErrorBody(new Uint8Array()).words).toBe('')
  })

  test('only the first 64 KiB are looked at', () => {
    const late = `{"a":"${'x'.repeat(70_000)}","error":{"code":"invalid_api_key"}}`
    expect(readErrorBody(late).code).toBe('')
    expect(readErrorBody(new TextEncoder().encode(late)).code).toBe('')
  })

  test('HTML is told from JSON that speaks of HTML', () => {
    expect(readErrorBody('<!DOCTYPE html><p>x').isHtml).toBe(true)
    expect(readErrorBody('\n<HTML lang="en">').isHtml).toBe(true)
    expect(readErrorBody('{"error":{"message":"<html>"}}').isHtml).toBe(false)
  })
})
