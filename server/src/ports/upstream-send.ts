import type { Failure } from '../core/failure.ts'
import type { Secret } from '../core/secret.ts'

/** What we send to an upstream. The bytes are sent as they are. */
export type Ask = {
  readonly method: string
  /** Base address of the channel; what can be known about it is kept by it. */
  readonly base: string
  /** Absolute, query included; begins with `base`. */
  readonly url: string
  /** By lower-case name; the sender adds to it. */
  readonly headers: Record<string, string>
  readonly body: Uint8Array | undefined
  /** Opened by the sender only, put into the headers named by `credentialHeaders` of the API. */
  readonly key: Secret
  readonly keyHeaders: readonly string[]
}

/** Headers of an answer in hand; the body has not been read. Any status. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  /** The body as it arrives; `null` when there is none. Once. */
  body(): ReadableStream<Uint8Array> | null
  /** The whole body at once; cheaper than the stream where nothing is relayed before its end. Once; rejects when cut. */
  bytes(): Promise<Uint8Array>
}

export type Sent = { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly failure: Failure }

/** The one place that talks to upstreams. Never follows a redirect, never decodes a body, never throws. */
export interface UpstreamSend {
  /**
   * @param stop  Aborted by the caller, ends the exchange at any time, also while the body is being read. It must be
   *              aborted with a `Failure`, which is then the result. The sender aborts it itself when no connection
   *              could be made in time.
   */
  send(ask: Ask, stop: AbortController): Promise<Sent>
}
