/** A string or number of a JSON text, the name it stands under, and the name of the object around it (`''` = none). */
export type JsonScalar = { readonly key: string; readonly parent: string; readonly value: string | number }

const MAX_SCALARS = 1_000
const MAX_DEPTH = 64
const NUMBER = /-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?/y
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

/**
 * The named strings and numbers of a JSON text, in order, without building its tree.
 *
 * Made for error bodies, which come truncated, concatenated or with a tail: what can be read is read. An object inside
 * an array stands under the array's name. Values inside strings are never seen as members.
 *
 * @param text  Untrusted; should be bounded by the caller. Not JSON (no `{` or `[` at its start): nothing is found.
 * Cost: linear in `text`; at most 1,000 values and 64 levels, the rest is left out. Errors: none.
 * Source: RFC 8259.
 */
export function jsonScalars(text: string): readonly JsonScalar[] {
  const found: JsonScalar[] = []
  const names: string[] = []
  let key = ''
  let at = skipBlanks(text, 0)
  if (text[at] !== '{' && text[at] !== '[') return found
  while (at < text.length && found.length < MAX_SCALARS) {
    const char = text.charAt(at)
    if (char === '"') {
      const end = endOfString(text, at)
      const value = unescaped(text.slice(at + 1, end))
      at = skipBlanks(text, end + 1)
      if (text[at] === ':') key = value
      else if (key !== '') found.push({ key, parent: names.at(-1) ?? '', value })
      if (text[at] !== ':') key = ''
      continue
    }
    if (char === '{' || char === '[') {
      if (names.length >= MAX_DEPTH) break
      names.push(key === '' ? (names.at(-1) ?? '') : key)
    }
    if (char === '}' || char === ']') names.pop()
    const number = key === '' ? '' : numberAt(text, at)
    if (number !== '') found.push({ key, parent: names.at(-1) ?? '', value: Number(number) })
    if (number !== '' || '{[}],'.includes(char)) key = ''
    at += Math.max(number.length, 1)
  }
  return found
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n\uFEFF'.includes(text.charAt(at))) at++
  return at
}

/** Index of the closing quote, or the length of the text when there is none. */
function endOfString(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x22) return at
    if (char === 0x5c) at++
  }
  return text.length
}

function numberAt(text: string, at: number): string {
  NUMBER.lastIndex = at
  return NUMBER.exec(text)?.[0] ?? ''
}

function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw
  return raw.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
