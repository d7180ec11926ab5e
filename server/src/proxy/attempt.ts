import { completeUsage } from '../core/complete-usage.ts'
import type { Failure } from '../core/failure.ts'
import type { Usage } from '../core/usage.ts'
import type { Answer } from '../ports/upstream-send.ts'
import { watchLarge } from '../protocol/large-answer.ts'
import { type StreamWatch, watchStream } from '../protocol/stream-watch.ts'
import { AttemptClock, type RequestLimit } from './attempt-clock.ts'
import { blindWatch } from './blind-watch.ts'
import { answerHeaders } from './headers.ts'
import type { Reader } from './reader.ts'
import { Relay } from './relay.ts'
import { lateContent, lateFirstByte } from './relay-failures.ts'
import { notePrompt, promptTokens, seenUsage } from './seen-usage.ts'
import { decodeWhole, encodingOf, sideDecoder } from './side-decoder.ts'
import { askOf, asksForUsage } from './target.ts'
import type { Leg } from './trip.ts'
import { withoutUsageChunk } from './usage-reader.ts'
import { cutFailure, type Held, holdUpTo, type Judged, judgeWhole } from './whole.ts'

/** How an attempt ended. `responseId`: a stored answer that only this channel knows. */
export type AttemptEnd = {
  readonly failure: Failure | undefined
  readonly usage: Usage
  readonly responseId?: string | undefined
  /** Something to remark on a success. */
  readonly remark?: string | undefined
}

/** Committed: `response` goes to the client, and `ended` is told when it is through. Else nothing of it got out. */
export type Attempted = { readonly response: Response } | { readonly end: AttemptEnd & { readonly failure: Failure } }

type Running = {
  readonly leg: Leg
  readonly stop: AbortController
  readonly clock: AttemptClock
  /** Runs once, and only for a committed answer. */
  readonly ended: (end: AttemptEnd) => void
}

const MAX_EVENT_BYTES = 1024 * 1024
const MAX_ERROR_BODY_BYTES = 1024 * 1024
const NO_BYTES = new Uint8Array(0)

/**
 * One channel, one key, one answer. Nothing reaches the client unless the answer has proved to be real.
 *
 * @param ended  Told once how a committed answer ended; never called for one that was not.
 */
export async function attempt(leg: Leg, limit: RequestLimit, ended: (end: AttemptEnd) => void): Promise<Attempted> {
  const { deps, exchange } = leg
  const stop = new AbortController()
  const running: Running = { leg, stop, ended, clock: new AttemptClock(deps.deadlines, stop, exchange.client) }
  startClock(running, limit)
  const sent = await deps.send.send(askOf(leg, deps.view().settings.stripClientHeaders), stop)
  const answered = sent.ok ? answeredBy(running, sent.answer) : failed(sent.failure)
  const attempted = answered instanceof Promise ? await answered : answered
  if ('end' in attempted) {
    running.clock.end()
    if (!stop.signal.aborted) stop.abort(attempted.end.failure)
  }
  return attempted
}

function startClock({ leg, clock }: Running, limit: RequestLimit): void {
  const { settings } = leg.deps.view()
  clock.boundBy(limit)
  if (!leg.asked.streaming) clock.wait(settings.nonStreamTimeoutMs, lateAnswer)
  else if (settings.upstreamFirstByteTimeoutMs > 0) clock.wait(settings.upstreamFirstByteTimeoutMs, lateFirstByte)
  else clock.wait(settings.upstreamFirstContentTimeoutMs, lateContent)
}

function answeredBy(running: Running, answer: Answer): Attempted | Promise<Attempted> {
  const { leg, stop } = running
  const { exchange, asked } = leg
  const { status, headers } = answer
  if (status < 200 || status > 299) return statusFailure(answer, stop).then(failed)
  if (mayBeEmpty(exchange.client.method, status)) {
    return committed(running, answer, { bytes: NO_BYTES, end: { failure: undefined, usage: {} } })
  }
  if (asked.streaming || headers.get('content-type')?.includes('text/event-stream')) return streamed(running, answer)
  const length = headers.get('content-length')
  const isSmall = length !== null && !(Number(length) > leg.deps.view().settings.answerHoldBytes)
  return isSmall ? small(running, answer) : whole(running, answer)
}

