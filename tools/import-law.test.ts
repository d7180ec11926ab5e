import { describe, expect, test } from 'bun:test'
import { importLawProblems, importsOf, LAW } from './import-law.ts'

const problems = (path: string, ...specifiers: string[]): readonly string[] =>
  importLawProblems([{ path, text: specifiers.map((specifier) => `import { a } from '${specifier}'`).join('\n') }])

const ZONES = Object.keys(LAW).filter((zone) => zone !== 'contract' && zone !== 'web')

describe('between the folders of the server', () => {
  for (const from of ZONES) {
    test.each(ZONES)(`${from} -> %s is as the table says`, (to) => {
      const allowed: readonly string[] = LAW[from as keyof typeof LAW]
      const expected = to === from || allowed.includes(to) ? 0 : 1
      expect(problems(`server/src/${from}/x.ts`, `../${to}/y.ts`)).toHaveLength(expected)
    })
  }
})

test('a problem names file, line, arrow and what would be allowed', () => {
  const [problem] = problems('server/src/proxy/serve.ts', './admit.ts', '../store/sql-store.ts')
  expect(problem).toStartWith('server/src/proxy/serve.ts:2: proxy -> store (../store/sql-store.ts)')
  expect(problem).toContain('core, protocol, ports, link')
})

test('folders inside a folder belong to it', () => {
  expect(problems('server/src/protocol/anthropic/usage.ts', '../../core/usage.ts', '../sse.ts')).toEqual([])
  expect(problems('server/src/protocol/anthropic/usage.ts', '../../store/schema.ts')).toHaveLength(1)
})

test('main.ts may import all, and nobody may import main.ts', () => {
  expect(problems('server/src/main.ts', './store/a.ts', './proxy/b.ts', './admin/c.ts')).toEqual([])
  expect(problems('server/src/control/workers.ts', '../main.ts')).toHaveLength(1)
})

test('the root may be more than one file, and a new folder needs a row before anything may stand in it', () => {
  expect(problems('server/src/boot/run-proxy.ts', '../store/a.ts', '../proxy/b.ts')).toEqual([])
  expect(problems('server/src/proxy/serve.ts', '../boot/system-clock.ts')).toHaveLength(1)
  expect(problems('server/src/helpers/x.ts', '../core/a.ts')).toEqual([
    expect.stringContaining('has no row in the law'),
  ])
})

test('the console knows the contract only, the contract knows nobody', () => {
  expect(problems('web/src/api/client.ts', '@ccload/contract/channels.ts', '../format/cost.ts')).toEqual([])
  expect(problems('web/src/api/client.ts', '../../../server/src/core/usage.ts')).toHaveLength(1)
  expect(problems('web/src/api/client.ts', '@ccload/server/core/usage.ts')).toHaveLength(1)
  expect(problems('contract/src/channels.ts', '../../server/src/core/usage.ts')).toHaveLength(1)
  expect(problems('server/src/admin/channels.ts', '@ccload/contract/channels.ts')).toEqual([])
  expect(problems('server/src/proxy/serve.ts', '@ccload/contract/channels.ts')).toHaveLength(1)
})

test('tests beside the code may use test code, the program may not', () => {
  expect(problems('server/src/proxy/serve.test.ts', '../../test/mock-upstream/main.ts')).toEqual([])
  expect(problems('server/src/store/store.contract.ts', '../../test/x.ts')).toEqual([])
  expect(problems('server/src/proxy/serve.ts', '../../test/mock-upstream/main.ts')).toHaveLength(1)
})

test('tests, benchmarks and tools in folders of their own may import anything', () => {
  expect(problems('server/test/e2e/x.test.ts', '../../src/store/a.ts', '../../src/main.ts')).toEqual([])
  expect(problems('server/bench/relay.ts', '../src/proxy/serve.ts')).toEqual([])
  expect(problems('tools/docs.ts', '../server/src/config/env-table.ts')).toEqual([])
})

test('packages and the platform are not the business of this law', () => {
  expect(problems('server/src/store/a.ts', 'kysely', 'bun:sqlite', 'node:fs')).toEqual([])
})

test.each([
  ["import type { A } from './a.ts'", ['./a.ts']],
  ["import {\n  a,\n  b,\n} from './a.ts'", ['./a.ts']],
  ["import './a.ts'", ['./a.ts']],
  ["export { a } from './a.ts'", ['./a.ts']],
  ["export * from './a.ts'", ['./a.ts']],
  ["const a = await import('./a.ts')", ['./a.ts']],
  ["import a, { type B } from './a.ts'\nimport c from './c.ts'", ['./a.ts', './c.ts']],
  [" * import { a } from './a.ts'", []],
  ["// import { a } from './a.ts'", []],
  ["export const from = 'x'", []],
  ["export function f(a: string) {\n  return a\n}\nconst b = 'c'", []],
])('finds the imports of %j', (text, expected) => {
  expect(importsOf(text).map((found) => found.specifier)).toEqual(expected)
})
