import { expect, test } from 'bun:test'
import { DIRECT, type Figure, GATEWAY, REFERENCE } from './figure.ts'
import { lineOf, tableOf } from './table.ts'

const UNARY: Figure = {
  group: 'unary',
  title: 'CPU per request',
  unit: 'µs',
  values: new Map([
    [REFERENCE, [20, 21, 19]],
    [GATEWAY, [80, 84, 76]],
  ]),
  target: { of: 'ratio', atMost: 5 },
}
const LATENCY: Figure = {
  group: 'latency',
  title: 'p50, one connection',
  unit: 'ms',
  values: new Map([
    [DIRECT, [0.1]],
    [REFERENCE, [0.2]],
    [GATEWAY, [0.7]],
  ]),
  target: { of: 'value', atMost: 0.6 },
}

test('a row shows every program, the ratio, the target and whether it was met', () => {
  expect(tableOf([UNARY], undefined).split('\n')).toEqual([
    '| Measure | nginx | ccload | to nginx | Target |  |',
    '| --- | --- | --- | --- | --- | --- |',
    '| CPU per request | 20 µs (19 to 21) | 80 µs (76 to 84) | 4.00 × | ≤ 5.00 × | ok |',
  ])
})

test('a program that took no part in a measure has an empty cell, not a zero', () => {
  const rows = tableOf([UNARY, LATENCY], undefined).split('\n')
  expect(rows[2]).toStartWith('| CPU per request |  | 20 µs')
  expect(rows[3]).toBe('| p50, one connection | 0.10 ms | 0.20 ms | 0.70 ms | 3.50 × | ≤ 0.60 ms | over |')
})

test('another version of the gateway has a column and a ratio of its own', () => {
  const values = new Map([...UNARY.values, ['v1.0.0', [160, 168, 152]]])
  expect(tableOf([{ ...UNARY, values }], 'v1.0.0')).toContain(
    '| CPU per request | 20 µs (19 to 21) | 160 µs (152 to 168) | 80 µs (76 to 84) | 4.00 × | 0.50 × | ≤ 5.00 × | ok |',
  )
})

test('a line in the terminal says the same in words', () => {
  expect(lineOf(UNARY)).toBe(
    'unary     CPU per request: nginx 20 µs (19 to 21), ccload 80 µs (76 to 84) 4.00 × (target ≤ 5.00 ×: ok)',
  )
})
