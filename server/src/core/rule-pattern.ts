import { RE2JS, RE2JSSyntaxException } from 're2js'

/** A pattern whose cost is linear in the text, whoever wrote pattern and text. */
export type RulePattern = {
  readonly source: string
  /** Instructions of its program: the cost of a text is at most in proportion to this times its length. */
  readonly size: number
  /** Names of its named groups. */
  readonly groups: readonly string[]
  test(text: string): boolean
  /** What the named groups of the first match hold; a group that took no part is absent. */
  captures(text: string): Readonly<Record<string, string>>
}

export type PatternRead =
  | { readonly ok: true; readonly pattern: RulePattern }
  /** `at`: where in the pattern, UTF-16 units from its start. */
  | { readonly ok: false; readonly why: string; readonly at: number }

/**
 * Compiles a pattern in the syntax of RE2: no look-around, no back-references, at most 1,000 repetitions. `(?i)` at its
 * start makes it blind to case.
 *
 * Errors: none thrown. Source: RE2 "Syntax"; automata instead of backtracking, so that no pattern explodes.
 */
export function compilePattern(source: string): PatternRead {
  const compiled = compiledOf(source)
  if (compiled instanceof RE2JSSyntaxException) {
    return { ok: false, why: compiled.getDescription(), at: offsetOf(source, compiled) }
  }
  const groups = Object.keys(compiled.namedGroups())
  const captures = (text: string): Record<string, string> => {
    const matcher = compiled.matcher(text)
    const found: Record<string, string> = {}
    if (!matcher.find()) return found
    for (const name of groups) {
      const value = matcher.group(name)
      if (typeof value === 'string') found[name] = value
    }
    return found
  }
  const test = (text: string): boolean => compiled.test(text)
  return { ok: true, pattern: { source, size: compiled.programSize(), groups, test, captures } }
}

function compiledOf(source: string): RE2JS | RE2JSSyntaxException {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return error
    throw error
  }
}

/** The engine names the piece it stumbled over, not its place: it is where the pattern cut behind it fails alike. */
function offsetOf(source: string, error: RE2JSSyntaxException): number {
  const description = error.getDescription()
  const piece = error.getPattern() ?? ''
  if (piece === '' || (piece === source && description !== 'unexpected )')) return source.length
  const wanted = piece === source ? ')' : piece
  for (let at = source.indexOf(wanted); at >= 0; at = source.indexOf(wanted, at + 1)) {
    const cut = compiledOf(source.slice(0, at + wanted.length))
    if (cut instanceof RE2JSSyntaxException && cut.getDescription() === description) return at
  }
  return Math.max(source.lastIndexOf(wanted), 0)
}
