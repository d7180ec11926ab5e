// The gate: `npm run check`. One line a step; what fails says where and what to do. No test of the program runs here.
import { join } from 'node:path'
import { staleDocs } from './docs.ts'
import { docsPathProblems } from './docs-paths.ts'
import { importLawProblems } from './import-law.ts'
import { crowdedFiles, dependencyProblems, sizeProblems } from './size-budget.ts'
import { listFiles, ROOT, readSources, type SourceFile } from './source-files.ts'

/** What is wrong, line by line; empty = all is well. */
type Problems = readonly string[]
type Step = { readonly name: string; readonly advice: string; readonly run: () => Problems | Promise<Problems> }

const MAX_SHOWN = 40

function steps(sources: readonly SourceFile[]): readonly Step[] {
  return [
    {
      name: 'format and lint',
      advice: '`npm run format` mends the layout; a lint says its reason',
      run: () => runTool('biome', ['check', '--error-on-warnings', '--max-diagnostics=50', '--colors=off', '.']),
    },
    { name: 'types', advice: 'see the lines above', run: () => runTool('tsc', ['--noEmit', '--pretty', 'false']) },
    {
      name: 'import law',
      advice: 'the table is in tools/import-law.ts',
      run: () => importLawProblems(sources),
    },
    { name: 'size budget', advice: 'split the file by what it decides', run: () => sizeProblems(sources) },
    { name: 'dependencies', advice: 'pin exactly, and say why in docs/dependencies.md', run: checkDependencies },
    { name: 'paths in documents', advice: 'name what is there, or remove the line', run: checkDocsPaths },
    {
      name: 'generated documents',
      advice: 'run `npm run docs` and look at the difference',
      run: () => staleDocs(ROOT),
    },
    {
      name: 'tests of the tools',
      advice: 'see the lines above',
      run: () => runTool(process.execPath, ['test', '--only-failures', './tools']),
    },
  ]
}

async function main(): Promise<number> {
  const sources = await readSources(ROOT)
  let failed = 0
  for (const step of steps(sources)) {
    const startedMs = performance.now()
    const problems = await step.run()
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)
    process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${seconds} s  ${step.name}\n`)
    if (problems.length === 0) continue
    failed += 1
    process.stdout.write(`${shown(problems)}\n  -> ${step.advice}\n`)
  }
  const crowded = crowdedFiles(sources)
  if (crowded.length > 0)
    process.stdout.write(`note: over 300 lines, to be split before they grow: ${crowded.join(', ')}\n`)
  return failed === 0 ? 0 : 1
}

function shown(problems: Problems): string {
  const more = problems.length > MAX_SHOWN ? `\n  ... and ${problems.length - MAX_SHOWN} more` : ''
  const lines = problems.slice(0, MAX_SHOWN).flatMap((problem) => problem.split('\n'))
  return lines.map((line) => `  ${line}`).join('\n') + more
}

/** @param tool  Program in node_modules/.bin, or a whole path. */
async function runTool(tool: string, args: readonly string[]): Promise<Problems> {
  const program = tool.includes('/') || tool.includes('\\') ? tool : join(ROOT, 'node_modules', '.bin', tool)
  const child = Bun.spawn([program, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return code === 0 ? [] : [`${out}${errors}`.trim()]
}

async function checkDependencies(): Promise<Problems> {
  const manifests = ['contract', 'server', 'web'].map((folder) => Bun.file(join(ROOT, folder, 'package.json')).json())
  return dependencyProblems(await Promise.all(manifests))
}

async function checkDocsPaths(): Promise<Problems> {
  const files = await listFiles(ROOT, '**/*')
  const hidden = await listFiles(ROOT, '.ci/*')
  const paths = [...(await listFiles(ROOT, 'docs/**/*.md')), ...(await listFiles(ROOT, 'README*.md'))]
  const documents = paths.map(async (path) => ({ path, text: await Bun.file(join(ROOT, path)).text() }))
  return docsPathProblems(await Promise.all(documents), [...files, ...hidden, '.env.example'])
}

process.exit(await main())
