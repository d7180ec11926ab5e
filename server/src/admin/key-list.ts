export type KeyList =
  | { readonly ok: true; readonly keys: readonly string[] }
  | { readonly ok: false; readonly message: string }

const MAX_KEYS = 10_000
const MAX_KEY_CHARS = 4_096
const MASKED = /\*{3}|\.{3}|…/
const VISIBLE_ASCII = /^[\x21-\x7e]+$/ // what a header value can carry without quoting: RFC 9110 §5.5

/**
 * Upstream keys as a user types them: several in one text, separated by commas or line ends, or a list. Blank entries
 * and repetitions are dropped, the first one stays. Messages name a position, never a key.
 *
 * A masked key (`sk-a...wxyz`, `****`) is refused: saved, it would replace the real one.
 */
export function keyListOf(typed: string | readonly string[]): KeyList {
  const entries = (typeof typed === 'string' ? typed.split(/[,\r\n]/) : typed).map((entry) => entry.trim())
  const keys = entries.filter((entry) => entry !== '')
  for (const [at, key] of keys.entries()) {
    const why = whyNot(key)
    if (why !== undefined) return { ok: false, message: `key ${at + 1} ${why}` }
  }
  const unique = [...new Set(keys)]
  if (unique.length > MAX_KEYS) return { ok: false, message: `there must not be more than ${MAX_KEYS} keys` }
  return { ok: true, keys: unique }
}

function whyNot(key: string): string | undefined {
  if (key.length > MAX_KEY_CHARS) return `is longer than ${MAX_KEY_CHARS} characters`
  if (MASKED.test(key))
    return 'is masked (it shows *** or ...), not a real key; leave the field out to keep the stored keys'
  return VISIBLE_ASCII.test(key) ? undefined : 'contains a blank, a control character or a letter outside ASCII'
}
