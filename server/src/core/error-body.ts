import { type JsonScalar, jsonScalars } from './json-scalars.ts'

/** What an upstream's error text says, in whichever of the known shapes it says it. */
export type ErrorBody = {
  /** `error.type`, lower case; `''` when there is none. */
  readonly type: string
  /** `error.code` (text or number) or `error.status`, lower case; `''` when there is none. */
  readonly code: string
  /** The human text; of a body that is not JSON, its beginning. */
  readonly message: string
  /** Name of the request field it complains about (`error.param`); `''` when there is none. */
  readonly param: string
  /** Type, codes, reasons and message in lower case with blanks for underscores: what patterns are matched against. */
  readonly words: string
  readonly isHtml: boolean
  readonly scalars: readonly JsonScalar[]
}

const MAX_BYTES = 65_536
const MAX_WORDS_CHARS = 8_192
const MESSAGE_KEYS = ['message', 'error', 'detail', 'msg', 'error_description', 'error_message', 'errmsg', 'raw']
const WORD_KEYS = ['type', 'code', 'status', 'reason', ...MESSAGE_KEYS]
/** Objects whose members speak about the error; a request echoed under another name is not listened to. */
const PARENTS = ['', 'error', 'errors', 'details', 'detail', 'metadata', 'response']
const HTML = /<!doctype html|<html/i
const SSE = /^\s*(?:event|data):/

/**
 * Reads the error text of an upstream.
 *
 * @param body  Untrusted, without content encoding. A text may be JSON, the lines of an SSE event, or plain. Only the
 *              first 64 KiB are looked at.
 * Errors: none. Cost: linear.
 */
export function readErrorBody(body: Uint8Array | string): ErrorBody {
  const text = typeof body === 'string' ? body.slice(0, MAX_BYTES) : decode(body)
  const json = SSE.test(text) ? text.slice(Math.max(text.indexOf('{'), 0)) : text
  const scalars = jsonScalars(json)
  const told = scalars.filter((scalar) => PARENTS.includes(scalar.parent))
  const isJson = scalars.length > 0
  const plain = isJson ? '' : text.slice(0, MAX_WORDS_CHARS)
  const words = told.filter((scalar) => WORD_KEYS.includes(scalar.key)).map((scalar) => scalar.value)
  return {
    type: inError(told, 'type').toLowerCase(),
    code: (inError(told, 'code') || inError(told, 'status')).toLowerCase(),
    message: MESSAGE_KEYS.map((key) => inError(told, key)).find((value) => value !== '') ?? plain,
    param: inError(told, 'param'),
    words: (isJson ? words.join(' ') : plain).slice(0, MAX_WORDS_CHARS).toLowerCase().replaceAll('_', ' '),
    isHtml: !isJson && HTML.test(text),
    scalars,
  }
}

function decode(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, MAX_BYTES))
}

/** The member of the error object, else of the top level (where `type: "error"` says nothing). */
function inError(told: readonly JsonScalar[], key: string): string {
  const nested = told.find((scalar) => scalar.key === key && scalar.parent === 'error')
  const top = told.find((scalar) => scalar.key === key && scalar.parent === '' && scalar.value !== 'error')
  return String((nested ?? top)?.value ?? '')
}
