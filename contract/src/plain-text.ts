import { z } from 'zod'

/**
 * What must not stand in a name: control characters end a header line or forge a line of a log, lone surrogates are no
 * text, and marks of writing direction make one name look like another.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** One line of text without blanks around it, which may be empty. */
export function plainText(maxChars: number) {
  return z
    .string({ error: 'must be a text' })
    .trim()
    .max(maxChars, `must not be longer than ${maxChars} characters`)
    .refine((text) => !UNPRINTABLE.test(text), 'must not contain line breaks or control characters')
}

/** One line of text that says something. */
export function filledText(maxChars: number) {
  return plainText(maxChars).min(1, 'must not be blank')
}

export const flag = z.boolean({ error: 'must be true or false' })
