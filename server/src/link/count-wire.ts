import type { Vocabulary } from '../core/count-tokens/family.ts'
import type { PairTable } from '../core/count-tokens/pair-table.ts'

/*
 * What goes between control and the two threads of token counting: one that counts and stays, and one that turns a
 * published vocabulary into a flat table and ends, and with it the memory that this takes.
 */

/** To the counting thread. `body`: the request as it came, at most what the body limit lets in. */
export type ToCounter =
  | { readonly id: number; readonly body: Uint8Array<ArrayBuffer> }
  | { readonly vocabulary: Vocabulary; readonly table: PairTable }

/** From it. `needs`: a request waits for that vocabulary; asked for once. */
export type FromCounter =
  | { readonly id: number; readonly inputTokens: number }
  | { readonly id: number; readonly fault: string }
  | { readonly needs: Vocabulary }

/** To the loading thread, which answers with a table. */
export type ToLoader = { readonly load: Vocabulary }

/** The buffers of a table, to be moved instead of copied. */
export function tableBuffers({ ranks, hashes, checks }: PairTable): ArrayBuffer[] {
  return [ranks.buffer, hashes.buffer, checks.buffer]
}

/** A request to count: untrusted bytes, parsed here and nowhere else. `undefined` for what is not JSON. */
export function readCountBody(body: Uint8Array): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) }
  } catch {
    return undefined // neither UTF-8 nor JSON: which of the two it fails is no news to anyone
  }
}
