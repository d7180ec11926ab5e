import { expect, test } from 'bun:test'
import { allowedCores } from './processes.ts'

test.each([
  ['0-1', [0, 1]],
  ['0-2,8', [0, 1, 2, 8]],
  ['5', [5]],
])('the cores that a container may use, %p, are read as the kernel writes them', (list, cores) => {
  expect(allowedCores(`Name:\tbun\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\n`)).toEqual(cores)
})

test('without a list there are no cores', () => {
  expect(allowedCores('Name:\tbun\n')).toEqual([])
})
