// Each figure against nginx as a plain reverse proxy, in the same run: `npm run bench`. See docs/benchmarks.md.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Lab } from './lib/lab.ts'
import { MEASURING_CORE, Processes, pinSelf } from './lib/processes.ts'
import { surroundingsText, writeResults } from './lib/report.ts'
import { missing, widenPath } from './lib/requirements.ts'
import { type Figure, tableText, verdictOf } from './lib/table.ts'
import { burst } from './scenarios/burst.ts'
import { failover } from './scenarios/failover.ts'
import { memory, start } from './scenarios/footprint.ts'
import { outage } from './scenarios/outage.ts'
import { body, tls, unary } from './scenarios/requests.ts'
import { sse, streams } from './scenarios/streams.ts'

type Scenario = (lab: Lab) => Promise<readonly Figure[]>

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  unary,
  body,
  sse,
  streams,
  failover,
  outage,
  burst,
  tls,
  memory,
  start,
}
const MOST_MINUTES = 30

const USAGE = `npm run bench -- [--only a,b] [--quick] [--write]
  --only   of ${Object.keys(SCENARIOS).join(', ')}
  --quick  shorter measurements
  --write  puts the table into docs/benchmarks.md
`

process.exit(await main())

async function main(): Promise<number> {
  const asked = readFlags()
  if (typeof asked === 'string') return complain(asked, 2)
  widenPath()
  const lack = missing(say)
  if (lack !== undefined) return complain(`${lack}\n`, 1)
  const lab = openLab(asked.isQuick)
  pinSelf(MEASURING_CORE)
  process.on('exit', () => lab.processes.killAll())
  const leave = (why: string) => void lab.processes.stopAll().then(() => process.exit(complain(`${why}\n`, 1)))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leave(signal))
  setTimeout(() => leave(`not done after ${MOST_MINUTES} minutes`), MOST_MINUTES * 60_000)
  const { figures, failed } = await runAll(lab, asked.names)
  return report({ lab, figures, failed, isWritten: asked.isWritten })
}

type Flags = { readonly names: readonly string[]; readonly isQuick: boolean; readonly isWritten: boolean }

/** A text when they cannot be understood, or when help is asked for. */
function readFlags(): Flags | string {
  const options = {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const
  try {
    const { values } = parseArgs({ options })
    if (values.help) return USAGE
    const names = values.only?.split(',') ?? Object.keys(SCENARIOS)
    const unknown = names.filter((name) => !Object.hasOwn(SCENARIOS, name))
    if (unknown.length > 0) return `no such scenario: ${unknown.join(', ')}\n${USAGE}`
    if (values.write && values.only !== undefined) return `--write takes the whole table, so not with --only\n${USAGE}`
    return { names, isQuick: values.quick, isWritten: values.write }
  } catch (error) {
    return `${(error as Error).message}\n${USAGE}`
  }
}

function openLab(isQuick: boolean): Lab {
  return {
    folder: mkdtempSync(join(tmpdir(), 'ccload-bench-')),
    processes: new Processes(),
    isQuick,
    rounds: 3,
    seconds: isQuick ? 2 : 8,
    warmUpSeconds: isQuick ? 2 : 5,
  }
}

type Results = { readonly figures: readonly Figure[]; readonly failed: readonly string[] }

/** A scenario that fails does not keep the others from running. */
async function runAll(lab: Lab, names: readonly string[]): Promise<Results> {
  const figures: Figure[] = []
  const failed: string[] = []
  for (const name of names) {
    say(`${name} ...\n`)
    try {
      const found = (await SCENARIOS[name]?.(lab)) ?? []
      figures.push(...found)
      say(`${tableText(found)}\n\n`)
    } catch (error) {
      failed.push(`${name}: ${(error as Error).message}`)
      say(`${failed.at(-1)}\n\n`)
    }
  }
  await lab.processes.stopAll()
  return { figures, failed }
}

type Outcome = Results & { readonly lab: Lab; readonly isWritten: boolean }

function report({ lab, figures, failed, isWritten }: Outcome): number {
  const text = `${surroundingsText(lab.isQuick)}\n\n${tableText(figures)}`
  say(`${text}\n`)
  const over = figures
    .filter((figure) => verdictOf(figure) === 'fails')
    .map(({ scenario, what }) => `${scenario}: ${what}`)
  for (const problem of [...failed, ...over]) say(`FAILS  ${problem}\n`)
  if (failed.length > 0) {
    say(`logs and configurations: ${lab.folder}\n`)
    return 1
  }
  if (isWritten) writeResults(text)
  rmSync(lab.folder, { recursive: true, force: true })
  return over.length > 0 ? 1 : 0
}

function say(text: string): void {
  process.stdout.write(text)
}

function complain(text: string, code: number): number {
  process.stderr.write(text)
  return code
}
