// `npm run build`: one executable, dist/ccload. Options: --target bun-linux-arm64 (any platform of Bun), --outfile PATH,
// --runtime PATH (a Bun program for that platform, when it is not to be downloaded).
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BuildConfig } from 'bun'
import { ROOT } from './source-files.ts'

/** The program, and what it starts as a thread, which a bundler cannot see. */
const ENTRIES = [
  'server/src/main.ts',
  'server/src/store/store-thread.ts',
  'server/src/control/token-thread.ts',
  'server/src/control/vocabulary-thread.ts',
]

export type BuildRequest = {
  readonly entries: readonly string[]
  readonly outfile: string
  readonly target: string | undefined
  readonly runtime: string | undefined
}

/** The program reads `.env` itself; neither that nor a bunfig.toml of the folder it runs in may change what it is. */
export function buildConfig(request: BuildRequest): BuildConfig {
  return {
    entrypoints: [...request.entries],
    target: 'bun',
    format: 'esm',
    minify: true,
    bytecode: request.target === undefined, // bytecode belongs to the very Bun that made it
    compile: {
      outfile: request.outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(request.target === undefined ? {} : { target: request.target as Bun.Build.CompileTarget }),
      ...(request.runtime === undefined ? {} : { executablePath: request.runtime }),
    },
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = { target: { type: 'string' }, outfile: { type: 'string' }, runtime: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const isWindows = (values.target ?? `bun-${process.platform}`).startsWith('bun-win')
  const outfile = values.outfile ?? join(ROOT, 'dist', isWindows ? 'ccload.exe' : 'ccload')
  await mkdir(dirname(outfile), { recursive: true })
  const entries = ENTRIES.map((entry) => join(ROOT, entry))
  await Bun.build(buildConfig({ entries, outfile, target: values.target, runtime: values.runtime }))
  console.log(`${outfile} (${Math.round((await stat(outfile)).size / 1_000_000)} MB)`)
}

if (import.meta.main) await main(process.argv.slice(2))
