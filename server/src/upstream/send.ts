import type { Failure } from '../core/failure.ts'
import type { Answer, Ask, Sent, UpstreamSend } from '../ports/upstream-send.ts'
import type { AddressGuard } from './address-guard.ts'
import { ConnectWatch, type ConnectWatchOptions } from './connect-watch.ts'
import { failureOfFetch } from './fetch-failure.ts'

export type SenderOptions = ConnectWatchOptions & { readonly guard: AddressGuard }

/** A dead kept-alive connection fails at once; a later reset is the upstream's own. */
const STALE_WITHIN_MS = 1_000
/** Upstreams close idle connections sooner than this. */
const POOLED_FOR_MS = 120_000
const MAX_ORIGINS = 10_000

type Known = {
  readonly bases: Map<string, URL>
  readonly lastAnswerAtMs: Map<string, number>
  readonly options: SenderOptions
}

/** The sender over Bun's `fetch`: bodies stay encoded, redirects are answers, nothing is retried but a stale connection. */
export function fetchSender(options: SenderOptions): UpstreamSend {
  const known: Known = { bases: new Map(), lastAnswerAtMs: new Map(), options }
  const watch = new ConnectWatch(options)
  return {
    async send(ask, stop) {
      const url = parsed(known.bases, ask.base)
      if (url === undefined) return failed({ kind: 'connect', cause: 'other', code: 'INVALID_URL' })
      const checked = options.guard.check(url)
      const refusal = checked instanceof Promise ? await checked : checked
      if (refusal !== undefined) return failed({ kind: 'connect', cause: 'blocked', code: refusal })
      const waiting = watch.begin(url, stop)
      try {
        const response = await fetch(ask.url, requestInit(ask, stop.signal, options))
        remember(known.lastAnswerAtMs, ask.base, waiting.sinceMs)
        return { ok: true, answer: new FetchAnswer(response) }
      } catch (error) {
        const failure = failureOf(error, stop)
        return isStale(known, ask.base, { failure, startedAtMs: waiting.sinceMs })
          ? await sendFresh(ask, stop, options)
          : failed(failure)
      } finally {
        watch.end(waiting)
      }
    },
  }
}

type Lost = { readonly failure: Failure; readonly startedAtMs: number }

/**
 * Whether the request may have met a kept-alive connection that the upstream was just closing: no byte of an answer
 * came, at once, and the upstream had answered us lately.
 */
function isStale({ lastAnswerAtMs, options }: Known, base: string, { failure, startedAtMs }: Lost): boolean {
  const pooledAtMs = lastAnswerAtMs.get(base)
  lastAnswerAtMs.delete(base)
  if (failure.kind !== 'reset' || pooledAtMs === undefined) return false
  return startedAtMs - pooledAtMs < POOLED_FOR_MS && options.monoMs() - startedAtMs < STALE_WITHIN_MS
}

async function sendFresh(ask: Ask, stop: AbortController, options: SenderOptions): Promise<Sent> {
  try {
    const init = requestInit(ask, stop.signal, options)
    init.keepalive = false
    return { ok: true, answer: new FetchAnswer(await fetch(ask.url, init)) }
  } catch (error) {
    return failed(failureOf(error, stop))
  }
}

function failureOf(error: unknown, stop: AbortController): Failure {
  return stop.signal.aborted ? (stop.signal.reason as Failure) : failureOfFetch(error)
}

/** `undefined`: no address at all, as an old database may hold. */
function parsed(bases: Map<string, URL>, base: string): URL | undefined {
  const known = bases.get(base)
  if (known) return known
  const url = URL.parse(base)
  if (url === null || url.hostname === '') return undefined
  if (bases.size >= MAX_ORIGINS) bases.clear()
  bases.set(base, url)
  return url
}

function remember(lastAnswerAtMs: Map<string, number>, origin: string, nowMs: number): void {
  if (lastAnswerAtMs.size >= MAX_ORIGINS) lastAnswerAtMs.clear()
  lastAnswerAtMs.set(origin, nowMs)
}

function failed(failure: Failure): Sent {
  return { ok: false, failure }
}

function requestInit(ask: Ask, signal: AbortSignal, options: SenderOptions): BunFetchRequestInit {
  const { headers } = ask
  for (const name of ask.keyHeaders)
    headers[name] = name === 'authorization' ? `Bearer ${ask.key.open()}` : ask.key.open()
  headers['user-agent'] ??= '' // else Bun introduces itself
  const init: BunFetchRequestInit = { method: ask.method, headers, signal, redirect: 'manual', decompress: false }
  if (ask.body) init.body = ask.body as Uint8Array<ArrayBuffer>
  if (options.insecureTls) init.tls = { rejectUnauthorized: false }
  return init
}

class FetchAnswer implements Answer {
  readonly status: number
  readonly headers: Headers
  readonly #response: Response

  constructor(response: Response) {
    this.status = response.status
    this.headers = response.headers
    this.#response = response
  }

  body(): ReadableStream<Uint8Array> | null {
    return this.#response.body
  }

  bytes(): Promise<Uint8Array> {
    return this.#response.bytes()
  }
}
