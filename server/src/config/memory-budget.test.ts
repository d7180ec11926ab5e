import { expect, test } from 'bun:test'
import { bufferedBytesFor } from './memory-budget.ts'

const GIB = 1_073_741_824

test.each([
  ['a machine without cgroups', 8 * GIB, undefined, 2 * GIB],
  ['a container with a limit', 64 * GIB, `${2 * GIB}\n`, GIB / 2],
  ['a container without one (v2)', 8 * GIB, 'max\n', 2 * GIB],
  ['a container without one (v1)', 8 * GIB, '9223372036854771712\n', 2 * GIB],
  ['a small container: never below 128 MiB', 8 * GIB, `${GIB / 4}`, GIB / 8],
  ['an empty or nonsense file', 8 * GIB, '\n', 2 * GIB],
  ['a limit of zero', 8 * GIB, '0', 2 * GIB],
])('%s', (_, machineBytes, cgroupLimit, expected) => {
  expect(bufferedBytesFor(machineBytes, cgroupLimit)).toBe(expected)
})
