import { utf8 } from './find-bytes.ts'

/** A JSON object of unknown make. */
export type Json = Readonly<Record<string, unknown>>

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The text itself; `undefined` for anything else and for the empty text. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Text or number as text, else `''`. Vendors disagree on what an error code is. */
export function asLabel(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** `undefined` when the text is not JSON. (No JSON text means undefined.) */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller asked "is it JSON?", and this is the answer
  }
}

export function parseObject(bytes: Uint8Array): Json | undefined {
  return asObject(parseJson(utf8(bytes)))
}
