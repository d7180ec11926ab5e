import { expect, test } from 'bun:test'
import { docsPathProblems } from './docs-paths.ts'

const FILES = [
  'README.md',
  'docs/operating.md',
  'docs/adr/0001-a.md',
  'server/src/core/failure.ts',
  'package.json',
  '.ci/run',
]
const problems = (text: string): readonly string[] => docsPathProblems([{ path: 'docs/architecture.md', text }], FILES)

test.each([
  ['a path from the root', '`server/src/core/failure.ts`'],
  ['a path from server/src', '`core/failure.ts`'],
  ['a path with a line', '`server/src/core/failure.ts:12`'],
  ['a folder', '`server/src/core/` and `core/` and `docs/adr`'],
  ['a file without its folder', '`failure.ts`'],
  ['a link beside the document', '[x](operating.md#table) [y](adr/0001-a.md)'],
  ['a link from the root of the project', '[x](../README.md)'],
  ['a hidden file', '`.ci/run`'],
  [
    'addresses, links to the web, places on a page',
    '`/v1/messages` [a](https://h/x.md) [b](#c) `application/json` `10.0.0.0/8`',
  ],
  ['what exists only at run time', '`data/ccload.db` `dist/ccload`'],
  ['patterns', '`server/src/*/x.ts` `docs/adr/NNNN-….md`'],
  ['fenced blocks', '```sh\ncat `tools/gone.ts`\n```'],
  ['words', '`npm run check`, `a/b`, `PORT`'],
])('%s is fine', (_, text) => {
  expect(problems(text)).toEqual([])
})

test.each([
  ['`server/src/core/gone.ts`', 'server/src/core/gone.ts'],
  ['`core/gone.ts`', 'core/gone.ts'],
  ['`gone.ts`', 'gone.ts'],
  ['`server/src/gone/`', 'server/src/gone/'],
  ['[x](gone.md)', 'gone.md'],
])('%s is not there', (text, name) => {
  expect(problems(`first line\n${text}`)).toEqual([`docs/architecture.md:2: there is no ${name}`])
})
