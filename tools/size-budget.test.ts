import { expect, test } from 'bun:test'
import { crowdedFiles, dependencyProblems, runtimeDependencies, sizeProblems } from './size-budget.ts'

const file = (path: string, lines: number): { path: string; text: string } => ({ path, text: 'x\n'.repeat(lines) })

test.each([
  ['server/src/core/a.ts', 400, 0],
  ['server/src/core/a.ts', 401, 1],
  ['tools/a.ts', 401, 1],
  ['server/src/core/a.test.ts', 4000, 0],
  ['server/src/store/store.contract.ts', 4000, 0],
  ['server/test/mock-upstream/main.ts', 4000, 0],
  ['server/bench/relay.ts', 4000, 0],
  ['server/src/proxy/serve.ts', 120, 0],
  ['server/src/proxy/serve.ts', 121, 1],
])('%s with %d lines', (path, lines, expected) => {
  expect(sizeProblems([file(path, lines)])).toHaveLength(expected)
})

test('files over 300 lines are named before they are too long', () => {
  expect(crowdedFiles([file('server/src/a.ts', 300), file('server/src/b.ts', 301)])).toEqual(['server/src/b.ts (301)'])
})

test('our own workspaces are no dependencies, and a name counts once', () => {
  const manifests = [
    { dependencies: { zod: '4.6.7', '@ccload/contract': '0.0.0' } },
    { dependencies: { zod: '4.6.7' } },
    {},
  ]
  expect(runtimeDependencies(manifests)).toEqual(['zod'])
})

test('too many dependencies, and one that is not pinned', () => {
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, '1.0.0']))
  expect(dependencyProblems([{ dependencies: many }])).toEqual([expect.stringContaining('9 runtime dependencies')])
  expect(dependencyProblems([{ dependencies: { zod: '^4.6.7' } }])).toEqual([
    expect.stringContaining('not one exact version'),
  ])
})
