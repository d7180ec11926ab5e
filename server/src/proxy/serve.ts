import { apiOfPath } from '../core/channel-type.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { admit, authenticate } from './admit.ts'
import { attempt } from './attempt.ts'
import { countTokens, isCount } from './count-tokens.ts'
import { type Course, courseOf } from './course.ts'
import type { ProxyDeps } from './deps.ts'
import { type Client, Exchange } from './exchange.ts'
import { judge } from './judge.ts'
import { localAnswer } from './local-answer.ts'
import { releaseBody } from './read-body.ts'
import { messageOf, summaryRow } from './record.ts'
import { ownVerdict, refusal, retryAfterOf } from './refuse.ts'
import { settle } from './settle.ts'
import { aimAt } from './target.ts'
import { type Leg, once, type Trip, waitForSlot } from './trip.ts'

/** One proxied request, top to bottom. Every attempt is recorded exactly once, whatever happens. */
export async function serve(deps: ProxyDeps, client: Client): Promise<Response> {
  const exchange = new Exchange(deps.newId(), client, { wallMs: deps.clock.nowMs(), monoMs: deps.clock.monoMs() })
  exchange.api = apiOfPath(client.path)
  try {
    return await run(deps, exchange)
  } catch (error) {
    deps.log.write('error', 'bug', { requestId: exchange.id, error })
    return refuse(deps, exchange, { kind: 'bug', error })
  }
}

/** The phases: who, what, a slot, then ask. Each takes the previous one's value. */
async function run(deps: ProxyDeps, exchange: Exchange): Promise<Response> {
  const { client } = exchange
  if (deps.stopping()) return refuse(deps, exchange, STOPPING)
  const token = authenticate(deps, exchange)
  if ('kind' in token) return refuse(deps, exchange, token)
  exchange.token = token
  const local = localAnswer(deps, exchange, token)
  if (local) return answerOf(deps, exchange, local)
  if (isCount(client)) return answerOf(deps, exchange, await countTokens(deps, exchange))
  const admitted = await admit(deps, exchange, token)
  if (!admitted.ok) return refuse(deps, exchange, admitted.failure)
  const { asked } = admitted
  exchange.model = asked.model
  exchange.streaming = asked.streaming

  const busy = deps.gate.tryEnter() ? undefined : await waitForSlot(deps, client)
  if (busy) {
    releaseBody(deps.shared, asked.body)
    return refuse(deps, exchange, busy)
  }
  deps.active.add(exchange)
  const done = once(() => {
    deps.active.delete(exchange)
    deps.gate.leave()
    releaseBody(deps.shared, asked.body)
  })
  try {
    return await tryAll({ deps, exchange, asked, done })
  } catch (error) {
    done()
    throw error
  }
}

const STOPPING: Failure = { kind: 'busy', why: 'stopping', retryAfterMs: 1_000 }

type Failed = { readonly failure: Failure; readonly verdict: Verdict }

/** Asks one after the other until an answer is real, or nobody is left, or going on makes no sense. */
async function tryAll(trip: Trip): Promise<Response> {
  const { deps, exchange, asked, done } = trip
  const course = courseOf(trip)
  let last: Failed | undefined
  for (let target = course.next(undefined); target; target = course.next(last?.verdict)) {
    const leg: Leg = { deps, exchange, asked, done, target }
    aimAt(leg)
    exchange.secrets.push(target.key.secret.open())
    const result = await attempt(leg, course.deadline, (end) => {
      done()
      settle(leg, end, end.failure && judge(leg, end.failure))
    })
    if ('response' in result) {
      releaseBody(deps.shared, asked.body) // nothing is sent a second time from here on
      return result.response
    }
    last = { failure: result.end.failure, verdict: judge(leg, result.end.failure) }
    settle(leg, result.end, last.verdict)
    exchange.nextAttempt(deps.clock)
  }
  done()
  return giveUp(trip, course, last)
}

function giveUp({ deps, exchange, asked }: Trip, course: Course, last: Failed | undefined): Response {
  deps.retries.failed(asked.type, Math.max(exchange.attemptNo - 1, 0))
  const failure =
    last?.failure ?? course.lost ?? retryAfterOf({ kind: 'no-channel', skipped: course.skipped }, deps.clock.nowMs())
  const result = last?.verdict ?? ownVerdict(failure, deps.clock.nowMs())
  if (failure.kind !== 'client-gone' && result.clientStatus !== 400) {
    const message = last
      ? `exhausted: ${messageOf(failure, exchange.secrets)}`
      : 'no available upstream (all cooled or none)'
    deps.report.ended(summaryRow({ deps, exchange }, result.clientStatus, message))
  }
  exchange.client.serverTimers()
  return refusal(failure, result, { api: exchange.api, requestId: exchange.id, secrets: exchange.secrets })
}

function answerOf(deps: ProxyDeps, exchange: Exchange, answer: Response | Failure): Response {
  return 'kind' in answer ? refuse(deps, exchange, answer) : answer
}

function refuse(deps: ProxyDeps, exchange: Exchange, failure: Failure): Response {
  exchange.client.serverTimers()
  return refusal(failure, ownVerdict(failure, deps.clock.nowMs()), {
    api: exchange.api,
    requestId: exchange.id,
    secrets: [],
  })
}
