import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { runtimeDependencies } from './size-budget.ts'
import { ROOT } from './source-files.ts'

const document = await Bun.file(join(ROOT, 'docs/dependencies.md')).text()
const listed = [...document.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '').sort()

test('every package that the program brings along is listed with its reason, and no other', async () => {
  const manifests = ['contract', 'server', 'web'].map((folder) => Bun.file(join(ROOT, folder, 'package.json')).json())
  expect(listed).toEqual(['bun', ...runtimeDependencies(await Promise.all(manifests))].sort())
})

test('the lockfile names no registry, so that it works with any mirror', async () => {
  const lock = await Bun.file(join(ROOT, 'package-lock.json')).text()
  expect(lock).not.toMatch(/https?:\/\/[^"]*\.tgz/)
})

test('only bun may run an install script', async () => {
  const { allowScripts } = await Bun.file(join(ROOT, 'package.json')).json()
  expect(allowScripts).toEqual({ bun: true })
})
