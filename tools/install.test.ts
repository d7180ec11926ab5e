import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findBun, whatIsMissing } from './install.mjs'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ccload-install-'))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

type Entries = Record<string, { version?: string; optional?: boolean; link?: boolean }>

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), content)
}

async function machine(wanted: Entries, present: Entries | undefined): Promise<void> {
  await put('package-lock.json', JSON.stringify({ packages: { '': {}, ...wanted } }))
  if (present === undefined) return
  await put('node_modules/.package-lock.json', JSON.stringify({ packages: present }))
  for (const path of Object.keys(present)) await mkdir(join(root, path), { recursive: true })
}

describe('whatIsMissing', () => {
  test('nothing, when what is installed is what the lockfile says', async () => {
    const entries = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/a/node_modules/b': { version: '2.0.0' } }
    await machine({ server: { version: '0.1.0' }, ...entries }, entries)
    expect(whatIsMissing(root)).toBeUndefined()
  })

  test('everything, on a fresh machine', async () => {
    await machine({ 'node_modules/a': { version: '1.0.0' } }, undefined)
    expect(whatIsMissing(root)).toBe('nothing is installed yet')
  })

  test('a package of another version', async () => {
    await machine({ 'node_modules/a': { version: '1.0.1' } }, { 'node_modules/a': { version: '1.0.0' } })
    expect(whatIsMissing(root)).toBe('node_modules/a is missing or old')
  })

  test('a package that came with the last pull', async () => {
    const a = { 'node_modules/a': { version: '1.0.0' } }
    await machine({ ...a, 'node_modules/b': { version: '1.0.0' } }, a)
    expect(whatIsMissing(root)).toBe('node_modules/b is missing or old')
  })

  test('a folder that somebody deleted', async () => {
    const entries = { 'node_modules/a': { version: '1.0.0' } }
    await machine(entries, entries)
    await rm(join(root, 'node_modules/a'), { recursive: true })
    expect(whatIsMissing(root)).toBe('node_modules/a is missing or old')
  })

  test('not a package for another platform', async () => {
    const a = { 'node_modules/a': { version: '1.0.0' } }
    await machine({ ...a, 'node_modules/@oven/bun-windows-x64': { version: '1.0.0', optional: true } }, a)
    expect(whatIsMissing(root)).toBeUndefined()
  })
})

describe('findBun', () => {
  const program = 'x'.repeat(1_000_001)
  const os = process.platform
  const cpu = process.arch === 'arm64' ? 'aarch64' : process.arch

  test('the one that its install script put in place', async () => {
    await put('node_modules/bun/bin/bun.exe', program)
    expect(findBun(root)).toBe(join(root, 'node_modules/bun/bin/bun.exe'))
  })

  test('when npm did not run the install script: the one of the package for this platform', async () => {
    await put('node_modules/bun/bin/bun.exe', 'echo "install script was not run"')
    await put(`node_modules/@oven/bun-${os}-${cpu}/bin/bun`, program)
    expect(findBun(root)).toBe(join(root, `node_modules/@oven/bun-${os}-${cpu}/bin/bun`))
  })

  test('none, when there is only the placeholder', async () => {
    await put('node_modules/bun/bin/bun.exe', 'echo "install script was not run"')
    expect(findBun(root)).toBeUndefined()
  })
})
