import type { Header } from './draft.ts'
import { headerOf, type RequestHead } from './request-reader.ts'

/** One request as it reached the mock. It is noted when its head is here; the body follows. */
export type Call = {
  /** Unix ms, when the head was complete. */
  readonly atMs: number
  readonly method: string
  /** The raw request target, query included. */
  readonly path: string
  /** In order, with the casing that came over the wire. */
  readonly headers: readonly Header[]
  readonly rawHead: string
  readonly key: string | undefined
  /** Number of the connection, from 1: equal numbers mean that a connection was used again. */
  readonly connection: number
  /** Without chunked coding; empty until `bodyAtMs`. */
  body: Uint8Array
  /** Of `body`, hex; `''` until `bodyAtMs`. */
  sha256: string
  /** Unix ms, when the body was complete; `undefined` when it never was. */
  bodyAtMs?: number
  /** The body of the answer as meant for the client: content-coded, not chunked, without what a cut keeps back. */
  answerBody?: Uint8Array
  /** What the operating system took of the answer so far, head and chunk framing included. */
  wireBytes: number
  /** Unix ms, when the last byte of a complete answer was handed over. */
  answeredAtMs?: number
  /** Unix ms, when the client hung up before the answer was complete. */
  closedEarlyAtMs?: number
}

export function callOf(head: RequestHead, atMs: number, connection: number): Call {
  const { method, headers } = head
  const noted = { atMs, method, path: head.target, headers, rawHead: head.raw, key: keyOf(head), connection }
  return { ...noted, body: new Uint8Array(0), sha256: '', wireBytes: 0 }
}

/** The credential of a request, wherever the four APIs put it. */
export function keyOf(head: RequestHead): string | undefined {
  const bearer = /^bearer (.+)$/i.exec(headerOf(head.headers, 'authorization') ?? '')?.[1]
  const header = bearer ?? headerOf(head.headers, 'x-api-key') ?? headerOf(head.headers, 'x-goog-api-key')
  return header ?? new URLSearchParams(head.target.split('?')[1] ?? '').get('key') ?? undefined
}

export type CallFilter = {
  readonly key?: string
  /** Beginning of the request target. */
  readonly path?: string
}

export function callsThatFit(calls: readonly Call[], filter: CallFilter): readonly Call[] {
  return calls.filter(
    (call) =>
      (filter.key === undefined || call.key === filter.key) &&
      (filter.path === undefined || call.path.startsWith(filter.path)),
  )
}
