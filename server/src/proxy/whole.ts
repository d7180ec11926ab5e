import type { Api } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { networkCode } from '../core/network-code.ts'
import type { Usage } from '../core/usage.ts'
import { inspectWhole, type WholeFinding } from '../protocol/whole-answer.ts'
import type { Reader } from './reader.ts'
import { decodeWhole, type Encoding } from './side-decoder.ts'

/** All of a body, or as much as may be held and the reader that has the rest. */
export type Held =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'more'; readonly chunks: Uint8Array[]; readonly reader: Reader }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** A decoded answer may be this much larger than its hold limit before it counts as a bomb. */
const DECODED_FACTOR = 16

/** Reads on, from what is there already, to the end or just past `maxBytes`. */
export async function holdUpTo(
  maxBytes: number,
  { chunks, reader, stop }: { readonly chunks: Uint8Array[]; readonly reader: Reader; readonly stop: AbortController },
): Promise<Held> {
  let size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  try {
    while (size <= maxBytes) {
      const { done, value } = await reader.read()
      if (done || !value)
        return { kind: 'whole', bytes: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size) }
      chunks.push(value)
      size += value.length
    }
  } catch (error) {
    return { kind: 'failed', failure: cutFailure(error, stop) }
  }
  return { kind: 'more', chunks, reader }
}

export type Judged = {
  readonly failure: Failure | undefined
  readonly usage: Usage
  readonly responseId?: string | undefined
  /** About how many tokens of output there are, where the answer does not say how much was used. */
  readonly outputGuess?: number | undefined
}

export type WholeLook = {
  readonly api: Api
  readonly encoding: Encoding | undefined
  readonly contentType: string
  readonly softErrorTexts: readonly string[]
  readonly holdBytes: number
}

/** Whether a whole 2xx answer is one. What cannot be decoded or read is not held against it. */
export function judgeWhole(bytes: Uint8Array, look: WholeLook): Judged | Promise<Judged> {
  if (bytes.length === 0) return { failure: { kind: 'empty', what: 'no-body' }, usage: {} }
  if (look.encoding === undefined) return { failure: undefined, usage: {} }
  if (look.encoding === 'identity') return judgementOf(inspect(bytes, look))
  return judgeEncoded(bytes, look.encoding, look)
}

async function judgeEncoded(bytes: Uint8Array, encoding: Encoding, look: WholeLook): Promise<Judged> {
  const decoded = await decodeWhole(encoding, bytes, look.holdBytes * DECODED_FACTOR)
  if (decoded === 'too-big') return { failure: undefined, usage: {} }
  if (decoded === undefined) return { failure: { kind: 'reset', code: 'BROKEN_ENCODING' }, usage: {} }
  return judgementOf(inspect(decoded, look))
}

function inspect(bytes: Uint8Array, { api, contentType, softErrorTexts }: WholeLook): WholeFinding {
  return inspectWhole(api, bytes, contentType, softErrorTexts)
}

function judgementOf(finding: WholeFinding): Judged {
  switch (finding.kind) {
    case 'ok':
      return {
        failure: undefined,
        usage: finding.usage,
        responseId: finding.responseId,
        outputGuess: finding.outputGuess,
      }
    case 'opaque':
      return { failure: undefined, usage: finding.usage }
    case 'soft-error':
      return {
        failure: { kind: 'soft-error', body: finding.body, errorType: finding.type, errorCode: finding.code },
        usage: finding.usage,
      }
    case 'empty':
      return { failure: { kind: 'empty', what: 'no-content' }, usage: {} }
    case 'html':
      return { failure: { kind: 'html' }, usage: {} }
    case 'cut':
      return { failure: { kind: 'reset', code: 'BODY_CUT' }, usage: {} }
  }
}

export function cutFailure(error: unknown, stop: AbortController): Failure {
  return stop.signal.aborted ? (stop.signal.reason as Failure) : { kind: 'reset', code: networkCode(error) }
}
