import { Secret } from '../core/secret.ts'

export const HIDDEN = '***'
const MAX_DEPTH = 4
/** Of one record; and items of a list. */
export const MAX_FIELDS = 50
const MAX_TEXT_CHARS = 2000

/** Names whose value is a secret whatever it looks like. `maxTokens`, `tokenId` and `inputTokens` are counts and ids. */
const SECRET_NAME =
  /pass(?:word|wd)?$|secret|authori[sz]ation|cookie|credential|api[-_]?key|private[-_]?key|(?:^|[-_]|[a-z](?=[TK]))(?:token|key)$|^(?:dsn|apiKeyUsed)$/i
const HARMLESS_NAME = /^(?:key|settingKey|sessionKey|cacheKey)$/

/** Shapes of credentials inside any text; each replacement keeps what tells them apart from the secret itself. */
const SECRET_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  [/([?&](?:key|api[-_]?key|access_token|token|password)=)[^&\s"'#]+/gi, `$1${HIDDEN}`],
  [/\b((?:x-)?(?:goog-)?api-key|authorization|cookie|password)(["']?\s*[:=]\s*["']?)[^\s"',;&}]+/gi, `$1$2${HIDDEN}`],
  [/\b(sk|pk|rk|xai|gsk|hf|ghp|AKIA)[-_][A-Za-z0-9_-]{8,}/g, `$1-${HIDDEN}`],
  [/\bAIza[A-Za-z0-9_-]{20,}/g, `AIza${HIDDEN}`],
  [/\b[0-9a-f]{64}\b/gi, HIDDEN],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?/g, HIDDEN],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]+@/gi, `$1${HIDDEN}@`],
]

/** True for every text that a shape above could match; most texts of a log are none (access log: 10 to 3 µs a line). */
const MAY_BE_SECRET =
  /bearer|basic|key|token|passw|authori|cookie|(?:sk|pk|rk|xai|gsk|hf|ghp|AKIA)[-_]|AIza|[0-9a-f]{64}|eyJ|:\/\//i

/** Of the short ones that were looked at: methods and paths repeat in every line. */
const harmlessTexts = new Set<string>()
const MAX_KNOWN = 1000
const MAX_KNOWN_CHARS = 64

/** A text without anything that looks like a credential, at most 2,000 UTF-16 units long. */
export function redactText(text: string): string {
  // Cut first: a megabyte of upstream error text must not be searched.
  const short = text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…(${text.length} chars)` : text
  if (harmlessTexts.has(short)) return short
  if (MAY_BE_SECRET.test(short))
    return SECRET_SHAPES.reduce((clean, [shape, shown]) => clean.replace(shape, shown), short)
  if (harmlessTexts.size < MAX_KNOWN && short.length <= MAX_KNOWN_CHARS) harmlessTexts.add(short)
  return short
}

/**
 * Log fields made fit to print: no secrets, bounded in depth, number and length, plain JSON values only.
 *
 * Errors: none; a value that cannot be read (a throwing getter, a cycle) is named, not shown.
 */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactRecord(fields, MAX_DEPTH)
}

function redactRecord(record: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(record).slice(0, MAX_FIELDS)) clean[shownName(name)] = redacted(record, name, depth)
  return clean
}

/** One of them: its name and its value. */
export function redactField(
  name: string,
  fields: Readonly<Record<string, unknown>>,
): readonly [name: string, value: unknown] {
  return [shownName(name), redacted(fields, name, MAX_DEPTH)]
}

function redacted(record: Readonly<Record<string, unknown>>, name: string, depth: number): unknown {
  try {
    return isSecretName(name) ? hidden(record[name]) : redactValue(record[name], depth)
  } catch {
    return '(unreadable)' // a getter threw: its error may quote what it guards
  }
}

const knownNames = new Map<string, boolean>()

/** Field names repeat in every line, so the answer is remembered. */
function isSecretName(name: string): boolean {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const isSecret = SECRET_NAME.test(name) && !HARMLESS_NAME.test(name)
  if (knownNames.size < MAX_KNOWN) knownNames.set(name, isSecret)
  return isSecret
}

/** A name can be a secret too, when somebody logs a map that is keyed by one. */
function shownName(name: string): string {
  return name.length < 16 ? name : redactText(name)
}

/** Absence is no secret and often the very thing to know. */
function hidden(value: unknown): unknown {
  return value === undefined || value === null || value === '' ? value : HIDDEN
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value === null || typeof value !== 'object')
    return typeof value === 'boolean' || value == null ? value : `(${typeof value})`
  if (value instanceof Secret) return HIDDEN
  if (value instanceof Error) return redactError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(no date)' : value.toISOString()
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
  if (depth <= 0) return '(deeper)'
  if (value instanceof URL) return redactText(value.href)
  if (value instanceof Headers || value instanceof Map) return redactRecord(Object.fromEntries(value), depth - 1)
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, MAX_FIELDS).map((item) => redactValue(item, depth - 1))
  return redactRecord(value as Record<string, unknown>, depth - 1)
}

/** Where it came from matters for bugs, so the stack stays; a chain of causes too. */
function redactError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error ? error.code : undefined
  return {
    name: error.name,
    message: redactText(error.message),
    ...(code === undefined ? {} : { code: redactValue(code, 0) }),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined || depth <= 0 ? {} : { cause: redactValue(error.cause, depth - 1) }),
  }
}
