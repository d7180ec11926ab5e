// Runs every test. The last line of output is `N passed, N failed, N skipped`; the exit code is 0 only when all is well.
// Arguments restrict the run to test files whose path contains one of them.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addTallies, NOTHING, type Tally, tallyLine, tallyOf } from './junit.ts'
import { declaredNeeds, meetNeed, NEEDS } from './needs.mjs'
import { listFiles, ROOT } from './source-files.ts'

type Suite = { readonly path: string; readonly needs: readonly string[] }

/** Real sockets and processes take their time on a small machine; a unit test that does is broken. */
const RUNNERS = [
  { name: 'unit', takes: (path: string) => !path.startsWith('server/test/'), timeoutMs: 10_000 },
  { name: 'end to end', takes: (path: string) => path.startsWith('server/test/'), timeoutMs: 60_000 },
] as const

async function main(filters: readonly string[]): Promise<number> {
  const suites = await findSuites(filters)
  const met = meetNeeds(suites)
  const runnable = suites.filter((suite) => suite.needs.every((need) => met.has(need)))
  let total = reportSkipped(suites.filter((suite) => !runnable.includes(suite)))
  for (const runner of RUNNERS) {
    const paths = runnable.map((suite) => suite.path).filter(runner.takes)
    if (paths.length === 0) continue
    process.stdout.write(`\n${runner.name}: ${paths.length} files\n`)
    total = addTallies(total, await runBunTest(paths, runner.timeoutMs))
  }
  if (total.passed + total.failed === 0) {
    process.stdout.write('no test was run, which is no success\n')
    total = addTallies(total, { ...NOTHING, failed: 1 })
  }
  process.stdout.write(`\n${tallyLine(total)}\n`)
  return total.failed === 0 ? 0 : 1
}

async function findSuites(filters: readonly string[]): Promise<readonly Suite[]> {
  const paths = await listFiles(ROOT, '{contract,server,web,tools}/**/*.test.{ts,tsx}')
  const chosen = paths.filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
  return Promise.all(
    chosen.map(async (path) => ({ path, needs: declaredNeeds(await Bun.file(join(ROOT, path)).text()) })),
  )
}

/** The declared needs that are met. Tells the tests through the environment. */
function meetNeeds(suites: readonly Suite[]): ReadonlySet<string> {
  const declared = [...new Set(suites.flatMap((suite) => suite.needs))]
  const met = declared.filter((need) => meetNeed(need, (notice) => void process.stderr.write(`${notice}\n`)))
  for (const need of met) {
    const name = NEEDS[need]?.env
    if (name !== undefined) process.env[name] = '1'
  }
  return new Set(met)
}

/** In CI a suite that cannot run is a failure: there nobody reads the line that says so. */
function reportSkipped(suites: readonly Suite[]): Tally {
  for (const suite of suites) {
    process.stdout.write(
      `skipped ${suite.path}: needs ${suite.needs.join(' and ')}, which this machine does not have\n`,
    )
  }
  const inCi = process.env['CI'] === 'true'
  return { passed: 0, failed: inCi ? suites.length : 0, skipped: inCi ? 0 : suites.length }
}

async function runBunTest(paths: readonly string[], timeoutMs: number): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'ccload-test-'))
  const report = join(folder, 'junit.xml')
  const flags = ['--only-failures', `--timeout=${timeoutMs}`, '--reporter=junit', `--reporter-outfile=${report}`]
  try {
    const child = Bun.spawn([process.execPath, 'test', ...flags, ...paths.map((path) => `./${path}`)], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const exitCode = await child.exited
    const file = Bun.file(report)
    return tallyOf((await file.exists()) ? await file.text() : undefined, exitCode)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

process.exit(await main(process.argv.slice(2)))
