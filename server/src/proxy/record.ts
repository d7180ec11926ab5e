import { decisionText } from '../core/decision.ts'
import type { Failure } from '../core/failure.ts'
import { scrub } from '../core/secret.ts'
import { type Usage, usageStateOf } from '../core/usage.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { ProxyDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'

const MAX_MESSAGE_CHARS = 512

type Recorded = { readonly deps: ProxyDeps; readonly exchange: Exchange }

export type Outcome = { readonly statusCode: number; readonly message: string; readonly usage: Usage }

/** The log row of the running attempt of `exchange`. */
export function attemptRow({ deps, exchange }: Recorded, { statusCode, message, usage }: Outcome): LogRow {
  return {
    attemptId: `${exchange.id}-${exchange.attemptNo}`,
    requestId: exchange.id,
    attemptNo: exchange.attemptNo,
    timeMs: exchange.attemptStartedAtMs,
    model: exchange.model,
    actualModel: exchange.actualModel,
    channelId: exchange.channel?.id ?? 0,
    statusCode,
    message: message.slice(0, MAX_MESSAGE_CHARS),
    durationMs: deps.clock.monoMs() - exchange.attemptStartedMonoMs,
    streaming: exchange.streaming,
    firstByteMs: exchange.streaming ? exchange.firstByteMs : 0,
    apiKeyUsed: exchange.keyUsed,
    tokenId: exchange.token?.id ?? 0,
    clientIp: exchange.client.ip,
    inputTokens: usage.inputTokens ?? 0,
    outputTokens: usage.outputTokens ?? 0,
    cacheReadTokens: usage.cacheReadTokens ?? 0,
    cacheWriteTokens: usage.cacheWriteTokens ?? 0,
    cacheWrite5mTokens: usage.cacheWrite5mTokens ?? 0,
    cacheWrite1hTokens: usage.cacheWrite1hTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? 0,
    usageState: usageStateOf(usage),
    costNanoUsd: 0,
    path: exchange.client.path,
    bytesSent: exchange.bytesReceived,
    decision: decisionText(exchange.decision),
    terms: termsFor(exchange.channel?.costMultiplier ?? 1, usage),
  }
}

/** Only what is not as usual travels. */
function termsFor(multiplier: number, { serviceTier, webSearches = 0, isClamped }: Usage): LogRow['terms'] {
  if (multiplier === 1 && serviceTier === undefined && webSearches === 0 && !isClamped) return undefined
  return { multiplier, webSearches, isClamped: isClamped === true, ...(serviceTier && { serviceTier }) }
}

/** The row that says how a request ended that no channel could serve; `channelId` 0, so it counts in no statistics. */
export function summaryRow(recorded: Recorded, statusCode: number, message: string): LogRow {
  const { deps, exchange } = recorded
  const { terms: _, ...row } = attemptRow(recorded, { statusCode, message, usage: {} })
  return {
    ...row,
    attemptId: `${exchange.id}-end`,
    timeMs: exchange.startedAtMs,
    durationMs: deps.clock.monoMs() - exchange.startedMonoMs,
    actualModel: '',
    channelId: 0,
    firstByteMs: 0,
    apiKeyUsed: '',
    tokenId: 0,
    bytesSent: 0,
  }
}

/** What the log row says of a failed attempt. @param secrets  Not in it, also when an upstream quotes them. */
export function messageOf(failure: Failure, secrets: readonly string[]): string {
  return scrub(wordsOf(failure), secrets)
}

function wordsOf(failure: Failure): string {
  switch (failure.kind) {
    case 'status':
      return `upstream status ${failure.status}: ${bodyText(failure.body)}`
    case 'soft-error':
    case 'stream-error':
      return failure.errorType === '1308' || failure.errorCode === '1308'
        ? `Quota Exceeded (1308): ${failure.body}`
        : `SSE error event: ${failure.body}`
    case 'connect':
      return `cannot connect (${failure.cause}): ${failure.code}`
    case 'reset':
      return `upstream broke off before its answer was whole: ${failure.code}`
    case 'first-byte-timeout':
      return `no first byte within ${seconds(failure.waitedMs)}`
    case 'first-content-timeout':
      return `no content within ${seconds(failure.waitedMs)}`
    case 'answer-timeout':
      return `no whole answer within ${seconds(failure.waitedMs)}`
    case 'empty':
      return `upstream returned empty response (${failure.what})`
    case 'html':
      return 'upstream returned an HTML page'
    case 'stream-cut':
      return `stream broke off: ${failure.code}`
    case 'stream-idle':
      return `stream silent for ${seconds(failure.waitedMs)}`
    case 'stream-unfinished':
      return 'stream ended without its end marker'
    case 'client-gone':
      return 'client left'
    case 'client-deadline':
      return `client's own limit of ${seconds(failure.waitedMs)} passed`
    case 'request-timeout':
      return `no answer within ${seconds(failure.waitedMs)} over all attempts`
    case 'bug':
      return 'internal error'
    default:
      return failure.kind
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}

function bodyText(body: Uint8Array): string {
  let control = 0
  const head = body.subarray(0, MAX_MESSAGE_CHARS * 4)
  for (const byte of head.subarray(0, 512)) if (byte < 9 || (byte > 13 && byte < 32)) control++
  return control * 10 >= Math.max(1, Math.min(head.length, 512))
    ? '[binary/compressed response]'
    : new TextDecoder().decode(head)
}
