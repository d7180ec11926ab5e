import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

const DOCUMENT = join(import.meta.dir, '../../../docs/benchmarks.md')
const BEGIN = 'results:begin'
const END = 'results:end'

/** On what and with what was measured. */
export function surroundingsText(isQuick: boolean): string {
  const cores = cpus()
  const nginx = Bun.spawnSync(['nginx', '-v']).stderr.toString().trim().replace(/^.*\//, 'nginx ')
  const memoryGb = Math.round(totalmem() / 1_073_741_824)
  return [
    `${new Date().toISOString().slice(0, 10)}, ${isQuick ? 'a quick run (`--quick`)' : 'a full run'}.`,
    `${cores.length} cores of ${cores[0]?.model ?? 'an unknown CPU'}, ${memoryGb} GB, Linux ${release()},`,
    `Bun ${Bun.version}, ${nginx}.`,
  ].join('\n')
}

/** Puts the results into the document. Errors: throws when the document has lost its markers. */
export function writeResults(text: string): void {
  const old = readFileSync(DOCUMENT, 'utf8')
  const begin = old.indexOf('\n', old.indexOf(BEGIN)) + 1
  const end = old.lastIndexOf('\n', old.indexOf(END)) + 1
  if (!old.includes(BEGIN) || end < begin) throw new Error(`${DOCUMENT} has lost its markers ${BEGIN} and ${END}`)
  writeFileSync(DOCUMENT, `${old.slice(0, begin)}\n${text}\n\n${old.slice(end)}`)
}
