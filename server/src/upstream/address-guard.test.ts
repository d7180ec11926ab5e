import { describe, expect, test } from 'bun:test'
import { networkInterfaces } from 'node:os'
import { addressGuard, literalRefusal, refusalOf } from './address-guard.ts'

const OWN_PORT = 8080
const refusal = (url: string): string | undefined => literalRefusal(new URL(url), OWN_PORT)

describe('addresses that only an attacker wants are refused, in every way to write them', () => {
  test.each([
    // cloud metadata
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0xa9.0xfe.0xa9.0xfe/',
    'http://0251.0376.0251.0376/',
    'http://025177524776/',
    'http://169.254.43518/',
    'http://169.16689662/',
    'http://169.254.169.254./',
    'http://１６９.２５４.１６９.２５４/',
    'http://169。254。169。254/',
    'http://user:pass@169.254.169.254/',
    'http://good.example@169.254.169.254/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
    'http://[::ffff:0:169.254.169.254]/', // IPv4-translated, RFC 6145
    'http://[64:ff9b::169.254.169.254]/', // NAT64, RFC 6052
    'http://[64:ff9b:1::169.254.169.254]/', // local-use NAT64, RFC 8215
    'http://[2002:a9fe:a9fe::]/', // 6to4
    'http://[2002:a9fe:a9fe:1::5]/',
    'http://[2001:0:1234::5601:5601]/', // Teredo, the client's address inverted
    'http://[::169.254.169.254]/', // IPv4-compatible
    'http://[::169.254.1.1]/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
    'http://192.0.0.192/',
    // link-local
    'http://169.254.0.1/',
    'http://[fe80::1]/',
    'http://[febf::1]/',
    // "any" and its spellings
    'http://0.0.0.0/',
    'http://0/',
    'http://0x0/',
    'http://[::]/',
    'http://[::ffff:0.0.0.0]/',
    // broadcast, multicast, reserved
    'http://255.255.255.255/',
    'http://4294967295/',
    'http://224.0.0.1/',
    'http://239.255.255.250/',
    'http://[ff02::1]/',
    'http://240.0.0.1/',
  ])('%s', (url) => {
    expect(refusal(url)).toBeString()
  })

  test('and what cannot be read is refused, not waved through', () => {
    for (const text of ['', 'nonsense', '1.2.3.4.5', '::g', '999.1.1.1'])
      expect(refusalOf(text, 80, OWN_PORT)).toBeString()
  })
})

describe('our own listener', () => {
  const ours = Object.values(networkInterfaces()).flatMap((list) => list ?? [])

  test.each([
    '127.0.0.1',
    '127.1.2.3',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ])('is not called through %s', (host) => {
    expect(refusal(`http://${host}:${OWN_PORT}/`)).toContain('this gateway itself')
  })

  test('nor through any address of this machine', () => {
    const callable = ours.filter((net) => !net.address.startsWith('fe80'))
    expect(callable.length).toBeGreaterThan(0)
    for (const { address, family } of callable) {
      expect(refusal(`http://${family === 'IPv6' ? `[${address}]` : address}:${OWN_PORT}/`)).toBeString()
    }
  })

  test('nor through the port that the scheme stands for', () => {
    expect(literalRefusal(new URL('http://127.0.0.1/'), 80)).toContain('this gateway itself')
    expect(literalRefusal(new URL('https://127.0.0.1/'), 443)).toContain('this gateway itself')
    expect(literalRefusal(new URL('https://127.0.0.1/'), 80)).toBeUndefined()
  })
})

describe('people run models at home', () => {
  test.each([
    'http://127.0.0.1:11434/',
    'http://[::1]:11434/',
    'http://10.1.2.3/',
    'http://172.16.0.5:8000/',
    'http://192.168.1.10/',
    'http://100.64.0.7/', // a private network over the internet
    'http://[fd12:3456::1]/',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
  ])('%s may be called', (url) => {
    expect(refusal(url)).toBeUndefined()
  })
})

describe('names', () => {
  let nowMs = 0
  const guardOf = (addresses: readonly string[] | (() => readonly string[])) => {
    const asked: string[] = []
    const guard = addressGuard(
      OWN_PORT,
      () => nowMs,
      async (host) => {
        asked.push(host)
        return typeof addresses === 'function' ? addresses() : addresses
      },
    )
    return { guard, asked }
  }

  test.each([
    [['169.254.169.254']],
    [['93.184.216.34', '169.254.169.254']],
    [['fe80::1']],
    [['::ffff:169.254.169.254']],
    [['64:ff9b::a9fe:a9fe']],
  ])('that resolve to %o are refused: one bad address is enough', async (addresses) => {
    const { guard } = guardOf(addresses)
    expect(await guard.check(new URL('https://innocent.example/'))).toBeString()
  })

  test('that resolve to ourselves are refused on our port only', async () => {
    const { guard } = guardOf(['127.0.0.1'])
    expect(await guard.check(new URL(`http://localtest.example:${OWN_PORT}/`))).toContain('this gateway itself')
    expect(await guard.check(new URL('http://localtest.example:11434/'))).toBeUndefined()
  })

  test('that do not resolve are left to the client, which names the failure', async () => {
    const { guard } = guardOf([])
    expect(await guard.check(new URL('https://nowhere.invalid/'))).toBeUndefined()
  })

  test('are asked for once in ten seconds, then again: a changed answer is seen', async () => {
    let addresses = ['93.184.216.34']
    const { guard, asked } = guardOf(() => addresses)
    const url = new URL('https://flips.example/')
    expect(await guard.check(url)).toBeUndefined()
    expect(guard.check(url)).toBeUndefined() // without a promise
    addresses = ['169.254.169.254']
    nowMs += 10_001
    expect(await guard.check(url)).toBeString()
    expect(asked).toEqual(['flips.example', 'flips.example'])
  })

  test('of one host on two ports are judged apart', async () => {
    const { guard } = guardOf(['127.0.0.1'])
    expect(await guard.check(new URL('http://me.example:9/'))).toBeUndefined()
    expect(await guard.check(new URL(`http://me.example:${OWN_PORT}/`))).toBeString()
  })

  test('by the hundred thousand do not fill the memory', async () => {
    const { guard, asked } = guardOf(['10.0.0.1'])
    for (let at = 0; at < 20_001; at++) await guard.check(new URL(`http://h${at}.example/`))
    expect(asked.length).toBe(20_001)
    await guard.check(new URL('http://h0.example/')) // it was forgotten
    expect(asked.length).toBe(20_002)
  })
})
