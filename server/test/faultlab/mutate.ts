// Falsifies each field of each row of the verdict table, in a copy, and runs the tests of core: one must notice.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allMutants, type Mutant } from './mutants.ts'
import { copySources, type SourceCopy } from './source-copy.ts'

const ROOT = join(import.meta.dir, '../../..')
/** Those that most likely notice; all of core when they do not. */
const NEAREST = ['verdict.test.ts', 'status-verdict.test.ts', 'soft-error-status.test.ts'].map(
  (name) => `server/src/core/${name}`,
)
const ALL = ['server/src/core']
const AT_ONCE = 2

type Outcome = { readonly mutant: Mutant; readonly killer: string | undefined }

async function main(words: readonly string[]): Promise<number> {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
  const mutants = allMutants(read).filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  const outcomes: Outcome[] = []
  const waiting = [...mutants]
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const copy = copySources()
      try {
        if (outcomes.length === 0 && (await failedTest(copy, NEAREST)) !== undefined)
          throw new Error('the tests fail without any change')
        for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) outcomes.push(await tried(copy, mutant))
      } finally {
        copy.remove()
      }
    }),
  )
  return report(outcomes)
}

async function tried(copy: SourceCopy, mutant: Mutant): Promise<Outcome> {
  const killer = await copy.with(
    mutant.patch,
    async () => (await failedTest(copy, NEAREST)) ?? (await failedTest(copy, ALL)),
  )
  return { mutant, killer }
}

/** Name of the first test that fails; `undefined` when all pass. */
async function failedTest({ root }: SourceCopy, paths: readonly string[]): Promise<string | undefined> {
  const args = ['test', '--bail', '--only-failures', '--timeout=60000', ...paths.map((path) => `./${path}`)]
  const child = Bun.spawn([process.execPath, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (code === 0) return undefined
  const failed = /^\(fail\) ([\s\S]+?)(?: \[[\d.]+ms\])?$(?=\n\s*(?:\(|\n|Bailed| \d+))/m
    .exec(`${out}\n${errors}`)?.[1]
    ?.replace(/\s+/g, ' ')
  if (failed === undefined) throw new Error(`no test failed, but the run did: ${errors.slice(-500)}`)
  return failed
}

function report(outcomes: readonly Outcome[]): number {
  const survivors = outcomes.filter(({ killer }) => killer === undefined)
  for (const { mutant, killer } of outcomes) {
    if (killer !== undefined) process.stdout.write(`killed   ${mutant.name.padEnd(34)} ${killer.slice(0, 140)}\n`)
  }
  for (const { mutant } of survivors) process.stdout.write(`SURVIVED ${mutant.name}\n`)
  process.stdout.write(`\n${outcomes.length - survivors.length} passed, ${survivors.length} failed, 0 skipped\n`)
  return survivors.length === 0 && outcomes.length > 0 ? 0 : 1
}

process.exit(await main(process.argv.slice(2)))
