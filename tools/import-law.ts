// Who may import whom. Decisions know nobody; planes know decisions and ports, never SQL, Redis or sockets, and never
// each other; adapters know what they implement; the root (main.ts with boot/) knows everyone and nobody knows it.
import { posix } from 'node:path'
import type { SourceFile } from './source-files.ts'

/** Zone -> the other zones of ours that it may import. A zone may always import itself. */
export const LAW = {
  contract: [],
  core: [],
  config: ['core'],
  protocol: ['core'],
  ports: ['core'],
  link: ['core', 'ports'],
  // `config` here means the typed tables of settings: values without a door to anything.
  proxy: ['core', 'protocol', 'ports', 'link', 'config'],
  control: ['core', 'ports', 'link', 'config'],
  admin: ['core', 'ports', 'control', 'contract', 'config'],
  store: ['core', 'ports'],
  sync: ['core', 'ports'],
  upstream: ['core', 'ports'],
  observe: ['core', 'ports'],
  web: ['contract'],
} as const satisfies Record<string, readonly string[]>

type Zone = keyof typeof LAW

const ROOT_FILE = /^server\/src\/(?:main\.ts$|boot\/)/

/** Every import against the law, as `file:line: from -> to, …`. */
export function importLawProblems(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const folder = folderOf(file.path)
    if (folder === undefined || ROOT_FILE.test(file.path)) return []
    if (!isZone(folder)) return [`${file.path}: the folder ${folder}/ has no row in the law`]
    return importsOf(file.text).flatMap((found) => problemOf(file.path, folder, found) ?? [])
  })
}

type Import = { readonly specifier: string; readonly line: number }

const IMPORT = /^[ \t]*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/gm

/** Type-only imports count: a type is knowledge too. */
export function importsOf(text: string): readonly Import[] {
  return [...text.matchAll(IMPORT)].map((match) => ({
    specifier: match[1] ?? match[2] ?? '',
    line: text.slice(0, match.index + match[0].length).split('\n').length,
  }))
}

function problemOf(path: string, from: Zone, found: Import): string | undefined {
  const target = targetOf(path, found.specifier)
  if (target === undefined) return undefined
  const where = `${path}:${found.line}`
  if (/^server\/(?:test|bench)\//.test(target)) {
    return isTest(path) ? undefined : `${where}: ${from} -> ${target}: only tests and benchmarks may import test code`
  }
  if (ROOT_FILE.test(target)) return `${where}: ${from} -> ${found.specifier}: nobody imports the root`
  const to = folderOf(target)
  const allowed: readonly string[] = LAW[from]
  if (to === undefined || to === from || allowed.includes(to)) return undefined
  const may = allowed.length === 0 ? 'nothing else of ours' : allowed.join(', ')
  return `${where}: ${from} -> ${to} (${found.specifier}): ${from} may import ${may}; move the decision down or pass it in from main.ts`
}

/** The folder that the law speaks of; `undefined` for tests in folders of their own, benchmarks, tools. */
function folderOf(path: string): string | undefined {
  return /^server\/src\/([^/]+)\//.exec(path)?.[1] ?? /^(contract|web)\/src\//.exec(path)?.[1]
}

function isZone(folder: string): folder is Zone {
  return Object.hasOwn(LAW, folder)
}

function isTest(path: string): boolean {
  return /\.(?:test|contract)\.tsx?$/.test(path)
}

/** Path of an import of ours, relative to the root; `undefined` for packages and the platform. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(path), specifier))
  const own = /^@ccload\/(contract|server|web)(?:\/(.*))?$/.exec(specifier)
  return own === null ? undefined : `${own[1]}/src/${own[2] ?? ''}`
}
