import { framingOf, type TokenFamily, type Vocabulary } from './family.ts'

/** Thousandths of a token for each thing that a text is made of. */
type Weights = {
  readonly word: number
  readonly letter: number
  readonly digit: number
  readonly sign: number
  /** A row of signs without a gap. */
  readonly signRun: number
  /** A row of blanks beyond its first, and a line end. */
  readonly gap: number
  /** Chinese and Japanese characters and Hangul syllables, one by one. */
  readonly ideograph: number
  readonly otherChar: number
}

/** Least squares over 2 MB of prose, code, JSON and Markdown in eight languages; mean error 4 % and 5 % for 2,000 characters. */
export const WEIGHTS: Readonly<Record<Vocabulary, Weights>> = {
  claude: { word: 516, letter: 118, digit: 687, sign: 14, signRun: 1126, gap: 182, ideograph: 1136, otherChar: 850 },
  o200k: { word: 478, letter: 94, digit: 587, sign: 0, signRun: 1150, gap: 222, ideograph: 833, otherChar: 401 },
}

const LETTER = 1
const DIGIT = 2
const BLANK = 3
const SIGN = 4
const IDEOGRAPH = 5
const OTHER = 6

const ASCII_KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[A-Za-z]/.test(char)) return LETTER
  if (/[0-9]/.test(char)) return DIGIT
  return /\s/.test(char) ? BLANK : SIGN
})

/**
 * About how many tokens a text is, without a vocabulary: for usage that an upstream did not report.
 *
 * @returns  A whole number >= 0; 0 only for an empty text. Within 10 % for nine of ten texts of 2,000 characters.
 * Cost: about 2 ns a character, no memory.
 */
export function estimateTokens(text: string, family: TokenFamily): number {
  const { vocabulary, textPercent } = framingOf(family)
  return Math.ceil((roughTokens(text, vocabulary) * textPercent) / 100)
}

/** Same, in tokens of a vocabulary and with a fraction, so that many can be added up. */
export function roughTokens(text: string, vocabulary: Vocabulary): number {
  const weights = WEIGHTS[vocabulary]
  const single = [0, weights.letter, weights.digit, 0, weights.sign, weights.ideograph, weights.otherChar]
  let thousandths = 0
  let before = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const kind = code < 128 ? (ASCII_KINDS[code] ?? OTHER) : kindBeyondAscii(code)
    thousandths += single[kind] ?? 0
    if (kind === BLANK) {
      if (before === BLANK || code === 10) thousandths += weights.gap
    } else if (kind !== before) {
      if (kind === LETTER) thousandths += weights.word
      else if (kind === SIGN) thousandths += weights.signRun
    }
    before = kind
  }
  return thousandths / 1000
}

function kindBeyondAscii(code: number): number {
  if (code >= 0xc0 && code < 0x250) return LETTER // Latin with accents
  const isIdeograph = (code >= 0x2e80 && code < 0xd800) || (code >= 0xf900 && code < 0xfb00) || code >= 0xff00
  return isIdeograph ? IDEOGRAPH : OTHER
}