/** The usual small answer: its bytes in one piece, without a stream. */
async function small(running: Running, answer: Answer): Promise<Attempted> {
  let bytes: Uint8Array
  try {
    bytes = await answer.bytes()
  } catch (error) {
    return failed(cutFailure(error, running.stop))
  }
  return settleWhole(running, answer, bytes)
}

/** Deleting a stored answer, say. Where content was asked for, an empty success is a failure. */
function mayBeEmpty(method: string, status: number): boolean {
  return method === 'HEAD' || (status === 204 && method !== 'POST')
}

async function statusFailure(answer: Answer, stop: AbortController): Promise<Failure> {
  const { status, headers } = answer
  const reader = answer.body()?.getReader()
  if (!reader) return { kind: 'status', status, body: NO_BYTES, raw: NO_BYTES, headers }
  const held = await holdUpTo(MAX_ERROR_BODY_BYTES, { chunks: [], reader, stop })
  // The status is known when only its words broke off; but a client that left is still gone.
  if (held.kind === 'failed')
    return held.failure.kind === 'client-gone'
      ? held.failure
      : { kind: 'status', status, body: NO_BYTES, raw: NO_BYTES, headers }
  const raw = held.kind === 'whole' ? held.bytes : Buffer.concat(held.chunks)
  const encoding = encodingOf(headers.get('content-encoding'))
  const decoded = encoding && (await decodeWhole(encoding, raw, MAX_ERROR_BODY_BYTES))
  return { kind: 'status', status, body: decoded instanceof Uint8Array ? decoded : NO_BYTES, raw, headers }
}

async function whole(running: Running, answer: Answer): Promise<Attempted> {
  const { answerHoldBytes } = running.leg.deps.view().settings
  const reader = answer.body()?.getReader()
  if (!reader) return failed({ kind: 'empty', what: 'no-body' })
  return settleHeld(running, answer, await holdUpTo(answerHoldBytes, { chunks: [], reader, stop: running.stop }))
}

async function streamed(running: Running, answer: Answer): Promise<Attempted> {
  const reader = answer.body()?.getReader()
  if (!reader) return failed({ kind: 'empty', what: 'no-body' })
  const { leg } = running
  const watch = watchStream(leg.asked.api, MAX_EVENT_BYTES)
  leg.exchange.usageSoFar = () => seenUsage(leg.exchange, watch)
  const isPlain = encodingOf(answer.headers.get('content-encoding')) === 'identity'
  const own = isPlain && asksForUsage(leg) ? withoutUsageChunk(reader, (event) => watch.push(event)) : reader
  const relay = relayOf(running, answer, { reader: own, watch, held: [] })
  const shown = await relay.untilContent()
  if (shown === 'content') {
    notePrompt(leg, watch.usage)
    return opened(running, answer, relay)
  }
  if (shown !== 'no-stream') {
    // An overload notice sent as an event stream has no events, but says something.
    const said = shown.kind === 'empty' ? await judged(running, answer, Buffer.concat(relay.held)) : undefined
    return { end: { failure: said?.failure ?? shown, usage: watch.usage } }
  }
  return settleHeld(
    running,
    answer,
    await holdUpTo(leg.deps.view().settings.answerHoldBytes, {
      chunks: relay.held,
      reader: own,
      stop: running.stop,
    }),
  )
}

async function settleHeld(running: Running, answer: Answer, held: Held): Promise<Attempted> {
  if (held.kind === 'failed') return failed(held.failure)
  if (held.kind === 'more') {
    // Too large to be held: it has shown no error so far and goes to the client as it comes.
    const { leg } = running
    const watch = watchLarge(leg.asked.api, MAX_EVENT_BYTES)
    leg.exchange.usageSoFar = () => seenUsage(leg.exchange, watch)
    notePrompt(leg, {})
    const relay = relayOf(running, answer, { reader: held.reader, watch, held: held.chunks })
    relay.lookBack()
    return opened(running, answer, relay)
  }
  return settleWhole(running, answer, held.bytes)
}

/** At once where nothing has to be decoded first. */
function settleWhole(running: Running, answer: Answer, bytes: Uint8Array): Attempted | Promise<Attempted> {
  const { exchange } = running.leg
  exchange.bytesReceived = bytes.length
  exchange.firstByteMs ||= Math.max(running.clock.nowMs() - exchange.attemptStartedMonoMs, 0.001)
  const judgement = judged(running, answer, bytes)
  if (!(judgement instanceof Promise)) return settledAs(running, answer, { bytes, judgement })
  return judgement.then((judged) => settledAs(running, answer, { bytes, judgement: judged }))
}

