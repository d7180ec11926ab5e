/** A text that must never be printed. Every way JavaScript has to show a value gives `***`; only `open` gives the text. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. Callers: `upstream/`, `link/`, `store/`, the key reveal and the CSV export. */
  open(): string {
    return this.#text
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***'
  }
}

const SHOWN_CHARS = 4
const HIDE_ALL_CHARS = 8

/** First and last four characters, or `****` when that would show half of it. Kept from the old program, people search logs by it. */
export function maskKey(text: string): string {
  if (text.length <= HIDE_ALL_CHARS) return '****'
  return `${text.slice(0, SHOWN_CHARS)}...${text.slice(-SHOWN_CHARS)}`
}

/** A text of somebody else's with every one of `secrets` in it made unreadable. */
export function scrub(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, '***')), text)
}
