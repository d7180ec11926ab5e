// Writes what documents say from tables: `npm run docs`. `npm run check` fails when a document lags behind.
import { join } from 'node:path'
import { type EnvRow, envRows } from '../server/src/config/env-table.ts'
import type { SettingRow } from '../server/src/config/setting-row.ts'
import { SETTINGS } from '../server/src/config/settings-table.ts'
import { ROOT } from './source-files.ts'

/** Document -> what stands between its markers `<name>:begin` and `<name>:end`. */
const GENERATED: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/operating.md': { env: envTable, settings: settingsTable },
  '.env.example': { env: envExample },
}

/**
 * A document with its generated parts made anew.
 *
 * Errors: throws when a marker is missing, which only a hand that edited it can cause.
 */
export function withGenerated(path: string, text: string): string {
  return Object.entries(GENERATED[path] ?? {}).reduce((result, [name, make]) => {
    const begin = result.indexOf('\n', result.indexOf(`${name}:begin`)) + 1
    const end = result.lastIndexOf('\n', result.indexOf(`${name}:end`)) + 1
    if (begin === 0 || end < begin) throw new Error(`${path} has lost its markers ${name}:begin and ${name}:end`)
    return `${result.slice(0, begin)}${make()}${result.slice(end)}`
  }, text)
}

/** Documents whose generated parts are not what the tables say. */
export async function staleDocs(root: string): Promise<readonly string[]> {
  const stale: string[] = []
  for (const path of Object.keys(GENERATED)) {
    const text = await Bun.file(join(root, path)).text()
    if (withGenerated(path, text) !== text) stale.push(`${path} lags behind the tables in server/src/config/`)
  }
  return stale
}

async function writeDocs(root: string): Promise<void> {
  for (const path of Object.keys(GENERATED)) {
    const file = join(root, path)
    const text = await Bun.file(file).text()
    await Bun.write(file, withGenerated(path, text))
  }
}

function envTable(): string {
  const rows = envRows().map(([name, row]) =>
    tableRow([`\`${name}\``, envFallback(row), envBounds(row), `${row.en}<br>${row.zh}`]),
  )
  return `\n${tableHead(['Variable', 'Default', 'Value', 'Meaning'])}${rows.join('')}\n`
}

function envFallback(row: EnvRow): string {
  if (row.required) return '**required**'
  return row.fallback === '' ? 'unset' : `\`${row.fallback}\``
}

const ENV_KINDS: Readonly<Record<EnvRow['kind'], string>> = {
  text: 'text',
  int: 'number',
  seconds: 'seconds',
  bytes: 'bytes',
  flag: 'on or off',
  choice: '',
  list: 'list, commas between',
  url: 'address',
}

function envBounds(row: EnvRow): string {
  if (row.choices !== undefined) return row.choices.map((choice) => `\`${choice}\``).join(' ')
  return `${ENV_KINDS[row.kind]}${bounds(row)}`
}

function settingsTable(): string {
  const rows = SETTINGS.map((row: SettingRow) =>
    tableRow([
      `\`${row.key}\``,
      row.fallback === '' ? 'empty' : `\`${String(row.fallback).replaceAll('\n', '` `')}\``,
      settingBounds(row),
      `${row.en}<br>${row.zh}`,
    ]),
  )
  return `\n${tableHead(['Setting', 'Default', 'Value', 'Meaning'])}${rows.join('')}\n`
}

function settingBounds(row: SettingRow): string {
  if (row.choices !== undefined) return row.choices.map((choice) => `\`${choice}\``).join(' ')
  if (row.type === 'bool') return '`true` `false`'
  if (row.type === 'string') return row.lines ? 'lines' : 'text'
  return `${row.unit ?? 'number'}${bounds(row)}`
}

function bounds(row: { readonly min?: number; readonly max?: number }): string {
  return row.min === undefined || row.max === undefined ? '' : `, ${row.min} to ${row.max}`
}

function envExample(): string {
  return envRows()
    .map(([name, row]) => {
      const meaning = `\n# ${row.en}\n# ${row.zh}\n`
      return row.required ? `${meaning}${name}=change-me\n` : `${meaning}#${name}=${row.fallback}\n`
    })
    .join('')
}

function tableHead(titles: readonly string[]): string {
  return `${tableRow(titles)}${tableRow(titles.map(() => '---'))}`
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}

if (import.meta.main) await writeDocs(ROOT)
