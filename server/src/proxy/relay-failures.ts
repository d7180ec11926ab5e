import type { Api } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import type { StreamError, StreamWatch } from '../protocol/stream-watch.ts'

// What can go wrong with a streamed answer, as data.

export function softError(error: StreamError): Extract<Failure, { kind: 'soft-error' }> {
  return { kind: 'soft-error', body: error.body, errorType: error.type, errorCode: error.code }
}

export function emptyFailure(watch: StreamWatch, bytes: number): Failure {
  if (bytes === 0) return { kind: 'empty', what: 'no-body' }
  return { kind: 'empty', what: watch.events === 0 ? 'no-events' : 'no-content' }
}

/** How an answer ended whose last byte is here, or late: `undefined` = it is whole. */
export function endingOfWhole(watch: StreamWatch): Failure | undefined {
  if (watch.error) return { ...softError(watch.error), kind: 'stream-error' }
  // Events with a reason to end say all without their marker; an array without its bracket is no JSON.
  const isSaid = watch.terminalReason !== undefined && watch.framing !== 'json-array'
  return watch.phase === 'finished' || isSaid ? undefined : { kind: 'stream-unfinished' }
}

/** Google's client overlooks an error event and takes what it has for all there is. */
export function mustCut(ending: Failure, { api, watch }: { readonly api: Api; readonly watch: StreamWatch }): boolean {
  return ending.kind === 'stream-unfinished' || (api === 'gemini' && watch.phase !== 'finished')
}

export function lateFirstByte(waitedMs: number): Failure {
  return { kind: 'first-byte-timeout', waitedMs }
}

export function lateContent(waitedMs: number): Failure {
  return { kind: 'first-content-timeout', waitedMs }
}

export function silentUpstream(waitedMs: number): Failure {
  return { kind: 'stream-idle', waitedMs }
}

export function stalledClient(): Failure {
  return { kind: 'client-gone' }
}

export function brokenMessage(failure: Failure): string {
  if (failure.kind === 'stream-idle')
    return `The upstream sent nothing for ${Math.round(failure.waitedMs / 1000)} s; the answer is incomplete.`
  return 'The upstream broke off; the answer is incomplete.'
}
