import { type FailureRules, NO_RULES, type RulesRead, readFailureRules } from '../core/failure-rules.ts'

let last: { readonly text: string; readonly read: RulesRead } = { text: '', read: { ok: true, rules: NO_RULES } }

/**
 * Reads the setting `failure_rules`: a JSON list of rules, or `''`.
 *
 * Errors: none thrown. Cost: compiles all patterns, once as long as the text stays the same.
 */
export function parseFailureRules(text: string): RulesRead {
  if (text !== last.text) last = { text, read: readText(text) }
  return last.read
}

/** The rules of a text that has been judged before; none when it is unusable after all. */
export function failureRulesOf(text: string): FailureRules {
  const read = parseFailureRules(text)
  return read.ok ? read.rules : NO_RULES
}

function readText(text: string): RulesRead {
  if (text.trim() === '') return { ok: true, rules: NO_RULES }
  try {
    return readFailureRules(JSON.parse(text))
  } catch {
    return { ok: false, message: 'must be JSON: a list of rules in brackets' } // the parser's words differ by version
  }
}
