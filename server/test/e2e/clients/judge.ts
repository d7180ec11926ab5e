import { type Agent, headerOf } from './agent.ts'
import type { Fault, Turn } from './faults.ts'
import { FINAL, KEYS, knowsTheWord, type Seen } from './run-case.ts'

/** What is wrong with a run; empty when all is as users expect. */
export type Problems = readonly string[]

/** The client against the mock alone: it works, and it sends what we believe it sends. */
export function judgeDirect(agent: Agent, seen: Seen): Problems {
  return [...wellDone(seen), ...counts(seen, 2, 0), ...requests(agent, seen)]
}

/** Nothing fails: one channel does all. */
export function judgeHealthy(agent: Agent, seen: Seen, token: string): Problems {
  return [...wellDone(seen), ...counts(seen, 2, 0), ...requests(agent, seen), ...logged(seen), ...leaks(seen, token)]
}

export function judgeFault(seen: Seen, fault: Fault, turn: Turn): Problems {
  return fault.shows === 'nothing' ? judgeInvisible(seen, turn) : judgeVisible(seen, turn)
}

/** The first channel died before it had said anything: the user must not know. */
function judgeInvisible(seen: Seen, turn: Turn): Problems {
  return [...wellDone(seen), ...counts(seen, turn, 3 - turn), ...logged(seen)]
}

/** It died while it spoke: the client must know, and may recover by itself; half an answer is never a whole one. */
function judgeVisible(seen: Seen, turn: Turn): Problems {
  const { outcome, first, second } = seen
  const problems = outcome.well ? wholeAnswer(seen) : []
  if (!outcome.well && outcome.complaints.length === 0) problems.push('failed without a word')
  if (outcome.well && second.length < 3 - turn) problems.push(`well, though the second channel had ${second.length} calls`)
  return [...problems, ...exactly('first', first.length, turn), ...logged(seen)]
}

function wellDone(seen: Seen): Problems {
  const { well, complaints } = seen.outcome
  return [
    ...(well ? [] : ['the client did not end well']),
    ...complaints.map((complaint) => `the user saw: ${complaint.slice(0, 300)}`),
    ...wholeAnswer(seen),
  ]
}

function wholeAnswer({ outcome, first, second, toolRuns }: Seen): string[] {
  const last = second.at(-1) ?? first.at(-1)
  const text = outcome.finalText.trim()
  return [
    ...(text === FINAL ? [] : [`the final text is "${text.slice(0, 200)}"`]),
    ...(toolRuns === 1 ? [] : [`the tool ran ${toolRuns} times`]),
    ...(knowsTheWord(last) ? [] : ['the last call does not hold what the tool said']),
  ]
}

function counts(seen: Seen, first: number, second: number): Problems {
  return [...exactly('first', seen.first.length, first), ...exactly('second', seen.second.length, second)]
}

function exactly(which: string, had: number, wanted: number): Problems {
  return had === wanted ? [] : [`the ${which} channel had ${had} calls, not ${wanted}`]
}

/** Method, path with query, key and codings of every call. */
function requests(agent: Agent, { first }: Seen): Problems {
  return first.flatMap((call) => {
    const line = `${call.method} ${call.path}`
    const coding = headerOf(call, 'accept-encoding')
    return [
      ...(line === agent.requestLine ? [] : [`it asked ${line}`]),
      ...(call.key === KEYS.first ? [] : [`it came with the key ${call.key}`]),
      ...(coding === agent.acceptEncoding ? [] : [`Accept-Encoding: ${coding}`]),
    ]
  })
}

function logged({ attempts, first, second }: Seen): Problems {
  const calls = first.length + second.length
  return attempts.length === calls ? [] : [`${attempts.length} rows in the log for ${calls} calls`]
}

function leaks({ first, second }: Seen, token: string): Problems {
  const told = [...first, ...second].some((call) => call.rawHead.includes(token))
  return told ? ["the client's token reached a channel"] : []
}
