import { withOver } from '../core/decision.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { earliestReadyInMs, orderChannels, type Skip, type SkipReason } from '../core/order-channels.ts'
import type { Course } from './course.ts'
import type { ProxyDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { messageOf, summaryRow } from './record.ts'
import { ownVerdict, refusal, retryAfterOf } from './refuse.ts'
import { allowedOf, standees } from './standing.ts'
import type { Trip } from './trip.ts'

/** The last attempt, and what followed from it. */
export type Failed = { readonly failure: Failure; readonly verdict: Verdict }

/** The answer to a request that no channel could serve. */
export function giveUp(trip: Trip, course: Course, last: Failed | undefined): Response {
  const { deps, exchange, asked } = trip
  deps.retries.failed(asked.type, Math.max(exchange.attemptNo - 1, 0))
  const { failure, verdict } = told(trip, course, last)
  if (failure.kind !== 'client-gone' && verdict.clientStatus !== 400) {
    const message = last
      ? `exhausted: ${messageOf(last.failure, exchange.secrets)}`
      : 'no available upstream (all cooled or none)'
    exchange.decision = withOver(exchange.decision, course.over)
    deps.report.ended(summaryRow({ deps, exchange }, verdict.clientStatus, message))
  }
  exchange.client.serverTimers()
  const to = { api: exchange.api, requestId: exchange.id, secrets: exchange.secrets }
  return withRetryAfter(refusal(failure, verdict, to), last && readyInMs({ deps, exchange, asked }, course.skipped))
}

/** What the client is told. That a last resort could not be reached either is no news to it: nobody is available. */
function told({ deps }: Trip, course: Course, last: Failed | undefined): Failed {
  const isNews = last && (!course.isOutage || last.verdict.passThrough || last.verdict.clientStatus < 500)
  if (isNews) return last
  const nowMs = deps.clock.nowMs()
  const failure = course.lost ?? retryAfterOf({ kind: 'no-channel', skipped: course.skipped }, nowMs)
  return { failure, verdict: ownVerdict(failure, nowMs) }
}

/** While everything rests, the end of the first rest is what a client should wait for; an upstream that names less is believed. */
function withRetryAfter(response: Response, waitMs: number | undefined): Response {
  if (waitMs === undefined || !isTemporary(response.status)) return response
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  const named = Number(response.headers.get('retry-after') ?? Number.NaN)
  if (!(named <= seconds)) response.headers.set('retry-after', String(seconds))
  return response
}

function isTemporary(status: number): boolean {
  return status === 429 || status >= 500
}

/**
 * `undefined` when one can be asked now, or waiting does not help.
 *
 * @param passed  Who was passed over on the way: who is at a limit does not rest, and cannot be asked all the same.
 */
function readyInMs(
  { deps, exchange, asked }: Pick<Trip, 'deps' | 'exchange' | 'asked'>,
  passed: readonly Skip[],
): number | undefined {
  const nowMs = deps.clock.nowMs()
  const full = passed.filter(({ why }) => FULL.has(why))
  const all = standees(deps.view().field(asked.type, asked.model), deps.shared, nowMs)
  const candidates = allowedOf(all, exchange.token?.limits).filter(
    ({ id }) => !full.some(({ channelId }) => channelId === id),
  )
  const { count, skipped } = orderChannels({
    candidates,
    nowMs,
    fallback: 'none',
    ticket: () => 0,
    cache: deps.turns.cache,
  })
  return count > 0 ? undefined : earliestReadyInMs([...skipped, ...full], nowMs)
}

/** What stands in the way of a channel that does not rest. */
const FULL: ReadonlySet<SkipReason> = new Set(['busy', 'rpm-limit', 'daily-limit', 'unpriced'])

/** The answer to a request that no channel had a part in. */
export function refuse(deps: ProxyDeps, exchange: Exchange, failure: Failure): Response {
  exchange.client.serverTimers()
  return refusal(failure, ownVerdict(failure, deps.clock.nowMs()), {
    api: exchange.api,
    requestId: exchange.id,
    secrets: [],
  })
}
