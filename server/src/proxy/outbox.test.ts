import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import { unpackRows } from '../link/row-wire.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import { type Batch, outbox } from './outbox.ts'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => jest.useRealTimers())

const row = (attemptId: string): LogRow => ({ attemptId }) as LogRow
const ids = (rows: readonly LogRow[]): string[] => rows.map((one) => one.attemptId)

function open({ isOpen = true, maxRows = 100 } = {}) {
  const line = { isOpen, sent: [] as Batch[], spilled: [] as string[], spills: 0 }
  const box = outbox({
    send(batch) {
      if (line.isOpen) line.sent.push(batch)
      return line.isOpen
    },
    spill(rows) {
      line.spills++
      line.spilled.push(...ids(rows))
    },
    everyMs: 10,
    maxRows,
  })
  return { box, line }
}

describe('on the way to control', () => {
  test('endings of a few ms travel together, in order, and batches count up', () => {
    const { box, line } = open()
    box.add(row('a'))
    box.add(row('b'))
    expect(line.sent).toEqual([])
    jest.advanceTimersByTime(10)
    box.add(row('c'))
    jest.advanceTimersByTime(10)
    expect(line.sent.map((batch) => [batch.batch, ids(unpackRows(batch.rows))])).toEqual([
      [1, ['a', 'b']],
      [2, ['c']],
    ])
  })

  test('flush sends at once, and nothing is sent twice by the timer afterwards', () => {
    const { box, line } = open()
    box.add(row('a'))
    box.flush()
    box.flush()
    jest.advanceTimersByTime(100)
    expect(line.sent.length).toBe(1)
  })

  test('a row counts as unstored from its first moment until control says that it is on disk', () => {
    const { box } = open()
    box.add(row('a'))
    expect(ids(box.unstored())).toEqual(['a'])
    box.flush()
    box.add(row('b'))
    expect(ids(box.unstored())).toEqual(['a', 'b'])
    box.stored(1)
    expect(ids(box.unstored())).toEqual(['b'])
  })

  test('word about a batch is word about all before it; word that comes late or twice forgets nothing else', () => {
    const { box } = open()
    for (const id of ['a', 'b', 'c']) {
      box.add(row(id))
      box.flush()
    }
    box.stored(2)
    box.stored(1)
    box.stored(2)
    expect(ids(box.unstored())).toEqual(['c'])
  })
})

describe('when control does not take them', () => {
  test('memory is bounded: past the limit the oldest go to disk, none is lost, none is in both', () => {
    const { box, line } = open({ maxRows: 5 })
    for (let at = 0; at < 20; at++) {
      box.add(row(String(at)))
      box.flush()
    }
    expect(ids(box.unstored()).length).toBeLessThanOrEqual(5)
    expect([...line.spilled, ...ids(box.unstored())]).toEqual(Array.from({ length: 20 }, (_, at) => String(at)))
  })

  test('past the limit the disk is written to now and then, not with every batch', () => {
    const { box, line } = open({ maxRows: 100 })
    for (let at = 0; at < 200; at++) {
      box.add(row(String(at)))
      box.flush()
    }
    expect(line.spills).toBeWithin(1, 11)
  })

  test('one batch that is larger than all memory allowed goes to disk whole', () => {
    const { box, line } = open({ maxRows: 5 })
    for (let at = 0; at < 9; at++) box.add(row(String(at)))
    box.flush()
    expect([line.spilled.length, box.unstored().length]).toEqual([9, 0])
  })

  // A process that has lost its control may be killed at any time; what it knows must not depend on its orderly end.
  test('once the line is closed endings go to disk as they come, those on their way included', () => {
    const { box, line } = open()
    box.add(row('on its way'))
    box.flush()
    line.isOpen = false
    box.add(row('after'))
    jest.advanceTimersByTime(1_000)
    expect(line.spilled.toSorted()).toEqual(['after', 'on its way'])
    expect(box.unstored()).toEqual([])
  })
})
