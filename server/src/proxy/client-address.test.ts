import { describe, expect, test } from 'bun:test'
import { clientAddress, trustedProxies } from './client-address.ts'

const from = (peer: string, headers: Record<string, string>, trusted: readonly string[]): string =>
  clientAddress(peer, new Headers(headers), trustedProxies(trusted))

describe('a stranger', () => {
  test.each([
    { 'x-forwarded-for': '1.2.3.4' },
    { 'x-real-ip': '1.2.3.4' },
    { 'x-forwarded-for': '127.0.0.1' },
    { forwarded: 'for=1.2.3.4' },
    { 'x-client-ip': '1.2.3.4' },
  ])('is the address he comes from, whatever he writes: %o', (headers) => {
    expect(from('203.0.113.9', headers, [])).toBe('203.0.113.9')
    expect(from('203.0.113.9', headers, ['10.0.0.0/8', '::1'])).toBe('203.0.113.9')
  })

  test('is not trusted for a neighbouring range, nor for the other family', () => {
    expect(from('11.0.0.1', { 'x-forwarded-for': '1.2.3.4' }, ['10.0.0.0/8'])).toBe('11.0.0.1')
    expect(from('10.0.0.1', { 'x-forwarded-for': '1.2.3.4' }, ['::/0'])).toBe('10.0.0.1')
  })
})

describe('behind a trusted proxy', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['9.9.9.9, 1.2.3.4', '1.2.3.4'], // what the client wrote before is not believed
    ['1.2.3.4, 10.0.0.7', '1.2.3.4'], // a second proxy of ours
    ['1.2.3.4 ,10.0.0.7 , 10.0.0.8', '1.2.3.4'],
    ['2001:db8::5', '2001:db8::5'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
  ])('X-Forwarded-For "%s" is %s', (header, expected) => {
    expect(from('10.0.0.1', { 'x-forwarded-for': header }, ['10.0.0.0/8'])).toBe(expected)
  })

  test.each(['', ' ', 'unknown', 'garbage', '1.2.3', '1.2.3.4:5678', '999.1.1.1', '<script>', '10.0.0.5', ','])(
    'X-Forwarded-For "%s" says nothing: the proxy itself',
    (header) => {
      expect(from('10.0.0.1', { 'x-forwarded-for': header }, ['10.0.0.0/8'])).toBe('10.0.0.1')
    },
  )

  test('garbage nearer than an address hides it: what stands before it may be forged', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '1.2.3.4, garbage' }, ['10.0.0.0/8'])).toBe('10.0.0.1')
  })

  test('X-Real-IP counts only where there is no X-Forwarded-For', () => {
    expect(from('10.0.0.1', { 'x-real-ip': '1.2.3.4' }, ['10.0.0.0/8'])).toBe('1.2.3.4')
    expect(from('10.0.0.1', { 'x-real-ip': '9.9.9.9', 'x-forwarded-for': '1.2.3.4' }, ['10.0.0.0/8'])).toBe('1.2.3.4')
  })

  test('the peer of an IPv6 socket is the IPv4 address it stands for', () => {
    expect(from('::ffff:10.0.0.1', { 'x-forwarded-for': '1.2.3.4' }, ['10.0.0.1'])).toBe('1.2.3.4')
    expect(from('::ffff:203.0.113.9', {}, [])).toBe('203.0.113.9')
  })

  test('single addresses and ranges of both families', () => {
    expect(from('::1', { 'x-forwarded-for': '1.2.3.4' }, ['::1'])).toBe('1.2.3.4')
    expect(from('fd00::7', { 'x-forwarded-for': '1.2.3.4' }, ['fd00::/8'])).toBe('1.2.3.4')
    expect(from('192.168.1.2', { 'x-forwarded-for': '1.2.3.4' }, ['192.168.1.2'])).toBe('1.2.3.4')
    expect(from('192.168.1.3', { 'x-forwarded-for': '1.2.3.4' }, ['192.168.1.2'])).toBe('192.168.1.3')
  })

  test('entries that cannot be read trust nobody', () => {
    expect(from('10.0.0.1', { 'x-forwarded-for': '1.2.3.4' }, ['none', '10.0.0.0/99', ''])).toBe('10.0.0.1')
  })

  test('a thousand hops are read from the near end', () => {
    const hops = [
      ...Array.from({ length: 1_000 }, () => '9.9.9.9'),
      '1.2.3.4',
      ...Array.from({ length: 1_000 }, () => '10.0.0.2'),
    ]
    expect(from('10.0.0.1', { 'x-forwarded-for': hops.join(',') }, ['10.0.0.0/8'])).toBe('1.2.3.4')
  })
})
