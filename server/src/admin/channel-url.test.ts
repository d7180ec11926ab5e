import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { judgeChannelUrl } from './channel-url.ts'

const judge = (text: string) => judgeChannelUrl(text, () => undefined)

describe('the address of a channel', () => {
  test.each([
    ['https://api.anthropic.com', 'https://api.anthropic.com'],
    ['https://api.anthropic.com/', 'https://api.anthropic.com'],
    ['HTTPS://API.Example.com:443/', 'https://api.example.com'],
    ['http://localhost:11434', 'http://localhost:11434'],
    ['http://192.168.1.5:8000/claude/', 'http://192.168.1.5:8000/claude'],
    ['https://open.bigmodel.cn/api/anthropic', 'https://open.bigmodel.cn/api/anthropic'],
    ['https://x.test/api/paas/v4', 'https://x.test/api/paas/v4'],
    ['https://x.test/a/../b//', 'https://x.test/b'],
    ['http://[2001:db8::1]:8080/x', 'http://[2001:db8::1]:8080/x'],
    ['https://x.test/v1x', 'https://x.test/v1x'],
    ['https://x.test/messages-proxy', 'https://x.test/messages-proxy'],
  ])('%s is stored as %s', (typed, url) => {
    expect(judge(typed)).toEqual({ ok: true, url })
  })

  test.each([
    ['https://x.test/v1', 'https://x.test'],
    ['https://x.test/v1/', 'https://x.test'],
    ['https://x.test/v1/messages', 'https://x.test'],
    ['https://x.test/proxy/v1/chat/completions', 'https://x.test/proxy'],
    ['https://x.test/v1beta', 'https://x.test'],
    ['https://x.test/v1beta/models/g:generateContent', 'https://x.test'],
    ['https://x.test/V1', 'https://x.test'],
    ['https://x.test/v1alpha1/x', 'https://x.test'],
    ['https://x.test/a/v1/b', 'https://x.test/a'],
    ['https://x.test//v1', 'https://x.test'],
    ['https://x.test/a/./v1', 'https://x.test/a'],
    ['https://x.test:8443/api/messages', 'https://x.test:8443/api'],
    ['https://x.test/responses/', 'https://x.test'],
    ['https://x.test/messages/messages/v1', 'https://x.test'],
  ])('%s is refused with the better address %s', (typed, suggestedUrl) => {
    expect(judge(typed)).toMatchObject({ ok: false, suggestedUrl, message: expect.stringContaining(suggestedUrl) })
  })

  test.each([
    '',
    'api.example.com',
    'ftp://x.test',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'http:/x.test',
    'http:x.test',
    'http://',
    'http:///x',
    'https://user@x.test',
    'https://user:pass@x.test',
    'https://@x.test',
    'https://x.test@evil.test/',
    'https://x.test/?a=1',
    'https://x.test?',
    'https://x.test/#a',
    'https://x.test#',
    'https://x.test/a b',
    'https://x.test\\@evil.test',
    'https:\\\\x.test',
    'https://x.test/\u0000',
    'https://x.test/\r\nHost: evil',
    'https://x.test:99999',
    'http://1.2.3.4.5',
    'http://[::1',
  ])('%j is refused', (typed) => {
    const judged = judge(typed)
    expect(judged).toMatchObject({ ok: false })
    expect(judged).not.toHaveProperty('suggestedUrl')
  })

  test('the guard sees the address behind every way of writing it', () => {
    const seen: string[] = []
    for (const host of ['127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '127.0.0.1.', '①②⑦.0.0.1']) {
      judgeChannelUrl(`http://${host}/`, (url) => {
        seen.push(url.hostname)
        return 'loopback'
      })
    }
    expect(new Set(seen)).toEqual(new Set(['127.0.0.1']))
  })

  test('an address that the guard refuses is refused with its reason', () => {
    expect(judgeChannelUrl('http://169.254.169.254', () => 'it is a metadata address')).toEqual({
      ok: false,
      message: 'url must not be called: it is a metadata address',
    })
  })

  test('what is taken is taken again unchanged, and so is what is suggested', () => {
    const part = fc.constantFrom(
      '/v1',
      '/v1beta',
      '/api',
      '/messages',
      '/',
      '//',
      '/..',
      '/x',
      '/chat/completions',
      '/V1',
    )
    fc.assert(
      fc.property(fc.webAuthority(), fc.array(part, { maxLength: 6 }), (host, parts) => {
        const first = judge(`https://${host}${parts.join('')}`)
        const url = first.ok ? first.url : first.suggestedUrl
        if (url !== undefined) expect(judge(url)).toEqual({ ok: true, url })
      }),
    )
  })
})
