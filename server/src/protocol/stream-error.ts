import { asArray, asLabel, asObject, type Json } from './json-fields.ts'

/** An error an upstream reports inside its answer. Unknown parts are `''`. */
export type StreamError = {
  /** The error as it came, JSON or text, cut to MAX_ERROR_CHARS. */
  readonly body: string
  /** Vendor's class: `overloaded_error`, `insufficient_quota`, `UNAVAILABLE`. */
  readonly type: string
  readonly code: string
  readonly message: string
}

/** Enough for any real error; a failed Responses object carries the whole conversation. UTF-16 units. */
export const MAX_ERROR_CHARS = 16_384

/**
 * The error that a top-level JSON object of any of the APIs means, if it means one.
 *
 * Looked at: `error` (unless null, false or empty), `type: "error"`, `response.error` and status `failed` of the Responses
 * API, `finish_reason: "error"` of a choice. The word inside content never counts.
 */
export function errorIn(json: Json): StreamError | undefined {
  const response = asObject(json['response'])
  const found = realError(json['error']) ?? realError(response?.['error'])
  if (found !== undefined) return describe(found, json)
  if (asLabel(json['type']).toLowerCase() === 'error') return describe({ ...json, type: '' }, json)
  if (isFailed(json) || isFailed(response)) return describe({}, json)
  const isErrorChoice = asArray(json['choices']).some((choice) => asObject(choice)?.['finish_reason'] === 'error')
  return isErrorChoice ? describe({ type: 'error' }, json) : undefined
}

/** An error event whose data is not a JSON object. */
export function errorFromText(text: string): StreamError {
  const body = text.slice(0, MAX_ERROR_CHARS)
  return { body, type: '', code: '', message: body }
}

function realError(value: unknown): unknown {
  return value === undefined || value === null || value === false || value === '' ? undefined : value
}

function isFailed(json: Json | undefined): boolean {
  return json?.['status'] === 'failed' && (json['object'] === 'response' || json['error'] !== undefined)
}

function describe(error: unknown, whole: Json): StreamError {
  const fields = asObject(error)
  if (fields === undefined) return { body: bodyOf(whole, error), type: '', code: '', message: asLabel(error) }
  return {
    body: bodyOf(whole, error),
    type: asLabel(fields['type']) || asLabel(fields['status']),
    code: asLabel(fields['code']),
    message: asLabel(fields['message']),
  }
}

function bodyOf(whole: Json, error: unknown): string {
  const body = JSON.stringify(whole)
  if (body.length <= MAX_ERROR_CHARS) return body
  return JSON.stringify({ type: asLabel(whole['type']), error }).slice(0, MAX_ERROR_CHARS)
}
