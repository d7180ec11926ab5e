import { expect, test } from 'bun:test'
import { allowedCores, pinned } from './machine.ts'

test.each([
  ['0-1', [0, 1]],
  ['0-2,8', [0, 1, 2, 8]],
  ['5', [5]],
])('the cores that a container may use, %p, are read as the kernel writes them', (list, cores) => {
  expect(allowedCores(`Name:\tbun\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\n`)).toEqual(cores)
})

test('without a list of cores none is taken', () => {
  expect(allowedCores('Name:\tbun\n')).toEqual([])
})

test('nothing is pinned where there is no second core', () => {
  expect(pinned(undefined, ['nginx'])).toEqual(['nginx'])
  expect(pinned(3, ['nginx'])).toEqual(['taskset', '-c', '3', 'nginx'])
})
