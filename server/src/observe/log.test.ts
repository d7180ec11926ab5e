import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Secret } from '../core/secret.ts'
import type { LogLevel } from '../ports/log.ts'
import { openLog } from './log.ts'

const NOW_MS = Date.UTC(2026, 0, 22, 10)

function logged(
  format: 'text' | 'json',
  write: (log: ReturnType<typeof openLog>) => void,
  level: LogLevel = 'debug',
): string {
  let lines = ''
  write(openLog({ clock: { nowMs: () => NOW_MS }, level, format, writeLine: (line) => (lines += line) }))
  return lines
}

describe('a line of the log', () => {
  test('as text: time, level, event, fields', () => {
    const line = logged('text', (log) =>
      log.write('warn', 'channel rests', { channelId: 3, why: 'rate limit', note: undefined }),
    )
    expect(line).toBe('2026-01-22T10:00:00.000Z WARN  channel rests channelId=3 why="rate limit"\n')
  })

  test('as JSON: one object that fields cannot impersonate', () => {
    const line = logged('json', (log) => log.write('error', 'bug', { level: 'info', event: 'nothing', channelId: 3 }))
    expect(JSON.parse(line)).toEqual({ time: '2026-01-22T10:00:00.000Z', level: 'error', event: 'bug', channelId: 3 })
  })

  test('names the process that speaks', () => {
    let line = ''
    const options = { clock: { nowMs: () => NOW_MS }, level: 'info', format: 'text', source: 'proxy-2' } as const
    openLog({ ...options, writeLine: (text) => (line = text) }).write('info', 'listening')
    expect(line).toContain('listening source=proxy-2')
  })

  test('is dropped below the level that was asked for', () => {
    const lines = logged(
      'text',
      (log) => (['debug', 'info', 'warn', 'error'] as const).map((level) => log.write(level, level)),
      'warn',
    )
    expect(lines.match(/(?:WARN|ERROR|INFO|DEBUG)/g)).toEqual(['WARN', 'ERROR'])
  })

  test('stays one line whatever a client or upstream puts into it', () => {
    const forged = 'x\n2026-01-22T10:00:00.000Z ERROR forged\r\u2028y'
    for (const format of ['text', 'json'] as const) {
      expect(
        logged(format, (log) => log.write('info', 'e', { forged }))
          .trimEnd()
          .split('\n'),
      ).toHaveLength(1)
    }
    expect(
      logged('text', (log) => log.write('info', forged))
        .trimEnd()
        .split(/[\r\n]/),
    ).toHaveLength(1)
  })

  test.each(['text', 'json'] as const)('%s is bounded, and JSON stays whole', (format) => {
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, 'x y '.repeat(10_000)]))
    const line = logged(format, (log) => log.write('info', 'big', fields))
    expect(line.length).toBeLessThan(9000)
    if (format === 'json') expect(JSON.parse(line)).toMatchObject({ event: 'big' })
  })

  test('a closed stderr, a cycle, a throwing getter: nothing ever throws', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const trap = {
      get message(): string {
        throw new Error('CANARY-in-getter')
      },
    }
    const line = logged('json', (log) =>
      log.write('info', 'odd', { cycle, trap, big: 1n, fn: () => 1, sym: Symbol('s'), nan: Number.NaN }),
    )
    expect(line).toContain('odd')
    expect(line).not.toContain('CANARY')
    const broken = openLog({
      clock: { nowMs: () => NOW_MS },
      level: 'info',
      format: 'text',
      writeLine: () => {
        throw new Error('EPIPE')
      },
    })
    expect(() => broken.write('info', 'x')).not.toThrow()
  })
})

