import { expect, test } from 'bun:test'
import { addTallies, tallyLine, tallyOf } from './junit.ts'

const report = (attributes: string): string =>
  `<?xml version="1.0"?>\n<testsuites name="bun test" ${attributes} time="0.1">\n  <testsuite name="a" tests="99" failures="99" skipped="99">`

test('the totals are those of the head, not of a suite', () => {
  expect(tallyOf(report('tests="5" assertions="2" failures="1" skipped="3"'), 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 3,
  })
})

test('attributes in another order and errors as failures', () => {
  expect(tallyOf(report('skipped="0" errors="2" failures="1" tests="10"'), 1)).toEqual({
    passed: 7,
    failed: 3,
    skipped: 0,
  })
})

test('a runner that died without a report is a failure, never a quiet zero', () => {
  expect(tallyOf(undefined, 139)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(tallyOf('', 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('a file that does not load is in no total, but the exit code knows', () => {
  expect(tallyOf(report('tests="5" failures="0" skipped="0"'), 1)).toEqual({ passed: 5, failed: 1, skipped: 0 })
})

test('the closing line', () => {
  const sum = addTallies({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })
  expect(tallyLine(sum)).toBe('11 passed, 22 failed, 33 skipped')
})
