import type { CostPeriod } from './limits.ts'
import type { Skip } from './order-channels.ts'

export type ConnectCause = 'dns' | 'refused' | 'unreachable' | 'tls' | 'timeout' | 'blocked' | 'other'

/** Everything that can end a request or one attempt early, as data. Bugs are thrown; these are returned. */
export type Failure =
  // the client's side
  | { readonly kind: 'client-gone' }
  | { readonly kind: 'unauthorized'; readonly expired: boolean }
  | { readonly kind: 'bad-request'; readonly message: string }
  | { readonly kind: 'body-too-large'; readonly maxBytes: number }
  | { readonly kind: 'body-timeout'; readonly waitedMs: number }
  | { readonly kind: 'headers-too-large' }
  | { readonly kind: 'model-forbidden'; readonly model: string }
  /** Nobody has a price for it, and costs are limited: setting `unpriced_policy`. */
  | { readonly kind: 'model-unpriced'; readonly model: string }
  | { readonly kind: 'address-forbidden'; readonly address: string }
  | {
      readonly kind: 'cost-limit'
      readonly period: CostPeriod
      readonly usedMicroUsd: number
      readonly limitMicroUsd: number
      /** When there is money again; absent when waiting does not help. */
      readonly retryAfterMs?: number
    }
  | {
      readonly kind: 'rate-limit'
      readonly what: 'rpm' | 'concurrency'
      readonly limit: number
      readonly retryAfterMs: number
    }
  | { readonly kind: 'unsupported-path' }
  | { readonly kind: 'upgrade-required' }
  | { readonly kind: 'client-deadline'; readonly waitedMs: number } // the client's own limit
  | { readonly kind: 'request-timeout'; readonly waitedMs: number } // ours, for a request with all its attempts
  // our own
  | {
      readonly kind: 'busy'
      readonly why: 'queue-full' | 'waited-too-long' | 'memory' | 'stopping'
      readonly retryAfterMs: number
    }
  | { readonly kind: 'no-channel'; readonly skipped: readonly Skip[]; readonly retryAfterMs?: number }
  | { readonly kind: 'bug'; readonly error: unknown }
  // the upstream's, before anything reached the client
  | { readonly kind: 'connect'; readonly cause: ConnectCause; readonly code: string }
  | { readonly kind: 'reset'; readonly code: string } // sent, connection lost before the whole answer was here
  | { readonly kind: 'first-byte-timeout'; readonly waitedMs: number }
  | { readonly kind: 'first-content-timeout'; readonly waitedMs: number }
  | { readonly kind: 'answer-timeout'; readonly waitedMs: number } // a whole (not streamed) answer took too long
  | {
      readonly kind: 'status'
      readonly status: number
      /** Decoded, for reading. */
      readonly body: Uint8Array
      /** As it came, for passing on; the same bytes when it was not encoded. */
      readonly raw: Uint8Array
      readonly headers: Headers
    }
  | { readonly kind: 'soft-error'; readonly body: string; readonly errorType: string; readonly errorCode: string } // an error inside a 200
  | { readonly kind: 'empty'; readonly what: 'no-body' | 'no-events' | 'no-content' }
  | { readonly kind: 'html' }
  // the upstream's, after the commit point
  | { readonly kind: 'stream-cut'; readonly code: string }
  | { readonly kind: 'stream-idle'; readonly waitedMs: number }
  | { readonly kind: 'stream-unfinished' } // clean end of the body without the protocol's end marker
  | { readonly kind: 'stream-error'; readonly body: string; readonly errorType: string; readonly errorCode: string }

export type FailureKind = Failure['kind']

/** Who pays. `gateway` and `client` never rest anything. */
export type Blame = 'client' | 'gateway' | 'key' | 'model' | 'channel' | 'nobody'

export type Next = 'stop' | 'next-key' | 'next-channel'

/** Which first step of the cooldown ladder a failure takes (variables `CCLOAD_COOLDOWN_*`). */
export type CooldownClass = 'auth' | 'server' | 'timeout' | 'rate-limit'

/** What follows from a failure; cooldown, retry, log row and the client's status all come from here, so they cannot disagree. */
export type Verdict = {
  readonly blame: Blame
  readonly next: Next
  /** Status in the log row; 596 quota, 597 error inside a 200, 598 first byte late, 599 stream broke. */
  readonly logStatus: number
  /** Status the client sees when this was the last failure. */
  readonly clientStatus: number
  readonly cooldown?: CooldownClass
  /** The upstream named the instant itself, Unix ms: rest exactly until then, no doubling. */
  readonly restUntilMs?: number
  /** The named instant lay beyond 7 days and was cut to that; the log should say so. */
  readonly restCapped?: true
  /** One more channel may be tried, then the answer is the client's; the caller counts. */
  readonly onlyOnce?: true
  /** The upstream's own answer may reach the client as it came (scrubbed of our keys), under `clientStatus`. */
  readonly passThrough: boolean
  /** The operator's rule (setting `failure_rules`) that says so, in place of the table. */
  readonly rule?: string
}
