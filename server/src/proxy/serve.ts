import { apiOfPath } from '../core/channel-type.ts'
import type { Failure, Verdict } from '../core/failure.ts'
import { verdict } from '../core/verdict.ts'
import { admit, type Asked, authenticate } from './admit.ts'
import { attempt, type AttemptEnd } from './attempt.ts'
import { type Course, courseOf } from './course.ts'
import type { ProxyDeps } from './deps.ts'
import { type Client, Exchange } from './exchange.ts'
import { judge } from './judge.ts'
import { localAnswer } from './local-answer.ts'
import { releaseBody } from './read-body.ts'
import { refusal, retryAfterOf } from './refuse.ts'
import { messageOf, summaryRow } from './record.ts'
import { settle } from './settle.ts'
import { aimAt, type Target } from './target.ts'

/** One proxied request, top to bottom. Every attempt is recorded exactly once, whatever happens. */
export async function serve(deps: ProxyDeps, client: Client): Promise<Response> {
  const exchange = new Exchange(deps.newId(), client, deps.clock.nowMs(), deps.clock.monoMs())
  exchange.api = apiOfPath(client.path)
  try {
    return await run(deps, exchange)
  } catch (error) {
    deps.log.write('error', 'bug', { requestId: exchange.id, error })
    return refuse(deps, exchange, { kind: 'bug', error })
  }
}

/** The phases: who, what, a slot, whom to ask, ask (repeatable). Each takes the previous one's value. */
async function run(deps: ProxyDeps, exchange: Exchange): Promise<Response> {
  const { client } = exchange
  const token = authenticate(deps, client)
  if ('kind' in token) return refuse(deps, exchange, token)
  exchange.token = token
  const local = localAnswer(deps, client, token, exchange.id)
  if (local) return 'kind' in local ? refuse(deps, exchange, local) : local

  const admitted = await admit(deps, exchange, token)
  if (!admitted.ok) return refuse(deps, exchange, admitted.failure)
  const { asked } = admitted
  exchange.model = asked.model
  exchange.streaming = asked.streaming

  const busy = deps.gate.tryEnter() ? undefined : await deps.gate.enter(client.gone)
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
    return await tryAll(deps, exchange, asked, done)
  } catch (error) {
    done()
    throw error
  }
}

/** Asks one after the other until an answer is real, or nobody is left, or going on makes no sense. */
async function tryAll(deps: ProxyDeps, exchange: Exchange, asked: Asked, done: () => void): Promise<Response> {
  const course = courseOf(deps, exchange, asked)
  let last: { readonly failure: Failure; readonly verdict: Verdict } | undefined
  const secrets: string[] = []
  for (let target = course.next(last?.verdict); target; target = course.next(last?.verdict)) {
    aimAt(exchange, asked, target)
    secrets.push(target.key.secret.open())
    const result = await attempt({ deps, exchange, asked, target, deadline: course.deadline, ended: ending(deps, exchange, asked, target, done) })
    if ('response' in result) {
      releaseBody(deps.shared, asked.body) // nothing is sent a second time from here on
      return result.response
    }
    last = { failure: result.end.failure, verdict: judge(deps, exchange, target, result.end.failure) }
    settle(deps, exchange, asked, target, result.end, last.verdict)
    exchange.attemptNo++
    exchange.attemptStartedAtMs = deps.clock.nowMs()
    exchange.attemptStartedMonoMs = deps.clock.monoMs()
  }
  done()
  return giveUp(deps, exchange, course, last, secrets)
}

/** What is left to do when a committed answer is through. */
function ending(deps: ProxyDeps, exchange: Exchange, asked: Asked, target: Target, done: () => void): (end: AttemptEnd) => void {
  return (end) => {
    done()
    settle(deps, exchange, asked, target, end, end.failure && judge(deps, exchange, target, end.failure))
  }
}

function giveUp(deps: ProxyDeps, exchange: Exchange, course: Course, last: { failure: Failure; verdict: Verdict } | undefined, secrets: readonly string[]): Response {
  const failure = last?.failure ?? retryAfterOf({ kind: 'no-channel', skipped: course.skipped }, deps.clock.nowMs())
  const result = last?.verdict ?? verdictOf(deps, failure)
  if (failure.kind !== 'client-gone' && result.clientStatus !== 400) {
    deps.report.ended(summaryRow(deps, exchange, result.clientStatus, last ? `exhausted: ${messageOf(failure)}` : 'no available upstream (all cooled or none)'))
  }
  return refusal(failure, result, exchange.api, exchange.id, secrets)
}

function refuse(deps: ProxyDeps, exchange: Exchange, failure: Failure): Response {
  return refusal(failure, verdictOf(deps, failure), exchange.api, exchange.id, [])
}

function verdictOf(deps: ProxyDeps, failure: Failure): Verdict {
  return verdict(failure, { channelType: 'openai', usableKeys: 0, nowMs: deps.clock.nowMs() })
}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}
