import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../../..')

/** One change of one file: `find` must be there exactly once. */
export type Patch = { readonly file: string; readonly find: string; readonly put: string }

/** A copy of the program's sources that may be spoiled; everything else is where it was. */
export type SourceCopy = {
  readonly root: string
  /** Whether the text to change is there exactly once. */
  fits(patch: Patch): boolean
  /** Applies the patch while `run` runs. Errors: throws when `find` is not there exactly once. */
  with<Result>(patch: Patch, run: () => Promise<Result>): Promise<Result>
  remove(): void
}

export function copySources(): SourceCopy {
  const root = mkdtempSync(join(tmpdir(), 'ccload-copy-'))
  linkAll(ROOT, root, ['server', 'data'])
  mkdirSync(join(root, 'server'))
  linkAll(join(ROOT, 'server'), join(root, 'server'), ['src', 'test'])
  cpSync(join(ROOT, 'server/src'), join(root, 'server/src'), { recursive: true })
  mkdirSync(join(root, 'server/test/e2e'), { recursive: true })
  cpSync(join(ROOT, 'server/test/e2e/program.ts'), join(root, 'server/test/e2e/program.ts'))
  const read = ({ file }: Patch): string => readFileSync(join(root, file), 'utf8')
  return {
    root,
    fits: (patch) => countOf(read(patch), patch) === 1,
    async with(patch, run) {
      const path = join(root, patch.file)
      const text = read(patch)
      writeFileSync(path, patched(text, patch))
      try {
        return await run()
      } finally {
        writeFileSync(path, text)
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

function linkAll(from: string, to: string, except: readonly string[]): void {
  for (const name of readdirSync(from)) {
    if (!except.includes(name) && name !== '.git') symlinkSync(join(from, name), join(to, name))
  }
}

function patched(text: string, patch: Patch): string {
  const count = countOf(text, patch)
  if (count !== 1) throw new Error(`${patch.file}: the text to change is there ${count} times: ${patch.find}`)
  return text.replace(patch.find, () => patch.put)
}

function countOf(text: string, { find }: Patch): number {
  return text.split(find).length - 1
}
