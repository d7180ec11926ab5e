import { type Agent, headerOf } from './agent.ts'
import type { Fault, Turn } from './faults.ts'
import { WORD } from './run-agent.ts'
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
  return fault.shows === 'nothing' ? judgeInvisible(seen, fault, turn) : judgeVisible(seen, turn)
}

/** The first channel died before it had said anything: the user must not know. */
function judgeInvisible(seen: Seen, { isAskedAgain }: Fault, turn: Turn): Problems {
  const again = isAskedAgain && turn === 2 ? 1 : 0
  return [...wellDone(seen), ...counts(seen, turn + again, 3 - turn), ...logged(seen, again)]
}

/**
 * It died while it spoke: the client must know, and may recover by itself; half an answer is never a whole one. What a
 * client keeps of the half it has seen (the Gemini CLI keeps all) is its own affair, as long as the whole one follows.
 */
function judgeVisible(seen: Seen, turn: Turn): Problems {
  const { outcome, first, second, toolRuns } = seen
  const common = [...exactly('first', first.length, turn), ...logged(seen)]
  if (!outcome.well) return outcome.complaints.length > 0 ? common : [...common, 'failed without a word']
  return [
    ...common,
    ...(endsWhole(outcome.finalText) ? [] : [`the final text is "${outcome.finalText.slice(-200)}"`]),
    ...(toolRuns > 0 ? [] : ['the tool did not run']),
    ...(knowsTheWord(second.at(-1)) ? [] : ['the second channel was not told what the tool said']),
  ]
}

/** What the second channel said last; a client that already has what the tool said is told just that by the mock. */
function endsWhole(text: string): boolean {
  return text.trim().endsWith(FINAL) || (text.startsWith('Tool said') && text.includes(WORD))
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

/** @param unlogged  Calls that belong to the attempt of the call before. */
function logged({ attempts, first, second }: Seen, unlogged = 0): Problems {
  const calls = first.length + second.length
  return attempts.length === calls - unlogged ? [] : [`${attempts.length} rows in the log for ${calls} calls`]
}

function leaks({ first, second }: Seen, token: string): Problems {
  const told = [...first, ...second].some((call) => call.rawHead.includes(token))
  return told ? ["the client's token reached a channel"] : []
}
