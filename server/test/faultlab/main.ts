// The fault laboratory: every fault of the list against the running program, in every API, streamed and not.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allJobs, CASES, runLab } from './lab.ts'
import { runPlants } from './plant.ts'
import { markdownOf, printReport, tallyOf, withSoak } from './report.ts'
import { runSoak } from './soak.ts'

const USAGE = `usage: npm run faultlab [-- words | --write | --plant | --soak SECONDS]
  words      only rows whose id or title contains one of them
  --write    writes docs/faultlab.md
  --plant    puts known defects into a copy of the program: each must be found
  --soak 60  mixed traffic with 5 % faults; memory and sockets must stay flat; with --write into docs/faultlab.md
`
const REPORT = join(import.meta.dir, '../../../docs/faultlab.md')

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) return say(USAGE)
  if (args.includes('--plant')) return runPlants(args.filter((arg) => !arg.startsWith('--')))
  const soakAt = args.indexOf('--soak')
  if (soakAt >= 0) return soak(Number(args[soakAt + 1] ?? 60), args)
  const words = args.filter((arg) => !arg.startsWith('--')).map((word) => word.toLowerCase())
  const rows = CASES.filter(({ id, title }) => words.length === 0 || words.some((word) => isNamed(word, id, title)))
  const startedMs = performance.now()
  const verdicts = await runLab(allJobs(rows))
  printReport(rows, verdicts, (performance.now() - startedMs) / 1000)
  if (args.includes('--write')) writeFileSync(REPORT, markdownOf(rows, verdicts, reportNow()))
  return tallyOf(verdicts).failed === 0 && verdicts.length > 0 ? 0 : 1
}

async function soak(seconds: number, args: readonly string[]): Promise<number> {
  const { code, words } = await runSoak(seconds)
  if (args.includes('--write')) writeFileSync(REPORT, withSoak(reportNow(), words))
  return code
}

function reportNow(): string {
  return existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : ''
}

function isNamed(word: string, id: string, title: string): boolean {
  return id.toLowerCase() === word || title.toLowerCase().includes(word)
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

process.exit(await main(process.argv.slice(2)))
