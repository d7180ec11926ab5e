import { dirname, join } from 'node:path'
import { Glob } from 'bun'

export const ROOT = dirname(import.meta.dir)

/** A source file of ours. `path` is relative to the root, with `/`. */
export type SourceFile = { readonly path: string; readonly text: string }

const FOLDERS = ['contract', 'server', 'web', 'tools']

/** Our own TypeScript, by path. */
export async function readSources(root: string): Promise<readonly SourceFile[]> {
  const paths = await listFiles(root, `{${FOLDERS.join(',')}}/**/*.{ts,tsx}`)
  return Promise.all(paths.map(async (path) => ({ path, text: await Bun.file(join(root, path)).text() })))
}

/** Paths under `root` that match, sorted, without installed and built things. */
export async function listFiles(root: string, pattern: string): Promise<readonly string[]> {
  const paths = await Array.fromAsync(new Glob(pattern).scan({ cwd: root, dot: false }))
  return paths
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !/(?:^|\/)(?:node_modules|dist)\//.test(path))
    .sort()
}

/** Tests, benchmarks and tools are not the program: size and word rules are about the program. */
export function isProgram(path: string): boolean {
  return !/^(?:tools|server\/test|server\/bench)\/|\.(?:test|contract)\.tsx?$/.test(path)
}
