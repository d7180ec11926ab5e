import { apiOfPath } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { type Asked, admit, authenticate } from './admit.ts'
import { attempt } from './attempt.ts'
import { countTokens, isCount } from './count-tokens.ts'
import { courseOf } from './course.ts'
import type { ProxyDeps } from './deps.ts'
import { type Client, Exchange } from './exchange.ts'
import { type Failed, giveUp, refuse } from './give-up.ts'
import { judge } from './judge.ts'
import { keptAlive, mayKeepAlive } from './keep-alive.ts'
import { localAnswer } from './local-answer.ts'
import { releaseBody } from './read-body.ts'
import { repaired } from './repair.ts'
import { settle } from './settle.ts'
import { aimAt } from './target.ts'
import { type Leg, once, type Trip, waitForSlot } from './trip.ts'

/** One proxied request, top to bottom. Every attempt is recorded exactly once, whatever happens. */
export function serve(deps: ProxyDeps, client: Client): Promise<Response> {
  const exchange = new Exchange(deps.newId(), client, { wallMs: deps.clock.nowMs(), monoMs: deps.clock.monoMs() })
  exchange.api = apiOfPath(client.path)
  return guarded(deps, exchange, run(deps, exchange))
}

function guarded(deps: ProxyDeps, exchange: Exchange, answer: Promise<Response>): Promise<Response> {
  return answer.catch((error: unknown) => {
    deps.log.write('error', 'bug', { requestId: exchange.id, error })
    exchange.leaveLimits()
    return refuse(deps, exchange, { kind: 'bug', error })
  })
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
  const answer = enterAndTry(deps, exchange, asked)
  if (!mayKeepAlive(asked, deps.view().settings)) return await answer // without `await` it would take two turns more
  return keptAlive({ deps, exchange, asked, answer: guarded(deps, exchange, answer) })
}

/** A slot, then one after the other. */
async function enterAndTry(deps: ProxyDeps, exchange: Exchange, asked: Asked): Promise<Response> {
  const busy = deps.gate.tryEnter() ? undefined : await waitForSlot(deps, exchange.client)
  if (busy) {
    releaseBody(deps.shared, asked.body)
    exchange.leaveLimits()
    return refuse(deps, exchange, busy)
  }
  deps.active.add(exchange)
  const done = once(() => {
    deps.active.delete(exchange)
    deps.gate.leave()
    exchange.leaveLimits()
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

/** Asks one after the other until an answer is real, or nobody is left, or going on makes no sense. */
async function tryAll(trip: Trip): Promise<Response> {
  const { deps, exchange, done } = trip
  const course = courseOf(trip)
  let { asked } = trip
  let last: Failed | undefined
  let target = course.next(undefined)
  while (target) {
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
    const better = repaired(asked, last.failure)
    target = course.next(last.verdict) ?? (better && course.again(target))
    asked = better ?? asked
  }
  done()
  return giveUp(trip, course, last)
}

function answerOf(deps: ProxyDeps, exchange: Exchange, answer: Response | Failure): Response {
  return 'kind' in answer ? refuse(deps, exchange, answer) : answer
}