type Whole = { readonly bytes: Uint8Array; readonly judgement: Judged }

function settledAs(running: Running, answer: Answer, { bytes, judgement }: Whole): Attempted {
  const { failure, usage, responseId, outputGuess } = judgement
  if (failure) return { end: { failure, usage } }
  const used = outputGuess === undefined ? usage : guessed(running.leg, usage, outputGuess)
  return committed(running, answer, { bytes, end: { failure, usage: used, responseId } })
}

/** A whole answer that does not say what it has used up. */
function guessed(leg: Leg, usage: Usage, outputTokens: number): Usage {
  notePrompt(leg, usage)
  return completeUsage(usage, { inputTokens: promptTokens(leg.exchange), outputTokens, isBroken: false })
}

/** Only what was asked to be made can be a failed making: a stored answer that failed is a true answer. */
function judged({ leg }: Running, answer: Answer, bytes: Uint8Array): Promise<Judged> | Judged {
  const { deps, exchange, asked } = leg
  if (exchange.client.method !== 'POST' && bytes.length > 0) return { failure: undefined, usage: {} }
  const { softErrorTexts, answerHoldBytes } = deps.view().settings
  return judgeWhole(bytes, {
    api: asked.api,
    encoding: encodingOf(answer.headers.get('content-encoding')),
    contentType: answer.headers.get('content-type') ?? '',
    softErrorTexts,
    holdBytes: answerHoldBytes,
  })
}

type Committed = { readonly bytes: Uint8Array; readonly end: AttemptEnd }

function committed(running: Running, answer: Answer, { bytes, end }: Committed): Attempted {
  const { exchange } = running.leg
  running.clock.end()
  running.ended(end)
  exchange.client.serverTimers()
  const init = { status: answer.status, headers: answerHeaders(answer.headers, exchange.id) }
  return { response: new Response(bytes.length === 0 ? null : (bytes as Uint8Array<ArrayBuffer>), init) }
}

function opened(running: Running, answer: Answer, relay: Relay): Attempted {
  const init = { status: answer.status, headers: answerHeaders(answer.headers, running.leg.exchange.id) }
  running.leg.exchange.client.ownTimers() // the relay watches upstream and client from here on
  return { response: new Response(relay.open(), init) }
}

type Flow = { readonly reader: Reader; readonly watch: StreamWatch; readonly held: Uint8Array[] }

function relayOf(running: Running, answer: Answer, { reader, watch, held }: Flow): Relay {
  const { stop, clock, ended } = running
  const { deps, exchange, asked } = running.leg
  const { settings } = deps.view()
  const encoding = encodingOf(answer.headers.get('content-encoding'))
  const isEncoded = encoding !== 'identity'
  const parts = {
    api: asked.api,
    exchange,
    reader,
    // What we cannot decode we cannot look at; it is passed on as it is.
    watch: encoding === undefined ? blindWatch() : watch,
    decoder: isEncoded && encoding ? sideDecoder(encoding, (chunk) => watch.push(chunk)) : undefined,
    stop,
    clock,
    limits: {
      firstByteMs: settings.upstreamFirstByteTimeoutMs,
      firstContentMs: settings.upstreamFirstContentTimeoutMs,
      idleMs: settings.streamIdleTimeoutMs,
      holdBytes: settings.answerHoldBytes,
    },
    isEncoded,
    ended: (failure: Failure | undefined) => {
      clock.end()
      exchange.client.serverTimers()
      ended({
        failure,
        usage: seenUsage(exchange, watch),
        responseId: watch.responseId,
        remark: remarkOn(failure, watch),
      })
    },
  }
  return new Relay(parts, held)
}

function remarkOn(failure: Failure | undefined, watch: StreamWatch): string | undefined {
  return failure === undefined && watch.phase !== 'finished' ? 'ok, but the end marker was missing' : undefined
}

function lateAnswer(waitedMs: number): Failure {
  return { kind: 'answer-timeout', waitedMs }
}

function failed(failure: Failure): { end: AttemptEnd & { failure: Failure } } {
  return { end: { failure, usage: {} } }
}
