import { API_NAMES, type ApiName, FORMS, type Form } from './apis.ts'
import { elsewhereLines } from './elsewhere.ts'
import type { FaultCase } from './fault-case.ts'
import type { Verdict } from './lab.ts'

type Tally = { readonly passed: number; readonly failed: number }
const MAX_SHOWN = 12

type Mark = 'ok' | 'FAIL' | '-'

export function tallyOf(verdicts: readonly Verdict[]): Tally {
  const failed = verdicts.filter(({ faults }) => faults.length > 0).length
  return { passed: verdicts.length - failed, failed }
}

/** One line a row, the details of what failed, the count. `seconds`: what it took. */
export function printReport(rows: readonly FaultCase[], verdicts: readonly Verdict[], seconds: number): void {
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  say(`${''.padEnd(4)} ${API_NAMES.map((api) => api.padEnd(10)).join(' ')}  (stream whole)`)
  for (const row of rows) {
    const marks = API_NAMES.map((api) =>
      FORMS.map((form) => markOf(verdicts, row, { api, form }).padEnd(4))
        .join(' ')
        .padEnd(10),
    )
    say(`${row.id.padEnd(4)} ${marks.join(' ')}  ${row.title}`)
  }
  for (const { row, cell, faults } of verdicts) {
    if (faults.length === 0) continue
    say(`\nFAIL ${row.id} ${cell.name}`)
    for (const fault of faults.slice(0, MAX_SHOWN)) say(`  ${fault}`)
    if (faults.length > MAX_SHOWN) say(`  ... and ${faults.length - MAX_SHOWN} more`)
  }
  say('\nNot played here:')
  for (const line of elsewhereLines()) say(`  ${line.replaceAll('`', '')}`)
  const { passed, failed } = tallyOf(verdicts)
  say(`\n${rows.length} rows in ${seconds.toFixed(0)} s`)
  say(`${passed} passed, ${failed} failed, 0 skipped`)
}

function markOf(
  verdicts: readonly Verdict[],
  row: FaultCase,
  at: { readonly api: ApiName; readonly form: Form },
): Mark {
  const found = verdicts.find(({ row: of, cell }) => of === row && cell.api === at.api && cell.form === at.form)
  if (found === undefined) return '-'
  return found.faults.length === 0 ? 'ok' : 'FAIL'
}

/**
 * The report for readers; `-`: the fault cannot be in this API or form.
 *
 * @param before  The report as it stands: what the last soak showed is kept.
 */
export function markdownOf(rows: readonly FaultCase[], verdicts: readonly Verdict[], before: string): string {
  const { passed, failed } = tallyOf(verdicts)
  const heads = API_NAMES.flatMap((api) => FORMS.map((form) => `${api} ${form}`))
  const lines = rows.map((row) => {
    const marks = API_NAMES.flatMap((api) => FORMS.map((form) => markOf(verdicts, row, { api, form })))
    return `| ${row.id} | ${row.title.replaceAll('|', '\\|')} | ${marks.join(' | ')} |`
  })
  return `# What the fault laboratory shows

Written by \`npm run faultlab -- --write\`; not edited by hand. Each cell plays one fault against the running program, with real
sockets and a mock upstream, and states five things: what the client saw, the calls of each key, everything that rests and
for how long, the log rows in order, and the tokens and money charged. A cell is \`ok\` only when all five are so, to the byte,
the call, the second, the row and the nano-USD. \`-\`: the fault cannot be in this API or form. \`F…\` are faults that must be
survived; \`W\` says whose fault an answer is; \`C\` is the client's own.

The last run: ${rows.length} rows, ${passed} cells passed, ${failed} failed.

| | Fault, and what must come of it | ${heads.join(' | ')} |
|---|---|${heads.map(() => '---|').join('')}
${lines.join('\n')}

## Not played here

${elsewhereLines()
  .map((line) => `- ${line}`)
  .join('\n')}

## What keeps it honest

\`npm run faultlab -- --plant\` puts known defects into a copy of the program, one at a time,
and each must turn a cell red; \`npm run mutate\` falsifies each field of each verdict, and a test must notice;
\`npm run faultlab -- --soak 600\` looks for what only time shows.

## The last soak

${SOAK_BEGIN}
${soakIn(before)}
${SOAK_END}
`
}

const SOAK_BEGIN = '<!-- soak:begin, written by `npm run faultlab -- --soak SECONDS --write` -->'
const SOAK_END = '<!-- soak:end -->'

function soakIn(report: string): string {
  const found = report.split(SOAK_BEGIN)[1]?.split(SOAK_END)[0]?.trim()
  return found === undefined || found === '' ? 'None yet.' : found
}

/** The report with the words of another soak. Errors: throws when it has no place for them. */
export function withSoak(report: string, words: string): string {
  const [before, rest] = report.split(SOAK_BEGIN)
  const after = rest?.split(SOAK_END)[1]
  if (before === undefined || after === undefined) throw new Error('the report has no place for a soak')
  return `${before}${SOAK_BEGIN}\n${words}\n${SOAK_END}${after}`
}
