import { expect, test } from 'bun:test'
import { sliceSize } from './slice-size.ts'

const BOUNDS = { least: 100, most: 2_000, wantedMs: 30 } as const

/** Sizes of slices on a disk that takes so long for a row. */
function sizesOn(msARow: number, slices: number): number[] {
  const size = sliceSize(BOUNDS)
  return Array.from({ length: slices }, () => {
    const rows = size.rows()
    size.took(rows * msARow)
    return rows
  })
}

test('on a quick disk slices grow to the most, and no further', () => {
  expect(sizesOn(0.001, 100).at(-1)).toBe(2_000)
  expect(sizesOn(0, 1_000).every((rows) => rows >= 100 && rows <= 2_000)).toBe(true)
})

test('on a slow disk they stay at the least, and work goes on', () => {
  expect(new Set(sizesOn(5, 50))).toEqual(new Set([100]))
})

test('between the two none takes much longer than wanted', () => {
  for (const msARow of [0.02, 0.05, 0.1, 0.2]) expect(Math.max(...sizesOn(msARow, 500)) * msARow).toBeLessThan(30)
})

test('a disk that becomes slow has small slices at once', () => {
  const size = sliceSize(BOUNDS)
  for (let n = 0; n < 100; n++) size.took(1)
  for (let n = 0; n < 5; n++) size.took(200)
  expect(size.rows()).toBe(100)
})
