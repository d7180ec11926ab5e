import type { z } from 'zod'

type Issue = z.core.$ZodIssue

const MAX_PROBLEMS = 5
const MAX_NAME_CHARS = 100

/**
 * What is wrong with a body, in one line: unknown fields first, then the rest in the order of the schema.
 * Values are never repeated: one of them may be a key.
 *
 * @param error  Of a parse with `reportInput`, which tells what is missing from what is wrong.
 */
export function complaintOf(error: z.ZodError): string {
  const unknown = error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? unknownFields(issue) : []))
  const wrong = error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? [] : [wrongField(issue)]))
  const problems = [...unknown, ...wrong]
  const shown = problems.slice(0, MAX_PROBLEMS).join('; ')
  return problems.length > MAX_PROBLEMS ? `${shown}; and ${problems.length - MAX_PROBLEMS} more` : shown
}

function unknownFields(issue: Extract<Issue, { code: 'unrecognized_keys' }>): readonly string[] {
  return issue.keys.map((key) => `unknown field "${quotable(pathText([...issue.path, key]))}"`)
}

function wrongField({ path, code, message, ...issue }: Issue): string {
  const field = path.length === 0 ? 'the body' : quotable(pathText(path))
  if ((code === 'invalid_type' || code === 'invalid_union') && issue.input === undefined) return `${field} is missing`
  return `${field} ${message}`
}

/** `models[0].model` */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

/** A name from outside, fit to stand in a message. */
function quotable(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cs}"]/gu, '?')
  return plain.length <= MAX_NAME_CHARS ? plain : `${plain.slice(0, MAX_NAME_CHARS)}…`
}
