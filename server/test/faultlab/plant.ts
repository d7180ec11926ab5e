import { join } from 'node:path'
import type { startProgram } from '../e2e/program.ts'
import { DEFECTS, type Defect } from './defects.ts'
import { allJobs, CASES, type Job, runLab, type Verdict } from './lab.ts'
import { copySources, type SourceCopy } from './source-copy.ts'

/**
 * Puts each known defect into a copy of the program, one at a time, and plays the rows that must see it.
 *
 * @param words  Only defects whose name contains one of them; empty = all.
 * @returns      Exit code: 0 when every defect turned a cell red that is green without it.
 */
export async function runPlants(words: readonly string[]): Promise<number> {
  const defects = DEFECTS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  const copy = copySources()
  let missed = 0
  try {
    const start = await starterOf(copy)
    const sound = await runLab(jobsOf(defects.flatMap(({ rows }) => rows)), { start })
    const well = new Set(sound.filter(({ faults }) => faults.length === 0).map(nameOf))
    for (const one of defects) {
      const jobs = jobsOf(one.rows).filter((job) => well.has(nameOf(job)))
      const red = copy.fits(one.patch) ? await copy.with(one.patch, () => redCells(jobs, start)) : []
      if (red.length === 0) missed += 1
      process.stdout.write(
        copy.fits(one.patch) ? lineOf(one, red, jobs.length) : `FAIL ${one.name}: its text is not there\n`,
      )
    }
  } finally {
    copy.remove()
  }
  process.stdout.write(`\n${defects.length - missed} passed, ${missed} failed, 0 skipped\n`)
  return missed === 0 && defects.length > 0 ? 0 : 1
}

/** The copy's own starter: it finds the sources beside itself. */
async function starterOf({ root }: SourceCopy): Promise<typeof startProgram> {
  const made = (await import(join(root, 'server/test/e2e/program.ts'))) as { startProgram: typeof startProgram }
  return made.startProgram
}

function jobsOf(titles: readonly string[]): readonly Job[] {
  const rows = CASES.filter(({ title }) => titles.some((part) => title.includes(part)))
  for (const part of titles) {
    if (!rows.some(({ title }) => title.includes(part)))
      throw new Error(`no row has ${JSON.stringify(part)} in its title`)
  }
  return allJobs(rows)
}

async function redCells(jobs: readonly Job[], start: typeof startProgram): Promise<readonly Verdict[]> {
  const verdicts = await runLab(jobs, { start })
  return verdicts.filter(({ faults }) => faults.some((fault) => !fault.startsWith('the cell could not be played')))
}

function nameOf({ row, cell }: Job): string {
  return `${row.id} ${cell.name}`
}

function lineOf({ name }: Defect, red: readonly Verdict[], played: number): string {
  const first = red[0]
  const shown =
    first === undefined
      ? 'NOT SEEN'
      : `${first.row.id} ${first.cell.name}: ${first.faults[0]?.slice(0, 110).replaceAll('\n', ' ')}`
  return `${first === undefined ? 'FAIL' : 'ok  '} ${name}: ${red.length} of ${played} cells red; ${shown}\n`
}
