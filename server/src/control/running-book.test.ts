import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import type { Down, Running } from '../link/messages.ts'
import type { ProxyEnd } from './publisher.ts'
import { runningBook } from './running-book.ts'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => jest.useRealTimers())

const running = (attemptId: string, startedAtMs = 0): Running =>
  ({ requestId: attemptId, startedAtMs, row: { attemptId } }) as unknown as Running

function proxy(): { end: ProxyEnd; asked: number[] } {
  const asked: number[] = []
  const send = (message: Down): boolean => {
    if (message.t === 'list-running') asked.push(message.ask)
    return true
  }
  return { asked, end: { row: 1, appliedVersion: 0, link: { send, onMessage() {}, onClose() {}, close() {} } } }
}

const ids = (list: readonly Running[]): string[] => list.map((one) => one.requestId)

describe('what is running', () => {
  test('is asked of all, and newest first', async () => {
    const book = runningBook()
    const [one, two] = [proxy(), proxy()]
    const answer = book.now([one.end, two.end])
    book.heard(one.end, one.asked[0] ?? 0, [running('a', 1)])
    book.heard(two.end, two.asked[0] ?? 0, [running('b', 2)])
    expect(ids(await answer)).toEqual(['b', 'a'])
    expect(jest.getTimerCount()).toBe(0)
  })

  test('of a proxy that does not answer is its last report, after half a second', async () => {
    const book = runningBook()
    const { end } = proxy()
    book.heard(end, 0, [running('a')])
    const answer = book.now([end])
    jest.advanceTimersByTime(500)
    expect(ids(await answer)).toEqual(['a'])
  })

  test('an answer that comes too late, or to no question, harms nothing', async () => {
    const book = runningBook()
    const { end, asked } = proxy()
    const answer = book.now([end])
    jest.advanceTimersByTime(500)
    expect(await answer).toEqual([])
    book.heard(end, asked[0] ?? 0, [running('late')])
    book.heard(end, 999, [running('later')])
    expect(ids(book.lastOf(end))).toEqual(['later'])
  })

  test('of nobody is nothing, at once', async () => {
    const answer = runningBook().now([])
    jest.advanceTimersByTime(0)
    expect(await answer).toEqual([])
  })
})

describe('what a dead proxy was doing', () => {
  test('is its last report, once', () => {
    const book = runningBook()
    const { end } = proxy()
    book.heard(end, 0, [running('a')])
    expect([ids(book.lastOf(end)), ids(book.lastOf(end))]).toEqual([['a'], []])
  })

  // Its money has been counted with its ending; as an open one it would be counted a second time.
  test('is not what has ended since that report', () => {
    const book = runningBook()
    const { end } = proxy()
    book.heard(end, 0, [running('a'), running('b')])
    book.ended(end, [{ attemptId: 'a' }])
    expect(ids(book.lastOf(end))).toEqual(['b'])
  })
})
