import { describe, expect, test } from 'bun:test'
import { plainPage } from '../link/page-file.ts'
import { cells, channelCell, channelMeter, keyCell, meterCells, modelCell, tokenMeter } from './cells.ts'

const NOW_MS = 1_790_000_000_000

describe('cells of the shared page', () => {
  test('a name keeps its cell, and no two names share one', () => {
    const book = cells(plainPage(NOW_MS))
    const names = [
      channelCell(1),
      keyCell(1),
      modelCell(1, 'm'),
      modelCell(1, 'M'),
      modelCell(11, 'm'),
      modelCell(1, '1 m'),
    ]
    const given = names.map((name) => book.of(name))
    expect(new Set(given).size).toBe(names.length)
    expect(names.map((name) => book.of(name))).toEqual(given)
  })

  test('what is gone rests no more', () => {
    const page = plainPage(NOW_MS)
    const book = cells(page)
    const cell = book.of(channelCell(1))
    page.changeRest(cell, () => ({ sinceMs: NOW_MS, untilMs: NOW_MS + 60_000 }))
    book.retain(new Set())
    expect(page.rest(cell)).toBeUndefined()
  })

  test('what stays keeps cell and rest', () => {
    const page = plainPage(NOW_MS)
    const book = cells(page)
    const [stays, goes] = [book.of(channelCell(1)), book.of(channelCell(2))]
    page.changeRest(stays, () => ({ sinceMs: NOW_MS, untilMs: NOW_MS + 60_000 }))
    book.retain(new Set([channelCell(1)]))
    expect([book.of(channelCell(1)), page.rest(stays)?.untilMs, goes === stays]).toEqual([
      stays,
      NOW_MS + 60_000,
      false,
    ])
  })

  // A request to a channel that was deleted may fail minutes later, and puts its rest where it always did.
  test('a new channel does not take the place of one just deleted, whose last requests are still on their way', () => {
    const page = plainPage(NOW_MS)
    const book = cells(page)
    const old = book.of(channelCell(1))
    book.retain(new Set())
    const fresh = book.of(channelCell(2))
    page.changeRest(old, () => ({ sinceMs: NOW_MS, untilMs: NOW_MS + 60_000 })) // the late failure
    expect(page.rest(fresh)).toBeUndefined()
  })

  test('a page that is full is used again from the oldest place, and then refuses in words', () => {
    const page = plainPage(NOW_MS)
    const book = cells(page, 3)
    const first = ['a', 'b', 'c'].map((name) => book.of(name))
    expect(() => book.of('d')).toThrow(RangeError)
    book.retain(new Set(['b']))
    const [next, after] = [book.of('d'), book.of('e')]
    expect([next, after]).toEqual([first[0] ?? -1, first[2] ?? -1])
    expect(() => book.of('f')).toThrow(RangeError)
    expect(book.of('b')).toBe(first[1] ?? -1)
  })
})

describe('meters of the shared page', () => {
  test('a token and a channel of one id have meters of their own, for their whole life', () => {
    const book = meterCells(plainPage(NOW_MS).meters)
    const [token, channel] = [book.of(tokenMeter(1)), book.of(channelMeter(1))]
    expect(token).not.toBe(channel)
    expect([book.of(tokenMeter(1)), book.of(channelMeter(1))]).toEqual([token, channel])
  })

  test('the next owner starts with nothing spent; what the last one still holds is given back by itself', () => {
    const { meters } = plainPage(NOW_MS)
    const book = meterCells(meters, 1)
    const meter = book.of(tokenMeter(1))
    meters.setSpend(meter, { totalNanoUsd: 5, dayNanoUsd: 5, monthNanoUsd: 5 })
    meters.hold(meter, () => true)
    book.retain(new Set())
    expect(book.of(tokenMeter(2))).toBe(meter)
    expect([meters.spend(meter).totalNanoUsd, meters.held(meter)]).toEqual([0, 1])
    meters.release(meter, meters.row)
    expect(meters.held(meter)).toBe(0)
  })

  test('more than the page has are refused', () => {
    const book = meterCells(plainPage(NOW_MS).meters, 2)
    book.of('t1')
    book.of('t2')
    expect(() => book.of('t3')).toThrow('more than 2 tokens and channels with limits')
    expect([book.offer('t3'), book.offer('t2')]).toEqual([undefined, book.of('t2')])
    expect([book.hasRoomFor('t3'), book.hasRoomFor('t2')]).toEqual([false, true])
    book.retain(new Set(['t2']))
    expect([book.hasRoomFor('t3'), typeof book.offer('t3')]).toEqual([true, 'number'])
  })
})
