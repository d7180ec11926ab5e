// Pins what biome.json forbids where, by running it over a small tree that breaks each rule once.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ROOT } from './source-files.ts'

const SNIPPETS = {
  'Date.now': 'export const a = Date.now()',
  'new Date()': 'export const a = new Date()',
  'Math.random': 'export const a = Math.random()',
  setTimeout: 'setTimeout(() => 1, 1)',
  process: 'export const a = process.pid',
  Bun: 'export const a = Bun.version',
  'node:': "import { isIP } from 'node:net'\n\nexport const a = isIP('')",
  'bun:': "import { Database } from 'bun:sqlite'\n\nexport const a = Database",
  fetch: "export const a = fetch('http://h')",
  console: 'console.log(1)',
  'JSON.parse': "export const a: unknown = JSON.parse('1')",
  any: 'export const a: any = 1',
  'floating promise': 'async function f(): Promise<void> {}\nexport function g(): void {\n  f()\n}',
  'promise as condition':
    'async function f(): Promise<boolean> {\n  return true\n}\nexport const a = (): number => (f() ? 1 : 2)',
  'forgotten case':
    "export function g(k: 'a' | 'b' | 'c'): number {\n  switch (k) {\n    case 'a':\n      return 1\n    case 'b':\n      return 2\n  }\n  return 3\n}",
  'default export': 'const a = 1\nexport default a',
  '61 lines': `export function f(): void {\n${'  String(1)\n'.repeat(61)}}`,
  '4 parameters': 'export function f(a: number, b: number, c: number, d: number): number {\n  return a + b + c + d\n}',
} as const
type Name = keyof typeof SNIPPETS

const EVERYWHERE: readonly Name[] = [
  'any',
  'floating promise',
  'promise as condition',
  'forgotten case',
  'default export',
  'console',
  '61 lines',
  '4 parameters',
]
const PURE: readonly Name[] = [
  'Date.now',
  'new Date()',
  'Math.random',
  'setTimeout',
  'process',
  'Bun',
  'node:',
  'bun:',
  'fetch',
]

const FORBIDDEN: Readonly<Record<string, readonly Name[]>> = {
  'server/src/core': [...EVERYWHERE, ...PURE, 'JSON.parse'],
  'server/src/protocol': [...EVERYWHERE, ...PURE],
  'server/src/proxy': [...EVERYWHERE, 'fetch', 'JSON.parse'],
  'server/src/control': [...EVERYWHERE, 'fetch', 'JSON.parse'],
  'server/src/observe': [...EVERYWHERE, 'fetch', 'JSON.parse'],
  'server/src/upstream': [...EVERYWHERE, 'JSON.parse'],
  'server/src/admin': [...EVERYWHERE, 'fetch'],
  'server/src/link': EVERYWHERE, // its local socket between the planes is spoken to with fetch
  'server/src/store': [...EVERYWHERE, 'fetch'],
  'web/src/pages': [...EVERYWHERE, 'fetch'],
  'web/src/api': EVERYWHERE,
  tools: EVERYWHERE.filter((name) => name !== 'console'),
}
const names = Object.keys(SNIPPETS) as readonly Name[]
const fileName = (name: Name): string => `x${names.indexOf(name)}.ts`

let tree = ''
let found: ReadonlySet<string> = new Set()

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'ccload-lint-'))
  await cp(join(ROOT, 'biome.json'), join(tree, 'biome.json'))
  await cp(join(ROOT, 'tsconfig.json'), join(tree, 'tsconfig.json'))
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  await mkdir(join(tree, 'tools'))
  await cp(join(ROOT, 'tools/lint'), join(tree, 'tools/lint'), { recursive: true })
  for (const folder of Object.keys(FORBIDDEN)) {
    for (const name of names) await put(`${folder}/${fileName(name)}`, `${SNIPPETS[name]}\n`)
  }
  await put('server/src/core/x.test.ts', `${SNIPPETS.setTimeout}\n${SNIPPETS['Date.now']}\n`)
  found = await filesWithErrors()
})
afterAll(async () => {
  await rm(tree, { recursive: true, force: true })
})

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true })
  await writeFile(join(tree, path), text)
}

async function filesWithErrors(): Promise<ReadonlySet<string>> {
  const biome = join(ROOT, 'node_modules/.bin/biome')
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '--diagnostic-level=error', '.']
  const child = Bun.spawn([biome, ...args], { cwd: tree, stdio: ['ignore', 'pipe', 'ignore'] })
  const { diagnostics } = JSON.parse(await child.stdout.text()) as { diagnostics: { location: { path: string } }[] }
  return new Set(diagnostics.map((diagnostic) => diagnostic.location.path.replace(/^\.\//, '')))
}

for (const [folder, forbidden] of Object.entries(FORBIDDEN)) {
  test(`${folder}/: what may not stand there is an error, and nothing else is`, () => {
    const caught = names.filter((name) => found.has(`${folder}/${fileName(name)}`))
    expect(caught.toSorted()).toEqual([...forbidden].sort())
  })
}

test('tests may look at the clock', () => {
  expect(found.has('server/src/core/x.test.ts')).toBe(false)
})
