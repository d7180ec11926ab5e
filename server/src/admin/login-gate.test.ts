import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { loginGate } from './login-gate.ts'

const MINUTE_MS = 60_000

function gateAt() {
  const time = { monoMs: 5_000 }
  return { time, gate: loginGate(() => time.monoMs) }
}

function failTimes(gate: ReturnType<typeof loginGate>, address: string, times: number): void {
  for (let n = 0; n < times; n++) {
    gate.enter(address)
    gate.failed(address)
  }
}

describe('the gate before the password', () => {
  test('the fifth failure locks the address for fifteen minutes', () => {
    const { gate } = gateAt()
    failTimes(gate, '192.0.2.1', 4)
    expect(gate.enter('192.0.2.1')).toBe(0)
    gate.failed('192.0.2.1')
    expect(gate.enter('192.0.2.1')).toBe(15 * MINUTE_MS)
  })

  test('knocking at a locked door does not prolong the lock', () => {
    const { gate, time } = gateAt()
    failTimes(gate, 'a', 5)
    time.monoMs += 10 * MINUTE_MS
    expect(gate.enter('a')).toBe(5 * MINUTE_MS)
    time.monoMs += 4 * MINUTE_MS
    expect(gate.enter('a')).toBe(1 * MINUTE_MS)
  })

  test('after a lock has ended one single failure does not lock again', () => {
    const { gate, time } = gateAt()
    failTimes(gate, 'a', 5)
    time.monoMs += 15 * MINUTE_MS
    failTimes(gate, 'a', 4)
    expect(gate.enter('a')).toBe(0)
  })

  test('a success forgives all failures before it', () => {
    const { gate } = gateAt()
    failTimes(gate, 'a', 4)
    gate.enter('a')
    gate.passed('a')
    failTimes(gate, 'a', 4)
    expect(gate.enter('a')).toBe(0)
  })

  test('failures of more than an hour ago are forgotten, younger ones are not', () => {
    const { gate, time } = gateAt()
    failTimes(gate, 'a', 4)
    time.monoMs += 60 * MINUTE_MS
    failTimes(gate, 'a', 1)
    expect(gate.enter('a')).toBeGreaterThan(0)
    failTimes(gate, 'b', 4)
    time.monoMs += 60 * MINUTE_MS + 1
    failTimes(gate, 'b', 1)
    expect(gate.enter('b')).toBe(0)
  })

  test('many attempts at once are no way around the limit', () => {
    const { gate } = gateAt()
    const letIn = Array.from({ length: 1_000 }, () => gate.enter('a')).filter((waitMs) => waitMs === 0)
    expect(letIn).toHaveLength(5)
  })

  test('an attempt that was never judged does not count', () => {
    const { gate } = gateAt()
    for (let n = 0; n < 20; n++) {
      expect(gate.enter('a')).toBe(0)
      gate.dropped('a')
    }
  })

  test('a locked stranger locks out nobody else', () => {
    const { gate } = gateAt()
    for (let n = 0; n < 1_000; n++) failTimes(gate, `198.51.100.${n}`, 5)
    expect(gate.enter('203.0.113.7')).toBe(0)
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002::9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::1', '::2', true],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['fe80::1%eth0', 'fe80::2%eth1', true],
    ['2001:db8::', '2001:db8:0:0:1::', true],
    ['64:ff9b::192.0.2.1', '64:ff9b::192.0.2.2', true],
    ['192.0.2.1', '192.0.2.2', false],
  ])('%s and %s count as one address: %p', (one, other, same) => {
    const { gate } = gateAt()
    failTimes(gate, one, 5)
    expect(gate.enter(other) > 0).toBe(same)
  })

  test('a flood from ever new addresses does not fill the memory, and the newest locks stay', () => {
    const { gate } = gateAt()
    failTimes(gate, 'old', 5)
    for (let n = 0; n < 10_000; n++) gate.enter(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
    expect(gate.enter('old')).toBe(0)
    failTimes(gate, 'new', 5)
    for (let n = 0; n < 9_000; n++) gate.enter(`11.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
    expect(gate.enter('new')).toBeGreaterThan(0)
  })

  test('whatever the order of events, at most five attempts are open and no wait is longer than a lock', () => {
    const step = fc.constantFrom('enter', 'failed', 'passed', 'dropped', 'wait')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { gate, time } = gateAt()
        let open = 0
        for (const what of steps) {
          if (what === 'wait') time.monoMs += 4 * MINUTE_MS
          else if (what === 'enter') {
            const waitMs = gate.enter('a')
            expect(waitMs).toBeGreaterThanOrEqual(0)
            expect(waitMs).toBeLessThanOrEqual(15 * MINUTE_MS)
            if (waitMs === 0) open++
            expect(open).toBeLessThanOrEqual(5)
          } else if (open > 0) {
            gate[what]('a')
            open--
          }
        }
      }),
    )
  })
})