describe('secrets', () => {
  const CANARY = 'CANARY9f3c71'
  const HEX64 = 'deadbeef'.repeat(8)

  test.each([
    ['a Secret', { note: new Secret(CANARY) }],
    ['a Secret deep inside', { a: { b: [new Secret(CANARY)] } }],
    ['apiKey', { apiKey: CANARY }],
    ['api_key', { api_key: CANARY }],
    ['x-api-key', { 'x-api-key': CANARY }],
    ['key at the end of a name', { upstreamKey: CANARY }],
    ['token', { token: CANARY }],
    ['session_token', { session_token: CANARY }],
    ['sessionToken', { sessionToken: CANARY }],
    ['password', { password: CANARY }],
    ['CCLOAD_PASS', { CCLOAD_PASS: CANARY }],
    ['Authorization', { Authorization: CANARY }],
    ['cookie', { 'Set-Cookie': CANARY }],
    ['clientSecret', { clientSecret: CANARY }],
    ['Headers', { headers: new Headers({ 'x-api-key': CANARY, authorization: `Bearer ${CANARY}` }) }],
    ['a Map', { m: new Map([['password', CANARY]]) }],
    ['Bearer in a text', { note: `sent Authorization: Bearer ${CANARY}` }],
    ['a vendor key in a text', { note: `401 for sk-ant-api03-${CANARY}` }],
    ['a key of short groups', { note: `sk-a-b-c-${CANARY}` }],
    ['a Google key in a text', { note: `AIzaSyA1234567890123456789${CANARY}` }],
    ['a key in a URL', { url: `https://h/v1beta/models?alt=sse&key=${CANARY}` }],
    ['a URL object', { url: new URL(`https://h/?api_key=${CANARY}`) }],
    ['a user in a URL', { dsn2: `mysql://user:${CANARY}@host/db` }],
    ['a header line in a text', { note: `x-goog-api-key: ${CANARY}` }],
    ['JSON in a text', { body: `{"password":"${CANARY}"}` }],
    ['an error message', { error: new Error(`bad key sk-${CANARY}-${CANARY}`) }],
    ['the cause of an error', { error: new Error('x', { cause: new Error(`Bearer ${CANARY}`) }) }],
    ['a JWT', { note: `eyJ${CANARY}.${CANARY}.${CANARY}` }],
  ])('%s is never printed', (_, fields) => {
    for (const format of ['text', 'json'] as const) {
      const line = logged(format, (log) => log.write('error', 'event', fields))
      expect(line).toContain('event')
      expect(line).not.toContain(CANARY)
    }
  })

  test('a 64 digit hash or token is never printed, in a field, an event or a name', () => {
    const line = logged('json', (log) =>
      log.write('info', `login ${HEX64}`, { note: HEX64, [HEX64]: 1, list: [HEX64.toUpperCase()] }),
    )
    expect(line.toLowerCase()).not.toContain(HEX64)
  })

  test.each([
    [{ tokenId: 7, inputTokens: 12, outputTokens: 34, maxTokens: 5, keyIndex: 2, keyId: 9 }],
    [{ key: 'max_attempts', settingKey: 'max_attempts', model: 'gpt-4o', path: '/v1/messages' }],
    [{ requestId: '01J0000000000000000000', url: 'https://h/v1/messages?beta=true' }],
    [{ password: undefined, apiKey: '' }],
  ])('what is no secret stays readable: %p', (fields) => {
    expect(JSON.parse(logged('json', (log) => log.write('info', 'e', fields)))).toMatchObject(
      JSON.parse(JSON.stringify(fields)),
    )
  })

  test('nothing survives under a secret name, whatever it is and however deep', () => {
    const value = fc.oneof(fc.constant(CANARY), fc.array(fc.constant(CANARY)), fc.record({ x: fc.constant(CANARY) }))
    fc.assert(
      fc.property(
        fc.constantFrom('apiKey', 'password', 'x-api-key', 'authorization'),
        value,
        fc.nat(3),
        (name, secret, depth) => {
          let fields: Record<string, unknown> = { [name]: secret }
          for (let i = 0; i < depth; i++) fields = { inner: fields }
          return !logged('json', (log) => log.write('info', 'e', fields)).includes(CANARY)
        },
      ),
    )
  })
})
