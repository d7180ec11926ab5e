const BYTES_PER_UNIT = 3 // no UTF-16 unit becomes more than three bytes of UTF-8
const REPLACEMENT = '\ufffd'
const NUL = /\0/g // databases cut text at it

/** Text that every database takes: no lone surrogates, no NUL. Anything but a string becomes `''`. */
function clean(value: unknown): string {
  if (typeof value !== 'string' || value === '') return ''
  const text = value.isWellFormed() ? value : value.toWellFormed()
  return text.includes('\0') ? text.replace(NUL, REPLACEMENT) : text
}

/** At most `maxChars` characters (code points), never half of one. */
export function textOfChars(value: unknown, maxChars: number): string {
  const text = clean(value)
  if (text.length <= maxChars) return text
  let end = 0
  for (let chars = 0; chars < maxChars && end < text.length; chars++) end += unitsAt(text, end)
  return text.slice(0, end)
}

/** At most `maxBytes` bytes of UTF-8, never half a character. */
export function textOfBytes(value: unknown, maxBytes: number): string {
  const text = clean(value)
  if (text.length * BYTES_PER_UNIT <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text
  let end = 0
  let bytes = 0
  while (end < text.length) {
    const units = unitsAt(text, end)
    bytes += Buffer.byteLength(text.slice(end, end + units))
    if (bytes > maxBytes) break
    end += units
  }
  return text.slice(0, end)
}

function unitsAt(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
}

/** A whole number, 0..2^53-1; what is none becomes 0, so that one bad row cannot lose a whole batch. */
export function wholeNumber(value: unknown): number {
  if (typeof value !== 'number' || !(value > 0)) return 0
  return Math.min(Math.round(value), Number.MAX_SAFE_INTEGER)
}
