import type { Env } from './env.ts'

export type EnvFile = { readonly values: Readonly<Record<string, string>>; readonly warnings: readonly string[] }

/**
 * What a `.env` file says.
 *
 * `NAME=value`, one a line, `export` before it allowed, `:` for `=` too. A value may stand in double quotes (`\n` and the
 * like mean what they mean elsewhere, several lines are fine) or in single quotes (nothing means anything). Without quotes
 * ` #` begins a comment. `$NAME` and `${NAME}` outside single quotes stand for an earlier value of the same file.
 *
 * @param text  The whole file; a byte order mark and CRLF line ends are fine.
 * Errors: none; what cannot be read is skipped with a warning that names the line and shows no value.
 * Source: the rules of godotenv 1.5, which the earlier program used, but for `$NAME` of an unknown name: it stays as it
 * is, so that a password is never shortened in silence.
 */
export function parseEnvFile(text: string): EnvFile {
  const values: Record<string, string> = Object.create(null)
  const warnings: string[] = []
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  let line = 1
  for (let at = 0; at < source.length; ) {
    const entry = entryAt(source, at)
    if (entry.name !== undefined) values[entry.name] = entry.expand ? expanded(entry.value, values) : entry.value
    else if (entry.wrong) warnings.push(`.env line ${line}: ${entry.wrong}`)
    line += source.slice(at, entry.end).split('\n').length - 1
    at = entry.end
  }
  return { values, warnings }
}

/** The environment with what the file adds. A variable that is really set wins, also when it is set to nothing. */
export function withEnvFile(env: Env, text: string): { readonly env: Env; readonly warnings: readonly string[] } {
  const file = parseEnvFile(text)
  return { env: { ...file.values, ...env }, warnings: file.warnings }
}

type Entry = {
  readonly name?: string
  readonly value: string
  readonly expand: boolean
  readonly wrong?: string
  /** Where the next entry begins. */
  readonly end: number
}

const HEAD = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*/y
const DOUBLE_QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y
const SINGLE_QUOTED = /'([^']*)'/y

function entryAt(source: string, at: number): Entry {
  const lineEnd = endOfLine(source, at)
  const head = matchAt(HEAD, source, at)
  if (head === undefined) return withoutEntry(source.slice(at, lineEnd), lineEnd)
  const name = head[1] ?? ''
  const valueAt = at + head[0].length
  const quote = source[valueAt]
  if (quote !== '"' && quote !== "'") {
    const plain = source.slice(valueAt, lineEnd).replace(/(?:^|[ \t])#.*$/, '')
    return { name, value: plain.trim(), expand: true, end: lineEnd }
  }
  const quoted = matchAt(quote === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED, source, valueAt)
  if (quoted === undefined)
    return { value: '', expand: false, wrong: `the quote of ${name} is never closed`, end: lineEnd }
  const value = quoted[1] ?? ''
  const end = endOfLine(source, valueAt + quoted[0].length)
  return { name, value: quote === '"' ? unescaped(value) : value, expand: quote === '"', end }
}

function withoutEntry(line: string, end: number): Entry {
  const isBlank = line.trim() === '' || line.trim().startsWith('#')
  return { value: '', expand: false, end, ...(isBlank ? {} : { wrong: 'is not NAME=value' }) }
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(source) ?? undefined
}

/** Just behind the line end, or the end of the text. */
function endOfLine(source: string, at: number): number {
  const newline = source.indexOf('\n', at)
  return newline === -1 ? source.length : newline + 1
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** `\$` stays for `expanded` to see. */
function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, char: string) => (char === '$' ? whole : (ESCAPES[char] ?? char)))
}

function expanded(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\\\$|\$(?:\{([A-Z0-9_]+)\}|([A-Z0-9_]+))/g, (whole, braced?: string, bare?: string) =>
    whole === '\\$' ? '$' : (values[braced ?? bare ?? ''] ?? whole),
  )
}
