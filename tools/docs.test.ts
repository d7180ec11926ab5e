import { expect, test } from 'bun:test'
import { envRows } from '../server/src/config/env-table.ts'
import { SETTINGS } from '../server/src/config/settings-table.ts'
import { withGenerated } from './docs.ts'

const OPERATING =
  '# T\n<!-- env:begin -->\nSTALE\n<!-- env:end -->\nkept\n<!-- settings:begin -->\n<!-- settings:end -->\nlast\n'

test('every variable and every setting has a row, and what stands around the markers stays', () => {
  const text = withGenerated('docs/operating.md', OPERATING)
  for (const [name] of envRows()) expect(text).toContain(`| \`${name}\` |`)
  for (const row of SETTINGS) expect(text).toContain(`| \`${row.key}\` |`)
  expect(text).not.toContain('STALE')
  expect(text).toContain('\nkept\n')
  expect(text).toEndWith('\nlast\n')
})

test('made twice it is the same', () => {
  const once = withGenerated('docs/operating.md', OPERATING)
  expect(withGenerated('docs/operating.md', once)).toBe(once)
})

test('every row of a table has four cells', () => {
  const rows = withGenerated('docs/operating.md', OPERATING)
    .split('\n')
    .filter((line) => line.startsWith('|'))
  for (const row of rows) expect([row, row.split(/(?<!\\)\|/).length]).toEqual([row, 6])
})

test('the example file sets nothing but the password, so that copying it changes no default', () => {
  const text = withGenerated('.env.example', '# env:begin\n# env:end\n')
  const set = text.split('\n').filter((line) => /^[A-Z]/.test(line))
  expect(set).toEqual(['CCLOAD_PASS=change-me'])
})

test('a lost marker is an error, not a lost table', () => {
  expect(() => withGenerated('.env.example', '# env:begin\n')).toThrow('.env.example has lost its markers')
})
