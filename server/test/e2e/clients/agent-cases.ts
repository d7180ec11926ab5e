import type { Agent } from './agent.ts'
import { CODEX_CASES } from './codex-cases.ts'
import { FAULTS, type Fault, TURNS, type Turn } from './faults.ts'
import { judgeDirect, judgeFault, judgeHealthy } from './judge.ts'
import type { Result } from './report.ts'
import { DYING, healthy, middleOf, play, playDirect, playFault, type Seen, type Stage } from './run-case.ts'

const WHEN: Readonly<Record<Turn, string>> = { 1: 'at the tool call', 2: 'at the final text' }

/** One run of a client, and what is to be said of it. */
export type AgentCase = { readonly name: string; readonly play: (stage: Stage) => Promise<Result> }

/** All cases of one client. */
export function agentCases(agent: Agent): readonly AgentCase[] {
  const middles = middlesOf()
  const faults = FAULTS.flatMap((fault) =>
    (fault.turns?.(agent) ?? TURNS).map((turn) => ({
      name: `${agent.name}: ${fault.name}, ${WHEN[turn]}`,
      play: (stage: Stage) => faultCase(stage, { fault, turn, middles }),
    })),
  )
  return [
    { name: `${agent.name}: directly at an upstream`, play: directCase },
    { name: `${agent.name}: nothing fails`, play: healthyCase },
    ...faults,
    ...(agent.name === 'codex' ? CODEX_CASES : []),
  ]
}

async function directCase(stage: Stage): Promise<Result> {
  const seen = await playDirect(stage)
  return { problems: judgeDirect(stage.agent, seen), note: sent(seen) }
}

async function healthyCase(stage: Stage): Promise<Result> {
  const { agent, gateway } = stage
  const seen = await play(stage, { first: healthy(agent), second: [] })
  return { problems: judgeHealthy(agent, seen, gateway.token), note: sent(seen) }
}

type Middles = (stage: Stage) => Promise<Readonly<Record<Turn, number>>>
type FaultPlan = { readonly fault: Fault; readonly turn: Turn; readonly middles: Middles }

async function faultCase(stage: Stage, { fault, turn, middles }: FaultPlan): Promise<Result> {
  const middle = fault.isMeasured ? (await middles(stage))[turn] : 0
  const seen = await playFault(stage, fault, { turn, middle })
  return { problems: judgeFault(seen, fault, turn), note: whatItDid(seen) }
}

/** Where the middle of each answer is, measured once in a run without faults. */
function middlesOf(): Middles {
  let measured: ReturnType<Middles> | undefined
  const measure = async (stage: Stage) => {
    const { first } = await play(stage, { first: healthy(stage.agent, DYING), second: [] })
    return { 1: middleOf(first[0]), 2: middleOf(first[1]) }
  }
  return (stage) => {
    measured ??= measure(stage)
    return measured
  }
}

function sent({ first, wanted }: Seen): string {
  const sizes = first.map(({ body }) => `${Math.round(body.length / 1_000)} KB`).join(', ')
  return `${sizes}${wanted.length > 0 ? `; also wanted ${wanted.join(', ')}` : ''}`
}

function whatItDid({ outcome, first, second, attempts, toolRuns }: Seen): string {
  const failed = attempts.filter(({ status_code }) => status_code >= 300).map(({ status_code }) => status_code)
  const ended = outcome.well ? 'ended well' : 'ended with an error'
  const said = outcome.complaints.length > 0 ? `, said: ${outcome.complaints.join(' | ').slice(0, 200)}` : ''
  const ran = toolRuns === 1 ? '' : `, ran the tool ${toolRuns} times`
  return `${ended}, calls ${first.length}+${second.length}, logged ${failed.join(' ') || 'no failure'}${ran}${said}`
}
