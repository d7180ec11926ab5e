import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import { closings } from './closings.ts'

const EVERY_MS = 10
let sent: string[]

beforeEach(() => {
  jest.useFakeTimers()
  sent = []
})
afterEach(() => jest.useRealTimers())

const open = () =>
  closings({
    sendEndings: () => void sent.push('endings'),
    send: (meters) => void sent.push(meters.join()),
    everyMs: EVERY_MS,
  })

describe('holds that are over', () => {
  test('go together, behind the endings of their requests', () => {
    const box = open()
    for (const meter of [3, 3, 5]) box.close(meter)
    jest.advanceTimersByTime(EVERY_MS - 1)
    expect(sent).toEqual([])
    jest.advanceTimersByTime(1)
    expect(sent).toEqual(['endings', '3,3,5'])
  })

  test('are each told once', () => {
    const box = open()
    box.close(1)
    box.flush()
    box.flush()
    jest.advanceTimersByTime(5 * EVERY_MS)
    box.close(2)
    jest.advanceTimersByTime(EVERY_MS)
    expect(sent).toEqual(['endings', '1', 'endings', '2'])
  })

  test('nothing is sent where there are none', () => {
    open().flush()
    expect(sent).toEqual([])
  })
})
