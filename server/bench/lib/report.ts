import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

const DOCUMENT = join(import.meta.dir, '../../../docs/benchmarks.md')

/** On what and with what was measured. */
export function surroundingsText(isQuick: boolean): string {
  const nginx = Bun.spawnSync(['nginx', '-v']).stderr.toString().trim().replace(/^.*\//, 'nginx ')
  return [
    `${new Date().toISOString().slice(0, 10)}, ${isQuick ? 'a quick run (`--quick`)' : 'a full run'}.`,
    machineText(),
    `Bun ${Bun.version}, ${nginx}.`,
  ].join('\n')
}

export function machineText(): string {
  const cores = cpus()
  const memoryGb = Math.round(totalmem() / 1_073_741_824)
  return `${cores.length} cores of ${cores[0]?.model ?? 'an unknown CPU'}, ${memoryGb} GB, Linux ${release()},`
}

/** Puts results into the document. @param name  Of their markers. Errors: throws when the document has lost them. */
export function writeResults(text: string, name = 'results'): void {
  const [first, last] = [`${name}:begin`, `${name}:end`]
  const old = readFileSync(DOCUMENT, 'utf8')
  const begin = old.indexOf('\n', old.indexOf(first)) + 1
  const end = old.lastIndexOf('\n', old.indexOf(last)) + 1
  if (!old.includes(first) || end < begin) throw new Error(`${DOCUMENT} has lost its markers ${first} and ${last}`)
  writeFileSync(DOCUMENT, `${old.slice(0, begin)}\n${text}\n\n${old.slice(end)}`)
}
