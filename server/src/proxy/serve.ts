import { apiOfPath } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { type Asked, admit, authenticate } from './admit.ts'
import { attempt } from './attempt.ts'
import { countTokens, isCount } from './count-tokens.ts'
import { Course } from './course.ts'
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
import { type Leg, Trip, waitForSlot } from './trip.ts'

/** One proxied request, top to bottom. Every attempt is recorded exactly once, whatever happens. */
export function serve(deps: ProxyDeps, client: Client): Promise<Response> {
  const exchange = new Exchange(deps.newId(), client, { wallMs: deps.clock.nowMs(), monoMs: deps.clock.monoMs() })
  exchange.api = apiOfPath(client.path)
  return run(deps, exchange)
}

/** The phases: who, what, a slot, then ask. Each takes the previous one's value. */
async function run(deps: ProxyDeps, exchange: Exchange): Promise<Response> {
  try {
    if (deps.stopping()) return refuse(deps, exchange, STOPPING)
    const token = authenticate(deps, exchange)
    if ('kind' in token) return refuse(deps, exchange, token)
    exchange.token = token
    const local = localAnswer(deps, exchange, token)
    if (local) return answerOf(deps, exchange, local)
    if (isCount(exchange.client)) return answerOf(deps, exchange, await countTokens(deps, exchange))
    const admitted = await admit(deps, exchange, token)
    if (!admitted.ok) return refuse(deps, exchange, admitted.failure)
    const { asked } = admitted
    exchange.model = asked.model
    exchange.streaming = asked.streaming
    const answer = enterAndTry(deps, exchange, asked)
    if (!mayKeepAlive(asked, deps.view().settings)) return await answer
    return await keptAlive({ deps, exchange, asked, answer: answer.catch((error) => bug(deps, exchange, error)) })
  } catch (error) {
    return bug(deps, exchange, error)
  }
}

function bug(deps: ProxyDeps, exchange: Exchange, error: unknown): Response {
  deps.log.write('error', 'bug', { requestId: exchange.id, error })
  exchange.leaveLimits()
  return refuse(deps, exchange, { kind: 'bug', error })
}

/** A slot, then one after the other. */
function enterAndTry(deps: ProxyDeps, exchange: Exchange, asked: Asked): Promise<Response> {
  return deps.gate.tryEnter() ? tryAll(new Trip(deps, exchange, asked)) : waitAndTry(deps, exchange, asked)
}

async function waitAndTry(deps: ProxyDeps, exchange: Exchange, asked: Asked): Promise<Response> {
  const busy = await waitForSlot(deps, exchange.client)
  if (busy === undefined) return tryAll(new Trip(deps, exchange, asked))
  releaseBody(deps.shared, asked.body)
  exchange.leaveLimits()
  return refuse(deps, exchange, busy)
}

const STOPPING: Failure = { kind: 'busy', why: 'stopping', retryAfterMs: 1_000 }

/** Asks one after the other until an answer is real, or nobody is left, or going on makes no sense. */
async function tryAll(trip: Trip): Promise<Response> {
  try {
    const { deps, exchange } = trip
    const course = new Course(trip)
    let { asked } = trip
    let last: Failed | undefined
    let target = course.next(undefined)
    while (target) {
      const leg: Leg = { deps, exchange, asked, target }
      aimAt(leg)
      exchange.secrets.push(target.key.secret.open())
      const result = await attempt(leg, course.deadline, (end) => {
        trip.done()
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
    trip.done()
    return giveUp(trip, course, last)
  } catch (error) {
    trip.done()
    throw error
  }
}

function answerOf(deps: ProxyDeps, exchange: Exchange, answer: Response | Failure): Response {
  return 'kind' in answer ? refuse(deps, exchange, answer) : answer
}
